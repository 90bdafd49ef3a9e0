use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bgp::Asn;
use validator::Watch;

use crate::Country;

/// What is ours, and when an incident opens, is told again, resolves and reopens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The operator's own ASes.
    pub own_asns: Vec<Asn>,
    /// The operator's country: notices say how many of its vantage points are affected.
    pub country: Option<Country>,
    /// Who may stand next to us on a path: notices say whether they took the offender's route.
    pub upstreams: Vec<Asn>,
    /// How many distinct vantage ASes must hold a route at the same time before an incident opens.
    pub min_vantage_ases: u32,
    /// The same of vantage points whose collector bears this name, where it differs: one router of
    /// our own is to be believed alone.
    pub min_vantage_ases_of: BTreeMap<String, u32>,
    /// How long holders gather before an incident opens, so that its first notice tells of more than its
    /// first messages. Where the spread says enough, or a vantage point that is believed alone, none
    /// gather.
    pub open_after: Duration,
    /// How long nobody must hold the route before an incident is resolved.
    pub resolve_after: Duration,
    /// How long after it was resolved a repeat is the same incident.
    pub reopen_within: Duration,
    /// Updates are at least this far apart, but for what makes an incident worse.
    pub update_every: Duration,
    /// How long a loss of visibility must last before it is told.
    pub visibility_after: Duration,
    /// How many vantage points of public feeds must have had a prefix before a share of them says
    /// anything: those that we know first are those that are restless. Of vantage points that are
    /// believed alone (`min_vantage_ases_of`) one is enough.
    pub visibility_vantage_points: u32,
    /// How long a route that nobody confirms after a gap is believed to be there still.
    pub forget_after: Duration,
}

impl Default for Rules {
    /// What `[incident]` has where the config is silent; no operator.
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Rules {
            own_asns: Vec::new(),
            country: None,
            upstreams: Vec::new(),
            min_vantage_ases: 2,
            min_vantage_ases_of: BTreeMap::new(),
            open_after: Duration::from_secs(5),
            resolve_after: 15 * MINUTE,
            reopen_within: 7 * 24 * 60 * MINUTE,
            update_every: 15 * MINUTE,
            visibility_after: 2 * MINUTE,
            visibility_vantage_points: 10,
            forget_after: 24 * 60 * MINUTE,
        }
    }
}

impl Rules {
    /// Whether vantage points of this collector are believed alone: a router of ours.
    pub(crate) fn is_believed_alone(&self, collector: &str) -> bool {
        self.min_vantage_ases_of.get(collector).is_some_and(|min| *min <= 1)
    }

    /// How many distinct vantage ASes must say so of a watch before a vantage point of this collector is
    /// believed: the word of the watch, else of the feed, else the general one.
    pub(crate) fn threshold(&self, watch: Option<&Watch>, collector: &str) -> u32 {
        let of_watch = watch.and_then(|watch| watch.min_vantage_ases);
        let of_feed = || self.min_vantage_ases_of.get(collector).copied();
        of_watch.or_else(of_feed).unwrap_or(self.min_vantage_ases).max(1)
    }
}

/// Whether enough distinct vantage ASes say so, given which it is enough for by threshold. Who is believed
/// sooner counts for those who are believed later, too.
pub(crate) fn are_enough(by_threshold: &BTreeMap<u32, BTreeSet<Asn>>) -> bool {
    let mut sooner: BTreeSet<Asn> = BTreeSet::new();
    by_threshold.iter().any(|(threshold, ases)| {
        sooner.extend(ases);
        sooner.len() >= *threshold as usize
    })
}
