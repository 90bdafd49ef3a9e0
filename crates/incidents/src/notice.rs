use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use bgp::{Asn, Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use validator::{Kind, OriginValidation, Severity};

use crate::story::Story;
use crate::{Country, Extent, FeedSight, News, Party, RpkiSight};

/// The name of an incident: `OW-20140402-AS4761-6f3a`.
///
/// A function of the evidence (the day and second of first sight, the class of trouble, the
/// offender), so that live, replay and a second instance agree on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(String);

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Too few vantage ASes hold the route: shown, never mailed.
    Suspected,
    /// Enough vantage ASes hold or held the route at the same time.
    Open,
    /// Nobody holds the route any more, but it may come back.
    Clearing,
    /// Nobody held the route for long enough.
    Resolved,
}

impl State {
    /// The name as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            State::Suspected => "suspected",
            State::Open => "open",
            State::Clearing => "clearing",
            State::Resolved => "resolved",
        }
    }
}

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
    /// It repeats.
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
    /// Why.
    pub reason: Reason,
    /// Where the incident stands now.
    pub state: State,
    /// The most serious kind in it.
    pub kind: Kind,
    /// The most serious severity since it opened or reopened.
    pub severity: Severity,
    /// When this was decided.
    pub at: Timestamp,
    /// First sight of the whole story.
    pub first_seen: Timestamp,
    /// First sight of this time: later than `first_seen` after it reopened.
    pub since: Timestamp,
    /// Last sight: `at` while somebody holds it, else when the last vantage point let go.
    pub last_seen: Timestamp,
    /// Of what, where it is not about routes: a feed, a router, a trust anchor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What there is to say of it, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// The offenders are ASes of our own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
    /// Who.
    pub offenders: Vec<Party>,
    /// What was announced of what is ours. At most 200; see `prefix_count`.
    pub prefixes: Vec<AffectedPrefix>,
    /// How many prefixes there are.
    pub prefix_count: usize,
    /// How far it went.
    pub vantage: VantageCounts,
    /// Who let it in, the largest share first.
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
    pub changes: Vec<News>,
    /// What our sight was worth.
    pub feeds: Vec<FeedSight>,
    /// The RPKI data behind the verdicts; absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpki: Option<RpkiSight>,
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
    pub kind: Kind,
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
    /// Of those that hold it now (of a resolved incident: that ever held it), as far as known.
    pub by_country: BTreeMap<Country, usize>,
    /// In the operator's own country; absent if the config does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
}

/// How far it went in the operator's own country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The country.
    pub country: Country,
    /// Vantage points there that hold it now (of a resolved incident: that ever held it).
    pub holding: usize,
    /// Vantage points there.
    pub total: usize,
}

/// An AS that stands next to the offender on the observed paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acceptor {
    /// Who.
    #[serde(flatten)]
    pub party: Party,
    /// The share of the vantage points that ever held it through this AS, 0 to 1.
    pub share: f64,
}

/// One of our upstreams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Who.
    #[serde(flatten)]
    pub party: Party,
    /// Whether a vantage point held the offender's route through it.
    pub affected: bool,
}

/// An earlier event by the same offender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its name: the same as the notice's for an earlier time of the same incident.
    pub incident: IncidentId,
    /// What it was.
    pub kind: Kind,
    /// First sight.
    pub first_seen: Timestamp,
    /// Last sight.
    pub last_seen: Timestamp,
    /// How many prefixes of ours.
    pub prefixes: usize,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// More-specifics that would win the traffic back, and whether a VRP allows each.
    pub announce: Vec<MoreSpecific>,
    /// ROAs that are missing.
    pub roas: Vec<Roa>,
}

/// A more-specific to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MoreSpecific {
    /// The prefix.
    pub prefix: Prefix,
    /// Whether a VRP of ours allows it; without, it would be invalid itself.
    pub allowed: bool,
}

/// A ROA to create.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Roa {
    /// The prefix.
    pub prefix: Prefix,
    /// The AS.
    pub asn: Asn,
    /// The max length: no longer than what is announced (RFC 9319).
    pub max_length: u8,
}

