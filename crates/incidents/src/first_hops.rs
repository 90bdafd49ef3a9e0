//! Who stands next to us on the paths to our prefixes, as far as it was seen. Where the config names no
//! upstreams, this tells a forged origin from a route of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bgp::{Asn, Prefix, Timestamp};
use serde::{Deserialize, Serialize};
use validator::{Held, IncidentKind, Match};

use crate::pairs;

/// What was first seen so long ago is known: a table takes minutes to tell.
const KNOWN_AFTER: Duration = Duration::from_secs(600);
/// First hops that are remembered for one watch, and accepted in all: a network has some hundreds of neighbours at most.
const HOPS: usize = 4096;

/// The ASes next to us, by watched prefix, and when each was first seen there.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FirstHops {
    #[serde(with = "pairs")]
    by_watch: BTreeMap<Prefix, Learned>,
    /// Those that a person said stand next to us, whatever was learned and whatever the config says: of every
    /// watch, since a transit carries all that we announce.
    #[serde(default)]
    accepted: BTreeSet<Asn>,
}

/// What is known of one watch.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Learned {
    /// When a route to the watched prefix itself was first seen: without any, nobody knows who usually stands there.
    exact_since: Option<Timestamp>,
    /// When each AS was first seen next to us.
    hops: BTreeMap<Asn, Timestamp>,
}

/// An AS that stands next to us on the paths to a watched prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FirstHop {
    /// Which.
    pub asn: Asn,
    /// When it was first seen there; none of one that was only accepted.
    pub since: Option<Timestamp>,
    /// Whether a person said that it belongs there.
    pub accepted: bool,
}

impl FirstHops {
    /// Judges the first hop of a route that keeps to the rules, or is only longer than it should be: a more-specific
    /// behind an AS that never stood there is no route of ours as far as anybody knows. What is no news is learned.
    /// `heard` is when the vantage point was first heard: what it tells in its first table is no
    /// news.
    pub(crate) fn judge(
        &mut self,
        prefix: Prefix,
        held: &mut Held,
        at: Timestamp,
        heard: Timestamp,
    ) {
        for one in &mut held.matches {
            if self.is_accepted(one) {
                (one.kind, one.culprit, one.grave) = (None, None, false);
                continue;
            }
            let Some((watched, hop)) = unjudged(one) else { continue };
            if prefix != watched && heard + KNOWN_AFTER <= at && self.is_new(watched, hop, at) {
                (one.kind, one.culprit) = (Some(IncidentKind::FirstHop), Some(hop));
            } else {
                self.learn(watched, hop, at, prefix == watched);
            }
        }
    }

    /// A person says that this AS stands next to us.
    pub(crate) fn accept(&mut self, hop: Asn) {
        if self.accepted.len() < HOPS {
            self.accepted.insert(hop);
        }
    }

    /// Who stands next to us on the paths to this watched prefix, as far as it is known.
    pub(crate) fn of(&self, watched: Prefix) -> Vec<FirstHop> {
        let hops = self.by_watch.get(&watched).map(|learned| &learned.hops);
        let seen = hops.into_iter().flat_map(BTreeMap::keys);
        let asns: BTreeSet<&Asn> = seen.chain(&self.accepted).collect();
        let hop = |asn: &Asn| FirstHop {
            asn: *asn,
            since: hops.and_then(|hops| hops.get(asn)).copied(),
            accepted: self.accepted.contains(asn),
        };
        asns.into_iter().map(hop).collect()
    }

    /// Whether a person said of who stands there, which the rules call a stranger, that it belongs there.
    fn is_accepted(&self, one: &Match) -> bool {
        one.kind == Some(IncidentKind::FirstHop)
            && one.culprit.is_some_and(|hop| self.accepted.contains(&hop))
    }

    /// Whether it is known who stands there, and this one does not.
    fn is_new(&self, watched: Prefix, hop: Asn, at: Timestamp) -> bool {
        let Some(learned) = self.by_watch.get(&watched) else { return false };
        let is_known = |since: &Timestamp| *since + KNOWN_AFTER <= at;
        let has_baseline = learned.exact_since.as_ref().is_some_and(is_known);
        let is_known = learned.hops.get(&hop).is_some_and(is_known);
        has_baseline && !is_known && !self.accepted.contains(&hop)
    }

    fn learn(&mut self, watched: Prefix, hop: Asn, at: Timestamp, is_exact: bool) {
        let Learned { exact_since, hops, .. } = self.by_watch.entry(watched).or_default();
        if is_exact {
            *exact_since = Some(exact_since.unwrap_or(at).min(at));
        }
        if hops.len() < HOPS || hops.contains_key(&hop) {
            let since = hops.entry(hop).or_insert(at);
            *since = at.min(*since);
        }
    }
}

/// The watch and the first hop of a route of ours whose first hop no rule has judged.
fn unjudged(one: &Match) -> Option<(Prefix, Asn)> {
    let keeps_to_the_rules = match one.kind {
        None => true,
        Some(kind) => kind == IncidentKind::NewMoreSpecific,
    };
    let watched = one.watch.as_ref().map(|watch| watch.prefix)?;
    one.first_hop.filter(|_| keeps_to_the_rules).map(|hop| (watched, hop))
}
