use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::Time;

use super::routing::Routing;
use crate::channel_name::ChannelName;
use crate::notice::Operator;
use crate::receiver::Receiver;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Who is told what, and when not.
///
/// By default everything goes to all receivers at once, but for storms and beyond the notification_limit;
/// there are no reminders, no escalation and no digest.
#[derive(Clone, Debug)]
pub struct DispatchRules {
    /// Whose incidents these are; whose time zone titles, hours and the digest have.
    pub operator: Operator,
    /// Who is told of which incidents.
    pub routing: Routing,
    /// When many incidents become one notification; none: never.
    pub storm: Option<Storm>,
    /// Notifications an hour to one receiver, beyond which what is not critical waits for a digest; none:
    /// no limit.
    pub notification_limit: Option<u32>,
    /// Who is told of a critical incident that nobody has acknowledged, in the order of `after`.
    pub escalation: Vec<Step>,
    /// How often it is said again that an open incident is not acknowledged; none: never.
    pub remind_every: Option<Duration>,
    /// The notification that comes every day; none: there is none.
    pub digest: Option<Digest>,
    /// Who is told as well while a receiver lies inside what an open incident is about.
    pub also: Vec<Receiver>,
    /// Channels that programs read. They are given every notice by itself, whatever storm and
    /// notification_limit say, and no summaries: they put the notices together by the incident's id.
    pub programs: BTreeSet<ChannelName>,
    /// How long an incident that is over is remembered, with its annotations and its receivers: as long as
    /// it may reopen.
    pub remember_for: Duration,
}

/// When many incidents become one notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// So many are told one by one; the next within the window makes a storm of them.
    pub incidents: usize,
    /// The window.
    pub within: Duration,
    /// The waits between its notifications, while there is something new; the last one is repeated.
    pub every: Vec<Duration>,
}

/// The next contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// After so long without an acknowledgement.
    pub after: Duration,
    /// Who is told.
    pub to: Vec<Receiver>,
}

/// The notification that comes every day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The time of day, by the operator's clock.
    pub at: Time,
    /// Who gets it.
    pub to: Vec<Receiver>,
}

/// Who reads a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    Programs,
    People,
}

impl DispatchRules {
    /// Everybody who may be told something.
    pub fn receivers(&self) -> BTreeSet<&Receiver> {
        let routes = self.routing.rules.iter().map(|rule| &rule.to);
        let steps = self.escalation.iter().map(|step| &step.to);
        let digest = self.digest.iter().map(|digest| &digest.to);
        let all = [&self.routing.default, &self.also].into_iter().chain(routes).chain(steps);
        all.chain(digest).flatten().collect()
    }

    /// Who reads what goes there.
    pub(super) fn audience(&self, receiver: &Receiver) -> Audience {
        match self.programs.contains(&receiver.channel) {
            true => Audience::Programs,
            false => Audience::People,
        }
    }

    /// The people who are told where no rule is met.
    pub(super) fn default_people(&self) -> Vec<Receiver> {
        let default = self.routing.default.iter();
        default.filter(|to| self.audience(to) == Audience::People).cloned().collect()
    }
}

impl Default for Storm {
    /// What `[storm]` has where the config is silent.
    fn default() -> Self {
        let every = vec![15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR];
        Storm { incidents: 5, within: 10 * MINUTE, every }
    }
}

impl Storm {
    /// How long to wait after so many waits.
    pub(super) fn wait(&self, waits: usize) -> Duration {
        self.every.get(waits).or(self.every.last()).copied().unwrap_or(HOUR)
    }
}

impl Default for DispatchRules {
    fn default() -> Self {
        DispatchRules {
            operator: Operator::default(),
            routing: Routing::default(),
            storm: Some(Storm::default()),
            notification_limit: Some(30),
            escalation: Vec::new(),
            remind_every: None,
            digest: None,
            also: Vec::new(),
            programs: BTreeSet::new(),
            remember_for: 7 * 24 * HOUR,
        }
    }
}
