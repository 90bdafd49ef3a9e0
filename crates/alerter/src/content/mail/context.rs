use minijinja::Value;
use minijinja::value::Serde;

use super::contents::Contents;
use crate::content::text::render_text;
use crate::notification::Content;
use incidents::printable;

/// What a template may speak of: the notification as its JSON has it, and our own words.
pub(super) fn context(content: &Content, contents: &Contents) -> Value {
    let json = match content {
        Content::Notice(notice) => serde_json::to_value(notice),
        Content::Summary(summary) => serde_json::to_value(summary),
    };
    let notification = cleaned(json.unwrap_or_default());
    let name = match content {
        Content::Notice(_) => "notice",
        Content::Summary(_) => "summary",
    };
    let ours = serde_json::json!({
        name: notification,
        "title": printable(content.title()),
        "severity": content.severity().to_string(),
        "subject": contents.subject,
        "text": render_text(&contents.page),
        "late": contents.page.lead,
        "reference": contents.reference.as_deref().unwrap_or_default(),
    });
    Value::from(Serde(ours))
}

/// Every text on one line, and nothing hidden in it.
fn cleaned(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::String(text) => Json::String(printable(&text)),
        Json::Array(list) => list.into_iter().map(cleaned).collect(),
        Json::Object(map) => {
            Json::Object(map.into_iter().map(|(key, value)| (key, cleaned(value))).collect())
        }
        other => other,
    }
}
