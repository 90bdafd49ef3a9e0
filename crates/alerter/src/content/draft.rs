//! The mail that the operator can send to the offender and to who let it in.

use std::fmt::Write;

use crate::content::phrase::plural;
use crate::content::words::{is_foreign, who};
use crate::notice::AnnotatedNotice;
use validator::IncidentKind;

/// Prefixes that the draft names.
const NAMED: usize = 20;

/// A mail to the contacts of the offender and the accepting ASes, in paragraphs; none where nobody else
/// is at fault.
pub(crate) fn draft(notice: &AnnotatedNotice) -> Option<Vec<String>> {
    // An aggregate over ours may be rightful: that is for the operator to find out first.
    if !is_foreign(notice) || notice.kind == IncidentKind::SuperPrefix {
        return None;
    }
    let mut prefixes: Vec<String> =
        notice.prefixes.iter().map(|p| p.announced.to_string()).collect();
    prefixes.dedup();
    let more = prefixes.len().saturating_sub(NAMED);
    prefixes.truncate(NAMED);
    let mut draft = format!(
        "To the NOC of {}: since {} your network originates {}",
        who(&notice.offenders),
        notice.since,
        prefixes.join(", "),
    );
    if more > 0 {
        let _ = write!(draft, " and {}", plural(more, "more prefix", "more prefixes"));
    }
    let operator = if notice.operator.is_empty() { "us" } else { &notice.operator };
    let _ = write!(
        draft,
        ", address space of {operator}, without our consent. Please withdraw it now."
    );
    let mut paragraphs = vec![draft];
    if !notice.accepted_by.is_empty() {
        let accepted: Vec<String> = notice.accepted_by.iter().map(|a| a.party.label()).collect();
        let accepted = accepted.join(" / ");
        let ask = format!("To the NOC of {accepted}: you accept this route; please filter it.");
        paragraphs.push(ask);
    }
    paragraphs.push(format!("Reference: {}", notice.incident));
    Some(paragraphs)
}
