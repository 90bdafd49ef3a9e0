//! Storms: many incidents, few mails.

use std::collections::BTreeSet;

use alerter::dispatch::{DispatchRules, Routing};
use alerter::{Content, Notification, Receiver};
use bgp::Prefix;
use incidents::{IncidentId, Reason};
use validator::Severity;

use super::office::{Office, dispatch_rules, id, mailbox, notice};
use crate::lab::{Lab, rules, watch};

/// Incidents that a notification to somebody speaks of.
fn told(notifications: &[Notification]) -> BTreeSet<IncidentId> {
    let of = |notification: &Notification| match &notification.content {
        Content::Notice(notice) => vec![notice.incident.clone()],
        Content::Summary(summary) => summary.rows.iter().map(|r| r.incident.clone()).collect(),
    };
    notifications.iter().flat_map(of).collect()
}

#[test]
fn five_hundred_offenders_at_once_make_fewer_than_ten_mails() {
    let mut office = Office::new(dispatch_rules());
    for n in 0..500 {
        office.say(n, i64::from(n), 0, Reason::Opened);
    }
    for n in 0..500 {
        office.say(n, 950 + i64::from(n), 1, Reason::Update);
    }
    for n in 0..500 {
        office.say(n, 10_000 + i64::from(n), 2, Reason::Resolved);
    }
    office.wait(1_000_000);
    assert_eq!(told(&office.notifications), (0..500).map(id).collect());
    insta::assert_snapshot!("five-hundred", office.course());
    assert!(office.notifications.len() < 10, "{}", office.notifications.len());
}

/// Six origins on one prefix make a storm; what another AS does to another prefix of ours is told at once.
#[test]
fn decoys_do_not_delay_a_critical_incident_of_another_prefix() {
    let on = |n: u32, second: i64, prefix: &str| {
        let mut notice = notice(n, second, 0, Reason::Opened, Severity::Critical);
        notice.prefixes.truncate(1);
        notice.prefixes[0].announced = prefix.parse().unwrap();
        notice
    };
    let mut office = Office::new(dispatch_rules());
    for n in 0..8 {
        office.hear(on(n, i64::from(n), "198.18.0.0/24"));
    }
    // A part of what the storm is about is in it already.
    office.hear(on(8, 20, "198.18.0.128/25"));
    let before = office.notifications.len();
    office.hear(on(100, 30, "198.18.8.0/24"));
    assert_eq!(office.notifications.len(), before + 1);
    let last = &office.notifications[before..];
    assert!(told(last).contains(&id(100)));
    office.restart();
    // A mass event is bounded all the same: of a hundred prefixes more, four within the hour.
    for n in 101..200 {
        office.hear(on(n, 40, &format!("198.19.{n}.0/24")));
    }
    assert_eq!(office.notifications.len(), before + 5);
    office.wait(2000);
    assert_eq!(told(&office.notifications), (0..9).chain(100..200).map(id).collect());
    assert!(office.notifications.len() < before + 8, "{}", office.notifications.len());
}

/// Another AS does to the same prefix what the decoys did: who the offender is, is news.
#[test]
fn decoys_do_not_delay_another_offender_of_the_same_prefix() {
    let mut office = Office::new(dispatch_rules());
    for n in 0..8 {
        office.say(n, i64::from(n), 0, Reason::Opened);
    }
    let before = office.notifications.len();
    office.say(100, 30, 0, Reason::Opened);
    assert_eq!(office.notifications.len(), before + 1);
    assert!(told(&office.notifications[before..]).contains(&id(100)));
    office.restart();
    // A flood is bounded all the same: within the hour four more of a hundred, a minute apart from each other.
    for n in 101..150 {
        office.say(n, 60 + i64::from(n - 101) * 60, 0, Reason::Opened);
    }
    office.wait(4000);
    assert_eq!(told(&office.notifications), (0..8).chain(100..150).map(id).collect());
    assert!(office.notifications.len() < before + 16, "{}", office.notifications.len());
}

