use std::collections::BTreeMap;

use bgp::{Asn, Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use validator::{IncidentKind, OriginValidation, Severity};

use crate::{
    ClockStep, Country, Evidence, Extent, FeedState, Flapping, IncidentChange, IncidentId, Party,
    Past, RpkiState, State,
};

/// Why a notice is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// The incident opened.
    Opened,
    /// Something material changed.
    Update,
    /// It is over.
    Resolved,
    /// It began again before it was over for good.
    Reopened,
    /// Nobody has acknowledged it: how it stands now, with the sequence number of the last notice.
    Reminder,
}

impl Reason {
    /// The name as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Opened => "opened",
            Reason::Update => "update",
            Reason::Resolved => "resolved",
            Reason::Reopened => "reopened",
            Reason::Reminder => "reminder",
        }
    }
}

/// One thing worth telling about an incident. Every fact that is told later stands here; nothing is
/// looked up again.
///
/// The facts of the object that webhook, API and `replay --format json` give; who tells them adds
/// a title and what people said. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Of which incident.
    pub incident: IncidentId,
    /// Counted from zero over the whole life of the incident.
    pub sequence: u32,
    /// Counts the updates since the incident opened or reopened, from one; zero of other notices.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub update: u32,
    /// What brought this notice about.
    pub reason: Reason,
    /// Where the incident stands now.
    pub state: State,
    /// The most serious kind in it.
    pub kind: IncidentKind,
    /// The most serious severity since it opened or reopened.
    pub severity: Severity,
    /// When this was decided.
    pub at: Timestamp,
    /// First sight of the whole incident.
    pub first_seen: Timestamp,
    /// First sight of this time: later than `first_seen` after it reopened.
    pub since: Timestamp,
    /// Last sight: `at` while somebody holds it, else when the last vantage point let go.
    pub last_seen: Timestamp,
    /// It was over and came back again and again; absent of what does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Flapping>,
    /// Of what, where it is not about routes: a feed, a router, a trust anchor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What there is to say of it, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// The offenders are ASes of our own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// The ASes at fault; none of a condition.
    pub offenders: Vec<Party>,
    /// What was announced of what is ours. At most 200; see `prefix_count`.
    pub prefixes: Vec<AffectedPrefix>,
    /// How many prefixes there are.
    pub prefix_count: usize,
    /// How far it went.
    pub vantage: VantageCounts,
    /// Our own AS stands next to the offender on a path: the route left through us.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub let_out_by_us: bool,
    /// Who accepted it, the largest share first. Never ourselves, and nobody whom no NOC answers for.
    pub accepted_by: Vec<Acceptor>,
    /// Our upstreams, and whether they took it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub upstreams: Vec<Upstream>,
    /// Targeted or mass.
    pub extent: Extent,
    /// What this offender did before, the latest first.
    pub record: Vec<Past>,
    /// What changed since the last notice; empty unless this is an update.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<IncidentChange>,
    /// The feeds behind it, with the gaps in their data since this occurrence began.
    pub feeds: Vec<FeedState>,
    /// The RPKI data behind the verdicts; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpki: Option<RpkiState>,
    /// The last time that the clock of this machine was set; absent unless that was within a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockStep>,
    /// What to do.
    pub advice: Advice,
    /// Who saw it: the first sights and the last ones.
    pub evidence: Vec<Evidence>,
    /// How many sights there were.
    pub evidence_count: usize,
}

/// One announced prefix and what of ours it touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AffectedPrefix {
    /// The watched prefix; absent outside every watch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watched: Option<Prefix>,
    /// What the config says it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What was announced.
    pub announced: Prefix,
    /// What is wrong.
    pub kind: IncidentKind,
    /// How many vantage points hold it now.
    pub holding: usize,
    /// What RPKI says, and which VRPs say so.
    pub rov: OriginValidation,
}

/// How far it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VantageCounts {
    /// Vantage points that hold it now.
    pub holding: usize,
    /// Their distinct ASes.
    pub holding_ases: usize,
    /// Of those that hold it: how many may not hold it any more, as nobody has told of their route
    /// since a gap in a feed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unconfirmed: usize,
    /// How many held it before a gap, were not heard of again, and are believed no longer.
    #[serde(default, skip_serializing_if = "is_none")]
    pub given_up: usize,
    /// Vantage points that held it at any time since it opened or reopened.
    pub ever: usize,
    /// Vantage points that are up and have said something about our space.
    pub total: usize,
    /// How many see the prefix is not known yet: most of those that hold the route said nothing of our space
    /// before, so there are `total` or more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
    /// Of those that hold it now (of a resolved incident: that ever held it), as far as known.
    pub by_country: BTreeMap<Country, usize>,
    /// In the operator's own country; absent if the config does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
}

/// How far it went in the operator's own country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The operator's country, from the config.
    pub country: Country,
    /// Vantage points there that hold it now (of a resolved incident: that ever held it).
    pub holding: usize,
    /// Vantage points there.
    pub total: usize,
}

/// An AS that stands next to the offender on the observed paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acceptor {
    /// The AS that took the route.
    #[serde(flatten)]
    pub party: Party,
    /// The share of the vantage points that ever held it through this AS, 0 to 1.
    pub share: f64,
}

/// One of our upstreams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// The AS, which the config names.
    #[serde(flatten)]
    pub party: Party,
    /// Whether a vantage point held the offender's route through it.
    pub affected: bool,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// More-specifics that would win the traffic back, and whether a VRP allows each.
    pub announce: Vec<MoreSpecific>,
    /// ROAs that are missing.
    pub roas: Vec<Roa>,
    /// Hijacked prefixes of which nobody accepts a more-specific.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub longest: Vec<Prefix>,
}

/// A more-specific to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MoreSpecific {
    /// The more-specific that would win the traffic back.
    pub prefix: Prefix,
    /// Whether a VRP of ours allows it; without, it would be invalid itself.
    pub allowed: bool,
}

/// A ROA to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Roa {
    /// The prefix that no VRP covers.
    pub prefix: Prefix,
    /// The AS that announces it, or should.
    pub asn: Asn,
    /// The max length: no longer than what is announced (RFC 9319).
    pub max_length: u8,
}

impl Notice {
    /// The last word of the title and the subject: `OPEN`, `UPDATE 01`, `RESOLVED`, `REOPENED`.
    pub fn status(&self) -> String {
        match self.reason {
            Reason::Opened => "OPEN".to_owned(),
            Reason::Update => format!("UPDATE {:02}", self.update),
            Reason::Resolved => "RESOLVED".to_owned(),
            Reason::Reopened => "REOPENED".to_owned(),
            Reason::Reminder => "REMINDER".to_owned(),
        }
    }

    /// The Message-ID of the first notice of the incident: the root of its thread.
    pub fn thread_id(&self) -> String {
        self.incident.message_id(0)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}
