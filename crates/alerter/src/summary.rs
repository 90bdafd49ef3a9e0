use std::fmt;

use crate::annotations::Annotations;
use crate::dispatch_note::DispatchNote;
use crate::window::{Expected, Window};
use bgp::{Asn, Prefix, Timestamp};
use incidents::{FeedState, Fnv, IncidentId, Notice, Party, Reason, RpkiState, State};
use serde::{Deserialize, Serialize};
use validator::{IncidentKind, Severity};

/// Prefixes that a row names.
const NAMED: usize = 5;
/// Rows that a summary lists: what a person can read, and a mail can carry.
pub(crate) const LISTED_ROWS: usize = 500;

/// The name of a summary, and of its thread: `OW-20140402-storm-6f3a19c0`. A function of the
/// evidence, as that of an incident.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SummaryId(pub(crate) String);

/// Many incidents in one notification. As with a notice, everything that is told of it stands here, and
/// fields are only ever added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its name.
    pub summary: SummaryId,
    /// Counted from zero over the whole thread. Only a storm has more than one.
    pub sequence: u32,
    /// Why many are told in one.
    pub cause: Cause,
    /// When this was decided.
    pub at: Timestamp,
    /// Since when what it tells was gathered: the begin of the storm, the window, the day, or the
    /// first notice that was held back.
    pub since: Timestamp,
    /// Of a storm: every incident in it has ended, and this is the last notification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// The most serious severity in it.
    pub severity: Severity,
    /// The incidents, the most serious first, then by first sight. At most 500; see `row_count`.
    pub rows: Vec<Row>,
    /// How many incidents there are.
    pub row_count: usize,
    /// How many of them are open or clearing.
    pub open_count: usize,
    /// Of a maintenance window: what should have happened, and did not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmet: Vec<Expected>,
    /// What the data sources are worth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<FeedState>,
    /// The RPKI data; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpki: Option<RpkiState>,
    /// What waits to be delivered; only in a daily digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// Why it goes where it goes, where that needs saying.
    #[serde(rename = "remarks", default, skip_serializing_if = "Vec::is_empty")]
    pub dispatch_notes: Vec<DispatchNote>,
    /// The same for every repetition of this notification.
    pub message_id: String,
    /// `LON01 - storm: 500 incidents by AS4761 - 19:26 - 02/04/2014 - OPEN`, in the operator's time
    /// zone.
    pub title: String,
    /// The site.
    pub site: String,
    /// The operator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operator: String,
}

/// Why many incidents are told in one notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// They came together and have this in common.
    Storm(StormKey),
    /// Held back: more than so many notifications an hour to one receiver are too many to read.
    #[serde(rename = "ceiling")]
    NotificationLimit {
        /// The limit.
        per_hour: u32,
    },
    /// Held back in a maintenance window, which is over.
    Maintenance {
        /// The window.
        window: Window,
    },
    /// The day: what is open, what the data sources are worth, and that we live.
    Daily,
    /// Nothing happened: somebody tries out the channels.
    Drill,
}

/// What the incidents of a storm have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StormKey {
    /// The offender.
    Offender(Asn),
    /// The RPKI data: VRPs vanish, change or expire, as when a trust anchor is in trouble.
    Rpki,
    /// The same condition, of many subjects: many routers are down.
    Condition(IncidentKind),
    /// Only the time, and that they opened with this severity.
    Time(Severity),
}

/// What waits to be delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that were given up.
    pub dead: u64,
}

