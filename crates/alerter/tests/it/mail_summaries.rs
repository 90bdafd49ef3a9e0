//! Notifications that tell many incidents, and notifications in the operator's own words.

use std::collections::BTreeMap;

use alerter::Content;
use alerter::content::mail::{Mail, MailComposer, Templates};
use jiff::tz::TimeZone;
use mail_parser::MessageParser;
use serde_json::{Value, json};

use crate::annotated::{annotated, bst};
use crate::lab::{FIRST, Lab};

fn summary(cause: &Value, rows: usize) -> Content {
    let row = |n: usize| {
        json!({
            "incident": format!("OW-20140402-AS{}-6f3a", 4761 + n),
            "state": if n == 1 { "resolved" } else { "open" },
            "kind": "origin-hijack", "severity": "critical", "reason": "opened",
            "offenders": [{ "asn": 4761 + n, "name": "INDOSAT-INP-AP", "country": "ID" }],
            "prefixes": ["198.18.0.0/21", "198.18.8.0/21"], "prefix_count": 2 + n,
            "since": "2014-04-02T18:26:05Z", "last_seen": "2014-04-02T18:41:41Z",
            "holding": 3, "total": 41, "held": 1,
        })
    };
    let rows: Vec<Value> = (0..rows).map(row).collect();
    let notification = json!({
        "content": "summary", "summary": "OW-20140402-storm-AS4761-6f3a", "sequence": 1,
        "cause": cause, "at": "2014-04-02T18:41:41Z", "since": "2014-04-02T18:26:05Z",
        "severity": "critical", "row_count": rows.len(), "open_count": rows.len().min(1),
        "rows": rows,
        "unmet": if cause.get("maintenance").is_some() {
            json!([{ "prefix": "198.18.0.0/24", "origin": 64500, "stands": "announced" }])
        } else {
            json!([])
        },
        "feeds": [{ "name": "rrc00", "type": "mrt", "up": false }],
        "queue": { "waiting": 2, "dead": 0 },
        "message_id": "<OW-20140402-storm-AS4761-6f3a.1@originwatch>",
        "title": "LON01 - storm - 19:41 - 02/04/2014 - UPDATE 01", "site": "LON01",
    });
    serde_json::from_value(notification).unwrap()
}

fn compose(content: &Content, templates: Option<Templates>) -> Vec<u8> {
    let from = "originwatch@example.net".parse().unwrap();
    let mut head = MailComposer::new(from, bst());
    head.templates = templates.map(Into::into);
    Mail::compose(content, &head, &"noc@example.net".parse().unwrap(), None).unwrap().formatted()
}

/// Subject, thread and text as a mail program shows them.
fn shown(mail: &[u8]) -> String {
    let message = MessageParser::default().parse(mail).unwrap();
    let text = message.text_part(0).unwrap().text_contents().unwrap().replace("\r\n", "\n");
    let thread = message.in_reply_to().as_text().unwrap_or("none").to_owned();
    format!("{}\nin reply to {thread}\n\n{text}", message.subject().unwrap())
}

fn html(mail: &[u8]) -> String {
    let message = MessageParser::default().parse(mail).unwrap();
    message.html_part(0).unwrap().text_contents().unwrap().replace("\r\n", "\n")
}

#[test]
fn summaries() {
    let window = json!({ "name": "CHG-4711", "from": "2014-04-02T18:00:00Z",
        "until": "2014-04-02T20:00:00Z" });
    let notifications = [
        summary(&json!({ "storm": { "offender": 4761 } }), 3),
        summary(&json!({ "ceiling": { "per_hour": 30 } }), 1),
        summary(&json!({ "maintenance": { "window": window } }), 1),
        summary(&json!("daily"), 0),
        summary(&json!("drill"), 0),
    ];
    let texts: Vec<String> =
        notifications.iter().map(|notification| shown(&compose(notification, None))).collect();
    insta::assert_snapshot!("summaries", texts.join("\n=====\n\n"));
    insta::assert_snapshot!("summary-html", html(&compose(&notifications[0], None)));
}

#[test]
fn a_long_summary_is_short_in_the_mail_and_whole_in_the_json() {
    let mail = compose(&summary(&json!({ "storm": "rpki" }), 100), None);
    let text = shown(&mail);
    assert_eq!(text.matches("CRITICAL origin hijack").count(), 40, "{text}");
    let more = "  and 60 more incidents; what there is of them is in the attached JSON\n";
    assert!(text.contains(more), "{text}");
    let message = MessageParser::default().parse(&mail).unwrap();
    let json: Value = serde_json::from_slice(message.attachment(0).unwrap().contents()).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 100);
}

fn templates(files: &[(&str, &str)]) -> Templates {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let files: BTreeMap<String, String> = files.collect();
    Templates::new(&files, &TimeZone::UTC).unwrap()
}

#[test]
fn own_words_replace_ours_and_are_the_same_in_html() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    let content = Content::Notice(Box::new(annotated(lab.last())));
    let own = templates(&[
        ("notice.subject", "{{ notice.severity|upper }}: {{ notice.offenders[0].name }}"),
        ("notice.text", "Since {{ notice.since|moment }} <now>\n"),
    ]);
    let mail = compose(&content, Some(own));
    let text =
        "critical: INDOSAT-INP-AP\nin reply to none\n\nSince 2014-04-02 18:26:00 UTC <now>\n";
    assert_eq!(shown(&mail), text.replace("critical", "CRITICAL"));
    assert!(html(&mail).contains(">Since 2014-04-02 18:26:00 UTC &lt;now&gt;</pre>"));
}

#[test]
fn a_template_that_fails_costs_its_own_words_and_not_the_mail() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    let mut notice = annotated(lab.last());
    notice.details.clear();
    let content = Content::Notice(Box::new(notice));
    let own = templates(&[(
        "notice.text",
        "{{ notice.details[0] | length }}\n{{ 1 / notice.advice.roas|length }}",
    )]);
    let mail = compose(&content, Some(own));
    let text = shown(&mail);
    assert!(text.contains("AS4761 INDOSAT-INP-AP, ID originates 1 prefix"), "{text}");
    assert!(
        text.contains("A template failed, so this is in our own words: notice.text:"),
        "{text}"
    );
    let message = MessageParser::default().parse(&mail).unwrap();
    let header = message.header_raw("X-Originwatch-Template-Fault").unwrap();
    assert!(header.trim().starts_with("notice.text:"), "{header}");
}
