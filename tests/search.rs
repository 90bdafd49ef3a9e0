//! `originwatch search`: what it finds, and what it reads from.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::play::{Run, originwatch, root, shared};

const RIB: &str = "mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2";
const UPDATES: &str = "mrt/CAIDA+libbgpstream/ris.rrc06.updates.1401488100.gz";
const PLAIN: &str = "mrt/t2mune+mrtparse/quagga_bgp";

fn search<const N: usize>(arguments: [&str; N]) -> Run {
    originwatch(["search"].into_iter().chain(arguments))
}

fn name(file: &str) -> String {
    shared(file).to_str().unwrap().to_owned()
}

fn unpacked(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reader = parser::Reader::new(File::open(shared(file)).unwrap(), "");
    reader.into_unpacked().read_to_end(&mut bytes).unwrap();
    bytes
}

/// What the parser prints of a whole file, which its own tests compare with `bgpdump -m`.
fn lines(file: &str) -> String {
    let mut lines = Vec::new();
    let mut reader = parser::Reader::new(File::open(shared(file)).unwrap(), "");
    let mut sink = |item: parser::Item<'_>| {
        if let parser::Item::Element(element) = item {
            parser::bgpdump::write_line(&element, &mut lines);
        }
    };
    while reader.read_record(&parser::Everything, &mut sink) {}
    String::from_utf8(lines).unwrap()
}

/// Every file: two gzip members, nine sorts of bzip2 blocks, cut and damaged ones.
#[test]
fn every_file_is_printed_as_the_parser_prints_it_alone() {
    let mut compared = 0;
    for project in fs::read_dir(shared("mrt")).unwrap() {
        for file in fs::read_dir(project.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let text = path.to_str().unwrap();
            if text.contains("expect__") {
                continue;
            }
            let run = search([text]);
            let relative = path.strip_prefix(shared("")).unwrap().to_str().unwrap();
            assert_eq!(run.stdout, lines(relative), "{text}");
            let count = search(["--count", text]);
            assert_eq!(count.stdout.trim(), run.stdout.lines().count().to_string(), "{text}");
            compared += 1;
        }
    }
    assert_eq!(compared, 29);
}

/// Line for line, where bgpdump is installed, as in CI; what it reads otherwise is told in the tests
/// of the parser.
#[test]
fn bgpdump_prints_the_same() {
    if Command::new("bgpdump").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "bgpdump is not installed: apt install bgpdump");
        return;
    }
    for file in [RIB, UPDATES, "mrt/RIPE-NCC+bgpdump/bview.20020722.2337.gz"] {
        let output = Command::new("bgpdump").arg("-m").arg(shared(file)).output().unwrap();
        assert_eq!(search([&name(file)]).stdout.as_bytes(), output.stdout, "{file}");
    }
}

#[test]
fn a_prefix_is_found_exactly_or_with_those_inside_or_around() {
    let prefixes = |flags: &[&str]| {
        let file = name(RIB);
        let all =
            ["search", "--prefix", "103.28.112.0/22"].into_iter().chain(flags.iter().copied());
        let run = originwatch(all.chain([file.as_str()]));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let column = |line: &str| line.split('|').nth(5).unwrap().to_owned();
        run.stdout.lines().map(column).collect::<Vec<_>>()
    };
    assert_eq!(prefixes(&[]), ["103.28.112.0/22"]);
    assert_eq!(prefixes(&["--exact"]), ["103.28.112.0/22"]);
    assert_eq!(prefixes(&["--covering"]), ["0.0.0.0/0", "103.28.112.0/22"]);
    let covered = prefixes(&["--covered"]);
    let naive: Vec<_> = lines(RIB)
        .lines()
        .map(|line| line.split('|').nth(5).unwrap().to_owned())
        .filter(|prefix| {
            let watched: bgp::Prefix = "103.28.112.0/22".parse().unwrap();
            watched.covers(&prefix.parse().unwrap())
        })
        .collect();
    assert_eq!(covered, naive);
    assert!(covered.len() > 1);
}

