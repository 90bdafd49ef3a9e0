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
    let what = match incident.prefixes.len() {
        0 => incident.subject.clone(),
        1..=3 => prefixes.join(", "),
        all => format!("{} (+{})", prefixes.join(", "), all - 3),
    };
    let (id, kind, since) = (&incident.incident, incident.kind, incident.first_seen);
    if offenders.is_empty() {
        // Who holds what is missing is not counted.
        return format!("  {id}  {kind} of {what}, since {since}\n");
    }
    format!(
        "  {id}  {kind} of {what} by {}, since {since}, held by {} of {} vantage points\n",
        offenders.join(", "),
        incident.holding,
        incident.total,
    )
}
