//! What people can do about notifications: acknowledge, mute, close, note; and what happens if nobody
//! does anything.

use std::time::Duration;

use alerter::AnnotatedNotice;
use alerter::dispatch::{Action, Digest, DispatchRules, Refusal, Routing, Rule, Step};
use alerter::{Content, Receiver, Scope};
use incidents::Reason;
use validator::Severity;

use super::office::{Office, dispatch_rules, id, mailbox, notice};
use crate::lab::at;

const HOUR: Duration = Duration::from_secs(3600);

/// With reminders and a second contact.
fn with_nagging() -> DispatchRules {
    let night = Step { after: Duration::from_secs(900), to: vec![mailbox("night")] };
    let boss = Step { after: HOUR, to: vec![mailbox("boss")] };
    DispatchRules {
        escalation: vec![night, boss],
        remind_every: Some(4 * HOUR),
        ..dispatch_rules()
    }
}

fn last(office: &Office) -> &AnnotatedNotice {
    let last = office.notifications.last().map(|notification| match &notification.content {
        Content::Notice(notice) => Some(notice.as_ref()),
        Content::Summary(_) => None,
    });
    last.flatten().unwrap()
}

#[test]
fn by_default_everything_is_told_at_once_to_everyone() {
    let routing = Routing::to_all(vec![mailbox("noc"), mailbox("night")]);
    let mut office = Office::new(DispatchRules { routing, ..dispatch_rules() });
    office.say(1, 0, 0, Reason::Opened);
    office.say(1, 900, 1, Reason::Update);
    office.say(1, 2000, 2, Reason::Resolved);
    office.say(1, 5000, 3, Reason::Reopened);
    office.wait(1_000_000);
    insta::assert_snapshot!("everyone", office.course());
    assert_eq!(office.dispatcher.held(), 0);
}

#[test]
fn what_nobody_acknowledges_is_said_again_and_goes_to_the_next_contact() {
    let mut office = Office::new(with_nagging());
    office.say(1, 0, 0, Reason::Opened);
    office.wait(40_000);
    office.say(1, 40_000, 1, Reason::Resolved);
    office.wait(90_000);
    insta::assert_snapshot!("nagging", office.course());
}

#[test]
fn an_acknowledgement_ends_that_until_it_becomes_more_serious_or_reopens() {
    let mut office = Office::new(with_nagging());
    office.hear(notice(1, 0, 0, Reason::Opened, Severity::Warning));
    office.command(100, Action::Acknowledge { incident: id(1) }).unwrap();
    office.wait(50_000);
    assert_eq!(office.notifications.len(), 1);
    office.hear(notice(1, 50_000, 1, Reason::Update, Severity::Warning));
    assert_eq!(last(&office).annotations.acknowledged.as_ref().unwrap().by, "ann@example.net");
    office.worse(1, 51_000, 2, Severity::Critical);
    office.wait(53_000);
    assert_eq!(last(&office).reason, Reason::Reminder);
    office.command(53_000, Action::Acknowledge { incident: id(1) }).unwrap();
    office.wait(100_000);
    office.say(1, 100_000, 3, Reason::Resolved);
    assert_eq!(
        office.command(100_001, Action::Acknowledge { incident: id(1) }),
        Err(Refusal::Over(id(1)))
    );
    office.say(1, 101_000, 4, Reason::Reopened);
    assert_eq!(last(&office).annotations.acknowledged, None);
    office.wait(102_000);
    insta::assert_snapshot!("acknowledged", office.course());
}

#[test]
fn what_is_muted_is_told_when_the_mute_ends_and_its_end_always() {
    let mut office = Office::new(with_nagging());
    office.say(1, 0, 0, Reason::Opened);
    office.say(2, 1, 0, Reason::Opened);
    office.mute(10, 1, 20_000);
    office.mute(10, 2, 20_000);
    office.say(1, 1000, 1, Reason::Update);
    office.say(1, 2000, 2, Reason::Update);
    office.say(2, 3000, 1, Reason::Update);
    office.say(2, 4000, 2, Reason::Resolved);
    assert_eq!(office.notifications.len(), 3);
    // What opens while it is muted and ends before is not told at all.
    let scope = Scope::Asn(bgp::Asn::new(3));
    office.command(5000, Action::Mute { scope, until: at(20_000) }).unwrap();
    office.say(3, 5001, 0, Reason::Opened);
    office.say(3, 5002, 1, Reason::Resolved);
    office.wait(20_100);
    insta::assert_snapshot!("muted", office.course());
    assert!(last(&office).annotations.muted.is_none());
    assert_eq!(last(&office).message_id, id(1).message_id(2));
}

