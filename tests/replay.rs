//! `originwatch replay`: inputs, their order, and where the notices go.

mod from;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::play::{self, Run, notices, originwatch, root};

const CONFIG: &str = "data/indosat-2014/originwatch.toml";
const FOLDER: &str = "data/indosat-2014";

fn run(command: &mut Command) -> Run {
    play::run(command.current_dir(root()))
}

/// The notices of a replay; of two that read the same things from elsewhere they are the same.
fn told(run: &Run) -> Vec<Value> {
    let mut notices = notices(&run.stdout);
    notices.iter_mut().for_each(|notice| notice["feeds"] = Value::Null);
    notices
}

fn summary(run: &Run) -> Vec<&str> {
    run.stderr.lines().skip_while(|line| !line.starts_with("read ")).skip(1).collect()
}

fn recordings() -> Vec<PathBuf> {
    let entries = root().join(FOLDER).read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().unwrap() == "gz").collect();
    files.sort();
    files
}

#[test]
fn the_order_of_the_inputs_does_not_matter() {
    let replay = ["replay", "-c", CONFIG, "--format", "json"].map(PathBuf::from);
    let folder = originwatch(replay.iter().cloned().chain([PathBuf::from(FOLDER)]));
    assert_eq!(folder.code, Some(0), "{}", folder.stderr);
    let backwards = originwatch(replay.into_iter().chain(recordings().into_iter().rev()));
    assert_eq!(backwards.code, Some(0), "{}", backwards.stderr);
    assert!(!told(&folder).is_empty());
    assert_eq!(told(&folder), told(&backwards));
}

#[test]
fn a_file_that_is_named_twice_is_read_once() {
    let file = recordings().pop().unwrap();
    let watch = ["replay", "--prefix", "198.18.0.0/21", "--origin", "64500"].map(PathBuf::from);
    let once = originwatch(watch.iter().cloned().chain([file.clone()]));
    let twice = originwatch(watch.into_iter().chain([file.clone(), file]));
    assert_eq!(summary(&once), summary(&twice));
}

#[test]
fn standard_input_is_an_input_and_concatenated_files_are_one() {
    let files = recordings();
    let mut whole = Vec::new();
    files.iter().for_each(|file| whole.extend(fs::read(file).unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.gz");
    fs::write(&path, whole).unwrap();
    let replay = ["replay", "-c", CONFIG, "--format", "json"];
    let piped = run(Command::new(env!("CARGO_BIN_EXE_originwatch"))
        .args(replay)
        .arg("-")
        .stdin(File::open(&path).unwrap()));
    assert_eq!(piped.code, Some(0), "{}", piped.stderr);
    let apart = originwatch(replay.into_iter().chain([FOLDER]));
    assert_eq!(told(&piped), told(&apart));
}

#[test]
fn time_is_cut_where_it_is_asked_to_be() {
    let during = originwatch([
        "replay",
        "-c",
        CONFIG,
        "--format",
        "json",
        "--from",
        "2014-04-02T16:00:00Z",
        "--until",
        "2014-04-02T18:30:00Z",
        FOLDER,
    ]);
    assert_eq!(during.code, Some(0), "{}", during.stderr);
    let reasons: Vec<_> = told(&during).iter().map(|n| n["reason"].clone()).collect();
    // The update was being gathered when the time was over.
    assert_eq!(reasons, ["opened", "update"]);
    assert!(during.stderr.contains("still open:\n  OW-20140402-AS4761-"), "{}", during.stderr);
    assert!(during.stderr.contains("1 incident (1 still open), 2 notices"), "{}", during.stderr);

    let before = originwatch(["replay", "-c", CONFIG, "--until", "2014-04-02T18:26:00Z", FOLDER]);
    assert_eq!((before.code, before.stdout.as_str()), (Some(0), ""));
    assert!(before.stderr.contains("0 incidents (0 still open), 0 notices"), "{}", before.stderr);
}

#[test]
fn what_is_still_open_is_told_at_the_end_of_the_text() {
    let run = originwatch(["replay", "-c", CONFIG, "--until", "2014-04-02T18:30:00Z", FOLDER]);
    let end = run.stdout.rsplit_once("Still open:\n").unwrap().1;
    assert!(end.starts_with("  OW-20140402-AS4761-"), "{end}");
    assert!(
        end.ends_with(
            "  origin-hijack of 198.18.0.0/21, 198.18.8.0/21 by AS4761 INDOSAT-INP-AP, ID, since \
             2014-04-02T18:26:03Z, held by 3 of 40 vantage points\n\n"
        ),
        "{end}"
    );
}

#[test]
fn a_folder_is_walked_and_what_is_no_recording_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("rrc00/2014.04")).unwrap();
    let file = recordings().pop().unwrap();
    fs::copy(&file, folder.path().join("rrc00/2014.04").join(file.file_name().unwrap())).unwrap();
    fs::write(folder.path().join("vrps.json"), "{\n  \"roas\": [\n  ]\n}\n").unwrap();
    fs::write(folder.path().join("minified.json"), "{\"roas\":[]}").unwrap();
    fs::write(folder.path().join("README"), "hello\n").unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let watch = ["replay", "--prefix", "198.18.0.0/21", "--origin", "64500"].map(Path::new);
    let run = originwatch(watch.into_iter().chain([folder.path()]));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.starts_with("read 1 input with "), "{}", run.stderr);
    assert!(run.stderr.contains("\n4 files passed over (not recordings)\n"), "{}", run.stderr);
}

