//! What else an AS does to others: whether an offender aims at us or hits everybody.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use bgp::{Asn, Prefix, Timestamp};
use serde::{Deserialize, Serialize};

use crate::pairs;

/// Holders beside us from which on an event is called mass: a customer's typing error hits one
/// or two networks, a leak of a table hits hundreds at once.
pub(crate) const MASS_HOLDERS: usize = 10;
/// Prefixes counted per AS. A leak of a full table is told as `65536 or more`; at 24 bytes each
/// that is a few MB for the worst offender.
const PREFIXES_PER_AS: usize = 65_536;
/// Prefixes remembered of all ASes together; beyond, those that nobody announced lately are forgotten, and new
/// ones are not counted where that is not enough. The routes that RPKI calls invalid on a normal day number a few
/// tens of thousands.
const PREFIXES_IN_ALL: usize = 1_000_000;
/// Lately, and how long until forgetting is tried again.
const LATELY: Duration = Duration::from_secs(24 * 3600);
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// How long before first sight the offender's other announcements count as the same event: a leak
/// reaches each network at its own time.
const WINDOW_BEFORE: Duration = Duration::from_secs(3600);

/// Whether an offender aims at us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExtentClass {
    /// Nobody else, or a few.
    Targeted,
    /// Many networks at once.
    Mass,
    /// Nobody has told yet what else it announces, or whose that is.
    Unknown,
}

/// What else the offender originated that RPKI says is somebody else's, in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Targeted or mass.
    pub class: ExtentClass,
    /// Other prefixes than those of the incident.
    pub prefixes: usize,
    /// How many ASes these belong to.
    pub origins: usize,
    /// How many such prefixes it had before the window began.
    pub usual: usize,
    /// The count stopped at its bound: there are at least so many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

/// What every AS originates that RPKI says is somebody else's.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct OffenderActivity {
    #[serde(with = "pairs")]
    by_origin: HashMap<Asn, Activity>,
    prefixes: usize,
    /// When what is old was forgotten last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forgot: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Activity {
    /// By a hash of the prefix: when it was first and last announced.
    #[serde(with = "pairs")]
    prefixes: HashMap<u64, (Timestamp, Timestamp), BuildHasherDefault<DefaultHasher>>,
    /// By holder: when something of it was last announced.
    #[serde(with = "pairs")]
    holders: HashMap<Asn, Timestamp>,
    full: bool,
}

impl OffenderActivity {
    /// Counts an announcement of somebody else's prefix.
    pub(crate) fn note(&mut self, at: Timestamp, prefix: Prefix, origin: Asn, holders: &[Asn]) {
        if self.prefixes >= PREFIXES_IN_ALL
            && self.forgot.is_none_or(|forgot| at.since(forgot) >= FORGET_EVERY)
        {
            self.forget(at);
        }
        let activity = self.by_origin.entry(origin).or_default();
        for holder in holders {
            let last = activity.holders.entry(*holder).or_insert(at);
            *last = at.max(*last);
        }
        let key = activity.prefixes.hasher().hash_one(prefix);
        if let Some((_, last)) = activity.prefixes.get_mut(&key) {
            *last = at.max(*last);
        } else if activity.prefixes.len() < PREFIXES_PER_AS && self.prefixes < PREFIXES_IN_ALL {
            activity.prefixes.insert(key, (at, at));
            self.prefixes += 1;
        } else {
            activity.full = true;
        }
    }

    /// Forgets what nobody announced lately.
    fn forget(&mut self, at: Timestamp) {
        for activity in self.by_origin.values_mut() {
            activity.prefixes.retain(|_, (_, last)| at.since(*last) < LATELY);
            activity.holders.retain(|_, last| at.since(*last) < LATELY);
        }
        self.by_origin.retain(|_, activity| !activity.prefixes.is_empty());
        self.prefixes = self.by_origin.values().map(|activity| activity.prefixes.len()).sum();
        self.forgot = Some(at);
    }

    /// What these ASes did to others since `from`; `usual` counts what was there before `before`. `is_told` is
    /// whether it would be known if there were more.
    pub(crate) fn extent(
        &self,
        offenders: &[Asn],
        from: Timestamp,
        before: Timestamp,
        is_told: bool,
    ) -> Extent {
        let mut extent = Extent {
            class: if is_told { ExtentClass::Targeted } else { ExtentClass::Unknown },
            prefixes: 0,
            origins: 0,
            usual: 0,
            at_least: false,
        };
        for activity in offenders.iter().filter_map(|asn| self.by_origin.get(asn)) {
            let times = activity.prefixes.values();
            extent.prefixes += times.clone().filter(|(_, last)| *last >= from).count();
            extent.usual += times.filter(|(first, _)| *first < before).count();
            extent.at_least |= activity.full;
        }
        extent.origins = self.holders(offenders, from);
        if extent.origins >= MASS_HOLDERS {
            extent.class = ExtentClass::Mass;
        }
        extent
    }