#[test]
fn an_unmute_tells_what_opened_meanwhile_as_opened() {
    let mut office = Office::new(dispatch_rules());
    let scope = Scope::Kind(validator::IncidentKind::OriginHijack);
    office.command(0, Action::Mute { scope: scope.clone(), until: at(9000) }).unwrap();
    office.say(1, 10, 0, Reason::Opened);
    office.say(1, 1000, 1, Reason::Update);
    assert_eq!((office.notifications.len(), office.dispatcher.held()), (0, 1));
    assert!(office.dispatcher.annotations(&id(1)).unwrap().muted.is_some());
    office.command(2000, Action::Unmute { scope: scope.clone() }).unwrap();
    assert_eq!(last(&office).reason, Reason::Opened);
    assert_eq!(last(&office).message_id, id(1).message_id(1));
    assert_eq!(
        office.command(2001, Action::Unmute { scope: scope.clone() }),
        Err(Refusal::NotMuted(scope))
    );
}

#[test]
fn what_is_closed_is_over_by_hand_until_it_really_is() {
    let mut office = Office::new(with_nagging());
    office.say(1, 0, 0, Reason::Opened);
    office.command(10, Action::Close { incident: id(1) }).unwrap();
    office.say(1, 1000, 1, Reason::Update);
    office.wait(90_000);
    assert_eq!(office.notifications.len(), 1);
    office.say(1, 90_000, 2, Reason::Resolved);
    assert_eq!(last(&office).annotations.closed.as_ref().unwrap().by, "ann@example.net");
    office.say(1, 91_000, 3, Reason::Reopened);
    office.wait(92_000);
    insta::assert_snapshot!("closed", office.course());
}

#[test]
fn a_note_stands_in_later_notices_on_one_line() {
    let mut office = Office::new(dispatch_rules());
    office.say(1, 0, 0, Reason::Opened);
    let note = |text: &str| Action::Note { incident: id(1), text: text.into() };
    office.command(1, note("called AS1\r\nSubject: x")).unwrap();
    assert_eq!(office.command(1, note(" \n")), Err(Refusal::Empty("note")));
    let unknown = Action::Note { incident: id(9), text: "x".into() };
    assert_eq!(office.command(1, unknown), Err(Refusal::UnknownIncident(id(9))));
    office.say(1, 900, 1, Reason::Update);
    let notes: Vec<&str> =
        last(&office).annotations.notes.iter().map(|n| n.text.as_str()).collect();
    assert_eq!(notes, ["called AS1 Subject: x"]);
}

#[test]
fn a_mute_that_ends_in_the_past_is_refused() {
    let mut office = Office::new(dispatch_rules());
    office.say(1, 10, 0, Reason::Opened);
    let mute = Action::Mute { scope: Scope::Incident(id(1)), until: at(10) };
    let refused = office.command(10, mute);
    assert_eq!(refused, Err(Refusal::EndInThePast { until: at(10), now: at(10) }));
}

#[test]
fn whoever_was_told_that_it_opened_is_told_the_rest() {
    let rule = |severity, name| Rule {
        severity: Some(severity),
        to: vec![mailbox(name)],
        ..Rule::default()
    };
    let routing = Routing {
        rules: vec![rule(Severity::Warning, "noc"), rule(Severity::Critical, "night")],
        default: vec![mailbox("archive")],
    };
    let mut office = Office::new(DispatchRules { routing, ..dispatch_rules() });
    office.hear(notice(1, 0, 0, Reason::Opened, Severity::Notice));
    office.hear(notice(2, 1, 0, Reason::Opened, Severity::Warning));
    office.hear(notice(3, 2, 0, Reason::Opened, Severity::Critical));
    for n in 1..=3 {
        office.hear(notice(n, 1000, 1, Reason::Resolved, Severity::Notice));
    }
    insta::assert_snapshot!("routed", office.course());
}

#[test]
fn a_destination_under_attack_is_not_relied_on_alone() {
    let hook = Receiver { channel: "webhook".into(), address: "pager".into() };
    let mut office = Office::new(DispatchRules { also: vec![hook], ..dispatch_rules() });
    let addresses = vec!["198.18.1.25".parse().unwrap()];
    office.command(0, Action::SetAddresses { receiver: mailbox("noc"), addresses }).unwrap();
    office.say(1, 10, 0, Reason::Opened);
    office.router(2, 20, Reason::Opened);
    office.say(1, 1000, 1, Reason::Resolved);
    office.router(3, 1010, Reason::Opened);
    insta::assert_snapshot!("endangered", office.course());
}

#[test]
fn the_digest_comes_every_day_and_once_for_days_that_were_missed() {
    let digest = Digest { at: jiff::civil::time(8, 0, 0, 0), to: vec![mailbox("noc")] };
    let mut office = Office::new(DispatchRules { digest: Some(digest), ..dispatch_rules() });
    office.say(1, 0, 0, Reason::Opened);
    office.wait(100_000);
    office.restart();
    office.wait(200_000);
    // Three days without us.
    office.dispatcher.handle_timeout(at(500_000), &office.incidents);
    office.wait(500_001);
    insta::assert_snapshot!("daily", office.course());
}
