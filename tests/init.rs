//! `originwatch init`: from an AS number to a config.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::play::{Run, assert_golden, originwatch};

/// A folder for the config, and what is known of 2 April 2014.
struct Lab(TempDir);

const KNOWN: [&str; 4] = [
    "--vrps",
    "data/indosat-2014/vrps.json",
    "--rib",
    "data/indosat-2014/rib.20140402.1600.mrt.gz",
];
const MAIL: [&str; 4] = ["--mail-to", "noc@example.net", "--relay", "smtp://mail.example.net:587"];

impl Lab {
    fn new() -> Self {
        Lab(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("originwatch.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// Runs it; what differs from run to run is left out of what it says.
    fn init(&self, arguments: &[&str]) -> Run {
        let path = self.path().display().to_string();
        let offline = ["init", "-o", &path, "--yes", "--offline"];
        let mut run = originwatch([&offline[..], arguments].concat());
        for said in [&mut run.stdout, &mut run.stderr] {
            *said = said.replace(&format!("{}/", self.0.path().display()), "");
        }
        run
    }

    fn made(&self) -> Run {
        let named = ["--asn", "64500", "--name", "Example Networks", "--timezone", "Europe/London"];
        self.init(&[&named[..], &KNOWN, &MAIL].concat())
    }
}

/// What the operator of the recorded day would have got, up to the check.
#[test]
fn a_config_from_rpki_and_a_table_says_why_and_passes_the_check() {
    let lab = Lab::new();
    let run = lab.made();
    assert_eq!((run.stderr.as_str(), run.code), ("", Some(0)), "{}", run.stdout);
    let here = std::env::current_dir().unwrap();
    let root = here.ancestors().find(|folder| folder.join("data/indosat-2014").is_dir()).unwrap();
    let anywhere = |text: &str| {
        text.replace(&root.display().to_string(), "ROOT")
            .replace(&lab.0.path().display().to_string(), "FOLDER")
    };
    assert_golden("init/indosat.txt", &anywhere(&run.stdout));
    assert_golden("init/indosat.toml", &anywhere(&lab.text()));
}

#[test]
fn a_config_that_is_there_is_not_replaced_unless_that_is_meant() {
    let lab = Lab::new();
    fs::write(lab.path(), "mine").unwrap();
    let refused = lab.made();
    assert_eq!(refused.code, Some(2));
    let expected = "originwatch: originwatch.toml is there already: --update adds to it, --force replaces it\n";
    assert_eq!(refused.stderr, expected);
    assert_eq!(lab.text(), "mine");
    let forced = lab.init(&[&["--asn", "64500", "--force"][..], &KNOWN, &MAIL].concat());
    assert_eq!(forced.code, Some(0), "{}", forced.stdout);
    assert!(lab.text().contains("\n[[watch]]\n"), "{}", lab.text());
}

#[test]
fn an_update_adds_what_is_new_and_leaves_the_operators_lines() {
    let lab = Lab::new();
    assert_eq!(lab.made().code, Some(0));
    let nothing = lab.init(&[&["--update"][..], &KNOWN].concat());
    assert_eq!(nothing.stdout, "originwatch.toml: nothing is new.\n");
    assert_eq!(nothing.code, Some(0));
    // One of the watches is gone, and the operator has a line of their own.
    let whole = lab.text();
    let (before, after) = whole.split_once("[[watch]]").unwrap();
    let (_, after) = after.split_once("[[watch]]").unwrap();
    let mine = format!("# mine\n{before}[[watch]]{after}");
    fs::write(lab.path(), &mine).unwrap();
    let updated = lab.init(&[&["--update"][..], &KNOWN].concat());
    assert_eq!(updated.stderr, "");
    assert_eq!(updated.code, Some(0), "{}", updated.stdout);
    assert!(updated.stdout.starts_with("+ watch 198.18.0.0/21: AS64500 ("), "{}", updated.stdout);
    let text = lab.text();
    assert!(text.starts_with(mine.trim_end()), "{text}");
    assert!(text.contains("# Added by `originwatch init --update`.\n"), "{text}");
    assert!(text.ends_with("\n") && text.contains("prefix = \"198.18.0.0/21\"\n"), "{text}");
}

#[test]
fn what_nobody_knows_or_what_is_no_answer_writes_nothing() {
    for (arguments, complaint) in [
        (&["--asn", "64999"][..], "nothing is known of AS64999"),
        (
            &["--asn", "64500", "--mail-to", "frog", "--relay", "smtp://a.example"],
            "is not a mail address",
        ),
        (&["--asn", "64500", "--country", "Utopia"], "is not a country code"),
        (&["--asn", "64500", "--rib", "-"], "read twice"),
    ] {
        let lab = Lab::new();
        let known = if complaint.starts_with("nothing") { &[][..] } else { &KNOWN[..] };
        let run = lab.init(&[arguments, known].concat());
        assert_eq!(run.code, Some(2), "{arguments:?} {}", run.stderr);
        assert!(run.stderr.contains(complaint), "{arguments:?} {}", run.stderr);
        assert!(!lab.path().exists(), "{arguments:?}");
    }
}
