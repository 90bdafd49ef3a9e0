//! The whole story of a hijack, as routers of two makers tell it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::exabgp::Exabgp;
use super::lab::{HALF, Lab, OURS};
use super::seen;

const KIND: &str = "origin-hijack";

#[test]
fn a_hijack_is_told_from_its_beginning_to_its_end_and_again() {
    // Long enough for an update to gather what both routers say.
    let mut lab = Lab::start("resolve_after = \"5s\"\nupdate_every = \"15s\"");
    seen("GoBGP and FRR have sessions with AS4761 and tell the monitor");
    lab.announce(OURS);
    let opened = lab.mail(KIND, "opened");
    assert_eq!(opened.header("X-Originwatch-Severity").unwrap(), "critical");
    lab.announce(HALF);
    lab.mail(KIND, "update");

    lab.kill_monitor();
    lab.start_monitor();
    lab.wait_for_peers();
    seen("the monitor was killed and is back, and both routers have told it again");
    lab.withdraw(HALF);
    lab.withdraw(OURS);
    lab.mail(KIND, "resolved");

    lab.announce(OURS);
    let reopened = lab.mail(KIND, "reopened");
    assert_eq!(reopened.header("In-Reply-To"), opened.header("Message-ID"));
    assert_eq!(reopened.header("References"), opened.header("Message-ID"));
    lab.withdraw(OURS);
    lab.mail(KIND, "resolved");

    let (notices, left) = lab.finish(KIND);
    assert_eq!(left, 0, "mails that nobody waited for");
    let course: Vec<_> = notices.iter().map(|notice| notice["reason"].as_str().unwrap()).collect();
    assert_eq!(course, ["opened", "update", "resolved", "reopened", "resolved"]);
    let ids: BTreeSet<_> = notices.iter().map(|notice| notice["incident"].as_str()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    // That somebody else holds it is no news, so the first notice may know one router alone.
    assert_eq!(collectors(&notices[1]), BTreeSet::from(["edge1", "edge2"]));
    assert_eq!(notices[1]["offenders"], json!([{ "asn": 4761 }]));
    assert_eq!(prefixes(&notices[1]), expected_prefixes());
    seen("one incident, both routers named, RPKI invalid by our VRP, no notice twice");
}

/// ExaBGP says what no sane router would: here it is a transit that has let AS4761 in.
#[test]
fn a_transit_that_lets_the_offender_in_is_named() {
    let mut lab = Lab::start("resolve_after = \"5s\"");
    let transit = Exabgp::start(&lab.exchange, lab.folder());
    lab.frr_shows("show bgp summary", "10.89.0.62");
    lab.wait_for_peer("edge2", "10.89.0.62");
    let path = "next-hop 10.89.0.62 as-path [ 3356 4761 ] community [ 3356:666 ]";
    transit.say(&format!("announce route {OURS} {path}"));
    lab.frr_shows(&format!("show bgp ipv4 unicast {OURS}"), "3356:666");
    let opened = lab.mail(KIND, "opened");
    assert!(opened.header("Subject").unwrap().contains("by AS4761"));
    transit.say(&format!("withdraw route {OURS} {path}"));
    lab.mail(KIND, "resolved");
    let (notices, left) = lab.finish(KIND);
    assert_eq!((notices.len(), left), (2, 0));
    assert_eq!(notices[0]["accepted_by"], json!([{ "asn": 3356, "share": 1.0 }]));
    assert_eq!(notices[0]["evidence"][0]["as_path"], "3356 4761");
    seen("ExaBGP's route came through FRR with its path: let in by AS3356");
}

/// Which routers saw it.
fn collectors(notice: &Value) -> BTreeSet<&str> {
    let evidence = notice["evidence"].as_array().unwrap().iter();
    evidence.map(|sight| sight["collector"].as_str().unwrap()).collect()
}

/// What was announced, and what RPKI says of it.
fn prefixes(notice: &Value) -> Vec<Value> {
    let prefixes = notice["prefixes"].as_array().unwrap().iter();
    prefixes.map(|prefix| json!([prefix["announced"], prefix["kind"], prefix["rov"]])).collect()
}

fn expected_prefixes() -> Vec<Value> {
    let rov = json!({
        "state": "invalid",
        "reason": "as",
        "matched": [],
        "unmatched_as": [{ "asn": "AS64500", "prefix": OURS, "max_length": 24 }],
        "unmatched_length": [],
    });
    vec![json!([OURS, KIND, rov]), json!([HALF, "sub-prefix-hijack", rov])]
}
