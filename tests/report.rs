//! `replay --report`: what is filed after the fact. And that the number of threads changes nothing.

use std::collections::BTreeMap;
use std::fs;

use crate::play::{notices, originwatch};

const REPLAY: [&str; 4] =
    ["replay", "-c", "data/indosat-2014/originwatch.toml", "data/indosat-2014"];

#[test]
fn every_notice_is_filed_with_its_incident() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("made/for/it");
    let report = ["--format", "json", "--report", to.to_str().unwrap()];
    let run = originwatch(REPLAY.iter().chain(&report));
    assert_eq!(run.code, Some(0), "{}", run.stderr);

    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for (line, notice) in run.stdout.lines().zip(notices(&run.stdout)) {
        let incident = notice["incident"].as_str().unwrap();
        *told.entry(format!("{incident}.jsonl")).or_default() += &format!("{line}\n");
    }
    let mut filed: BTreeMap<String, String> = fs::read_dir(&to)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    let index = filed.remove("index.txt").unwrap();
    let texts: BTreeMap<_, _> = filed.extract_if(.., |name, _| name.ends_with(".txt")).collect();
    assert_eq!(filed, told);
    assert!(!told.is_empty());

    let shown = originwatch(REPLAY);
    let told_as_text: String = texts.into_values().collect();
    // One incident: its file is what stands on the terminal.
    assert_eq!(told.len(), 1);
    assert_eq!(told_as_text, shown.stdout);
    assert_eq!(
        index,
        "1 incident\n\n\
         OW-20140402-AS4761-644f: 7 notices, the last:\n\
         \x20   LON01 - BGP origin hijack - 08:55 - 03/04/2014 - RESOLVED\n"
    );

    let again = originwatch(REPLAY.iter().chain(&report));
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("the folder is not empty"), "{}", again.stderr);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = originwatch(REPLAY);
    assert!(!run.stdout.is_empty());
    for threads in ["1", "7"] {
        let with = originwatch(REPLAY.iter().chain(&["--threads", threads]));
        assert_eq!((with.code, &with.stdout), (run.code, &run.stdout), "{threads}");
    }
}
