//! Who is asked for what: nobody is accused of what they did not do.

use alerter::notice_text;
use bgp::Asn;
use validator::{RpkiSnapshot, Severity, Vrp, VrpTable, Watch, WatchList};

use crate::annotated::{annotated, bst};
use crate::lab::{FIRST, Lab, prefix, rules, watch};

/// The first notice of what two vantage points see on these paths, with the folds of the lines taken out.
fn first_mail(mut lab: Lab, announced: &str, path: &[u32]) -> (Severity, String) {
    for n in [10, 13] {
        let path = [&[100 + n], path].concat();
        lab.announce(5, n, announced, &path);
    }
    let notice = &lab.notices[0];
    let text = notice_text(&annotated(notice), &bst());
    let lines: Vec<&str> = text.split_whitespace().filter(|word| *word != "|").collect();
    (notice.severity, lines.join(" "))
}

fn with_upstreams() -> Lab {
    let upstreams = Some(vec![Asn::new(64510), Asn::new(64511)]);
    Lab::with(vec![Watch { upstreams, ..watch(FIRST) }], rules())
}

/// A lab whose only VRP is this AS's.
fn entitled(asn: u32) -> Lab {
    let mut lab = Lab::new();
    let list = WatchList::new(vec![watch(FIRST)], [Asn::new(64500)]).unwrap();
    let vrp = Vrp::new(prefix(FIRST), 24, Asn::new(asn)).unwrap();
    let snapshot = RpkiSnapshot::of(VrpTable::new([vrp]));
    lab.classifier = validator::Classifier::new(list.into(), snapshot.into());
    lab
}

#[test]
fn an_offender_is_asked_to_withdraw_and_who_accepted_it_to_filter() {
    let (_, text) = first_mail(Lab::new(), FIRST, &[4651, 4761]);
    assert!(text.contains("To the NOC of AS4761 INDOSAT-INP-AP, ID: since"), "{text}");
    assert!(text.contains("your network originates 198.18.0.0/21, address space of"), "{text}");
    assert!(text.contains("AS4651 THAI-GATEWAY, TH: since"), "{text}");
}

#[test]
fn the_transit_of_a_forged_path_is_asked_where_it_learns_the_route() {
    let (_, text) = first_mail(with_upstreams(), FIRST, &[1299, 65540, 64500]);
    // It may be an upstream of ours: that comes before anybody is asked.
    assert!(text.contains("Do first: If it is an upstream of ours, say so"), "{text}");
    assert!(text.contains("Ask AS65540 where it learns the route"), "{text}");
    assert!(text.contains("your network passes on 198.18.0.0/21"), "{text}");
    assert!(!text.contains("your network originates"), "{text}");
}

#[test]
fn whom_rpki_entitles_is_not_accused() {
    let (severity, text) = first_mail(entitled(13335), "198.18.1.0/24", &[1299, 13335]);
    assert_eq!(severity, Severity::Notice);
    assert!(
        text.contains("Do first: RPKI entitles this origin: if it is yours, list it"),
        "{text}"
    );
    assert!(!text.contains("To the NOC"), "{text}");
    // Nor is anything done against what is rightful.
    for announced in ["198.18.1.0/24", FIRST] {
        let (_, text) = first_mail(entitled(13335), announced, &[1299, 13335]);
        assert!(!text.contains("more-specific") && !text.contains("filter"), "{text}");
    }
}

#[test]
fn no_more_specific_is_advised_that_nobody_accepts() {
    let (_, text) = first_mail(Lab::new(), "198.18.1.0/24", &[4651, 4761]);
    assert!(!text.contains("Announce more-specifics"), "{text}");
    assert!(text.contains("No more-specific of 198.18.1.0/24 would be accepted"), "{text}");
    let (_, text) = first_mail(Lab::new(), FIRST, &[4651, 4761]);
    assert!(text.contains("Announce more-specifics while it lasts: 198.18.0.0/22"), "{text}");
}

#[test]
fn what_leaves_through_ourselves_is_ours_to_filter() {
    // A private AS behind us is a part of our network: nobody else is there to be written to.
    let (severity, text) = first_mail(Lab::new(), "198.18.1.0/24", &[64510, 64500, 65001]);
    assert_eq!(severity, Severity::Warning);
    assert!(text.contains("BGP unexpected downstream"), "{text}");
    assert!(text.contains("Do first: Filter it at our own border, or strip private"), "{text}");
    assert!(!text.contains("Accepted by") && !text.contains("To the NOC"), "{text}");
    // Another network behind us can be written to; we need no mail.
    let (_, text) = first_mail(Lab::new(), "198.18.1.0/24", &[64510, 64500, 666]);
    assert!(text.contains("Do first: Filter it at our own border towards AS666"), "{text}");
    assert!(text.contains("To the NOC of AS666") && !text.contains("NOC of AS64500"), "{text}");
}

