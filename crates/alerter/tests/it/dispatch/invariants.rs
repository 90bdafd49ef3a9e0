//! What must hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alerter::dispatch::{Action, Digest, DispatchRules, Routing, Step};
use alerter::{Cause, Content, Notification, Receiver, Scope, Window};
use incidents::{IncidentId, Reason, State};
use proptest::prelude::*;
use validator::Severity;

use super::office::{Office, dispatch_rules, id, mailbox, notice, seconds};
use crate::lab::at;

/// What the world does. The engine's part is made to be one that the engine could say.
#[derive(Clone, Debug)]
enum Happening {
    Open(u32, Severity),
    Update(u32),
    Worse(u32),
    End(u32),
    Acknowledge(u32),
    Close(u32),
    Mute(u32, i64),
    Unmute(u32),
    Window(u32, i64),
    Wait(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{Acknowledge, Close, End, Mute, Open, Unmute, Update, Wait, Worse};
    let n = 0..24u32;
    let severity = prop_oneof![
        Just(Severity::Notice),
        Just(Severity::Warning),
        Just(Severity::Critical),
        Just(Severity::Critical)
    ];
    prop_oneof![
        8 => (n.clone(), severity).prop_map(|(n, s)| Open(n, s)),
        4 => n.clone().prop_map(Update),
        1 => n.clone().prop_map(Worse),
        4 => n.clone().prop_map(End),
        1 => n.clone().prop_map(Acknowledge),
        1 => n.clone().prop_map(Close),
        1 => (n.clone(), 60..9000i64).prop_map(|(n, s)| Mute(n, s)),
        1 => n.clone().prop_map(Unmute),
        1 => (n, 60..9000i64).prop_map(|(n, s)| Happening::Window(n, s)),
        3 => (1..5000i64).prop_map(Wait),
    ]
}

/// The world as the engine would see it: which incidents are open, and their next number.
#[derive(Default)]
struct World {
    second: i64,
    known: BTreeMap<u32, (u32, Severity, bool)>,
    /// Critical openings that nobody asked to keep back: by when they must be told.
    owed: Vec<(IncidentId, i64)>,
    /// Incidents that somebody wants nothing of, ever: these are owed to nobody.
    unwanted: BTreeSet<u32>,
}

/// The longest that the storm lets a row wait.
const BOUND: i64 = 2 * 3600;

impl World {
    fn step(&mut self, office: &mut Office, happening: &Happening) {
        self.second += 1;
        let second = self.second;
        match happening {
            Happening::Open(n, severity) => {
                let (sequence, ..) = self.known.get(n).copied().unwrap_or((0, *severity, false));
                if self.is_open(*n) {
                    return;
                }
                let reason = if sequence == 0 { Reason::Opened } else { Reason::Reopened };
                self.known.insert(*n, (sequence + 1, *severity, true));
                if *severity == Severity::Critical && !self.unwanted.contains(n) {
                    self.owed.push((id(*n), second + BOUND));
                }
                office.hear(notice(*n, second, sequence, reason, *severity));
            }
            Happening::Update(n) => self.tell(office, *n, Reason::Update),
            Happening::End(n) => self.tell(office, *n, Reason::Resolved),
            Happening::Worse(n) => {
                let Some((sequence, severity, true)) = self.known.get(n).copied() else { return };
                if severity < Severity::Critical {
                    self.known.insert(*n, (sequence + 1, Severity::Critical, true));
                    office.worse(*n, second, sequence, Severity::Critical);
                }
            }
            Happening::Acknowledge(n) => {
                let done = office.command(second, Action::Acknowledge { incident: id(*n) });
                assert_eq!(done.is_ok(), self.is_open(*n));
            }
            Happening::Close(n) => {
                let done = office.command(second, Action::Close { incident: id(*n) });
                assert_eq!(done.is_ok(), self.is_open(*n));
                self.unwanted.insert(*n);
            }
            Happening::Mute(n, seconds) => {
                let scope = Scope::Asn(bgp::Asn::new(*n));
                office
                    .command(second, Action::Mute { scope, until: at(second + seconds) })
                    .unwrap();
                self.unwanted.insert(*n);
            }
            Happening::Unmute(n) => {
                // Refused where it is not muted.
                let _ =
                    office.command(second, Action::Unmute { scope: Scope::Asn(bgp::Asn::new(*n)) });
            }
            Happening::Window(n, seconds) => {
                let mut window = Window::new(format!("w{n}"), at(second), at(second + seconds));
                window.asns = vec![bgp::Asn::new(*n)];
                office.command(second, Action::MaintenanceAdd { window }).unwrap();
            }
            Happening::Wait(seconds) => {
                self.second += seconds;
                office.wait(self.second);
            }
        }
    }

    fn is_open(&self, n: u32) -> bool {
        self.known.get(&n).is_some_and(|(.., open)| *open)
    }

