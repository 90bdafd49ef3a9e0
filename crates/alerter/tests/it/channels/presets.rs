use alerter::channels::{Body, Event, Preset, Webhook, WebhookConfig};
use serde_json::{Value, json};

use super::events;
use super::server::{Script, serve};
use crate::lab::START;

const OK: Script = Script::Answer("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");

/// What a service is sent: the first line and the body.
async fn sent(preset: Preset, event: &Event) -> (String, Value) {
    let (url, server) = serve(OK).await;
    let config = WebhookConfig {
        url: format!("{url}/base/"),
        body: Body::Preset(preset),
        key: Some("k3y".to_owned()),
        signing_key: None,
        timeout: std::time::Duration::from_secs(30),
        extra_ca: None,
    };
    let now = bgp::Timestamp::from_seconds(START);
    Webhook::new(&config).unwrap().send(event, now).await.unwrap();
    let request = server.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let authorization = head.lines().find(|line| line.starts_with("authorization: "));
    let first = head.lines().next().unwrap();
    let first = format!("{first} {}", authorization.unwrap_or_default());
    (first.trim_end().to_owned(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn bodies() {
    let [mut opened, _, _] = events();
    opened.text = "The text.\n\n  With `columns`  & lines\n".to_owned();
    let presets = [
        ("slack", Preset::Slack),
        ("teams", Preset::Teams),
        ("mattermost", Preset::Mattermost),
        ("pagerduty", Preset::PagerDuty),
        ("opsgenie", Preset::Opsgenie),
        ("alertmanager", Preset::Alertmanager),
        ("alerta", Preset::Alerta),
    ];
    for (name, preset) in presets {
        let (first, body) = sent(preset, &opened).await;
        let body = serde_json::to_string_pretty(&body).unwrap();
        insta::assert_snapshot!(format!("channel-{name}"), format!("{first}\n\n{body}"));
    }
}

#[tokio::test]
async fn what_opens_with_a_key_closes_with_it() {
    let [opened, update, resolved] = events();
    let key = json!(opened.key);
    let mut course = Vec::new();
    for event in [&opened, &update, &resolved] {
        let (_, body) = sent(Preset::PagerDuty, event).await;
        course.push((body["event_action"].clone(), body["dedup_key"].clone()));
    }
    let expected = ["trigger", "trigger", "resolve"].map(|what| (json!(what), key.clone()));
    assert_eq!(course, expected);
    let mut course = Vec::new();
    for event in [&opened, &update, &resolved] {
        let (first, body) = sent(Preset::Opsgenie, event).await;
        course.push((first, body.get("alias").cloned()));
    }
    let line =
        |path: &str| format!("POST /base/v2/alerts{path} HTTP/1.1 authorization: GenieKey k3y");
    let of = |verb: &str| line(&format!("/{}/{verb}?identifierType=alias", opened.key));
    let expected = [(line(""), Some(key.clone())), (of("notes"), None), (of("close"), None)];
    assert_eq!(course, expected);
    let mut course = Vec::new();
    for event in [&opened, &resolved] {
        let (_, body) = sent(Preset::Alerta, event).await;
        course.push((body["resource"].clone(), body["severity"].clone()));
    }
    assert_eq!(course, [(key.clone(), json!("critical")), (key.clone(), json!("normal"))]);
}

#[tokio::test]
async fn alertmanager_has_one_alert_of_an_incident_that_goes_on_and_none_of_one_that_is_over() {
    let [opened, _, resolved] = events();
    let firing = |body: &Value, now: &Value| -> Vec<Value> {
        let alerts = body.as_array().unwrap().iter();
        let firing = alerts.filter(|alert| alert["endsAt"].as_str() > now.as_str());
        firing.map(|alert| alert["labels"].clone()).collect()
    };
    let (_, body) = sent(Preset::Alertmanager, &opened).await;
    let labels = json!({
        "alertname": "OriginwatchIncident", "incident": opened.key, "site": "LON01",
        "severity": "critical",
    });
    assert_eq!(firing(&body, &json!(opened.at)), [labels]);
    let (_, body) = sent(Preset::Alertmanager, &resolved).await;
    assert_eq!(firing(&body, &json!(resolved.at)), Vec::<Value>::new());
    for alert in body.as_array().unwrap() {
        assert!(alert["startsAt"].as_str() <= alert["endsAt"].as_str(), "{alert}");
    }
}

#[tokio::test]
async fn nothing_from_outside_is_markup() {
    let [mut opened, _, _] = events();
    let evil = "<!channel> `code` @all **bold** [x](http://evil.example) & \"quoted\"";
    opened.title = evil.to_owned();
    opened.text = evil.to_owned();
    opened.facts = vec![("by", evil.to_owned())];
    let (_, body) = sent(Preset::Slack, &opened).await;
    assert!(!body.to_string().contains('<'), "{body}");
    let (_, body) = sent(Preset::Mattermost, &opened).await;
    let told = "`<!channel> 'code' @all **bold** [x](http://evil.example) & \"quoted\"`";
    assert_eq!(body["text"], json!(told));
    assert_eq!(body["attachments"][0]["fields"][0]["value"], json!(told));
    let (_, body) = sent(Preset::Teams, &opened).await;
    let card = &body["attachments"][0]["content"]["body"];
    let blocks = card.as_array().unwrap();
    assert!(blocks.iter().all(|block| block["type"] == "RichTextBlock"), "{card}");
}
