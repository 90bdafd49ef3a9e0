//! What a mail needs of a notification.

use jiff::tz::TimeZone;

use crate::content::page::Page;
use crate::content::words::summary_headline;
use crate::content::{notice_page, summary_page};
use crate::dispatch_note::DispatchNote;
use crate::notice::AnnotatedNotice;
use crate::notification::Content;
use crate::summary::{Cause, Summary};
use incidents::{IncidentChange, IncidentId, printable};
use validator::IncidentKind;

pub(super) struct Contents {
    pub(super) subject: String,
    /// What mail programs, filters and vacation responders look at. Nothing here comes from BGP,
    /// RPKI or a registry.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) page: Page,
    pub(super) json: String,
    /// What a reply would be about.
    pub(super) incident: Option<IncidentId>,
    /// Whether it is about an AS next to ours, which a reply may accept.
    pub(super) can_be_accepted: bool,
    /// What proves that a reply is to this mail.
    pub(super) reference: Option<String>,
}

impl Contents {
    pub(super) fn of(content: &Content, zone: &TimeZone) -> Self {
        let mut headers = vec![
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("X-Auto-Response-Suppress", "All".to_owned()),
            ("X-Originwatch-Severity", content.severity().to_string()),
        ];
        let (subject, page, json, incident) = match content {
            Content::Notice(notice) => {
                headers.extend(notice_headers(notice));
                let page = notice_page::page(notice, zone);
                let incident = Some(notice.incident.clone());
                (subject(notice), page, serde_json::to_string_pretty(notice), incident)
            }
            Content::Summary(summary) => {
                headers.push(("X-Originwatch-Summary", summary.summary.to_string()));
                headers.push(("X-Originwatch-Reason", summary.cause.name().to_owned()));
                let page = summary_page::page(summary, zone);
                (summary_subject(summary), page, serde_json::to_string_pretty(summary), None)
            }
        };
        let can_be_accepted =
            matches!(content, Content::Notice(notice) if notice.kind == IncidentKind::FirstHop);
        Contents {
            can_be_accepted,
            subject,
            headers,
            page,
            json: json.unwrap_or_default(),
            incident,
            reference: None,
        }
    }
}

/// `[LON01] CRITICAL origin hijack 198.18.0.0/21 (+1) by AS4761 INDOSAT-INP-AP, ID - OPEN`.
pub(crate) fn subject(notice: &AnnotatedNotice) -> String {
    let about = notice.prefixes.first().map(|p| p.announced.to_string());
    let about = about.unwrap_or_else(|| notice.subject.clone());
    let more = match notice.prefix_count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (+{more})"),
    };
    let by = notice.offenders.first().map(|party| format!(" by {}", party.label()));
    let drill = if notice.dispatch_notes.contains(&DispatchNote::Drill) { "DRILL " } else { "" };
    one_line(&format!(
        "[{}] {drill}{} {} {about}{more}{} - {}",
        notice.site,
        notice.severity.to_string().to_uppercase(),
        notice.kind.spec().title,
        by.unwrap_or_default(),
        notice.status(),
    ))
}

/// `[LON01] CRITICAL storm: 500 incidents by AS4761 - OPEN`.
fn summary_subject(summary: &Summary) -> String {
    // Where nothing is wrong no severity should catch the eye.
    let calm = summary.row_count == 0 || matches!(summary.cause, Cause::Drill);
    let severity = match calm {
        true => String::new(),
        false => format!("{} ", summary.severity.to_string().to_uppercase()),
    };
    let status = match summary.status() {
        status if status.is_empty() => status,
        status => format!(" - {status}"),
    };
    one_line(&format!("[{}] {severity}{}{status}", summary.site, summary_headline(summary)))
}

/// With one space between words, as mail programs show none between encoded words (RFC 2047 section
/// 6.2), and with nothing that looks like one: lettre does not encode what is ASCII.
fn one_line(text: &str) -> String {
    let text = printable(text).replace("=?", "= ?");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn notice_headers(notice: &AnnotatedNotice) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("X-Originwatch-Incident", notice.incident.to_string()),
        ("X-Originwatch-Kind", notice.kind.name().to_owned()),
        ("X-Originwatch-Reason", notice.reason.name().to_owned()),
    ];
    if notice.changes.iter().any(|change| matches!(change, IncidentChange::Severity(_))) {
        headers.push(("X-Originwatch-Escalated", "yes".to_owned()));
    }
    if notice.dispatch_notes.contains(&DispatchNote::Drill) {
        headers.push(("X-Originwatch-Drill", "yes".to_owned()));
    }
    headers
}
