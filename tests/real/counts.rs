//! What the parser reads of every MRT file, counted against what Debian's `bgpdump -m` prints.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use fixtures::real::{need, recording};
use parser::{ElementKind, Item, Reader};

use crate::play::{originwatch, output};

/// Lines of `bgpdump -m`, or elements of ours, by their third field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    rib: u64,
    announced: u64,
    withdrawn: u64,
    state: u64,
}

const fn rib(rib: u64) -> Counts {
    Counts { rib, announced: 0, withdrawn: 0, state: 0 }
}

const fn updates(announced: u64, withdrawn: u64, state: u64) -> Counts {
    Counts { rib: 0, announced, withdrawn, state }
}

/// What `bgpdump -m` 1.6.2 prints of every file in `mrt/`.
const BGPDUMP: [(&str, Counts); 29] = [
    ("CAIDA+libbgpstream/ris.rrc06.updates.1401488100.gz", updates(3_761, 68, 4)),
    ("CAIDA+libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2", rib(503_590)),
    (
        "CAIDA+libbgpstream/routeviews.route-views.jinx.updates.1401493500.bz2",
        updates(1_238, 116, 0),
    ),
    ("CAIDA+libbgpstream/updates.example.bz2", updates(126_269, 10_975, 0)),
    ("RIPE-NCC+bgpdump/bview.20020722.2337.gz", rib(115_521)),
    ("RIPE-NCC+bgpdump/updates.20020722.2238.gz", updates(825, 2_419, 93)),
    ("RIPE-NCC+bgpdump/updates.20070211.0141.gz", updates(51_329, 2_328, 0)),
    ("RIPE-NCC+bgpdump/updates.20071015.1505.gz", updates(10_111, 385, 0)),
    ("RIPE-NCC+bgpdump/updates.20100722.2015.gz", updates(5_067, 547, 40)),
    ("RIPE-NCC+bgpdump/updates.et-header.2015.gz", updates(577_737, 3, 4)),
    ("bgpfix+bgpipe/sample.mrt", updates(752, 64, 0)),
    ("bgpkit+bgpkit-parser/local_only__updates.bz2", updates(159, 109, 0)),
    ("bgpkit+bgpkit-parser/rrc00__1999.09__updates.19990903.1041.gz", updates(65_286, 25, 4)),
    ("bgpkit+bgpkit-parser/rrc00__2000.01__updates.20000102.2014.gz", updates(5_668, 675, 16)),
    (
        "bgpkit+bgpkit-parser/rrc03__2010.02__updates.20100227.1600.first-796-records.gz",
        updates(1_226, 133, 4),
    ),
    ("cawka+bgpparser/updates.20090501.0000.bz2", updates(41_888, 6_756, 0)),
    ("hadiasghari+pyasn/rib.20140523.0600_firstMB.bz2", rib(270_005)),
    ("morrowc+mrtparser/updates.20260222.1530.bz2", updates(111_057, 7_606, 0)),
    ("t2mune+mrtparse/bird-mrtdump_bgp", updates(12, 0, 12)),
    ("t2mune+mrtparse/bird-mrtdump_rib", rib(18)),
    ("t2mune+mrtparse/bird6_bgp_h1", updates(30, 0, 13)),
    ("t2mune+mrtparse/bird6_bgp_h2", updates(32, 0, 12)),
    ("t2mune+mrtparse/bird_bgp_h1", updates(132, 0, 12)),
    ("t2mune+mrtparse/bird_bgp_h2", updates(24, 0, 12)),
    ("t2mune+mrtparse/bird_bgp_h3", updates(24, 0, 12)),
    ("t2mune+mrtparse/openbgpd_bgp", updates(93, 0, 16)),
    ("t2mune+mrtparse/quagga_bgp", updates(63, 0, 36)),
    ("t2mune+mrtparse/quagga_rib", rib(21)),
    ("t2mune+mrtparse/quagga_rib_h1", rib(9)),
];

const MULTICAST: &str = "bgpdump prints IPv4 multicast (SAFI 2) as if it were unicast";
const UNMARKED_ADD_PATH: &str = "BIRD 1 wrote ADD-PATH messages as MESSAGE_AS4 (RFC 8050 came later); \
    bgpdump reads the path identifiers as prefixes of length 0 and 1, we say that they are damaged";

/// Files of which we read something else, and why.
const EXPLAINED: [(&str, Counts, &str); 7] = [
    ("CAIDA+libbgpstream/updates.example.bz2", updates(126_269 - 227, 10_975 - 137, 0), MULTICAST),
    ("RIPE-NCC+bgpdump/updates.20070211.0141.gz", updates(51_329 - 93, 2_328 - 58, 0), MULTICAST),
    ("cawka+bgpparser/updates.20090501.0000.bz2", updates(41_888 - 32, 6_756 - 32, 0), MULTICAST),
    ("t2mune+mrtparse/bird6_bgp_h2", updates(0, 0, 12), UNMARKED_ADD_PATH),
    ("t2mune+mrtparse/bird_bgp_h1", updates(0, 0, 12), UNMARKED_ADD_PATH),
    ("t2mune+mrtparse/bird_bgp_h2", updates(0, 0, 12), UNMARKED_ADD_PATH),
    ("t2mune+mrtparse/bird_bgp_h3", updates(0, 0, 12), UNMARKED_ADD_PATH),
];