    /// Whether that is mass. Asked with every finding until it is, so the prefixes, of which there
    /// may be tens of thousands, are not counted for it.
    pub(crate) fn is_mass(&self, offenders: &[Asn], from: Timestamp) -> bool {
        self.holders(offenders, from) >= MASS_HOLDERS
    }

    /// How many networks these ASes hit since `from`.
    fn holders(&self, offenders: &[Asn], from: Timestamp) -> usize {
        let activities = offenders.iter().filter_map(|asn| self.by_origin.get(asn));
        let hit = |activity: &Activity| activity.holders.values().filter(|l| **l >= from).count();
        activities.map(hit).sum()
    }
}

/// When the window of an event that was first seen at `at` begins.
pub(crate) fn window_start(at: Timestamp) -> Timestamp {
    let before = i64::try_from(WINDOW_BEFORE.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(at.micros().saturating_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn counts_others_in_the_window_and_what_was_usual_before() {
        let mut offender_activity = OffenderActivity::default();
        let prefix = |n: u32| Prefix::from_bits(bgp::Family::Ipv4, u128::from(n) << 104, 24);
        let offender = Asn::new(4761);
        offender_activity.note(at(10), prefix(1), offender, &[Asn::new(1)]);
        offender_activity.note(at(10), prefix(2), offender, &[Asn::new(1)]);
        for n in 100..120 {
            offender_activity.note(at(1000), prefix(n), offender, &[Asn::new(n)]);
            offender_activity.note(at(1001), prefix(n), offender, &[Asn::new(n)]);
        }
        offender_activity.note(at(1000), prefix(1), offender, &[Asn::new(1)]);
        offender_activity.note(at(1000), prefix(3), Asn::new(7), &[Asn::new(8)]);
        assert_eq!(
            offender_activity.extent(&[offender], at(900), at(900), true),
            Extent {
                class: ExtentClass::Mass,
                prefixes: 21,
                origins: 21,
                usual: 2,
                at_least: false
            }
        );
        let targeted = offender_activity.extent(&[Asn::new(7)], at(0), at(0), true);
        assert_eq!((targeted.class, targeted.prefixes), (ExtentClass::Targeted, 1));
        assert_eq!(offender_activity.extent(&[Asn::new(9)], at(0), at(0), true).prefixes, 0);
        let unknown = offender_activity.extent(&[Asn::new(7)], at(0), at(0), false);
        assert_eq!((unknown.class, unknown.prefixes), (ExtentClass::Unknown, 1));
    }

    #[test]
    fn a_full_table_leak_is_counted_up_to_the_bound() {
        let mut offender_activity = OffenderActivity::default();
        for n in 0..70_000u32 {
            let prefix = Prefix::from_bits(bgp::Family::Ipv4, u128::from(n) << 104, 24);
            offender_activity.note(at(1), prefix, Asn::new(4761), &[Asn::new(n % 1000 + 1)]);
        }
        let extent = offender_activity.extent(&[Asn::new(4761)], at(0), at(0), false);
        assert_eq!(extent.class, ExtentClass::Mass);
        assert_eq!((extent.prefixes, extent.origins, extent.at_least), (65_536, 1000, true));
    }

    #[test]
    fn what_is_old_makes_room_for_what_is_new() {
        let mut offender_activity = OffenderActivity::default();
        let prefix = |n: u32| Prefix::from_bits(bgp::Family::Ipv4, u128::from(n) << 104, 24);
        let (old, new) = (Asn::new(1), Asn::new(2));
        offender_activity.note(at(0), prefix(1), old, &[Asn::new(9)]);
        offender_activity.prefixes = PREFIXES_IN_ALL;
        offender_activity.note(at(1000), prefix(2), old, &[Asn::new(9)]);
        assert_eq!(offender_activity.prefixes, 2);
        offender_activity.prefixes = PREFIXES_IN_ALL;
        // It was tried within the hour: what is full stays full.
        offender_activity.note(at(2000), prefix(3), new, &[Asn::new(9)]);
        assert!(offender_activity.extent(&[new], at(0), at(0), true).at_least);
        offender_activity.note(at(86_401), prefix(3), new, &[Asn::new(9)]);
        assert_eq!(offender_activity.prefixes, 2);
        assert_eq!(offender_activity.extent(&[old], at(0), at(0), true).prefixes, 1);
    }
}
