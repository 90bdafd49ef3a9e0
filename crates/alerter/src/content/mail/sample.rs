//! Notifications that lack nothing, one of each sort, on which templates are tried.

use jiff::tz::TimeZone;
use minijinja::Value;
use serde_json::{Value as Json, json};
use validator::IncidentKind;

use super::contents::Contents;
use super::context::context as context_of;
use crate::notification::Content;

/// A notice of each kind and a summary of each cause.
pub(super) fn all() -> Vec<Content> {
    let kinds = IncidentKind::ALL.iter().map(|kind| notice(kind.name()));
    let causes = [
        json!({ "storm": { "offender": 4761 } }),
        json!({ "ceiling": { "per_hour": 30 } }),
        json!({ "maintenance": { "window": {
            "name": "CHG-4711", "from": "2014-04-02T18:00:00Z", "until": "2014-04-02T20:00:00Z",
            "prefixes": ["198.18.0.0/21"], "asns": [64500], "kinds": ["origin-hijack"],
            "pierce": "critical",
            "expects": [{ "prefix": "198.18.0.0/24", "origin": 64500, "stands": "announced" }],
        } } }),
        json!("daily"),
        json!("drill"),
    ];
    let notifications = kinds.chain(causes.into_iter().map(summary));
    notifications.filter_map(|notification| serde_json::from_value(notification).ok()).collect()
}

/// What a template is given for a sample.
pub(super) fn context(content: &Content, zone: &TimeZone) -> Value {
    let mut contents = Contents::of(content, zone);
    contents.page.lead.push("This mail is 10 min late.".to_owned());
    contents.reference = Some("20140402-as4761-6f3a.aaaaaaaaaaaaaaaa".to_owned());
    context_of(content, &contents)
}

fn notice(kind: &str) -> Json {
    let prefix = json!({
        "watched": "198.18.0.0/21", "description": "Broadband pool", "announced": "198.18.0.0/21",
        "kind": kind, "holding": 3,
        "rov": { "state": "invalid", "reason": "as", "matched": [], "unmatched_length": [],
            "unmatched_as": [{ "asn": "AS64500", "prefix": "198.18.0.0/21", "max_length": 24 }] },
    });
    let evidence = json!({
        "at": "2014-04-02T18:26:05Z", "collector": "rrc00", "peer_ip": "192.0.2.1",
        "peer_asn": 4651, "country": "TH", "prefix": "198.18.0.0/21", "as_path": "4651 4761",
    });
    let past = json!({
        "incident": "OW-20140101-AS4761-0001", "kind": kind, "prefixes": 1,
        "first_seen": "2014-01-01T00:00:00Z", "last_seen": "2014-01-01T01:00:00Z",
    });
    json!({
        "content": "notice", "incident": "OW-20140402-AS4761-6f3a", "sequence": 1, "update": 1,
        "reason": "update", "state": "open", "kind": kind, "severity": "critical",
        "at": "2014-04-02T18:41:41Z", "first_seen": "2014-04-02T18:26:05Z",
        "since": "2014-04-02T18:26:05Z", "last_seen": "2014-04-02T18:41:41Z",
        "subject": "rrc00", "details": ["no message since 18:20:00 UTC"], "own": true,
        "offenders": [party()], "prefixes": [prefix], "prefix_count": 1,
        "vantage": { "holding": 3, "holding_ases": 3, "ever": 5, "total": 41,
            "unconfirmed": 1, "given_up": 1, "by_country": { "TH": 2, "SG": 1 },
            "home": { "country": "GB", "holding": 0, "total": 4 } },
        "accepted_by": [{ "asn": 4651, "name": "THAI-GATEWAY", "country": "TH", "share": 1.0 }],
        "upstreams": [{ "asn": 64510, "name": "Transit", "country": "GB", "affected": true }],
        "extent": { "class": "mass", "prefixes": 4170, "origins": 1312, "usual": 1,
            "at_least": true },
        "record": [past], "changes": [{ "prefix": "198.18.0.0/21" }], "feeds": feeds(),
        "rpki": rpki(),
        "advice": { "announce": [{ "prefix": "198.18.0.0/22", "allowed": true }],
            "roas": [{ "prefix": "198.18.0.0/21", "asn": 64500, "max_length": 21 }] },
        "evidence": [evidence], "evidence_count": 1, "marks": annotations(), "remarks": ["drill"],
        "message_id": "<OW-20140402-AS4761-6f3a.1@originwatch>",
        "title": "LON01 - BGP origin hijack - 19:41 - 02/04/2014 - UPDATE 01",
        "site": "LON01", "operator": "Example Networks",
    })
}

fn summary(cause: Json) -> Json {
    let row = json!({
        "incident": "OW-20140402-AS4761-6f3a", "state": "open", "kind": "origin-hijack",
        "severity": "critical", "reason": "opened", "subject": "rrc00", "offenders": [party()],
        "prefixes": ["198.18.0.0/21"], "prefix_count": 1, "since": "2014-04-02T18:26:05Z",
        "last_seen": "2014-04-02T18:41:41Z", "holding": 3, "total": 41, "held": 1,
        "marks": annotations(),
    });
    json!({
        "content": "summary", "summary": "OW-20140402-storm-AS4761-6f3a", "sequence": 1,
        "cause": cause, "at": "2014-04-02T18:41:41Z", "since": "2014-04-02T18:26:05Z",
        "over": true, "severity": "critical", "rows": [row], "row_count": 1, "open_count": 1,
        "unmet": [{ "prefix": "198.18.0.0/24", "origin": 64500, "stands": "announced" }],
        "feeds": feeds(), "rpki": rpki(), "queue": { "waiting": 1, "dead": 1 },
        "message_id": "<OW-20140402-storm-AS4761-6f3a.1@originwatch>",
        "title": "LON01 - storm: 1 incident by AS4761 - 19:41 - 02/04/2014 - OVER",
        "site": "LON01", "operator": "Example Networks",
    })
}

fn party() -> Json {
    json!({ "asn": 4761, "name": "INDOSAT-INP-AP", "country": "ID" })
}

fn feeds() -> Json {
    json!([{ "name": "rrc00", "type": "mrt", "up": true, "last_seen": "2014-04-02T18:26:00Z" }])
}

fn rpki() -> Json {
    json!({ "vrps": 202, "generated": "2014-04-02T16:26:00Z", "source": "vrps.json",
        "stale": true })
}

fn annotations() -> Json {
    let (by, at) = ("noc@example.net", "2014-04-02T18:30:00Z");
    json!({
        "acknowledged": { "by": by, "at": at, "severity": "critical" },
        "muted": { "by": by, "at": at, "until": "2014-04-02T22:30:00Z",
            "scope": { "incident": "OW-20140402-AS4761-6f3a" } },
        "expected": "CHG-4711",
        "closed": { "by": by, "at": at },
        "notes": [{ "by": by, "at": at, "text": "on it" }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_sample_of_each_sort() {
        assert_eq!(all().len(), IncidentKind::ALL.len() + 5);
    }
}
