//! `originwatch search`: what it finds, and how it shows it.

mod archive;
mod inputs;
mod remote;

use std::fs::{self, File};
use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::play::{Run, finish, originwatch, output};
use fixtures::real::{need, recording};

const RIB: &str = "mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2";
const UPDATES: &str = "mrt/CAIDA+libbgpstream/ris.rrc06.updates.1401488100.gz";
const PLAIN: &str = "mrt/t2mune+mrtparse/quagga_bgp";

fn search<const N: usize>(arguments: [&str; N]) -> Run {
    originwatch(["search"].into_iter().chain(arguments))
}

fn name(file: &str) -> String {
    recording(file).to_str().unwrap().to_owned()
}

fn unpacked(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reader = parser::Reader::new(File::open(recording(file)).unwrap(), "");
    reader.into_unpacked().read_to_end(&mut bytes).unwrap();
    bytes
}

/// What the parser prints of a whole file, which its own tests compare with `bgpdump -m`.
fn lines(file: &str) -> String {
    let mut lines = Vec::new();
    let mut reader = parser::Reader::new(File::open(recording(file)).unwrap(), "");
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
    for project in fs::read_dir(recording("mrt")).unwrap() {
        for file in fs::read_dir(project.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let text = path.to_str().unwrap();
            if text.contains("expect__") {
                continue;
            }
            let run = search([text]);
            let relative = path.strip_prefix(recording("")).unwrap().to_str().unwrap();
            assert_eq!(run.stdout, lines(relative), "{text}");
            let count = search(["--count", text]);
            assert_eq!(count.stdout.trim(), run.stdout.lines().count().to_string(), "{text}");
            compared += 1;
        }
    }
    assert_eq!(compared, 29);
}

/// Line for line; what bgpdump reads otherwise is told in the tests of the parser.
#[test]
fn bgpdump_prints_the_same() {
    need(&["bgpdump"]);
    for file in [RIB, UPDATES, "mrt/RIPE-NCC+bgpdump/bview.20020722.2337.gz"] {
        let output = output(Command::new("bgpdump").arg("-m").arg(recording(file)));
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
fn whoever_has_seen_enough_may_hang_up() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_originwatch"))
        .args(["search", &name(RIB)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut start = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut start).unwrap();
    let output = finish(child);
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