#[test]
fn conditions_hold_together() {
    let all = lines(UPDATES);
    let fields = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<_>>();
    let naive = |condition: &dyn Fn(&[String]) -> bool| {
        let chosen = all.lines().filter(|line| condition(&fields(line)));
        chosen.map(|line| format!("{line}\n")).collect::<String>()
    };
    let file = name(UPDATES);
    let run = search(["--type", "withdraw", &file]);
    assert_eq!(run.stdout, naive(&|line| line[2] == "W"));
    let run = search(["--peer", "2497", "--type", "announce,withdraw", &file]);
    assert_eq!(run.stdout, naive(&|line| line[4] == "2497" && line[2] != "STATE"));
    let run = search(["--origin", "AS4761", &file]);
    let origin = |line: &[String]| line[2] == "A" && line[6].ends_with(" 4761");
    assert_eq!(run.stdout, naive(&origin));
    let run = search(["--as-path", r"\b3356 1299\b", &file]);
    assert_eq!(
        run.stdout,
        naive(&|line| line.len() > 6 && format!(" {} ", line[6]).contains(" 3356 1299 "))
    );
    let run = search(["--from", "2014-05-30T22:16:00Z", "--until", "1401488220", &file]);
    let during =
        |line: &[String]| (1_401_488_160..1_401_488_220).contains(&line[1].parse().unwrap());
    assert_eq!(run.stdout, naive(&during));
    assert!(!run.stdout.is_empty());
}

/// A VRP for each of two prefixes of the file; all others are not found.
#[test]
fn origin_validation_chooses() {
    let folder = tempfile::tempdir().unwrap();
    let vrps = folder.path().join("vrps.csv");
    let text = "ASN,IP Prefix,Max Length,Trust Anchor\n\
                AS45305,103.28.112.0/22,22,test\nAS64500,103.28.114.0/23,23,test\n";
    fs::write(&vrps, text).unwrap();
    let vrps = vrps.to_str().unwrap();
    let (file, prefix) = (name(RIB), "103.28.112.0/22");
    let count = |state| {
        let run = search([
            "--rov",
            state,
            "--vrps",
            vrps,
            "--prefix",
            prefix,
            "--covered",
            "--count",
            &file,
        ]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.stdout.trim().parse::<usize>().unwrap()
    };
    let (valid, invalid, not_found) = (count("valid"), count("invalid"), count("not-found"));
    let all = search(["--prefix", prefix, "--covered", "--count", &file]);
    assert_eq!(all.stdout.trim(), (valid + invalid + not_found).to_string());
    assert_eq!((valid, not_found), (1, 0));
}

#[test]
fn json_is_an_object_a_line_and_the_table_has_columns() {
    let file = name(UPDATES);
    let run = search(["--format", "json", &file]);
    let objects: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 3833);
    assert_eq!(objects[0]["collector"], "rrc06");
    let table = search(["--format", "table", &file]);
    assert_eq!(table.stdout.lines().count(), 3834);
    assert!(table.stdout.starts_with("TIME "));
}

#[test]
fn files_are_merged_by_time_and_in_themselves_keep_their_order() {
    let (one, other) = (
        name(UPDATES),
        name("mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.updates.1401493500.bz2"),
    );
    let run = search([&other, &one]);
    assert_eq!(
        run.stdout,
        lines(UPDATES)
            + &lines("mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.updates.1401493500.bz2")
    );
    // The same file under two names: every second is followed by the same second of the other.
    let folder = tempfile::tempdir().unwrap();
    for copy in ["a", "b"] {
        fs::write(folder.path().join(copy), unpacked(UPDATES)).unwrap();
    }
    let run = search([folder.path().to_str().unwrap()]);
    let times: Vec<u64> =
        run.stdout.lines().map(|line| line.split('|').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(times.len(), 2 * 3833);
    assert!(times.is_sorted());
}

#[test]
fn standard_input_and_a_fifo_are_inputs() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let writer = {
        let fifo = fifo.clone();
        thread::spawn(move || fs::write(fifo, fs::read(shared(RIB)).unwrap()).unwrap())
    };
    let run = search(["--count", fifo.to_str().unwrap()]);
    writer.join().unwrap();
    assert_eq!(run.stdout, "503590\n");
    let output = Command::new(env!("CARGO_BIN_EXE_originwatch"))
        .args(["search", "-"])
        .stdin(File::open(shared(UPDATES)).unwrap())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), lines(UPDATES));
}

/// Somebody is still writing: what is whole is found, and the cut is told.
#[test]
fn of_a_growing_file_all_that_is_there_is_read() {
    let whole = unpacked(UPDATES);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("growing");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let run = search([path.to_str().unwrap()]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("file ends within a record"), "{}", run.stderr);
    assert!(lines(UPDATES).starts_with(&run.stdout) && !run.stdout.is_empty());
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(&whole[whole.len() / 2..]).unwrap();
    assert_eq!(search([path.to_str().unwrap()]).stdout, lines(UPDATES));
}

