//! `originwatch whatif` and `originwatch roas`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::play::originwatch;

/// A folder with VRPs, a change of them, and what else a test writes.
struct Lab(TempDir);

impl Lab {
    fn new() -> Self {
        let lab = Lab(tempfile::tempdir().unwrap());
        lab.write(
            "vrps.json",
            r#"{"roas":[{"asn":64500,"prefix":"198.18.0.0/21","maxLength":24},
                {"asn":64500,"prefix":"198.18.8.0/21","maxLength":21},
                {"asn":64999,"prefix":"192.0.2.0/24","maxLength":24}]}"#,
        );
        lab.write(
            "planned.json",
            r#"{"slurmVersion":1,
                "validationOutputFilters":{"prefixFilters":[{"prefix":"198.18.0.0/20"}]},
                "locallyAddedAssertions":{"prefixAssertions":[
                    {"asn":64500,"prefix":"198.18.0.0/21"},
                    {"asn":64500,"prefix":"203.0.113.0/24"}]}}"#,
        );
        lab
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Exit code, standard output, standard error; the folder is left out of the latter.
    fn run(&self, command: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let vrps = self.path("vrps.json").display().to_string();
        let arguments = [&[command, "--vrps", &vrps], arguments].concat();
        let run = originwatch(arguments);
        (run.code, run.stdout, run.stderr.replace(&format!("{}/", self.0.path().display()), ""))
    }

    fn whatif(&self, change: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let change = self.path(change).display().to_string();
        self.run("whatif", &[&["--change", &change], arguments].concat())
    }
}

const PREFIXES: &str = "198.18.0.0/21,198.18.4.0/24,198.18.8.0/21,203.0.113.0/24";
const OURS: [&str; 4] = ["--origin", "AS64500", "--prefix", PREFIXES];

#[test]
fn a_slurm_file_says_what_would_change() {
    let lab = Lab::new();
    let expected = "198.18.4.0/24 AS64500 becomes invalid (length), was valid\n\
                    198.18.8.0/21 AS64500 becomes not-found, was valid\n\
                    203.0.113.0/24 AS64500 becomes valid, was not-found\n\
                    of 4 routes 1 become valid, 1 invalid, 1 not-found; 1 stay\n";
    assert_eq!(lab.whatif("planned.json", &OURS), (Some(1), expected.to_owned(), String::new()));

    let (code, json, _) = lab.whatif("planned.json", &[&OURS[..], &["--format", "json"]].concat());
    let effects: Vec<Value> = serde_json::from_str(&json).unwrap();
    let states: Vec<_> = effects
        .iter()
        .map(|effect| {
            [&effect["announcement"], &effect["before"]["state"], &effect["after"]["state"]]
        })
        .map(|parts| json!(parts))
        .collect();
    let route = |prefix: &str| json!({ "prefix": prefix, "origin": 64500 });
    assert_eq!(
        (code, states),
        (
            Some(1),
            vec![
                json!([route("198.18.0.0/21"), "valid", "valid"]),
                json!([route("198.18.4.0/24"), "valid", "invalid"]),
                json!([route("198.18.8.0/21"), "valid", "not-found"]),
                json!([route("203.0.113.0/24"), "not-found", "valid"]),
            ]
        )
    );
}

#[test]
fn a_vrp_file_stands_in_place_of_all() {
    let lab = Lab::new();
    lab.write("all.csv", "ASN,IP Prefix,Max Length\nAS64500,198.18.0.0/20,24\n");
    let expected = "of 3 routes 0 become valid, 0 invalid, 0 not-found; 3 stay\n";
    let prefixes = ["--origin", "64500", "--prefix", "198.18.0.0/21,198.18.4.0/24,198.18.8.0/21"];
    assert_eq!(lab.whatif("all.csv", &prefixes), (Some(0), expected.to_owned(), String::new()));
}

