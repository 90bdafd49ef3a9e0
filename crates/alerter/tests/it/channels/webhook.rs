use std::path::Path;
use std::time::Duration;

use alerter::channels::{
    Body, Preset, SendError, SigningKey, Template, Webhook, WebhookConfig, WebhookError,
};
use bgp::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::server::{Script, serve};
use super::{events, name};
use crate::lab::START;

const SECRET: &str = "T000/B000/very-secret";

fn config(url: &str) -> WebhookConfig {
    WebhookConfig {
        url: format!("{url}/services/{SECRET}"),
        body: Body::Event,
        key: Some("bearer-secret".to_owned()),
        signing_key: Some(SigningKey::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()),
        timeout: Duration::from_millis(500),
        extra_ca: None,
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(START + 60)
}

async fn send(script: Script) -> Result<(), SendError> {
    let (url, server) = serve(script).await;
    let [opened, _, _] = events();
    let result = Webhook::new(&config(&url)).unwrap().send(&opened, now()).await;
    server.abort();
    result
}

#[tokio::test]
async fn an_event_arrives_whole_signed_and_with_a_key() {
    let [opened, _, _] = events();
    let answer = Script::Answer("HTTP/1.1 204 No Content\r\n\r\n");
    let mut requests = Vec::new();
    for _ in 0..2 {
        let (url, server) = serve(answer).await;
        let mut config = config(&url);
        config.timeout = Duration::from_secs(30);
        Webhook::new(&config).unwrap().send(&opened, now()).await.unwrap();
        let request = server.await.unwrap();
        requests.push(request.replace(&url.replace("http://", "host: "), "host: there"));
    }
    // The same notification is the same request, however often it is sent.
    assert_eq!(requests[0], requests[1]);
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["key"], body["letter"]["incident"]);
    assert_eq!(body, serde_json::to_value(&opened).unwrap());
    let id = format!("{}-0", opened.key);
    for line in [
        format!("POST /services/{SECRET} HTTP/1.1"),
        "content-type: application/json".to_owned(),
        format!("idempotency-key: {id}"),
        format!("webhook-id: {id}"),
        format!("webhook-timestamp: {}", START + 60),
        "authorization: Bearer bearer-secret".to_owned(),
    ] {
        assert!(head.lines().any(|found| found == line), "{line} in {head}");
    }
    assert!(head.contains("\r\nwebhook-signature: v1,"), "{head}");
}

#[tokio::test]
async fn each_fault_has_its_name() {
    let table = [
        (
            Script::Answer("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"),
            "authentication",
        ),
        (Script::Answer("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"), "authentication"),
        (Script::Answer("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"), "misconfigured"),
        (Script::Answer("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"), "misconfigured"),
        (
            Script::Answer("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n"),
            "misconfigured",
        ),
        (Script::Answer("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"), "refused"),
        (Script::Answer("HTTP/1.1 422 No\r\ncontent-length: 0\r\n\r\n"), "refused"),
        (Script::Answer("HTTP/1.1 408 Slow\r\ncontent-length: 0\r\n\r\n"), "deferred"),
        (Script::Answer("HTTP/1.1 425 Early\r\ncontent-length: 0\r\n\r\n"), "deferred"),
        (Script::Answer("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"), "deferred"),
        (Script::Answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"), "deferred"),
        (Script::Silent, "timed out"),
        (Script::Trickle, "timed out"),
        (Script::Close, "unreachable"),
        (Script::Garbage, "unreachable"),
    ];
    for (script, expected) in table {
        let error = send(script).await.unwrap_err();
        assert_eq!(name(&error), expected, "{script:?}: {error}");
        let text = error.to_string();
        assert!(text.starts_with("http://127.0.0.1:"), "{text}");
        assert!(!text.contains("secret") && !text.contains("T000"), "{text}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let [opened, _, _] = events();
    let error = Webhook::new(&config(&url)).unwrap().send(&opened, now()).await.unwrap_err();
    assert_eq!(name(&error), "unreachable", "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_server_may_ask_for_time() {
    let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n";
    let error = send(Script::Answer(busy)).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn what_a_server_says_is_cut_and_has_no_secrets_and_no_lines() {
    let says = "HTTP/1.1 500 Oh\r\n\r\nno /services/T000/B000/very-secret\r\n\x1b[2Jbearer-secret ";
    let error = send(Script::Answer(says)).await.unwrap_err().to_string();
    let (_, said) = error.split_once(" defers: ").unwrap();
    assert_eq!(said, "500 Internal Server Error no *** [2J***");
    let long = Script::Answer(Box::leak(
        format!("HTTP/1.1 500 Oh\r\n\r\n{}", "x".repeat(9000)).into_boxed_str(),
    ));
    let error = send(long).await.unwrap_err().to_string();
    assert!(error.len() < 300, "{error}");
}

#[tokio::test]
async fn a_template_makes_the_body() {
    let source = "{\"summary\": {{ title }}, \"tags\": [{{ kind }}, {{ severity }}],\n\
                  {% if action == \"close\" %}\"done\": true,{% endif %}\n\
                  \"prefixes\": {{ letter.prefixes | map(attribute=\"announced\") | list }}}";
    let all = events();
    let template = Template::new(Path::new("hook.json"), source, &all).unwrap();
    let (url, server) = serve(Script::Answer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")).await;
    let mut config = config(&url);
    config.body = Body::Template(Box::new(template));
    config.timeout = Duration::from_secs(30);
    let [mut opened, _, _] = all;
    opened.title = "\"}, {\"evil\": \"\u{1b}\n".to_owned();
    Webhook::new(&config).unwrap().send(&opened, now()).await.unwrap();
    let request = server.await.unwrap();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let expected = json!({
        "summary": opened.title, "tags": ["origin-hijack", "critical"],
        "prefixes": ["198.18.0.0/21"],
    });
    assert_eq!(body, expected);
}

#[test]
fn a_template_that_does_not_render_is_told_when_it_is_read() {
    let told = |source: &str| {
        let error = Template::new(Path::new("hook.json"), source, &events()).unwrap_err();
        error.to_string()
    };
    let table = [
        told("{{ title"),
        told("{\"a\": {{ titel }}}"),
        told("{\"a\": {{ letter.nothing.there }}}"),
        told("title: {{ title }}"),
        told("{% for a in range(9999) %}{% for b in range(9999) %}1{% endfor %}{% endfor %}"),
    ];
    insta::assert_snapshot!("channel-template-faults", table.join("\n"));
}

#[test]
fn settings_that_cannot_work_are_refused_and_not_shown() {
    let with = |url: &str| WebhookConfig { url: url.to_owned(), ..config("http://h") };
    for url in ["", "hooks.slack.com/secret", "ftp://h/secret", "http://"] {
        let error = Webhook::new(&with(url)).unwrap_err();
        assert!(matches!(error, WebhookError::Url), "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let bad_key = WebhookConfig { key: Some("a\nb".to_owned()), ..config("http://h") };
    assert!(matches!(Webhook::new(&bad_key), Err(WebhookError::Key)));
    let pagerduty = Body::Preset(Preset::PagerDuty);
    let no_key = WebhookConfig { key: None, body: pagerduty, ..config("http://h") };
    assert!(matches!(Webhook::new(&no_key), Err(WebhookError::NoKey)));
    let webhook = Webhook::new(&config("https://hooks.example.net:8443")).unwrap();
    assert_eq!(webhook.place(), "https://hooks.example.net:8443");
    assert!(!format!("{webhook:?}").contains("secret"), "{webhook:?}");
}