#[test]
fn damage_is_shown_with_the_octets_around() {
    let mut bytes = unpacked(PLAIN);
    let length = bytes.len();
    bytes.truncate(length - 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    fs::write(&path, bytes).unwrap();
    let run = search(["--explain-errors", "--count", path.to_str().unwrap()]);
    let told: Vec<_> = run.stderr.lines().collect();
    assert!(
        told[0].ends_with("record 90 at byte 6570: file ends within a record, that record is lost"),
        "{told:?}"
    );
    assert!(told.iter().any(|line| line.starts_with("  > 000019aa ")), "{told:?}");
}

/// Two tables in one file: bgpscanner and bgpreader stop at the second, bgpdump, bgpgrep and
/// bgpkit-parser read on, and so do we.
#[test]
fn a_second_peer_index_table_is_read_on() {
    let table = unpacked("mrt/t2mune+mrtparse/quagga_rib");
    let other = unpacked("mrt/t2mune+mrtparse/quagga_rib_h1");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two");
    fs::write(&path, [table, other].concat()).unwrap();
    let run = search([path.to_str().unwrap()]);
    let expected =
        lines("mrt/t2mune+mrtparse/quagga_rib") + &lines("mrt/t2mune+mrtparse/quagga_rib_h1");
    assert_eq!((run.code, run.stdout), (Some(0), expected));
}

#[test]
fn ten_thousand_files_need_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = unpacked("mrt/t2mune+mrtparse/quagga_rib_h1");
    for number in 0..10_000_u32 {
        let mut moved = bytes.clone();
        let mut at = 0;
        while at < moved.len() {
            let length = u32::from_be_bytes(moved[at + 8..at + 12].try_into().unwrap());
            moved[at..at + 4].copy_from_slice(&(1_400_000_000 + number).to_be_bytes());
            at += 12 + length as usize;
        }
        fs::write(folder.path().join(format!("{number}")), moved).unwrap();
    }
    let script = "ulimit -n 200; exec \"$0\" search \"$@\"";
    let run = |arguments: &[&str]| {
        let output = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_originwatch")])
            .args(arguments)
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(run(&["--count"]), "90000\n");
    let lines = run(&[]);
    let times = lines.lines().map(|line| line.split('|').nth(1).unwrap().parse::<u32>().unwrap());
    let expected = (0..10_000).flat_map(|number| [1_400_000_000 + number; 9]);
    assert!(times.eq(expected));
}

/// The most that a search of a few hundred megabytes takes, as the kernel counts it.
#[test]
fn memory_does_not_depend_on_the_size_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.bz2");
    let mut file = File::create(&path).unwrap();
    let rib = fs::read(shared(RIB)).unwrap();
    for _ in 0..8 {
        file.write_all(&rib).unwrap();
    }
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%M", env!("CARGO_BIN_EXE_originwatch"), "search", "--count"])
        .arg(&path)
        .output()
        .expect("GNU time is needed: apt install time");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "4028720\n");
    let kibibytes: u64 = String::from_utf8(output.stderr).unwrap().trim().parse().unwrap();
    assert!(kibibytes < 64 << 10, "{kibibytes} KiB");
}

#[test]
fn whoever_has_seen_enough_may_hang_up() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_originwatch"))
        .args(["search", &name(RIB)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

/// Requests, and what answers them.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

/// Serves on the loopback: `answer` makes of a request the whole response, headers too.
fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut request = Vec::new();
            let mut octet = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut octet).is_ok_and(|n| n > 0) {
                request.push(octet[0]);
            }
            let request = String::from_utf8(request).unwrap();
            heard.lock().unwrap().push(request.clone());
            // Whoever asked may be gone.
            let _ = stream.write_all(&answer(&request));
        }
    });
    Server { address, requests }
}

