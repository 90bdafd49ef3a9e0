//! The documentation of the kinds of incident is what their table says.

use std::fmt::Write;

use validator::{IncidentKind, KindSpec, Severities, Severity};

use crate::play::assert_golden;

/// `critical; notice where RPKI entitles the origin`.
fn severity(Severities { usual, if_valid, if_grave }: Severities) -> String {
    let exception = |severity: Severity, whereof: &str| match severity == usual {
        true => String::new(),
        false => format!("; {severity} {whereof}"),
    };
    let valid = exception(if_valid, "where RPKI entitles the origin");
    let grave = exception(if_grave, "of a more-specific, or where ASPA or OTC forbids the path");
    format!("{usual}{valid}{grave}")
}

fn chapter(kind: IncidentKind) -> String {
    let KindSpec { name, title, meaning, guide, advice, accusation, .. } = kind.spec();
    let mut text = format!("\n## {name}\n\nFires when {meaning}.\n\n");
    writeln!(text, "* In titles: {title}").unwrap();
    writeln!(text, "* Severity: {}", severity(kind.spec().severity)).unwrap();
    if let Some(accusation) = accusation {
        writeln!(
            text,
            "* The notice has a draft that asks the network at fault {}",
            accusation.request
        )
        .unwrap();
    }
    writeln!(text, "\n{guide}").unwrap();
    if let Some(advice) = advice {
        writeln!(text, "\nIn the notice: \"{advice}\"").unwrap();
    }
    text
}

#[test]
fn the_documentation_is_what_the_table_says() {
    let mut page = "# Kinds of incident\n\n\
        Made from the table in `crates/validator/src/incident_kind.rs` by `UPDATE_GOLDEN=1 cargo test -p originwatch \
        --test it kinds`.\n\n| kind | severity |\n|---|---|\n"
        .to_owned();
    for kind in IncidentKind::ALL {
        let severity = severity(kind.spec().severity);
        writeln!(page, "| [{kind}](#{kind}) | {severity} |").unwrap();
    }
    IncidentKind::ALL.map(chapter).iter().for_each(|chapter| page.push_str(chapter));
    assert_golden("../../docs/kinds.md", &page);
}
