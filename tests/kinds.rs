//! The documentation of the kinds of incident is what their table says.

use std::fmt::Write;

use ::originwatch::help;
use validator::IncidentKind;

use crate::play::{assert_golden, originwatch};

#[test]
fn the_documentation_is_what_the_table_says() {
    let mut page = "# Kinds of incident\n\n\
        `originwatch help kinds` and `originwatch help KIND` say the same. Made from the table in \
        `crates/validator/src/incident_kind.rs` by `UPDATE_GOLDEN=1 cargo test -p originwatch --test it kinds`.\n\n\
        | kind | severity |\n|---|---|\n"
        .to_owned();
    for kind in IncidentKind::ALL {
        let severity = help::severity(kind.spec().severity);
        writeln!(page, "| [{kind}](#{kind}) | {severity} |").unwrap();
    }
    for kind in IncidentKind::ALL {
        page.push('\n');
        page.push_str(&help::page(kind));
    }
    assert_golden("../../docs/kinds.md", &page);
}

#[test]
fn help_explains_commands_kinds_and_all_kinds() {
    let hijack = originwatch(["help", "origin-hijack"]);
    assert_eq!(hijack.stdout, help::page(IncidentKind::OriginHijack));
    let kinds = originwatch(["help", "kinds"]);
    let first: Vec<&str> =
        kinds.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(first, IncidentKind::ALL.map(|kind| kind.spec().name));
    for (words, flag) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "search"], &["search", "--help"]),
        (&["help", "incidents", "mute"], &["incidents", "mute", "--help"]),
    ] {
        assert_eq!(originwatch(words).stdout, originwatch(flag).stdout, "{words:?}");
    }
    let unknown = originwatch(["help", "origin-hijak"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("no kind of incident 'origin-hijak'"), "{}", unknown.stderr);
}
