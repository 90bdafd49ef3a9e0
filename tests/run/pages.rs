//! The pages of a daemon, asked as a browser would.

use std::io::{BufRead as _, BufReader};

use super::api::Api;

/// The page behind a path, which must be one.
fn page(api: &Api, path: &str) -> String {
    let (head, body) = api.exchange(&format!("GET {path} HTTP/1.1"), "");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}\n{body}");
    let lower = head.to_lowercase();
    assert!(lower.contains("content-type: text/html; charset=utf-8"), "{head}");
    assert!(lower.contains("content-security-policy: default-src 'none';"), "{head}");
    body
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

#[test]
fn one_glance_tells_what_is_wrong_and_one_page_everything_of_it() {
    let (_relay, _place, daemon, api, name) = Api::start("");
    let overview = page(&api, "/");
    for text in [
        "1 open",
        "A hijack now would reach a person.",
        &format!("<a href=\"/incidents/{name}\">"),
        "origin hijack",
        "AS4761",
        "198.18.0.0/21",
    ] {
        assert!(overview.contains(text), "{text}: {overview}");
    }
    let incident = page(&api, &format!("/incidents/{name}"));
    for text in [
        "What was announced",
        "Who accepted it",
        "AS4651",
        "<svg class=\"chart\"",
        "<svg class=\"graph\"",
        "To the NOC of",
        "9931 4651 4761",
        &format!("originwatch incidents ack {name}"),
    ] {
        assert!(incident.contains(text), "{text}: {incident}");
    }
    assert!(page(&api, "/feeds").contains("mrt-dir"));
    // The mail that was taken a moment ago may not be written down yet.
    let deliveries = page(&api, "/deliveries");
    assert!(deliveries.contains("Nothing waits") || deliveries.contains("waiting"), "{deliveries}");
    // Nothing comes from elsewhere, and nothing of a style or a script stands in a page.
    for text in [&overview, &incident] {
        for forbidden in ["http://", "https://", "style=\"", "onclick", "<style"] {
            assert!(!text.contains(forbidden), "{forbidden}: {text}");
        }
    }
    daemon.stop();
}

#[test]
fn a_reader_of_feeds_gets_every_notice() {
    let (_relay, _place, daemon, api, name) = Api::start("");
    let (head, feed) = api.exchange("GET /feed.atom HTTP/1.1", "");
    assert!(head.contains("application/atom+xml"), "{head}");
    for text in [
        format!("<id>mid:{name}.0@originwatch</id>"),
        "<title>LON01 - BGP origin hijack - 19:26 - 02/04/2014 - OPEN</title>".to_owned(),
        format!("href=\"/incidents/{name}\""),
        "To the NOC of AS4761".to_owned(),
    ] {
        assert!(feed.contains(&text), "{text}: {feed}");
    }
    assert_eq!(feed.matches("<entry>").count(), feed.matches("</entry>").count());
    daemon.stop();
}

#[test]
fn incidents_are_found_by_what_is_asked_for() {
    let (_relay, _place, daemon, api, name) = Api::start("");
    let link = format!("/incidents/{name}");
    for (query, found) in [
        ("", true),
        ("state=&kind=&severity=&prefix=&asn=&since=&until=", true),
        ("state=open&severity=critical&kind=origin-hijack&asn=4761", true),
        ("prefix=198.18.0.0/16", true),
        ("prefix=198.18.1.0/24", true),
        ("prefix=192.0.2.0/24", false),
        ("asn=AS64500", false),
        ("state=resolved", false),
        ("since=2014-04-03T00:00:00Z", false),
        ("until=2014-04-02T00:00:00Z", false),
    ] {
        let text = page(&api, &format!("/incidents?{query}"));
        assert_eq!(text.contains(&link), found, "{query}: {text}");
    }
    let (head, body) = api.exchange("GET /incidents?prefix=%3Cscript%3E HTTP/1.1", "");
    assert!(head.starts_with("HTTP/1.1 400") && !body.contains("<script>"), "{head}\n{body}");
    let (head, body) = api.exchange("GET /incidents/OW-1 HTTP/1.1", "");
    assert!(
        head.starts_with("HTTP/1.1 404") && body.contains("there is no incident OW-1"),
        "{body}"
    );
    daemon.stop();
}

#[test]
fn what_a_browser_has_is_not_sent_again_and_what_is_new_is_told() {
    let (_relay, _place, daemon, api, name) = Api::start("");
    let path = format!("/incidents/{name}");
    let (head, body) = api.exchange(&format!("GET {path} HTTP/1.1"), "");
    let tag = field(&head, "etag").unwrap();
    let again = format!("GET {path} HTTP/1.1\r\nIf-None-Match: {tag}");
    let (head, same) = api.exchange(&again, "");
    assert!(head.starts_with("HTTP/1.1 304") && same.is_empty(), "{head}\n{same}");
    for asset in body.split('"').filter(|text| text.starts_with("/assets/")) {
        let (head, body) = api.exchange(&format!("GET {asset} HTTP/1.1"), "");
        assert!(head.contains("immutable") && !body.is_empty(), "{asset}: {head}");
    }
    let lines = BufReader::new(api.listen("/events")).lines();
    let mut data = lines.map_while(Result::ok).filter(|line| line.starts_with("data:"));
    assert_eq!(data.next().as_deref(), Some("data: changed"));
    daemon.stop();
}