/// One incident in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Which.
    pub incident: IncidentId,
    /// Where it stands.
    pub state: State,
    /// The most serious kind in it.
    pub kind: IncidentKind,
    /// The most serious severity.
    pub severity: Severity,
    /// Why its last notice was given.
    pub reason: Reason,
    /// Of what, where it is not about routes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Who.
    pub offenders: Vec<Party>,
    /// What was announced. At most 5; see `prefix_count`.
    pub prefixes: Vec<Prefix>,
    /// How many prefixes there are.
    pub prefix_count: usize,
    /// First sight of this time.
    pub since: Timestamp,
    /// Last sight.
    pub last_seen: Timestamp,
    /// How many vantage points hold it.
    pub holding: usize,
    /// How many vantage points are up.
    pub total: usize,
    /// Notices that this row stands for, and which are not told otherwise.
    #[serde(default)]
    pub held: u32,
    /// What people have said about it.
    #[serde(rename = "marks", default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl SummaryId {
    /// A name of this cause, about this, that began at `since`.
    pub(crate) fn of(cause: &str, about: &str, since: Timestamp) -> Self {
        let mut hash = Fnv::new();
        hash.write(&since.micros().to_be_bytes());
        hash.write(cause.as_bytes());
        hash.write(about.as_bytes());
        let day = since.to_jiff().strftime("%Y%m%d");
        SummaryId(format!("OW-{day}-{cause}-{:08x}", hash.value()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Message-ID of one of its notifications, in angle brackets.
    pub fn message_id(&self, sequence: u32) -> String {
        format!("<{}.{sequence}@originwatch>", self.0)
    }
}

impl Summary {
    /// The last word of the title: `OPEN`, `UPDATE 01`, `OVER` of a storm; empty of the others.
    pub fn status(&self) -> String {
        match (&self.cause, self.over, self.sequence) {
            (Cause::Storm(_), true, _) => "OVER".to_owned(),
            (Cause::Storm(_), false, 0) => "OPEN".to_owned(),
            (Cause::Storm(_), false, sequence) => format!("UPDATE {sequence:02}"),
            (
                Cause::NotificationLimit { .. }
                | Cause::Maintenance { .. }
                | Cause::Daily
                | Cause::Drill,
                _,
                _,
            ) => String::new(),
        }
    }

    /// The Message-ID of the first notification of the thread.
    pub fn thread_id(&self) -> String {
        self.summary.message_id(0)
    }
}

impl Row {
    /// The incident as its last notice has it.
    pub(crate) fn of(notice: &Notice, annotations: &Annotations, held: u32) -> Self {
        Row {
            incident: notice.incident.clone(),
            state: notice.state,
            kind: notice.kind,
            severity: notice.severity,
            reason: notice.reason,
            subject: notice.subject.clone(),
            offenders: notice.offenders.clone(),
            prefixes: notice.prefixes.iter().take(NAMED).map(|p| p.announced).collect(),
            prefix_count: notice.prefix_count,
            since: notice.since,
            last_seen: notice.last_seen,
            holding: notice.vantage.holding,
            total: notice.vantage.total,
            held,
            annotations: annotations.clone(),
        }
    }

    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open | State::Clearing)
    }
}

impl Cause {
    /// The name of each, as in JSON.
    pub const NAMES: [&'static str; 5] = ["storm", "ceiling", "maintenance", "daily", "drill"];

    /// The name as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Cause::Storm(_) => "storm",
            Cause::NotificationLimit { .. } => "ceiling",
            Cause::Maintenance { .. } => "maintenance",
            Cause::Daily => "daily",
            Cause::Drill => "drill",
        }
    }
}

impl StormKey {
    /// What stands in the name of a storm.
    pub(crate) fn name(&self) -> String {
        match self {
            StormKey::Offender(asn) => asn.to_string(),
            StormKey::Rpki => "rpki".to_owned(),
            StormKey::Condition(kind) => kind.name().to_owned(),
            StormKey::Time(severity) => severity.to_string(),
        }
    }
}

impl fmt::Display for SummaryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StormKey {
    /// `by AS4761`, as in `500 incidents by AS4761`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StormKey::Offender(asn) => write!(f, "by {asn}"),
            StormKey::Rpki => f.write_str("in the RPKI data"),
            StormKey::Condition(kind) => write!(f, "of the kind {kind}"),
            StormKey::Time(severity) => write!(f, "at once, each {severity}"),
        }
    }
}
