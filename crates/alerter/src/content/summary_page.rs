//! The page of a summary: many incidents in one table.

use jiff::tz::TimeZone;

use crate::content::page::{Answer, Badge, Block, IncidentRow, Page, moment};
use crate::content::phrase::{capitalized, duration, grouped, plural};
use crate::content::text::render_text;
use crate::content::words::{annotations, data_sources, summary_headline, who};
use crate::summary::{Cause, Row, Summary};
use incidents::State;

/// Incidents that the page lists; the rest stands in the JSON.
const LISTED: usize = 40;

/// The plain text of the mail, 72 columns wide, with times in `zone` and in UTC.
pub fn summary_text(summary: &Summary, zone: &TimeZone) -> String {
    render_text(&page(summary, zone))
}

/// The page of a summary, with times in `zone` and in UTC.
pub(crate) fn page(summary: &Summary, zone: &TimeZone) -> Page {
    let badge = Badge {
        severity: summary.severity,
        over: summary.over || summary.open_count == 0,
        status: badge_word(summary),
    };
    let mut page = Page::new(summary.title.clone(), badge);
    let headline = match &summary.cause {
        Cause::Drill => why(summary),
        Cause::Storm(_)
        | Cause::NotificationLimit { .. }
        | Cause::Maintenance { .. }
        | Cause::Daily => format!("{}. {}", capitalized(&summary_headline(summary)), why(summary)),
    };
    page.section(None, vec![Block::Paragraph(headline)]);
    let mut table = Vec::new();
    if !summary.rows.is_empty() {
        let rows = summary.rows.iter().take(LISTED).map(|row| incident_row(row, zone));
        table.push(Block::Incidents(rows.collect()));
    }
    let shown = summary.rows.len().min(LISTED);
    if summary.row_count > shown {
        let more = plural(summary.row_count - shown, "more incident", "more incidents");
        table.push(Block::More(format!(
            "and {more}; what there is of them is in the attached JSON"
        )));
    }
    page.section(None, table);
    if !summary.unmet.is_empty() {
        let unmet =
            summary.unmet.iter().map(|expected| format!("{expected}, and is not.")).collect();
        page.section(Some("Expected, and did not happen"), vec![Block::Points(unmet)]);
    }
    page.section(None, vec![Block::Answers(answers(summary, zone))]);
    let reference = format!("Summary {}, notification {}", summary.summary, summary.sequence + 1);
    page.section(None, vec![Block::Paragraph(reference)]);
    page
}

fn badge_word(summary: &Summary) -> String {
    match summary.status() {
        status if status.is_empty() => summary.cause.name().to_uppercase(),
        status => status,
    }
}

/// Why they come in one notification.
fn why(summary: &Summary) -> String {
    match &summary.cause {
        Cause::Storm(_) if summary.over => "All of them are over.".to_owned(),
        Cause::Storm(_) => {
            "While it lasts they are told in this thread, at widening intervals.".to_owned()
        }
        Cause::NotificationLimit { per_hour } => format!(
            "More than {per_hour} notifications an hour are too many to read, so these were held back."
        ),
        Cause::Maintenance { window } => {
            format!("What was expected in the window {} was held back until its end.", window.name)
        }
        Cause::Daily => {
            "This notification comes every day, and proves that we are watching.".to_owned()
        }
        Cause::Drill => "This is a drill: nothing has happened.".to_owned(),
    }
}

fn answers(summary: &Summary, zone: &TimeZone) -> Vec<Answer> {
    let answer = |label, text| Answer { label, text };
    let (from, until) = match &summary.cause {
        Cause::Maintenance { window } => (window.from, window.until),
        Cause::Storm(_) | Cause::NotificationLimit { .. } | Cause::Daily | Cause::Drill => {
            (summary.since, summary.at)
        }
    };
    let span = format!("{} to {}", moment(from, zone), moment(until, zone));
    let mut answers = vec![
        answer("From", span),
        answer(
            "Incidents",
            format!("{}, {} not over", grouped(summary.row_count), grouped(summary.open_count)),
        ),
    ];
    if !summary.feeds.is_empty() || summary.rpki.is_some() {
        let sources = data_sources(&summary.feeds, summary.rpki.as_ref(), summary.at);
        answers.push(answer("Data sources", sources));
    }
    if let Some(queue) = summary.queue {
        let text = format!("{} waiting, {} given up", queue.waiting, queue.dead);
        answers.push(answer("Deliveries", text));
    }
    answers
}

fn incident_row(row: &Row, zone: &TimeZone) -> IncidentRow {
    let about = match row.prefixes.first() {
        Some(prefix) => prefix.to_string(),
        None => row.subject.clone(),
    };
    let more = match row.prefix_count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (+{})", grouped(more)),
    };
    let by = if row.offenders.is_empty() {
        String::new()
    } else {
        format!(" by {}", who(&row.offenders))
    };
    let severity = row.severity.to_string().to_uppercase();
    let mut details = vec![format!("since {}", moment(row.since, zone))];
    if row.state == State::Resolved {
        details = vec![format!(
            "{}, for {}",
            moment(row.since, zone),
            duration(row.last_seen.since(row.since))
        )];
    } else if row.total > 0 && row.prefix_count > 0 {
        details.push(format!("seen by {} of {} vantage points", row.holding, row.total));
    }
    details.extend(
        annotations(&row.annotations, zone)
            .into_iter()
            .map(|(label, text)| format!("{label}: {text}")),
    );
    details.push(row.incident.to_string());
    IncidentRow {
        status: row.state.name().to_uppercase(),
        what: format!("{severity} {} {about}{more}{by}", row.kind.spec().title),
        details,
    }
}
