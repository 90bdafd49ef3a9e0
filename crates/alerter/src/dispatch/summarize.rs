use std::cmp::Reverse;
use std::collections::BTreeMap;

use bgp::Timestamp;
use jiff::tz::TimeZone;
use validator::Severity;

use crate::content::title;
use crate::notice::Operator;
use crate::summary::{Cause, LISTED_ROWS, Row, Summary, SummaryId};
use incidents::{IncidentId, IncidentSummary, Incidents, Reason};

/// A summary of these rows as they stand now, the first of its thread.
pub(super) fn summarize(
    now: Timestamp,
    operator: &Operator,
    id: SummaryId,
    cause: Cause,
    rows: Vec<Row>,
    incidents: &Incidents,
) -> Summary {
    let sources = incidents.view().sources();
    let rows = freshened(rows, incidents);
    let since = rows.iter().map(|row| row.since).min().unwrap_or(now);
    let severity = rows.iter().map(|row| row.severity).max().unwrap_or(Severity::Notice);
    let open_count = rows.iter().filter(|row| row.is_open()).count();
    let row_count = rows.len();
    let rows = rows.into_iter().take(LISTED_ROWS).collect();
    let mut summary = Summary {
        summary: id,
        sequence: 0,
        cause,
        at: now,
        since,
        over: false,
        severity,
        rows,
        row_count,
        open_count,
        unmet: Vec::new(),
        feeds: sources.feeds_since(since),
        rpki: sources.rpki.clone(),
        queue: None,
        dispatch_notes: Vec::new(),
        message_id: String::new(),
        title: String::new(),
        site: operator.site.clone(),
        operator: operator.name.clone(),
    };
    number(&mut summary, 0, operator.time_zone());
    summary
}

/// Gives a summary its place in the thread, and what follows from that.
pub(super) fn number(summary: &mut Summary, sequence: u32, zone: &TimeZone) {
    summary.sequence = sequence;
    summary.message_id = summary.summary.message_id(sequence);
    summary.title = title::of_summary(summary, zone);
}

/// Rows as the engine sees them now, the most serious first.
fn freshened(mut rows: Vec<Row>, incidents: &Incidents) -> Vec<Row> {
    let summaries = incidents.view().summaries();
    let by_id: BTreeMap<&IncidentId, &IncidentSummary> =
        summaries.iter().map(|summary| (&summary.incident, summary)).collect();
    for row in rows.iter_mut().filter(|row| row.reason != Reason::Resolved) {
        if let Some(now) = by_id.get(&row.incident) {
            (row.state, row.last_seen) = (now.state, now.last_seen);
            (row.holding, row.total) = (now.holding, now.total);
        }
    }
    rows.sort_by(|a, b| {
        let rank = |row: &Row| (Reverse(row.severity), row.since);
        (rank(a), &a.incident).cmp(&(rank(b), &b.incident))
    });
    rows
}
