//! `originwatch search`: what it finds, and how it shows it.

mod archive;
mod inputs;
mod remote;

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

use crate::play::search::{lines, name, search};
use crate::play::{finish, originwatch};
use crate::recordings::{
    self, AROUND, MINUTE, NEIGHBOURS, ORIGIN, ORIGIN_OF_PREFIX, PART_OF_PREFIX, PEER, PREFIX, RIB,
    UPDATES, UPDATES_LINES,
};

/// Every file: gzip members, sorts of bzip2 blocks, cut and damaged ones.
#[test]
fn every_file_is_printed_as_the_parser_prints_it_alone() {
    let files = recordings::mrt();
    assert_eq!(files.len(), recordings::MRT_FILES);
    for file in &files {
        let run = search([&name(file)]);
        assert_eq!(run.stdout, lines(file), "{file}");
        let count = search(["--count", &name(file)]);
        assert_eq!(count.stdout.trim(), run.stdout.lines().count().to_string(), "{file}");
    }
}

#[test]
fn a_prefix_is_found_exactly_or_with_those_inside_or_around() {
    let prefixes = |flags: &[&str]| {
        let file = name(RIB);
        let all = ["search", "--prefix", PREFIX].into_iter().chain(flags.iter().copied());
        let run = originwatch(all.chain([file.as_str()]));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let column = |line: &str| line.split('|').nth(5).unwrap().to_owned();
        run.stdout.lines().map(column).collect::<Vec<_>>()
    };
    assert_eq!(prefixes(&[]), [PREFIX]);
    assert_eq!(prefixes(&["--exact"]), [PREFIX]);
    assert_eq!(prefixes(&["--covering"]), AROUND);
    let covered = prefixes(&["--covered"]);
    let naive: Vec<_> = lines(RIB)
        .lines()
        .map(|line| line.split('|').nth(5).unwrap().to_owned())
        .filter(|prefix| {
            let watched: bgp::Prefix = PREFIX.parse().unwrap();
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
    let run = search(["--peer", PEER, "--type", "announce,withdraw", &file]);
    assert_eq!(run.stdout, naive(&|line| line[4] == PEER && line[2] != "STATE"));
    assert!(!run.stdout.is_empty());
    let run = search(["--origin", &format!("AS{ORIGIN}"), &file]);
    let origin = |line: &[String]| line[2] == "A" && line[6].ends_with(&format!(" {ORIGIN}"));
    assert_eq!(run.stdout, naive(&origin));
    let run = search(["--as-path", &format!(r"\b{NEIGHBOURS}\b"), &file]);
    let neighbours = format!(" {NEIGHBOURS} ");
    assert_eq!(
        run.stdout,
        naive(&|line| line.len() > 6 && format!(" {} ", line[6]).contains(&neighbours))
    );
    let (from, until) = (MINUTE.0, (MINUTE.1 + 60).to_string());
    let run = search(["--from", from, "--until", &until, &file]);
    let during = |line: &[String]| {
        let seconds = line[1].split('.').next().unwrap();
        (MINUTE.1..MINUTE.1 + 60).contains(&seconds.parse().unwrap())
    };
    assert_eq!(run.stdout, naive(&during));
    assert!(!run.stdout.is_empty());
}

/// A VRP for each of two prefixes of the file; all others are not found.
#[test]
fn origin_validation_chooses() {
    let folder = tempfile::tempdir().unwrap();
    let vrps = folder.path().join("vrps.csv");
    let length = PREFIX.rsplit_once('/').unwrap().1;
    let text = format!(
        "ASN,IP Prefix,Max Length,Trust Anchor\n\
         {ORIGIN_OF_PREFIX},{PREFIX},{length},test\nAS64500,{PART_OF_PREFIX},test\n"
    );
    fs::write(&vrps, text).unwrap();
    let vrps = vrps.to_str().unwrap();
    let (file, prefix) = (name(RIB), PREFIX);
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
    assert_eq!(objects.len(), UPDATES_LINES);
    assert_eq!(objects[0]["collector"], "rrc06");
    let table = search(["--format", "table", &file]);
    assert_eq!(table.stdout.lines().count(), UPDATES_LINES + 1);
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
