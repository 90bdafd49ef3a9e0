//! Every line of every file against `bgpdump -m` (RIPE NCC, 1.6.2 of Debian): what we print differs
//! in nothing but what this file names.

use std::io::Read;
use std::process::Command;

use fixtures::real::need;
use parser::Reader;

use crate::play::golden;
use crate::play::reading::{Reading, read};
use crate::recordings;

/// Old BIRD wrote messages of ADD-PATH sessions as if they were plain (RFC 8050 came later). bgpdump
/// takes path identifiers for prefixes and prints nonsense; we tell that the prefixes are malformed.
const UNDECLARED_ADD_PATH: [(&str, usize); 4] = [
    ("t2mune+mrtparse/bird6_bgp_h2", 6),
    ("t2mune+mrtparse/bird_bgp_h1", 33),
    ("t2mune+mrtparse/bird_bgp_h2", 6),
    ("t2mune+mrtparse/bird_bgp_h3", 6),
];

/// bgpdump prints routes of SAFI 2 (multicast) as if they were unicast: so many lines.
const MULTICAST: [(&str, usize); 3] = [
    ("CAIDA+libbgpstream/updates.example.bz2", 364),
    ("RIPE-NCC+bgpdump/updates.20070211.0141.gz", 151),
    ("cawka+bgpparser/updates.20090501.0000.bz2", 64),
];

#[test]
fn every_line_of_every_file_is_that_of_bgpdump() {
    let version = installed();
    assert!(version.contains("1.6.2"), "{version}");
    for name in recordings::mrt_files() {
        let output =
            Command::new("bgpdump").arg("-m").arg(recordings::path(&name)).output().unwrap();
        compare(&name, &output.stdout);
    }
}

