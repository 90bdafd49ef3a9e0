//! Recordings that end too early, wherever that is: what is whole is found, and the cut is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::play::search::{lines, name, search, unpacked};
use crate::play::{Run, originwatch};
use crate::recordings::{PLAIN, RIB, TABLES, UPDATES};

/// The octets of an MRT header.
const HEADER: usize = 12;

/// Where each record begins (RFC 6396 section 2), and the end of the last.
fn starts(octets: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    let mut at = 0;
    while at < octets.len() {
        at += HEADER + u32::from_be_bytes(octets[at + 8..at + 12].try_into().unwrap()) as usize;
        starts.push(at);
    }
    assert_eq!(at, octets.len());
    starts
}

/// A file for each place where a recording may be cut.
fn cut_everywhere(octets: &[u8], folder: &Path) -> Vec<PathBuf> {
    let cut = |length: usize| {
        let path = folder.join(length.to_string());
        fs::write(&path, &octets[..length]).unwrap();
        path
    };
    (1..octets.len()).map(cut).collect()
}

/// What is told of each file, by the length at which it is cut.
fn told(run: &Run, folder: &Path) -> BTreeMap<usize, Vec<String>> {
    let mut told: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let folder = format!("{}/", folder.display());
    for line in run.stderr.lines().filter_map(|line| line.strip_prefix(&folder)) {
        let (length, what) = line.split_once(": ").unwrap();
        told.entry(length.parse().unwrap()).or_default().push(what.to_owned());
    }
    told
}

/// What must be told: nothing where a record ends, else which one is lost, and where it begins. Of less than a
/// header nobody knows what it was to be.
fn expected(octets: &[u8]) -> BTreeMap<usize, Vec<String>> {
    let starts = starts(octets);
    let mut expected = BTreeMap::new();
    for length in (1..octets.len()).filter(|length| !starts.contains(length)) {
        let record = starts.iter().filter(|start| **start <= length).count() - 1;
        let start = starts[record];
        let what = match length < HEADER {
            true => "neither mrt, bmp nor ris live messages",
            false => "file ends within a record, that record is lost",
        };
        expected.insert(length, vec![format!("record {record} at byte {start}: {what}")]);
    }
    expected
}

#[test]
fn of_a_record_that_is_cut_anywhere_the_cut_is_told() {
    for file in [PLAIN, TABLES[0]] {
        let octets = unpacked(file);
        let folder = tempfile::tempdir().unwrap();
        let files = cut_everywhere(&octets, folder.path());
        let ask = ["search", "--count"].map(PathBuf::from);
        let run = originwatch(ask.into_iter().chain(files));
        assert_eq!(run.code, Some(1));
        assert_eq!(told(&run, folder.path()), expected(&octets), "{file}");
        // Each record is read in as many files as are longer.
        let ends = starts(&octets);
        let whole: usize = (1..ends.len())
            .map(|record| {
                let one = lines_of(&octets[..ends[record]]) - lines_of(&octets[..ends[record - 1]]);
                one * (ends[record]..octets.len()).count()
            })
            .sum();
        assert_eq!(run.stdout, format!("{whole}\n"), "{file}");
    }
}

/// How many lines the parser prints of whole records.
fn lines_of(octets: &[u8]) -> usize {
    let mut count = 0;
    let mut reader = parser::Reader::new(octets, "");
    while reader.read_record(&parser::Everything, &mut |item| {
        count += usize::from(matches!(item, parser::Item::Element(_)));
    }) {}
    count
}

#[test]
fn a_replay_tells_the_same() {
    let octets = unpacked(PLAIN);
    let folder = tempfile::tempdir().unwrap();
    let files = cut_everywhere(&octets, folder.path());
    let watch = ["replay", "--prefix", "198.18.0.0/15", "--origin", "64502"].map(PathBuf::from);
    let run = originwatch(watch.into_iter().chain(files));
    assert_eq!(run.code, Some(1));
    assert_eq!(told(&run, folder.path()), expected(&octets));
}

/// Of a compressed file the blocks that are whole are read, and of gzip all that came.
#[test]
fn of_a_packed_file_that_is_cut_what_can_be_unpacked_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut");
    for file in [UPDATES, RIB] {
        let (packed, all) = (fs::read(name(file)).unwrap(), lines(file));
        let mut most = 0;
        for part in 1..24 {
            let length = packed.len() * part / 24;
            fs::write(&path, &packed[..length]).unwrap();
            let run = search([path.to_str().unwrap()]);
            assert_eq!(run.code, Some(1), "{file} {length}");
            assert!(run.stderr.contains("the rest of the file is lost"), "{file} {}", run.stderr);
            assert!(all.starts_with(&run.stdout), "{file} {length}");
            assert!(run.stdout.len() >= most, "{file} {length}");
            most = run.stdout.len();
        }
        assert!(most > all.len() / 2, "{file}: {most} of {}", all.len());
    }
}