#[test]
fn an_input_that_is_not_there_is_told_and_the_others_are_read() {
    let file = recordings().pop().unwrap();
    let watch = ["replay", "--prefix", "198.18.0.0/21", "--origin", "64500", "no/such/file"];
    let run = originwatch(watch.map(PathBuf::from).into_iter().chain([file]));
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.starts_with(
            "no/such/file: cannot be opened: No such file or directory (os error 2)\nread 1 input"
        ),
        "{}",
        run.stderr
    );
}

/// A RIS Live line: a vantage point of `peer` sees 198.18.0.0/21 from AS4761 at `second`.
fn line(second: usize, peer: usize) -> String {
    format!(
        "{{\"type\":\"ris_message\",\"data\":{{\"timestamp\":{}.0,\"peer\":\"192.0.2.{peer}\",\
         \"peer_asn\":\"{}\",\"host\":\"rrc00\",\"type\":\"UPDATE\",\"path\":[{0},4761],\
         \"announcements\":[{{\"next_hop\":\"192.0.2.1\",\"prefixes\":[\"198.18.0.0/21\"]}}]}}}}\n",
        1_396_463_160 + second,
        64_600 + peer,
    )
    .replace(&format!("[{},", 1_396_463_160 + second), &format!("[{},", 64_600 + peer))
}

/// As many files as given, of which each begins at its own second and lasts for so many.
fn crowd(files: usize, lasting: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..files {
        let lines = (0..lasting).map(|second| line(number + second, number % 250));
        fs::write(folder.path().join(format!("{number}.json")), lines.collect::<String>()).unwrap();
    }
    folder
}

/// With so few descriptors that not all files could be open at once.
fn replay_with_few_descriptors(folder: &TempDir) -> Run {
    let binary = env!("CARGO_BIN_EXE_originwatch");
    let script = "ulimit -n 200; exec \"$0\" replay --prefix 198.18.0.0/21 --origin 64500 \"$1\"";
    run(Command::new("sh").args(["-c", script, binary]).arg(folder.path()))
}

#[test]
fn a_thousand_files_in_a_row_need_few_descriptors() {
    let folder = crowd(1000, 3);
    let run = replay_with_few_descriptors(&folder);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.starts_with("read 1,000 inputs with 3,000 records"), "{}", run.stderr);
}

#[test]
fn a_crowd_that_overlaps_is_read_all_the_same_and_told() {
    let folder = crowd(300, 400);
    let run = replay_with_few_descriptors(&folder);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.starts_with(
            "more than 128 inputs overlap in time: the others wait for their turn, and their \
             records may come late\nread 300 inputs with 120,000 records"
        ),
        "{}",
        run.stderr
    );
}