#[test]
fn a_leak_of_three_hundred_thousand_prefixes_makes_fewer_than_ten_mails() {
    const WATCHED: u32 = 500;
    let ours =
        |n: u32| Prefix::from_bits(bgp::Family::Ipv4, u128::from(0x0b00_0000 + n * 256) << 96, 24);
    let watches = (0..WATCHED).map(|n| watch(&ours(n).to_string())).collect();
    let mut lab = Lab::with(watches, rules());
    let mut office = Office::new(dispatch_rules());
    let mut announced = 0u32;
    // 300,000 prefixes in 40 minutes, a watched one in every 600, at two vantage points.
    for step in 0..300_000u32 {
        let second = i64::from(step) / 125;
        if step % 600 == 0 {
            let prefix = ours(announced).to_string();
            lab.hijack(second, 10, &prefix);
            lab.hijack(second, 11, &prefix);
            announced += 1;
        } else {
            let bits = u128::from(0xcb00_0000 + step * 64) << 96;
            lab.hijack(second, 12, &Prefix::from_bits(bgp::Family::Ipv4, bits, 26).to_string());
        }
        pass_on(&mut lab, &mut office, second);
    }
    assert_eq!(announced, WATCHED);
    for n in 0..WATCHED {
        for vantage in [10, 11] {
            lab.withdraw(10_000 + i64::from(n), vantage, &ours(n).to_string());
        }
        pass_on(&mut lab, &mut office, 10_000 + i64::from(n));
    }
    lab.tick(20_000);
    pass_on(&mut lab, &mut office, 20_000);
    insta::assert_snapshot!("leak", office.course());
    assert!(office.notifications.len() < 10, "{}", office.notifications.len());
}

/// What the engine of the lab has said goes to the dispatcher.
fn pass_on(lab: &mut Lab, office: &mut Office, second: i64) {
    for notice in lab.notices.drain(..) {
        office.hear(notice);
    }
    if office.dispatcher.next_timeout().is_some_and(|due| due <= crate::lab::at(second)) {
        office.wait(second);
    }
}

#[test]
fn incidents_by_one_offender_are_told_as_one_and_others_beside_them_are_not() {
    let mut office = Office::new(dispatch_rules());
    for n in 0..9 {
        let mut notice = notice(n, i64::from(n) * 10, 0, Reason::Opened, Severity::Warning);
        notice.offenders[0].asn = bgp::Asn::new(4761);
        office.hear(notice);
    }
    office.say(100, 100, 0, Reason::Opened);
    // An hour later it is an incident of its own again.
    let mut late = notice(200, 4000, 0, Reason::Opened, Severity::Warning);
    late.offenders[0].asn = bgp::Asn::new(4761);
    office.hear(late);
    // What becomes more serious is told at once.
    office.worse(3, 4100, 1, Severity::Critical);
    insta::assert_snapshot!("one-offender", office.course());
}

#[test]
fn routers_that_go_down_together_are_one_storm() {
    let mut office = Office::new(dispatch_rules());
    for n in 0..8 {
        office.router(n, i64::from(n), Reason::Opened);
    }
    for n in 0..8 {
        office.router(n, 600 + i64::from(n), Reason::Resolved);
    }
    office.wait(10_000);
    insta::assert_snapshot!("routers", office.course());
}

#[test]
fn programs_are_told_of_each_by_itself() {
    let hook = Receiver { channel: "webhook".into(), address: "pager".into() };
    let routing = Routing::to_all(vec![mailbox("noc"), hook.clone()]);
    let programs = ["webhook".into()].into();
    let mut office = Office::new(DispatchRules {
        routing,
        programs,
        notification_limit: Some(3),
        ..dispatch_rules()
    });
    for n in 0..20 {
        office.say(n, i64::from(n), 0, Reason::Opened);
        office.say(n, 2000 + i64::from(n), 1, Reason::Resolved);
    }
    let to_hook: Vec<&Notification> =
        office.notifications.iter().filter(|l| l.to.contains(&hook)).collect();
    assert_eq!(to_hook.len(), 40);
    assert!(to_hook.iter().all(|notification| matches!(notification.content, Content::Notice(_))));
}

#[test]
fn beyond_the_ceiling_a_digest_tells_the_rest_and_what_is_critical_passes() {
    let mut office = Office::new(DispatchRules {
        storm: None,
        notification_limit: Some(10),
        ..dispatch_rules()
    });
    for n in 0..30 {
        let severity = if n == 25 { Severity::Critical } else { Severity::Warning };
        office.hear(notice(n, i64::from(n) * 60, 0, Reason::Opened, severity));
    }
    office.hear(notice(25, 1900, 1, Reason::Resolved, Severity::Critical));
    office.restart();
    office.wait(20_000);
    insta::assert_snapshot!("ceiling", office.course());
    assert_eq!(told(&office.notifications), (0..30).map(id).collect());
}