/// One vantage point that began to hold the route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When.
    pub at: Timestamp,
    /// Who tells us; empty if the source does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub collector: String,
    /// The vantage point's address.
    pub peer_ip: IpAddr,
    /// The vantage point's AS.
    pub peer_asn: Asn,
    /// Its country, as far as known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// What was announced.
    pub prefix: Prefix,
    /// The AS_PATH as `bgpdump` shows it.
    pub as_path: String,
}

impl IncidentId {
    pub(crate) fn new(first_seen: Timestamp, story: &Story, salt: u32) -> Self {
        let class = story.class.name();
        let mut hash = Fnv::new();
        hash.write(&first_seen.seconds().to_be_bytes());
        hash.write(class.as_bytes());
        story.offenders.iter().for_each(|asn| hash.write(&asn.number().to_be_bytes()));
        hash.write(story.subject.as_bytes());
        hash.write(&salt.to_be_bytes());
        let day = first_seen.to_jiff().strftime("%Y%m%d");
        let who = story.offenders.first().map_or(class.to_owned(), Asn::to_string);
        IncidentId(format!("OW-{day}-{who}-{:04x}", hash.folded()))
    }

    /// The name of what did not happen. It reads as all others do: a reply may be about it.
    pub fn of_drill(at: Timestamp, kind: Kind) -> Self {
        let mut hash = Fnv::new();
        hash.write(&at.seconds().to_be_bytes());
        hash.write(kind.name().as_bytes());
        let day = at.to_jiff().strftime("%Y%m%d");
        IncidentId(format!("OW-{day}-drill-{kind}-{:04x}", hash.folded()))
    }

    /// Reads a name whose letters were folded to lower case, as mail programs do with addresses, and
    /// which may lack the `OW-` in front.
    pub fn from_lower_case(text: &str) -> Option<Self> {
        let text = text.strip_prefix("ow-").unwrap_or(text);
        let (day, rest) = text.split_once('-')?;
        let (who, hash) = rest.rsplit_once('-')?;
        let is_day = day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit());
        let is_hash = hash.len() == 4 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let is_who = who.len() <= 40 && who.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let asn = who.strip_prefix("as").filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let who = asn.map_or(who.to_owned(), |number| format!("AS{number}"));
        (is_day && is_hash && is_who).then(|| IncidentId(format!("OW-{day}-{who}-{hash}")))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Message-ID of a notice of this incident, in angle brackets (RFC 5322 section 3.6.4).
    pub fn message_id(&self, sequence: u32) -> String {
        format!("<{}.{sequence}@originwatch>", self.0)
    }
}

/// FNV-1a, 32 bits: a hash that will be the same in every version of this program, as the names
/// of incidents must be. The standard library's hashers do not promise that.
pub struct Fnv(u32);

impl Fnv {
    /// The hash of nothing.
    pub const fn new() -> Self {
        Fnv(0x811c_9dc5)
    }

    /// Takes these bytes in.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// All 32 bits.
    pub const fn value(&self) -> u32 {
        self.0
    }

    /// Both halves, one over the other.
    pub(crate) const fn folded(&self) -> u32 {
        (self.0 >> 16 ^ self.0) & 0xffff
    }
}

impl Default for Fnv {
    fn default() -> Self {
        Fnv::new()
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Class;

    #[test]
    fn the_name_is_a_function_of_the_evidence() {
        let at: Timestamp = "2014-04-02T18:26:05.7Z".parse().unwrap();
        let whole: Timestamp = "2014-04-02T18:26:05Z".parse().unwrap();
        let story = Story::of(Class::Hijack, [Asn::new(4761)]);
        let other = Story::of(Class::Other(Kind::SuperPrefix), [Asn::new(4761)]);
        let id = IncidentId::new(at, &story, 0);
        // A literal: it must never change, or a restart would rename what is in a mailbox.
        assert_eq!(id.as_str(), "OW-20140402-AS4761-3587");
        assert_eq!(id, IncidentId::new(whole, &story, 0));
        assert_ne!(id, IncidentId::new(whole, &other, 0));
        assert_ne!(id, IncidentId::new(whole, &story, 1));
        let silent = Story::condition(Kind::FeedSilent, "ris-live");
        let silent = IncidentId::new(at, &silent, 0);
        assert!(silent.as_str().starts_with("OW-20140402-feed-silent-"), "{silent}");
        assert_eq!(id.message_id(3), format!("<{id}.3@originwatch>"));
    }
}