#[test]
fn records_of_several_files_are_merged_by_time() {
    let folder = tempfile::tempdir().unwrap();
    // Two vantage ASes open an incident: the second one comes at second 5, in the first file.
    fs::write(folder.path().join("a.json"), line(0, 1) + &line(5, 2) + &line(90, 4)).unwrap();
    fs::write(folder.path().join("b.json"), line(3, 1) + &line(60, 3)).unwrap();
    let watch = ["replay", "--format", "json", "--prefix", "198.18.0.0/21", "--origin", "64500"];
    let run = originwatch(watch.map(Path::new).into_iter().chain([folder.path()]));
    let evidence = |notice: &Value| {
        let sights = notice["evidence"].as_array().unwrap().iter();
        sights.map(|sight| sight["at"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let last = notices(&run.stdout).pop().unwrap();
    assert_eq!(
        evidence(&last),
        [
            "2014-04-02T18:26:00Z",
            "2014-04-02T18:26:05Z",
            "2014-04-02T18:27:00Z",
            "2014-04-02T18:27:30Z"
        ]
    );
}

#[test]
fn without_watches_the_vrps_of_our_ases_are_watched() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(root().join(CONFIG)).unwrap();
    let (head, tail) = text.split_once("[[watch]]").unwrap();
    let (_, tail) = tail.split_once("[rpki]").unwrap();
    let config = folder.path().join("originwatch.toml");
    fs::write(&config, format!("{head}[rpki]{tail}")).unwrap();
    for name in ["vrps.json", "as-names.csv"] {
        fs::copy(root().join(FOLDER).join(name), folder.path().join(name)).unwrap();
    }
    let derived =
        originwatch(["replay", "--format", "json", "-c", config.to_str().unwrap(), FOLDER]);
    assert_eq!(derived.code, Some(0), "{}", derived.stderr);
    let remark = "has no [[watch]]: watching the 2 prefixes of the VRPs of its asns";
    assert!(derived.stderr.contains(remark), "{}", derived.stderr);
    let written = originwatch(["replay", "--format", "json", "-c", CONFIG, FOLDER]);
    let course = |run: &Run| {
        told(run).iter().map(|n| (n["message_id"].clone(), n["at"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(course(&derived), course(&written));

    let foreign = fs::read_to_string(&config).unwrap().replace("asns = [64500]", "asns = [64999]");
    fs::write(&config, foreign).unwrap();
    let nothing = originwatch(["replay", "-c", config.to_str().unwrap(), FOLDER]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
    assert!(
        nothing.stderr.ends_with("names one of its asns: nothing to watch\n"),
        "{}",
        nothing.stderr
    );
}

/// RPKI is asked about the time of the recording: what had ended by then says nothing, what has ended since
/// does; and where there is nothing to ask, nobody says that no VRP was found.
#[test]
fn rpki_is_asked_about_the_time_of_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("recording.json");
    fs::write(&recording, line(0, 1) + &line(5, 2)).unwrap();
    let vrps = folder.path().join("vrps.json");
    let asked = |expires: Option<i64>| {
        let mut words = vec!["replay", "--format", "json", "--prefix", "198.18.0.0/21"];
        words.extend(["--origin", "64500", recording.to_str().unwrap()]);
        if let Some(expires) = expires {
            let ours = format!(
                r#"{{"asn":64500,"prefix":"198.18.0.0/21","maxLength":21,"expires":{expires}}}"#
            );
            let other = r#"{"asn":64999,"prefix":"192.0.2.0/24","maxLength":24}"#;
            fs::write(&vrps, format!("{{\"roas\":[{ours},{other}]}}")).unwrap();
            words.extend(["--vrps", vrps.to_str().unwrap()]);
        }
        let run = originwatch(words);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let state = notices(&run.stdout)[0]["prefixes"][0]["rov"]["state"].clone();
        (state, run.stderr.contains("1 VRP has expired and is left out"))
    };
    assert_eq!(asked(Some(1_396_463_160 + 3600)), ("invalid".into(), false));
    assert_eq!(asked(Some(1_396_463_160)), ("not-found".into(), true));
    assert_eq!(asked(None), ("unknown".into(), false));
}

/// What ends while the recording goes on is judged anew then, whatever the records are about.
#[test]
fn rpki_is_asked_about_each_moment_of_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("recording.json");
    // Our own route, which a VRP of another network makes invalid until it ends, and something of others later on.
    let ours = |n| line(0, n).replace(",4761]", ",64510,64500]");
    let later = line(9000, 3).replace("198.18.0.0/21", "203.0.113.0/24");
    fs::write(&recording, ours(1) + &ours(2) + &later).unwrap();
    let vrps = folder.path().join("vrps.json");
    let ends = 1_396_463_160 + 3600;
    let ending =
        format!(r#"{{"asn":64999,"prefix":"198.18.0.0/21","maxLength":21,"expires":{ends}}}"#);
    let other = r#"{"asn":64999,"prefix":"192.0.2.0/24","maxLength":24}"#;
    fs::write(&vrps, format!("{{\"roas\":[{ending},{other}]}}")).unwrap();
    let watch = ["replay", "--format", "json", "--prefix", "198.18.0.0/21", "--origin", "64500"];
    let run = originwatch(watch.into_iter().chain([
        "--vrps",
        vrps.to_str().unwrap(),
        recording.to_str().unwrap(),
    ]));
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = notices(&run.stdout);
    let told = |reason: &str, kind: &str| {
        let mut those = told.iter().filter(|n| n["reason"] == reason && n["kind"] == kind);
        those.next().map(|notice| notice["at"].as_str().unwrap().to_owned())
    };
    assert_eq!(told("opened", "rpki-invalid").as_deref(), Some("2014-04-02T18:26:05Z"));
    // A quarter of an hour after it was invalid for the last time.
    assert_eq!(told("resolved", "rpki-invalid").as_deref(), Some("2014-04-02T19:41:00Z"));
    assert_eq!(told("opened", "rpki-uncovered").as_deref(), Some("2014-04-02T19:26:00Z"));
}

#[test]
fn of_several_sources_the_first_that_works_is_taken_and_the_others_are_told() {
    let (folder, config) = config_with(
        "sources = [{ json = \"vrps.json\" }]",
        "sources = [{ rtr = \"127.0.0.1:1\" }, { json = \"gone.json\" }, { json = \"vrps.json\" }]",
    );
    let run = originwatch(["replay", "-c", config.to_str().unwrap(), FOLDER]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let gone = folder.path().join("gone.json");
    let told: Vec<_> = run.stderr.lines().take(2).collect();
    assert_eq!(
        told,
        [
            "rtr://127.0.0.1:1: cannot connect: Connection refused (os error 111)",
            &format!("{}: cannot read it: No such file or directory (os error 2)", gone.display()),
        ]
    );
}

/// The shipped config with one thing replaced, in a folder with its files.
fn config_with(from: &str, to: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["vrps.json", "as-names.csv"] {
        fs::copy(root().join(FOLDER).join(name), folder.path().join(name)).unwrap();
    }
    let text = fs::read_to_string(root().join(CONFIG)).unwrap();
    assert!(text.contains(from), "{from}");
    let path = folder.path().join("originwatch.toml");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    (folder, path)
}

/// What a relay says behind RCPT TO.
type Verdict = fn(&str) -> &'static str;

/// A mail relay that takes what its verdict lets in, and keeps it.
struct FakeRelay {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<String>>>,
}

impl FakeRelay {
    fn start(verdict: Verdict) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let mails = taken.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mails = mails.clone();
                thread::spawn(move || serve(stream.unwrap(), verdict, &mails));
            }
        });
        FakeRelay { address, taken }
    }
}

/// One session (RFC 5321 section 3), as far as a client that behaves needs it.
fn serve(stream: TcpStream, verdict: Verdict, mails: &Mutex<Vec<String>>) {
    let mut out = stream.try_clone().unwrap();
    // In one piece: two would wait for each other (Nagle).
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say("220 relay.example.net ESMTP");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250 relay.example.net",
            "RCPT" => verdict(&line),
            "DATA" => {
                say("354 go on");
                let mut mail = String::new();
                for line in lines.by_ref().take_while(|line| line != ".") {
                    writeln!(mail, "{line}").unwrap();
                }
                mails.lock().unwrap().push(mail);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        if !say(answer) {
            return;
        }
    }
}

/// The shipped config with a relay at `address`, two recipients, and a store of its own.
fn config_with_relay(address: SocketAddr) -> (TempDir, PathBuf) {
    let text = fs::read_to_string(root().join(CONFIG)).unwrap();
    let (_, mail) = text.split_once("[mail]").unwrap();
    let mail = format!("[mail]{}", mail.split("\n[").next().unwrap());
    let relayed = format!(
        "[mail]\nfrom = \"originwatch@example.net\"\nto = [\"noc@example.net\", \"Boss <boss@example.org>\"]\n\
         relay = \"smtp://{address}\"\ntls = \"none\"\n\n"
    );
    config_with(&mail, &relayed)
}

fn subject(mail: &str) -> String {
    let from = mail.split_once("Subject: ").unwrap().1;
    let mut lines = from.lines();
    let first = lines.next().unwrap().to_owned();
    lines.take_while(|line| line.starts_with(' ')).fold(first, |all, line| all + line)
}

#[test]
fn every_notice_is_mailed_to_every_recipient() {
    let relay = FakeRelay::start(|_| "250 fine");
    let (folder, config) = config_with_relay(relay.address);
    let files = folder.path().join("eml");
    let run = originwatch([
        Path::new("replay"),
        Path::new("-c"),
        &config,
        Path::new("--mail"),
        Path::new("--eml"),
        &files,
        Path::new("--format"),
        Path::new("json"),
        Path::new(FOLDER),
    ]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let notices = notices(&run.stdout);
    let taken = relay.taken.lock().unwrap();
    assert_eq!(taken.len(), notices.len() * 2);
    assert!(run.stderr.ends_with(&format!("\n{} mails sent\n", taken.len())), "{}", run.stderr);
    for (index, mail) in taken.iter().enumerate() {
        let to = ["noc@example.net", "boss@example.org"][index % 2];
        assert!(mail.contains(to), "{mail}");
        let id = notices[index / 2]["message_id"].as_str().unwrap();
        assert!(mail.contains(&format!("Message-ID: {id}")), "{mail}");
    }
    let mut names: Vec<_> =
        files.read_dir().unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), taken.len());
    let incident = notices[0]["incident"].as_str().unwrap();
    assert_eq!(names[0], format!("0001-{incident}.0-noc@example.net.eml"));
    assert_eq!(names[1], format!("0002-{incident}.0-boss@example.org.eml"));
    let first = fs::read_to_string(files.join(&names[0])).unwrap();
    assert_eq!(subject(&first), subject(&taken[0]));
}

#[test]
fn mails_that_no_relay_takes_are_kept_and_the_place_is_told() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (folder, config) = config_with_relay(nobody);
    let run = originwatch(["replay", "-c", config.to_str().unwrap(), "--mail", FOLDER]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let kept = folder.path().join("originwatch-unsent");
    let count = kept.read_dir().unwrap().count();
    assert_eq!(count, 2 * run.stdout.matches("\nIncident OW-").count());
    let end =
        format!("\n0 mails sent, {count} not taken: kept as .eml files in {}\n", kept.display());
    assert!(run.stderr.ends_with(&end), "{}", run.stderr);
    let trouble = format!("127.0.0.1:{} cannot be reached: ", nobody.port());
    assert_eq!(run.stderr.matches(&trouble).count(), 1, "told once: {}", run.stderr);
}

#[test]
fn a_recipient_that_is_refused_costs_nobody_else_a_mail() {
    let relay = FakeRelay::start(|line| match line.contains("boss@") {
        true => "550 no such user",
        false => "250 fine",
    });
    let (folder, config) = config_with_relay(relay.address);
    let run = originwatch(["replay", "-c", config.to_str().unwrap(), "--mail", FOLDER]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let notices = run.stdout.matches("\nIncident OW-").count();
    assert_eq!(relay.taken.lock().unwrap().len(), notices);
    let kept = folder.path().join("originwatch-unsent").read_dir().unwrap();
    let names = kept.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with("-boss@example.org.eml")).count(), notices);
    assert_eq!(run.stderr.matches("550").count(), 1, "{}", run.stderr);
}

#[test]
fn mail_needs_a_mail_section() {
    let (_folder, config) = config_with("[mail]", "[web]\n[[mail]]");
    let text = fs::read_to_string(&config).unwrap();
    let (head, _) = text.split_once("[web]").unwrap();
    fs::write(&config, head).unwrap();
    let run = originwatch(["replay", "-c", config.to_str().unwrap(), "--mail", FOLDER]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.ends_with("has no [mail]: nobody to write to\n"), "{}", run.stderr);
}