/// Of what is made here it prints what the other suite compares with, and of the long ones what we print.
#[test]
fn bgpdump_prints_the_golden_lines() {
    installed();
    let folder = std::env::temp_dir().join(format!("originwatch-bgpdump-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let golden = golden::bgpdump();
    for (name, bytes) in fixtures::recordings::mrt() {
        let path = folder.join(&name);
        std::fs::write(&path, &bytes).unwrap();
        let output = Command::new("bgpdump").arg("-m").arg(&path).output().unwrap();
        if let Some((_, expected)) = golden.iter().find(|(file, _)| *file == name) {
            assert_eq!(String::from_utf8(output.stdout).unwrap(), *expected, "{name}");
        } else if ["updates", "rib"].contains(&name.as_str()) {
            assert!(output.stdout == read(&bytes).lines, "{name}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn every_line_is_that_of_the_outputs_that_bgpdump_ships() {
    let mut compared = 0;
    for name in recordings::mrt_files() {
        let (project, file) = name.split_once('/').unwrap();
        let expected = recordings::path(project).join(format!("expect__{file}.bgp.gz"));
        if let Ok(expected) = std::fs::File::open(expected) {
            let mut lines = Vec::new();
            Reader::new(expected, "").into_unpacked().read_to_end(&mut lines).unwrap();
            compare(&name, &lines);
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
}

/// What `bgpdump` says of itself.
fn installed() -> String {
    need(&["bgpdump"]);
    String::from_utf8(Command::new("bgpdump").output().unwrap().stderr).unwrap()
}

fn compare(name: &str, theirs: &[u8]) {
    let ours = read(&recordings::packed(name));
    let theirs = lines(theirs);
    let found = |table: &[(&str, usize)]| {
        table.iter().find_map(|(file, count)| (*file == name).then_some(*count))
    };
    if let Some(broken) = found(&UNDECLARED_ADD_PATH) {
        let states: Vec<_> = theirs.into_iter().filter(|line| line.contains("|STATE|")).collect();
        assert_same(name, &states, &lines(&ours.lines));
        assert_eq!(ours.damages.len(), broken, "{name}: {:?}", ours.damages);
        return;
    }
    let theirs = match found(&MULTICAST) {
        Some(count) => without_multicast(name, &theirs, &ours, count),
        None => theirs,
    };
    let (theirs, own) = without_bugs(name, theirs, lines(&ours.lines));
    assert_same(name, &theirs, &own);
    let damages: &[&str] = match name {
        "hadiasghari+pyasn/rib.20140523.0600_firstMB.bz2" => &[
            "record 9073 at byte 15274550: bzip2 data is damaged or cut, the rest of the file is lost",
        ],
        // 213.165.48.0/20 by 29518 0 29518.
        "RIPE-NCC+bgpdump/updates.et-header.2015.gz" => {
            &["record 38779 at byte 6330605: AS 0 stands in AS_PATH, it is read all the same"]
        }
        _ => &[],
    };
    assert_eq!(ours.damages, damages, "{name}");
}

/// Their lines without those that we leave out, which are all lines of messages with SAFI 2.
fn without_multicast<'a>(
    name: &str,
    theirs: &[&'a str],
    ours: &Reading,
    count: usize,
) -> Vec<&'a str> {
    let own = lines(&ours.lines);
    let mut own = own.iter().map(|line| repaired(line)).peekable();
    let (kept, left_out): (Vec<&str>, Vec<&str>) =
        theirs.iter().partition(|line| own.next_if(|next| *next == repaired(line)).is_some());
    assert_eq!(left_out.len(), count, "{name}");
    assert!(ours.statistics.skipped.families > 0, "{name}");
    kept
}

/// bgpdump's own mistakes, taken out of both sides.
fn without_bugs<'a>(
    name: &str,
    theirs: Vec<&'a str>,
    ours: Vec<&'a str>,
) -> (Vec<String>, Vec<String>) {
    let each = |lines: Vec<&str>| match name {
        // Two addresses in one printf share a buffer: withdrawals of type BGP show the peer's
        // address in place of the prefix.
        "bgpkit+bgpkit-parser/rrc00__1999.09__updates.19990903.1041.gz"
        | "bgpkit+bgpkit-parser/rrc00__2000.01__updates.20000102.2014.gz" => {
            lines.into_iter().map(without_withdrawn_address).collect()
        }
        // One session of this RIS file used ADD-PATH without the record's subtype saying so. What
        // its messages hold then are not the true prefixes, and bgpdump shows their host bits.
        "bgpfix+bgpipe/sample.mrt" => lines.into_iter().map(without_host_bits).collect(),
        _ => lines.into_iter().map(repaired).collect::<Vec<_>>(),
    };
    (each(theirs), each(ours))
}

/// RFC 6793 section 6: confederation segments in AS4_PATH are left out. bgpdump counts them, finds the
/// AS4_PATH longer than the AS_PATH and does not merge.
fn repaired(line: &str) -> String {
    line.replace(
        "|81.209.156.1|13237|84.205.64.0/24|13237 1103 1125 23456 12654|",
        "|81.209.156.1|13237|84.205.64.0/24|13237 1103 1125 196613 12654|",
    )
}

fn without_withdrawn_address(line: &str) -> String {
    match line.split('|').collect::<Vec<_>>()[..] {
        [label, at, "W", peer, asn, prefix] => {
            let length = prefix.split_once('/').unwrap().1;
            format!("{label}|{at}|W|{peer}|{asn}|-/{length}")
        }
        _ => line.to_owned(),
    }
}

fn without_host_bits(line: &str) -> String {
    let mut columns: Vec<String> = line.split('|').map(str::to_owned).collect();
    let (address, length) = columns[5].split_once('/').unwrap();
    if let Ok(address @ std::net::IpAddr::V4(_)) = address.parse() {
        let prefix = bgp::Prefix::new_relaxed(address, length.parse().unwrap()).unwrap();
        columns[5] = prefix.to_string();
    }
    columns.join("|")
}

fn lines(text: &[u8]) -> Vec<&str> {
    std::str::from_utf8(text).unwrap().lines().collect()
}

fn assert_same<T: AsRef<str>>(name: &str, theirs: &[T], ours: &[T]) {
    for (number, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        assert_eq!(theirs.as_ref(), ours.as_ref(), "{name}, line {number}");
    }
    assert_eq!(theirs.len(), ours.len(), "{name}");
}
