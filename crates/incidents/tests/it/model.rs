//! The engine against a model that is too simple to be wrong, on random input.

use std::collections::{BTreeMap, BTreeSet};

use incidents::{Reason, State};
use proptest::prelude::*;
use validator::IncidentKind;

use crate::lab::{FIRST, FORGET_AFTER, Lab, SECOND, prefix};

#[derive(Clone, Debug)]
enum Step {
    Hijack(u32, usize),
    Restore(u32, usize),
    Recover(u32, usize),
    Withdraw(u32, usize),
    Down(u32),
    Gap(u32),
    EndOfRib(u32),
    Wait(i64),
}

/// What a vantage point holds: whether it is the hijack, and since when that is stale.
#[derive(Clone, Copy, Debug)]
struct Hold {
    bad: bool,
    stale_since: Option<i64>,
}

const CERTAIN_HIJACK: Hold = Hold { bad: true, stale_since: None };
const CERTAIN_OWN: Hold = Hold { bad: false, stale_since: None };

const PREFIXES: [&str; 3] = [FIRST, SECOND, "198.18.4.0/24"];

fn step() -> impl Strategy<Value = Step> {
    let vantage = prop_oneof![0..8u32, 1000..1003u32];
    let which = 0..PREFIXES.len();
    prop_oneof![
        4 => (vantage.clone(), which.clone()).prop_map(|(n, p)| Step::Hijack(n, p)),
        2 => (vantage.clone(), which.clone()).prop_map(|(n, p)| Step::Restore(n, p)),
        3 => (vantage.clone(), which.clone()).prop_map(|(n, p)| Step::Recover(n, p)),
        2 => (vantage.clone(), which).prop_map(|(n, p)| Step::Withdraw(n, p)),
        1 => vantage.clone().prop_map(Step::Down),
        1 => vantage.clone().prop_map(Step::Gap),
        1 => vantage.prop_map(Step::EndOfRib),
        2 => (1..2000i64).prop_map(Step::Wait),
    ]
}

fn run(lab: &mut Lab, steps: &[Step], ticks: bool) -> BTreeMap<(u32, usize), Hold> {
    run_from(lab, 0, steps, ticks)
}

fn run_from(
    lab: &mut Lab,
    start: i64,
    steps: &[Step],
    ticks: bool,
) -> BTreeMap<(u32, usize), Hold> {
    let mut now = start;
    let mut holds: BTreeMap<(u32, usize), Hold> = BTreeMap::new();
    for step in steps {
        now += 1;
        if ticks {
            lab.tick(now);
            lab.tick(now - 1);
        }
        match step {
            Step::Hijack(n, p) => {
                lab.hijack(now, *n, PREFIXES[*p]);
                holds.insert((*n, *p), CERTAIN_HIJACK);
            }
            Step::Restore(n, p) => {
                lab.restore(now, now, *n, PREFIXES[*p], &[100 + n % 1000, 4651, 4761]);
                let hold =
                    holds.entry((*n, *p)).or_insert(Hold { bad: true, stale_since: Some(now) });
                if hold.stale_since.is_some() {
                    *hold = Hold { bad: true, stale_since: Some(now) };
                }
            }
            Step::Recover(n, p) => {
                lab.recover(now, *n, PREFIXES[*p]);
                holds.insert((*n, *p), CERTAIN_OWN);
            }
            Step::Withdraw(n, p) => {
                lab.withdraw(now, *n, PREFIXES[*p]);
                holds.remove(&(*n, *p));
            }
            Step::Down(n) => {
                lab.down(now, *n);
                holds.retain(|(vantage, _), _| vantage != n);
            }
            Step::Gap(n) => {
                lab.gap(now, *n);
                for (_, hold) in holds.iter_mut().filter(|((vantage, _), _)| vantage == n) {
                    hold.stale_since = hold.stale_since.or(Some(now));
                }
            }
            Step::EndOfRib(n) => {
                lab.end_of_rib(now, *n);
                holds.retain(|(vantage, _), hold| vantage != n || hold.stale_since.is_none());
            }
            Step::Wait(seconds) => {
                for second in 0..*seconds {
                    if ticks && second % 97 == 0 {
                        lab.tick(now + second);
                    }
                }
                now += seconds;
            }
        }
        forget(&mut holds, now);
    }
    lab.tick(now + 1);
    forget(&mut holds, now + 1);
    holds
}

