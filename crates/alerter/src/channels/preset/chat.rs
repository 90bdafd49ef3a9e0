//! Rooms where people read.

use serde_json::{Value, json};
use validator::Severity;

use super::super::event::{Event, EventAction};
use super::request::cut;

/// Slack cuts a text of an attachment behind 3,000 characters and takes the fence at its end with it.
const LONGEST: usize = 2900;

pub(super) fn slack(event: &Event) -> Value {
    let fields = event.facts.iter().map(
        |(name, value)| json!({ "title": name, "value": mrkdwn(value), "short": value.len() < 40 }),
    );
    json!({
        "text": mrkdwn(&event.title),
        "attachments": [{
            "color": color(event),
            "fallback": mrkdwn(&event.title),
            "text": fenced(&mrkdwn(&cut(&event.text, LONGEST))),
            "fields": fields.collect::<Vec<_>>(),
            "footer": "originwatch",
            "ts": event.at.seconds(),
        }],
    })
}

/// Mattermost reads the same shape, but Markdown in it, and mentions only outside of code.
pub(super) fn mattermost(event: &Event) -> Value {
    let fields = event.facts.iter().map(
        |(name, value)| json!({ "title": name, "value": code(value), "short": value.len() < 40 }),
    );
    json!({
        "text": code(&event.title),
        "attachments": [{
            "color": color(event),
            "fallback": code(&event.title),
            "text": fenced(&cut(&event.text, LONGEST)),
            "fields": fields.collect::<Vec<_>>(),
            "footer": "originwatch",
        }],
    })
}

/// An Adaptive Card. Runs of a `RichTextBlock` are shown as they stand; a `TextBlock` or a `FactSet`
/// would read Markdown in them.
pub(super) fn teams(event: &Event) -> Value {
    let run = |text: &str| json!({ "type": "TextRun", "text": text });
    let block = |runs: Vec<Value>| json!({ "type": "RichTextBlock", "inlines": runs });
    let title = json!({
        "type": "TextRun", "text": event.title, "weight": "bolder", "size": "medium",
        "color": match (event.action, event.severity) {
            (EventAction::Close, _) => "good",
            (_, Severity::Critical) => "attention",
            (_, Severity::Warning) => "warning",
            (_, Severity::Notice) => "accent",
        },
    });
    let mut body = vec![block(vec![title])];
    for (name, value) in &event.facts {
        let name = json!({ "type": "TextRun", "text": format!("{name}: "), "weight": "bolder" });
        body.push(block(vec![name, run(value)]));
    }
    let text = json!({
        "type": "TextRun", "text": cut(&event.text, LONGEST), "fontType": "monospace",
        "size": "small",
    });
    body.push(block(vec![text]));
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "body": body,
            },
        }],
    })
}

fn color(event: &Event) -> &'static str {
    match (event.action, event.severity) {
        (EventAction::Close, _) => "#2eb886",
        (_, Severity::Critical) => "#d50000",
        (_, Severity::Warning) => "#f2a600",
        (_, Severity::Notice) => "#3f7fbf",
    }
}

/// The three characters that begin something in Slack: `<!channel>` would wake a whole company.
fn mrkdwn(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A line in which nothing is Markdown or a mention.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// Lines in which nothing is, with their columns kept.
fn fenced(text: &str) -> String {
    format!("```\n{}\n```", text.trim_end().replace('`', "'"))
}