fn response(status: &str, headers: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Where a request wants to go on.
fn range(request: &str) -> Option<usize> {
    let line = request.lines().find(|line| line.to_ascii_lowercase().starts_with("range:"))?;
    line.split(['=', '-']).nth(1)?.parse().ok()
}

#[test]
fn a_transfer_that_stops_half_way_is_taken_up_there() {
    let file = fs::read(shared(UPDATES)).unwrap();
    let (all, half) = (file.len(), file.len() / 2);
    let server = serve(move |request| match range(request) {
        None => response("200 OK", "ETag: \"1\"\r\n", all, &file[..half]),
        Some(from) => {
            let headers = format!("Content-Range: bytes {from}-{}/{all}\r\n", all - 1);
            response("206 Partial Content", &headers, all - from, &file[from..])
        }
    });
    let run = search([&format!("http://{}/rrc06/updates.gz", server.address)]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(run.stdout, lines(UPDATES));
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(range(&requests[1]), Some(half));
    assert!(requests[1].to_ascii_lowercase().contains("if-range: \"1\""), "{}", requests[1]);
}

#[test]
fn a_transfer_that_cannot_be_taken_up_is_told() {
    let file = fs::read(shared(UPDATES)).unwrap();
    let (all, half) = (file.len(), file.len() / 2);
    let server = serve(move |_| response("200 OK", "", all, &file[..half]));
    let url = format!("http://{}/updates.gz", server.address);
    let run = search([&url]);
    assert_eq!(run.code, Some(1));
    assert!(lines(UPDATES).starts_with(&run.stdout) && !run.stdout.is_empty());
    let told = format!(
        "{url}: the transfer stopped after {half} bytes: the server cannot go on from there, or the \
         file has changed (it answers 200 OK)\n"
    );
    assert!(run.stderr.ends_with(&told), "{}", run.stderr);
}

#[test]
fn a_url_that_is_not_there_is_told() {
    let server = serve(|_| response("404 Not Found", "", 0, b""));
    let url = format!("http://{}/updates.gz", server.address);
    let run = search([&url]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    assert!(
        run.stderr.ends_with(&format!("{url}: the server answers 404 Not Found\n")),
        "{}",
        run.stderr
    );
}

/// A broker that lists the same file many times, under different names, over two pages.
fn broker(files: usize) -> Server {
    let file = fs::read(shared(PLAIN)).unwrap();
    serve(move |request| {
        let target = request.split(' ').nth(1).unwrap().to_owned();
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        if !target.starts_with("/broker/search?") {
            return response("200 OK", "", file.len(), &file);
        }
        let page: usize = target.rsplit_once("&page=").unwrap().1.parse().unwrap();
        let mut items = String::new();
        for number in ((page - 1) * 1000)..files.min(page * 1000) {
            let comma = if items.is_empty() { "" } else { "," };
            let item = format!(
                "{comma}{{\"ts_start\":\"2015-10-14T16:05:00\",\"ts_end\":\"2015-10-14T16:20:00\",\
                 \"collector_id\":\"rrc00\",\"data_type\":\"updates\",\
                 \"url\":\"http://{host}/rrc00/{number}\",\"rough_size\":1,\"exact_size\":0}}"
            );
            items.write_str(&item).unwrap();
        }
        let body = format!(
            "{{\"total\":{files},\"count\":1,\"page\":{page},\"error\":null,\"data\":[{items}]}}"
        );
        response("200 OK", "", body.len(), body.as_bytes())
    })
}

fn ask(server: &Server, cache: &Path) -> Run {
    originwatch([
        "search",
        "--collector",
        "rrc00",
        "--from",
        "2015-10-14T16:00:00Z",
        "--until",
        "2015-10-14T17:00:00Z",
        "--count",
        "--broker",
        &format!("http://{}/broker", server.address),
        "--cache",
        cache.to_str().unwrap(),
    ])
}

#[test]
fn the_broker_is_asked_page_by_page_and_files_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = broker(1003);
    let run = ask(&server, folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(run.stdout, format!("{}\n", 1003 * 99));
    let asked = server.requests.lock().unwrap().len();
    assert_eq!(asked, 2 + 1003);
    let first = server.requests.lock().unwrap()[0].clone();
    let question = "GET /broker/search?ts_start=1444837500&ts_end=1444842000&collector_id=rrc00\
                    &data_type=updates&page_size=1000&page=1 ";
    assert!(first.starts_with(question), "{first}");
    // The second time, the broker is asked and nothing is fetched.
    assert_eq!(ask(&server, folder.path()).stdout, run.stdout);
    assert_eq!(server.requests.lock().unwrap().len(), asked + 2);
}

#[test]
fn what_the_broker_complains_about_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let body = br#"{"SearchError":"no such collector"}"#;
    let server = serve(|_| response("400 Bad Request", "", body.len(), body));
    let run = ask(&server, folder.path());
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.ends_with("the broker says: no such collector\n"), "{}", run.stderr);
    let nothing = ask(&broker(0), folder.path());
    assert!(nothing.stderr.contains("the broker knows no file of rrc00"), "{}", nothing.stderr);
    let timeless = search(["--collector", "rrc00"]);
    assert_eq!(timeless.code, Some(2));
    assert!(
        timeless.stderr.contains("--collector needs --from and --until"),
        "{}",
        timeless.stderr
    );
}

#[test]
fn a_folder_of_mixed_files_is_searched() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(shared(UPDATES), folder.path().join("updates.gz")).unwrap();
    fs::copy(shared(PLAIN), folder.path().join("quagga")).unwrap();
    fs::copy(root().join("README.md"), folder.path().join("README.md")).unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let run = search(["--count", folder.path().to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "3932\n", ""));
}
