//! Services that keep alerts of their own: what opens one with a key closes it with the same.

use std::time::Duration;

use bgp::Timestamp;
use serde_json::{Map, Value, json};
use validator::Severity;

use super::super::event::{Event, EventAction};
use super::request::{Request, cut};

/// What the services call us.
const CLIENT: &str = "originwatch";

/// An alert without an end is over for Alertmanager after five minutes, unless somebody repeats it;
/// we tell each thing once, so it gets an end that the real one comes before.
const OPEN_END: Duration = Duration::from_secs(366 * 86_400);

/// <https://developer.pagerduty.com/docs/send-alert-event>
pub(super) fn pagerduty(event: &Event, key: &str) -> Option<Value> {
    let what = match event.action {
        EventAction::Open | EventAction::Update => "trigger",
        EventAction::Acknowledge => "acknowledge",
        EventAction::Close => "resolve",
        EventAction::Inform => return None,
    };
    Some(json!({
        "routing_key": key,
        "event_action": what,
        "dedup_key": cut(&event.key, 255),
        "client": CLIENT,
        "payload": {
            "summary": cut(&event.title, 1024),
            "source": event.site,
            "severity": match event.severity {
                Severity::Critical => "critical",
                Severity::Warning => "warning",
                Severity::Notice => "info",
            },
            "timestamp": event.at,
            "component": "bgp",
            "group": event.site,
            "class": event.kind,
            // An event of more than 512 KB is refused, and the JSON of a notice may have 200 prefixes.
            "custom_details": { "text": event.text, "facts": facts(event) },
        },
    }))
}

/// <https://docs.opsgenie.com/docs/alert-api>: an update is a note, for a second alert of the same
/// alias would only be counted.
pub(super) fn opsgenie(event: &Event) -> Option<Request> {
    let alias = cut(&event.key, 512);
    let (verb, body) = match event.action {
        EventAction::Inform => return None,
        EventAction::Open => {
            let body = json!({
                "message": cut(&event.title, 130),
                "alias": alias,
                "description": cut(&event.text, 15_000),
                "tags": [event.kind, event.severity.to_string()],
                "details": facts(event),
                "entity": cut(event.fact("prefixes").unwrap_or(&event.site), 512),
                "source": CLIENT,
                "priority": match event.severity {
                    Severity::Critical => "P1",
                    Severity::Warning => "P3",
                    Severity::Notice => "P5",
                },
            });
            let path = ["v2", "alerts"].map(str::to_owned).to_vec();
            return Some(Request { path, query: None, body });
        }
        EventAction::Update => {
            ("notes", json!({ "source": CLIENT, "note": cut(&event.text, 25_000) }))
        }
        EventAction::Acknowledge => {
            ("acknowledge", json!({ "source": CLIENT, "note": cut(&event.text, 25_000) }))
        }
        EventAction::Close => {
            ("close", json!({ "source": CLIENT, "note": cut(&event.text, 25_000) }))
        }
    };
    let path = vec!["v2".to_owned(), "alerts".to_owned(), alias, verb.to_owned()];
    Some(Request { path, query: Some("identifierType=alias"), body })
}

/// <https://prometheus.io/docs/alerting/latest/alerts_api/>. Labels are the name of an alert, so one
/// that got worse is another one: each request ends those of the other severities.
pub(super) fn alertmanager(event: &Event) -> Option<Request> {
    if event.action == EventAction::Inform {
        return None;
    }
    let all = [Severity::Critical, Severity::Warning, Severity::Notice];
    let alerts = all.map(|severity| {
        let goes_on = severity == event.severity && event.action != EventAction::Close;
        let ends = if goes_on { event.at + OPEN_END } else { event.at };
        let mut annotations = json!({ "summary": event.title, "kind": event.kind });
        if severity == event.severity {
            annotations["description"] = event.text.as_str().into();
            annotations["facts"] = line(event).into();
        }
        json!({
            "labels": {
                "alertname": "OriginwatchIncident",
                "incident": event.key,
                "site": event.site,
                "severity": severity.to_string(),
            },
            "annotations": annotations,
            // Not behind the end, or the whole request is refused.
            "startsAt": event.since.min(event.at),
            "endsAt": ends,
        })
    });
    let path = ["api", "v2", "alerts"].map(str::to_owned).to_vec();
    Some(Request { path, query: None, body: Value::from(alerts.to_vec()) })
}

/// <https://docs.alerta.io/api/reference.html>: environment, resource and event make an alert, and
/// severity `normal` ends it.
pub(super) fn alerta(event: &Event) -> Option<Request> {
    let severity = match (event.action, event.severity) {
        (EventAction::Inform, _) => return None,
        (EventAction::Close, _) => "normal",
        (_, Severity::Critical) => "critical",
        (_, Severity::Warning) => "warning",
        (_, Severity::Notice) => "informational",
    };
    let body = json!({
        "resource": event.key,
        "event": "OriginwatchIncident",
        "environment": "Production",
        "severity": severity,
        "service": ["BGP"],
        "group": "Network",
        "value": event.kind,
        "text": event.title,
        "origin": CLIENT,
        "createTime": millis(event.at),
        "attributes": facts(event),
        "rawData": event.text,
    });
    Some(Request { path: vec!["alert".to_owned()], query: None, body })
}

fn facts(event: &Event) -> Value {
    let facts = event.facts.iter();
    facts
        .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())))
        .collect::<Map<_, _>>()
        .into()
}

fn line(event: &Event) -> String {
    let facts = event.facts.iter().map(|(name, value)| format!("{name}: {value}"));
    facts.collect::<Vec<_>>().join("; ")
}

/// Alerta reads times with exactly three digits behind the point.
fn millis(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
