use std::collections::BTreeMap;
use std::time::Duration;

use bgp::{Asn, Timestamp};
use validator::VrpTable;

use crate::offender_activity::MASS_HOLDERS;
use serde::{Deserialize, Serialize};

/// The data sources: the feeds and the RPKI data behind a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The feeds, in the order of the config.
    pub feeds: Vec<FeedState>,
    /// The RPKI data; none if there is none, and then every route is `not-found`.
    pub rpki: Option<RpkiState>,
    /// Whether they tell what an offender announces of others.
    pub others: OthersTold,
    /// The last time that somebody set the clock of this machine, if that was not long ago.
    pub clock: Option<ClockStep>,
}

/// Whether the data sources tell what an offender announces of other networks' space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OthersTold {
    /// No: the RPKI data do not say whose it is.
    #[default]
    No,
    /// When it is asked for, which is done from the first sight of an offender on: who was asked for, and since when
    /// what they announce is told.
    WhenAsked(BTreeMap<Asn, Timestamp>),
    /// Yes, all the time.
    Yes,
}

impl OthersTold {
    /// Of these VRPs, and of feeds of which some tell all that they see (`tells_all`) or none does, but what ASes
    /// announce that they were asked for, since then (`asked`).
    pub fn of(vrps: &VrpTable, tells_all: bool, asked: BTreeMap<Asn, Timestamp>) -> Self {
        // With fewer networks in it nothing could be called mass.
        match (vrps.has_asns(MASS_HOLDERS + 1), tells_all) {
            (false, _) => OthersTold::No,
            (true, false) => OthersTold::WhenAsked(asked),
            (true, true) => OthersTold::Yes,
        }
    }

    /// Whether it is known of these ASes at a time.
    pub(crate) fn by(&self, at: Timestamp, offenders: &[Asn]) -> bool {
        // What hits hundreds of networks says so within seconds.
        const TOLD_AFTER: Duration = Duration::from_secs(3);
        match self {
            OthersTold::No => false,
            OthersTold::WhenAsked(asked) => offenders
                .iter()
                .all(|asn| asked.get(asn).is_some_and(|since| *since + TOLD_AFTER <= at)),
            OthersTold::Yes => true,
        }
    }
}

/// One feed, as it stands when a notice is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    /// Its name: of a replay the file or folder, else the type with a number.
    pub name: String,
    /// Its type, as in the config (`ris-live`, `bmp`, `mrt`).
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it brings messages.
    pub up: bool,
    /// The last message; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// When it told nothing and may have missed something, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<FeedGap>,
}

/// A time of which a feed cannot tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedGap {
    /// Of which router; absent where the feed is one connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// When it began.
    pub from: Timestamp,
    /// When it ended; absent while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Somebody set the clock of this machine: times before and after it do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStep {
    /// When, by the clock as it was set.
    pub at: Timestamp,
    /// By how many seconds; below zero if it was set back.
    pub seconds: i64,
}

impl Sources {
    /// The feeds, with the gaps since then alone.
    pub fn feeds_since(&self, since: Timestamp) -> Vec<FeedState> {
        let mut feeds = self.feeds.clone();
        for feed in &mut feeds {
            feed.gaps.retain(|gap| gap.until.is_none_or(|until| until >= since));
        }
        feeds
    }
}

/// The RPKI data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RpkiState {
    /// How many VRPs.
    pub vrps: usize,
    /// When they were made, by their own word; absent if they do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<Timestamp>,
    /// Where they come from.
    pub source: String,
    /// Whether they are older than they should be.
    pub stale: bool,
}