#[test]
fn every_mrt_file_counts_as_bgpdump_counts_it() {
    for (name, theirs) in BGPDUMP {
        let explained = EXPLAINED.iter().find(|(other, ..)| *other == name);
        let (expected, why) = explained.map_or((theirs, ""), |(_, ours, why)| (*ours, *why));
        assert_eq!(count(&mrt(name)), expected, "{name} {why}");
    }
}

/// The whole folder through the binary: 29 files with two decades between them, merged by time.
#[test]
fn replay_counts_the_same() {
    let folder = recording("mrt");
    let folder = folder.to_str().unwrap();
    let run = originwatch(["replay", "--prefix", "192.0.2.0/24", "--origin", "64496", folder]);
    let mut sum = Counts::default();
    for (name, theirs) in BGPDUMP {
        let ours = EXPLAINED.iter().find(|(other, ..)| *other == name).map_or(theirs, |e| e.1);
        sum.rib += ours.rib;
        sum.announced += ours.announced;
        sum.withdrawn += ours.withdrawn;
    }
    let numbers = run.stderr.replace(',', "");
    let summary = numbers.lines().find(|line| line.contains(" RIB entries")).unwrap();
    let expected = format!(
        "{} announcements {} withdrawals {} RIB entries",
        sum.announced, sum.withdrawn, sum.rib
    );
    assert!(summary.starts_with(&expected), "{summary}");
    // One file is cut, four are damaged.
    assert_eq!(run.code, Some(1));
}

#[test]
fn every_mrt_file_is_counted() {
    let mut found: Vec<_> = walk(&mrt("")).iter().map(|path| name_of(path)).collect();
    found.retain(|name| !name.contains("expect__"));
    found.sort();
    assert_eq!(found, BGPDUMP.map(|(name, _)| name.to_owned()));
}

/// The output that the authors of bgpdump ship as expected says the same.
#[test]
fn the_expected_outputs_of_bgpdump_have_these_counts() {
    let expected = walk(&mrt("RIPE-NCC+bgpdump"));
    let expected: Vec<_> =
        expected.iter().filter(|path| name_of(path).contains("expect__")).collect();
    assert_eq!(expected.len(), 6);
    for path in expected {
        let mut text = String::new();
        let file = File::open(path).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        let name = name_of(path).replace("expect__", "").replace(".bgp.gz", "");
        assert_eq!(Some(count_lines(&text)), theirs(&name), "{name}");
    }
}

/// bgpdump is asked itself.
#[test]
fn bgpdump_prints_these_counts() {
    need(&["bgpdump"]);
    for (name, counts) in BGPDUMP {
        let output = output(Command::new("bgpdump").arg("-m").arg(mrt(name)));
        assert_eq!(count_lines(&String::from_utf8_lossy(&output.stdout)), counts, "{name}");
    }
}

/// Elements of one file.
fn count(path: &Path) -> Counts {
    let mut counts = Counts::default();
    let mut reader = Reader::new(File::open(path).unwrap(), "");
    let mut add = |item: Item<'_>| match item {
        Item::Element(element) => match element.kind {
            ElementKind::Rib { .. } => counts.rib += 1,
            ElementKind::Announce { .. } => counts.announced += 1,
            ElementKind::Withdraw { .. } => counts.withdrawn += 1,
            ElementKind::State { .. } => counts.state += 1,
            ElementKind::Unreadable => (),
        },
        Item::Damage(_) => {}
    };
    while reader.read_record(&parser::Everything, &mut add) {}
    counts
}

fn count_lines(text: &str) -> Counts {
    let mut by_type = BTreeMap::new();
    for kind in text.lines().filter_map(|line| line.split('|').nth(2)) {
        *by_type.entry(kind).or_default() += 1;
    }
    let mut take = |kind| by_type.remove(kind).unwrap_or_default();
    let counts =
        Counts { rib: take("B"), announced: take("A"), withdrawn: take("W"), state: take("STATE") };
    assert_eq!(by_type, BTreeMap::new());
    counts
}

fn theirs(name: &str) -> Option<Counts> {
    BGPDUMP.iter().find(|(other, _)| *other == name).map(|(_, counts)| *counts)
}

/// A file of the public archives.
fn mrt(name: &str) -> PathBuf {
    recording("mrt").join(name)
}

fn name_of(path: &Path) -> String {
    path.strip_prefix(mrt("")).unwrap().to_str().unwrap().to_owned()
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