#[test]
fn without_prefixes_the_routes_are_those_of_our_roas() {
    let lab = Lab::new();
    let (code, told, _) = lab.whatif("planned.json", &["--origin", "64500"]);
    let expected = "198.18.8.0/21 AS64500 becomes not-found, was valid\n\
                    of 2 routes 0 become valid, 0 invalid, 1 not-found; 1 stay\n";
    assert_eq!((code, told.as_str()), (Some(0), expected));
}

#[test]
fn the_report_says_what_is_covered_open_missing_and_useless() {
    let lab = Lab::new();
    lab.write(
        "vrps.json",
        r#"{"roas":[{"asn":64500,"prefix":"198.18.0.0/21","maxLength":24},
            {"asn":64500,"prefix":"192.0.2.0/24","maxLength":24},
            {"asn":64999,"prefix":"198.18.8.0/21","maxLength":21}]}"#,
    );
    let expected = "Our routes: 2 of 4 valid:\n  \
        198.18.0.0/21 AS64500 valid\n  198.18.4.0/24 AS64500 valid\n  \
        198.18.8.0/21 AS64500 invalid (as)\n  203.0.113.0/24 AS64500 not-found\n\
        Open to a forged origin (RFC 9319):\n  \
        192.0.2.0/24 AS64500: 1 prefix not announced, first 192.0.2.0/24\n  \
        198.18.0.0/21-24 AS64500: 13 prefixes not announced, first 198.18.0.0/22\n\
        ROAs to create:\n  198.18.8.0/21 AS64500\n  203.0.113.0/24 AS64500\n\
        VRPs that no route needs:\n  192.0.2.0/24 AS64500\n";
    assert_eq!(lab.run("roas", &OURS), (Some(1), expected.to_owned(), String::new()));
    let (_, json, _) = lab.run("roas", &[&OURS[..], &["--format", "json"]].concat());
    let report: Value = serde_json::from_str(&json).unwrap();
    let missing = json!([
        { "asn": "AS64500", "prefix": "198.18.8.0/21", "max_length": 21 },
        { "asn": "AS64500", "prefix": "203.0.113.0/24", "max_length": 24 },
    ]);
    assert_eq!(report["missing"], missing);
}

#[test]
fn roas_that_fit_are_nothing_to_worry_about() {
    let lab = Lab::new();
    let ours = ["--origin", "64500", "--prefix", "198.18.8.0/21"];
    lab.write("vrps.json", r#"[{"asn":64500,"prefix":"198.18.8.0/21"}]"#);
    let expected = "Our routes: 1 of 1 valid:\n  198.18.8.0/21 AS64500 valid\n";
    assert_eq!(lab.run("roas", &ours), (Some(0), expected.to_owned(), String::new()));
}

#[test]
fn the_watches_of_a_config_are_routes() {
    let config = ["-c", "data/indosat-2014/originwatch.toml"];
    let run = originwatch([&["roas"][..], &config].concat());
    assert!(run.stdout.starts_with("Our routes: "), "{} {}", run.stdout, run.stderr);
    assert!(run.stdout.contains("  198.18.0.0/21 AS64500 valid\n"), "{}", run.stdout);
}

#[test]
fn what_cannot_be_used_is_a_usage_error() {
    let lab = Lab::new();
    lab.write("web.json", "<html>");
    lab.write("bad.json", r#"{"slurmVersion":9}"#);
    for (change, arguments, complaint) in [
        ("web.json", &OURS[..], "web.json: looks like HTML, not VRPs: it starts with '<html>'"),
        ("bad.json", &OURS, "bad.json: line 1, column 18: missing field"),
        ("planned.json", &["--origin", "64501"], "none of these routes is ours: "),
    ] {
        let (code, stdout, stderr) = lab.whatif(change, arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.starts_with(&format!("originwatch: {complaint}")), "{stderr}");
    }
    let (code, _, stderr) = lab.whatif("gone.json", &OURS);
    assert_eq!(code, Some(3), "{stderr}");
}