/// Which member of an AS_SET it was nobody knows.
#[test]
fn of_an_as_set_each_member_is_asked_and_none_is_said_to_be_the_one() {
    let mut lab = Lab::new();
    for n in [10, 13] {
        let path = format!("{} 4651 {{4761,65541}}", 100 + n).parse().unwrap();
        lab.announce_path(5, n, FIRST, 0, path);
    }
    let text = notice_text(&annotated(&lab.notices[0]), &bst());
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "|").collect();
    let text = words.join(" ");
    assert!(text.contains("One of AS4761 INDOSAT-INP-AP, ID / AS65541 originates"), "{text}");
    let asked = "since 2014-04-02T18:26:05Z one of AS4761, AS65541 originates 198.18.0.0/21,";
    assert!(text.contains(&format!("To the NOC of AS65541: {asked}")), "{text}");
    assert!(text.contains("from one of AS4761, AS65541. Please filter it."), "{text}");
    assert!(!text.contains("your network"), "{text}");
}

#[test]
fn nobody_answers_for_numbers_that_no_network_has() {
    for nobody in [64512, 4_200_000_000, 65535] {
        let (_, text) = first_mail(Lab::new(), FIRST, &[4651, nobody]);
        assert!(!text.contains(&format!("NOC of AS{nobody}")), "{text}");
        let asked = "you accept 198.18.0.0/21, address space of";
        assert!(text.contains(asked), "{text}");
    }
}

#[test]
fn what_is_no_as_is_said_to_be_none_and_accepts_nothing() {
    // RFC 7607: in the middle it is nobody's neighbour, as the origin nobody.
    let (_, text) = first_mail(Lab::new(), FIRST, &[4651, 0, 4761]);
    assert!(text.contains("Accepted by: AS4651") && !text.contains("AS0"), "{text}");
    let (_, text) = first_mail(Lab::new(), FIRST, &[4651, 0]);
    assert!(text.contains("AS0 (no network: a malformed path, RFC 7607) originates"), "{text}");
    assert!(!text.contains("NOC of AS0") && !text.contains("from AS0"), "{text}");
    assert!(text.contains("from an AS that the path does not tell"), "{text}");
    // RFC 6793: whose it is the path does not say.
    let (_, text) = first_mail(Lab::new(), FIRST, &[4651, 23456]);
    assert!(text.contains("An unknown 32-bit AS (AS23456, RFC 6793) originates"), "{text}");
    assert!(!text.contains("NOC of AS23456") && !text.contains("from AS23456"), "{text}");
}

#[test]
fn two_ases_of_ours_in_a_row_are_both_ours() {
    let mut two = watch(FIRST);
    two.origins = validator::Origins::Only(vec![Asn::new(64500), Asn::new(64505)]);
    two.upstreams = Some(vec![Asn::new(64510)]);
    let mut lab = Lab::with(vec![two], rules());
    for n in [10, 13] {
        lab.announce(5, n, FIRST, &[100 + n, 64510, 64505, 64500]);
    }
    assert_eq!(lab.notices, []);
    for n in [10, 13] {
        lab.announce(6, n, FIRST, &[100 + n, 65540, 64505, 64500]);
    }
    assert_eq!(lab.last().offenders[0].asn, Asn::new(65540));
}

#[test]
fn without_rpki_data_the_verdict_is_unknown_and_no_roa_is_advised() {
    let mut lab = Lab::new();
    lab.incidents.set_sources(incidents::Sources { rpki: None, ..crate::lab::sources() });
    let list = WatchList::new(vec![watch(FIRST)], [Asn::new(64500)]).unwrap();
    lab.classifier = validator::Classifier::new(list.into(), RpkiSnapshot::default().into());
    let (_, text) = first_mail(lab, FIRST, &[4651, 4761]);
    assert!(text.contains("198.18.0.0/21 origin hijack, RPKI unknown"), "{text}");
    assert!(text.contains("RPKI: unknown: there is no RPKI data"), "{text}");
    assert!(!text.contains("Create the missing ROA") && !text.contains("needs a ROA"), "{text}");
}

#[test]
fn a_draft_names_the_addresses_and_says_of_whom_none_is_known() {
    let mut lab = Lab::new();
    for n in [10, 13] {
        lab.announce(5, n, FIRST, &[100 + n, 4651, 4761]);
    }
    let mut notice = lab.notices[0].clone();
    notice.offenders[0].contacts = vec!["noc@example.net".into(), "abuse@example.net".into()];
    let text = notice_text(&annotated(&notice), &bst());
    let text = text.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ");
    let addressed = "AS4761 INDOSAT-INP-AP, ID <noc@example.net, abuse@example.net>: since";
    assert!(text.contains(addressed), "{text}");
    assert!(text.contains("([data] contacts has no address of AS4651.)"), "{text}");
}
