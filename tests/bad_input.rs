//! What is wrong with an input is said clearly, and nothing that could be read is lost.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::play::{Run, originwatch, root};

const UPDATES: &str = "data/indosat-2014/updates.20140402.1815.mrt.gz";
const VALID: &str = r#"{ "asn": "AS64500", "prefix": "198.18.0.0/21", "maxLength": 24 }"#;

/// A folder with one file, and the file.
fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// Replays an input as the operator of 198.18.0.0/20 would, without RPKI.
fn replay(input: &Path) -> Run {
    let watch = ["replay", "--prefix", "198.18.0.0/20", "--origin", "64500"];
    originwatch(watch.map(Path::new).into_iter().chain([input]))
}

fn validate(vrps: &Path, prefix: &str, asn: &str) -> Run {
    originwatch(["validate", "--vrps", vrps.to_str().unwrap(), prefix, asn])
}

/// The shipped config with one thing replaced.
fn config(from: &str, to: &str) -> (TempDir, PathBuf) {
    let text = fs::read_to_string(root().join("data/indosat-2014/originwatch.toml")).unwrap();
    assert!(text.contains(from));
    file("originwatch.toml", text.replacen(from, to, 1))
}

/// Exit code and the lines of standard error, without the summary of what was read, and with the
/// file's name alone for its path.
fn fate(run: &Run, path: &Path) -> (Option<i32>, Vec<String>) {
    let folder = format!("{}/", path.parent().unwrap().display());
    let lines = run.stderr.lines().take_while(|line| !line.starts_with("read "));
    (run.code, lines.map(|line| line.replace(&folder, "")).collect())
}

#[test]
fn of_a_truncated_gzip_what_was_read_is_used_and_the_cut_is_told() {
    let whole = fs::read(root().join(UPDATES)).unwrap();
    let (_folder, path) = file("cut.gz", &whole[..whole.len() - 100]);
    let run = replay(&path);
    let (code, lines) = fate(&run, &path);
    assert_eq!((code, lines.len()), (Some(1), 1), "{}", run.stderr);
    assert!(lines[0].starts_with("cut.gz: record "), "{}", lines[0]);
    assert!(lines[0].ends_with(": gzip data is damaged or cut, the rest of the file is lost"));
    assert!(run.stdout.contains("AS4761 originates 2 prefixes"), "{}", run.stdout);
}

#[test]
fn an_empty_file_is_told() {
    let (_folder, path) = file("empty.mrt", "");
    assert_eq!(fate(&replay(&path), &path), (Some(1), vec!["empty.mrt: is empty".to_owned()]));
}

#[test]
fn a_folder_without_recordings_is_told() {
    let (folder, _path) = file("notes.txt", "not a recording\n");
    let (code, lines) = fate(&replay(folder.path()), &folder.path().join("."));
    assert_eq!(code, Some(1));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].ends_with(": holds no recording"), "{}", lines[0]);
}

#[test]
fn a_file_that_is_no_recording_is_told() {
    let (_folder, path) = file("notes.txt", "not a recording\n");
    let (code, lines) = fate(&replay(&path), &path);
    assert_eq!(code, Some(1));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("notes.txt: record 0 at byte 0: neither "), "{}", lines[0]);
}

#[test]
fn one_broken_vrp_costs_itself() {
    let broken = r#"{ "asn": "AS64500", "prefix": "198.18.8.1/21", "maxLength": 24 }"#;
    let (_folder, path) = file("vrps.json", format!("{{\"roas\": [{VALID}, {broken}]}}"));
    let run = validate(&path, "198.18.0.0/21", "64500");
    assert_eq!(
        fate(&run, &path),
        (
            Some(0),
            vec![
                "vrps.json: entry 2: '198.18.8.1/21': host bits are set \
                 (the network is 198.18.8.0/21); skipped"
                    .to_owned()
            ]
        )
    );
    assert_eq!(run.stdout, "198.18.0.0/21 AS64500 valid: 198.18.0.0/21 max 24 AS64500 (matched)\n");
}

#[test]
fn vrps_that_are_html_are_refused() {
    let (_folder, path) = file("vrps.json", "<!DOCTYPE html><html>Bad Gateway</html>");
    let (code, lines) = fate(&validate(&path, "198.18.0.0/21", "64500"), &path);
    assert_eq!(code, Some(3));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("looks like HTML, not VRPs"), "{}", lines[0]);
}

#[test]
fn a_misspelt_key_is_named_with_its_place_and_the_nearest_key() {
    let (_folder, path) = config("timezone", "timezon");
    let run = originwatch(["replay", "-c", path.to_str().unwrap(), UPDATES]);
    let (code, lines) = fate(&run, &path);
    assert_eq!(code, Some(2));
    assert_eq!(lines[0], "originwatch.toml:9:1: unknown key 'timezon' in [operator]");
    assert!(lines[3].contains("expected 'timezone'"), "{lines:?}");
}

#[test]
fn a_prefix_with_host_bits_is_refused_with_the_network_named() {
    let (_folder, path) = config("198.18.8.0/21", "198.18.9.0/21");
    let run = originwatch(["check", "-c", path.to_str().unwrap()]);
    let (code, lines) = fate(&run, &path);
    assert_eq!(code, Some(2));
    assert_eq!(lines[0], "originwatch.toml:18:10: '198.18.9.0/21' has host bits");
    assert!(lines[3].contains("198.18.8.0/21"), "{lines:?}");
}

#[test]
fn an_as_that_is_not_a_number_is_refused() {
    let (_folder, path) = config("asns = [64500]", "asns = [\"frog\"]");
    let run = originwatch(["check", "-c", path.to_str().unwrap()]);
    let (code, lines) = fate(&run, &path);
    assert_eq!(code, Some(2));
    assert_eq!(lines[0], "originwatch.toml:7:9: 'frog' is not an AS number");
}

/// Port 1 of the loopback: nobody listens there.
#[test]
fn mails_for_a_relay_that_cannot_be_reached_are_kept_and_the_command_says_where() {
    let (folder, path) = config("127.0.0.1:25", "127.0.0.1:1");
    for name in ["vrps.json", "as-names.csv"] {
        let from = root().join("data/indosat-2014").join(name);
        fs::copy(from, folder.path().join(name)).unwrap();
    }
    let run = originwatch(["replay", "--mail", "-c", path.to_str().unwrap(), "data/indosat-2014"]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    let line = run.stderr.lines().find(|line| line.contains("kept as .eml files in ")).unwrap();
    let kept = line.split("kept as .eml files in ").nth(1).unwrap();
    let kept = root().join(kept);
    assert!(kept.starts_with(folder.path()), "{line}");
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 7);
}
