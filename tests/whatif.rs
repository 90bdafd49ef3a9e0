//! `originwatch whatif` and `originwatch roas`.

use std::fs;
use std::path::PathBuf;

use fixtures::table::{Shape, Table};
use fixtures::{Speaker, pack};
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

/// Of a table the routes count that one of our ASes originates within our prefixes; of several, each once.
#[test]
fn our_routes_come_out_of_a_rib() {
    let lab = Lab::new();
    lab.write("cover.json", r#"{"roas":[{"asn":1,"prefix":"198.18.0.0/15"}]}"#);
    let (one, two) = (Speaker::new(3001, "192.0.2.1"), Speaker::new(3002, "2001:db8::2"));
    let table = Table::new(1_767_225_600)
        .row("0.0.0.0/0", &[(one, "3001 64496")])
        .row("198.18.0.0/15", &[(one, "3001 64510 64496"), (two, "3002 64496")])
        .row("198.18.0.0/16", &[(one, "3001 64497")])
        .row("198.19.0.0/16", &[(one, "3001 {64496,64497}")])
        .row("198.19.128.0/17", &[(one, "3001 64497"), (two, "3002 64496")])
        .row("203.0.113.0/24", &[(two, "3002 64496")]);
    let later = Table::new(1_767_229_200)
        .row("198.18.0.0/15", &[(two, "3002 64496")])
        .row("198.18.255.0/24", &[(one, "3001 64496 64496")]);
    fs::write(lab.path("rib.bz2"), pack::bzip2(&table.v2(Shape::Unicast))).unwrap();
    fs::write(lab.path("rib.gz"), pack::gzip(&later.v2(Shape::UnicastAddPath))).unwrap();
    let [first, second] = ["rib.bz2", "rib.gz"].map(|name| lab.path(name).display().to_string());
    let ours = ["--origin", "AS64496", "--prefix", "198.18.0.0/15", "--rib", &first];
    let told = "198.18.0.0/15 AS64496 becomes invalid (as), was not-found\n\
                198.19.128.0/17 AS64496 becomes invalid (as), was not-found\n\
                of 2 routes 0 become valid, 2 invalid, 0 not-found; 0 stay\n";
    assert_eq!(lab.whatif("cover.json", &ours), (Some(1), told.to_owned(), String::new()));
    let both = [&ours[..], &["--rib", &second, "--format", "json"]].concat();
    let (code, json, _) = lab.whatif("cover.json", &both);
    let effects: Vec<Value> = serde_json::from_str(&json).unwrap();
    let routes: Vec<_> =
        effects.iter().map(|effect| effect["announcement"]["prefix"].as_str().unwrap()).collect();
    let all = ["198.18.0.0/15", "198.18.255.0/24", "198.19.128.0/17"];
    assert_eq!((code, routes), (Some(1), all.to_vec()));
    let (code, told, _) = lab.run("roas", &ours);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.starts_with("Our routes: 0 of 2 valid:\n"), "{told}");
    // Of a table that is cut, what is whole counts, and the cut is told.
    let whole = table.v2(Shape::Unicast);
    fs::write(lab.path("cut"), &whole[..whole.len() - 1]).unwrap();
    let cut = lab.path("cut").display().to_string();
    let ours = ["--origin", "AS64496", "--rib", &cut];
    let (code, told, noted) = lab.whatif("cover.json", &ours);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.ends_with("of 3 routes 0 become valid, 2 invalid, 0 not-found; 1 stay\n"),
        "{told}"
    );
    assert!(noted.starts_with("cut: damaged 1 times; first: "), "{noted}");
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