    fn tell(&mut self, office: &mut Office, n: u32, reason: Reason) {
        let Some((sequence, severity, true)) = self.known.get(&n).copied() else { return };
        self.known.insert(n, (sequence + 1, severity, reason != Reason::Resolved));
        office.hear(notice(n, self.second, sequence, reason, severity));
    }
}

fn hook() -> Receiver {
    Receiver { channel: "webhook".into(), address: "pager".into() }
}

fn all_rules() -> DispatchRules {
    DispatchRules {
        routing: Routing::to_all(vec![mailbox("noc"), hook()]),
        programs: ["webhook".into()].into(),
        notification_limit: Some(8),
        escalation: vec![Step { after: Duration::from_secs(900), to: vec![mailbox("night")] }],
        remind_every: Some(Duration::from_secs(7200)),
        digest: Some(Digest { at: jiff::civil::time(8, 0, 0, 0), to: vec![mailbox("noc")] }),
        ..dispatch_rules()
    }
}

fn play(happenings: &[Happening], restarts: bool) -> (World, Office) {
    let (mut world, mut office) = (World::default(), Office::new(all_rules()));
    for happening in happenings {
        world.step(&mut office, happening);
        if restarts {
            office.restart();
        }
    }
    (world, office)
}

/// When each receiver was told of an incident, and whether that it is over.
fn tellings<'a>(
    notifications: &'a [Notification],
    to: &'a Receiver,
) -> impl Iterator<Item = (i64, IncidentId, bool)> + 'a {
    notifications.iter().filter(|notification| notification.to.contains(to)).flat_map(
        |notification| {
            let at = seconds(notification.at);
            match &notification.content {
                Content::Notice(n) => vec![(at, n.incident.clone(), n.reason == Reason::Resolved)],
                // It tells how everything stands, also what is muted.
                Content::Summary(summary) if matches!(summary.cause, Cause::Daily) => vec![],
                Content::Summary(summary) => summary
                    .rows
                    .iter()
                    .map(|row| (at, row.incident.clone(), row.state == State::Resolved))
                    .collect(),
            }
        },
    )
}

proptest! {
    // A restart writes and reads the whole dispatcher after each step.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_restart_at_any_moment_changes_no_notification(steps in prop::collection::vec(happening(), 1..60)) {
        let (whole, broken) = (play(&steps, false).1, play(&steps, true).1);
        prop_assert_eq!(whole.course(), broken.course());
        prop_assert_eq!(whole.notifications, broken.notifications);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn nothing_is_told_twice(steps in prop::collection::vec(happening(), 1..120)) {
        let (_, mut office) = play(&steps, false);
        office.wait(100_000);
        let mut seen = BTreeSet::new();
        for notification in &office.notifications {
            prop_assert!(!notification.to.is_empty());
            for to in &notification.to {
                let message_id = notification.content.message_id().to_owned();
                prop_assert!(seen.insert((to.clone(), message_id.clone())), "{message_id} twice to {to}");
            }
        }
        // A notice of the engine has one Message-ID wherever it goes.
        for notification in &office.notifications {
            if let Content::Notice(notice) = &notification.content
                && notice.reason != Reason::Reminder
            {
                prop_assert_eq!(&notice.message_id, &notice.incident.message_id(notice.sequence));
            }
        }
    }

    #[test]
    fn what_is_critical_is_told_in_time(steps in prop::collection::vec(happening(), 1..120)) {
        let (world, mut office) = play(&steps, false);
        office.wait(world.second + 2 * BOUND);
        for (incident, due) in &world.owed {
            let told = tellings(&office.notifications, &mailbox("noc"))
                .any(|(at, told, _)| told == *incident && at <= *due);
            prop_assert!(told, "{incident} by {due}\n{}", office.course());
        }
    }

    #[test]
    fn whoever_was_told_that_it_opened_is_told_that_it_is_over(
        steps in prop::collection::vec(happening(), 1..120),
    ) {
        let (mut world, mut office) = play(&steps, false);
        for n in 0..24 {
            world.step(&mut office, &Happening::End(n));
        }
        office.wait(world.second + 100_000);
        for to in [mailbox("noc"), hook()] {
            let mut ends = BTreeMap::new();
            for (_, incident, over) in tellings(&office.notifications, &to) {
                ends.insert(incident, over);
            }
            for (incident, over) in ends {
                prop_assert!(over, "{incident} to {to}\n{}", office.course());
            }
        }
        prop_assert_eq!(office.dispatcher.held(), 0);
    }

    #[test]
    fn nobody_gets_more_than_the_ceiling_but_for_what_cannot_wait(
        steps in prop::collection::vec(happening(), 1..120),
    ) {
        let (_, office) = play(&steps, false);
        let can_wait = |notification: &&Notification| match &notification.content {
            Content::Notice(n) => notification.to.contains(&mailbox("noc")) && n.severity < Severity::Critical,
            Content::Summary(_) => false,
        };
        let times: Vec<i64> = office.notifications.iter().filter(can_wait).map(|l| seconds(l.at)).collect();
        for nine in times.windows(9) {
            prop_assert!(nine[8] - nine[0] >= 3600, "{nine:?}");
        }
    }
}
