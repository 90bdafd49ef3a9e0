//! What a replay prints of a notice and of an incident.

use alerter::{AnnotatedNotice, notice_text};
use incidents::{IncidentSummary, Party};
use jiff::tz::TimeZone;

/// Stands before each notice: as wide as its text.
pub(super) const RULE: &str =
    "========================================================================";

pub(super) fn told(notice: &AnnotatedNotice, time_zone: &TimeZone) -> String {
    format!("{RULE}\n{}\n", notice_text(notice, time_zone))
}

/// A notice is made of texts and numbers, and maps with texts as keys: JSON can say it.
pub(super) fn json(notice: &AnnotatedNotice) -> String {
    serde_json::to_string(notice).unwrap_or_default() + "\n"
}

pub(super) fn open_line(incident: &IncidentSummary) -> String {
    let offenders: Vec<_> = incident.offenders.iter().map(Party::label).collect();
    let prefixes: Vec<_> = incident.prefixes.iter().take(3).map(ToString::to_string).collect();
    let more = match incident.prefixes.len().saturating_sub(3) {
        0 => String::new(),
        more => format!(" (+{more})"),
    };
    format!(
        "  {}  {} of {}{more} by {}, since {}, held by {} of {} vantage points\n",
        incident.incident,
        incident.kind,
        prefixes.join(", "),
        offenders.join(", "),
        incident.first_seen,
        incident.holding,
        incident.total,
    )
}