/// What has been stale for too long is not believed any more.
fn forget(holds: &mut BTreeMap<(u32, usize), Hold>, now: i64) {
    let long = i64::try_from(FORGET_AFTER.as_secs()).unwrap();
    holds.retain(|_, hold| hold.stale_since.is_none_or(|since| since + long > now));
}

proptest! {
    // A restart writes and reads the whole engine after each step.
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_restart_at_any_moment_changes_nothing(steps in prop::collection::vec(step(), 1..60)) {
        let (mut whole, mut broken) = (Lab::new(), Lab::new());
        for (index, step) in steps.iter().enumerate() {
            let from = i64::try_from(index).unwrap() * 3000;
            run_from(&mut whole, from, std::slice::from_ref(step), false);
            run_from(&mut broken, from, std::slice::from_ref(step), false);
            broken.restart();
        }
        prop_assert_eq!(&whole.notices, &broken.notices);
        prop_assert_eq!(whole.incidents.view().summaries(), broken.incidents.view().summaries());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spread_is_what_counting_the_current_routes_gives(steps in prop::collection::vec(step(), 1..60)) {
        let mut lab = Lab::new();
        let holds = run(&mut lab, &steps, false);
        let holding: BTreeSet<u32> = holds.iter().filter(|(_, hold)| hold.bad).map(|((n, _), _)| *n).collect();
        let certain = holds.values().any(|hold| hold.bad && hold.stale_since.is_none());
        let mut summaries = lab.incidents.view().summaries();
        summaries.retain(|summary| summary.kind != IncidentKind::VisibilityLoss);
        prop_assert!(summaries.len() <= 1);
        match summaries.first() {
            Some(summary) => {
                prop_assert_eq!(summary.holding, holding.len());
                let state = summary.state;
                match state {
                    State::Suspected => prop_assert!(!holding.is_empty()),
                    State::Open => prop_assert!(certain),
                    State::Clearing => prop_assert!(!certain),
                    State::Resolved => {}
                }
            }
            None => prop_assert!(holding.is_empty()),
        }
        // The threshold, from the model: is there a watch that two ASes hold a breach of?
        let enough = [FIRST, SECOND].iter().any(|watched| {
            let bad = holds.iter().filter(|((_, p), hold)| hold.bad && prefix(watched).covers(&prefix(PREFIXES[*p])));
            bad.map(|((n, _), _)| n % 1000).collect::<BTreeSet<_>>().len() >= 2
        });
        if enough && certain {
            prop_assert_eq!(summaries[0].state, State::Open);
        }
    }

    #[test]
    fn being_asked_for_the_time_more_often_changes_nothing(steps in prop::collection::vec(step(), 1..60)) {
        let (mut seldom, mut often) = (Lab::new(), Lab::new());
        run(&mut seldom, &steps, false);
        run(&mut often, &steps, true);
        prop_assert_eq!(&seldom.notices, &often.notices);
    }

    #[test]
    fn notices_of_an_incident_are_numbered_and_alternate(steps in prop::collection::vec(step(), 1..120)) {
        let mut lab = Lab::new();
        run(&mut lab, &steps, false);
        let mut open: BTreeMap<String, (u32, bool)> = BTreeMap::new();
        for notice in &lab.notices {
            let (next, is_open) = open.entry(notice.incident.to_string()).or_insert((0, false));
            prop_assert_eq!(notice.sequence, *next);
            *next += 1;
            match notice.reason {
                Reason::Opened => prop_assert!(!*is_open && notice.sequence == 0),
                Reason::Reopened => prop_assert!(!*is_open && notice.sequence > 0),
                Reason::Update | Reason::Resolved => prop_assert!(*is_open),
                Reason::Reminder => prop_assert!(false, "the engine reminds nobody"),
            }
            *is_open = notice.reason != Reason::Resolved;
            prop_assert!(notice.vantage.holding <= notice.vantage.ever);
            prop_assert!(notice.vantage.holding <= notice.vantage.total);
        }
    }
}
