use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use bgp::{Asn, Prefix, Timestamp};

use crate::{Announcement, Effect, RpkiSnapshot, Vrp, VrpTable, WatchList, whatif};

/// The VRPs of our prefixes or ASes changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoaChange {
    /// What became of the VRP.
    pub change: VrpChange,
    /// Which of our routes under that prefix have another state now. Where several VRPs changed
    /// at once, it is their joint effect.
    pub effects: Vec<Effect>,
}

/// One difference between two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VrpChange {
    /// It is new.
    Added(Vrp),
    /// It is gone.
    Removed(Vrp),
    /// The same prefix and AS, another max length.
    MaxLength {
        /// The VRP as the older data had it.
        from: Vrp,
        /// The VRP as the newer data have it.
        to: Vrp,
    },
}

/// A VRP of ours that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoaExpiry {
    /// The VRP that will expire.
    pub vrp: Vrp,
    /// When, unless it is renewed.
    pub at: Timestamp,
    /// Which of our routes will then have another state, together with what ends before.
    pub effects: Vec<Effect>,
}

/// A trust anchor of which a large part is gone: broken, or half loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchorLoss {
    /// Its name, as the source writes it.
    pub name: String,
    /// How many VRPs it had.
    pub before: usize,
    /// How many it has.
    pub after: usize,
}

/// Fewer VRPs than this come and go in large parts without anything being wrong.
const SMALL_ANCHOR: usize = 100;

/// What changed in the VRPs that touch a watch or belong to an operator AS, in the order of the
/// VRPs, with its effect on our announcements.
pub fn roa_changes(
    old: &RpkiSnapshot,
    new: &RpkiSnapshot,
    watches: &WatchList,
    announcements: &[Announcement],
) -> Vec<RoaChange> {
    let changes = pair_max_lengths(difference(&old.vrps, &new.vrps, watches));
    if changes.is_empty() {
        return Vec::new();
    }
    let effects = changed(old, new, announcements);
    let told = |change: VrpChange| RoaChange { change, effects: under(&effects, change.prefix()) };
    changes.into_iter().map(told).collect()
}

/// The VRPs of ours that end between now and `until`, the first to end first.
pub fn roa_expiries(
    snapshot: &RpkiSnapshot,
    now: Timestamp,
    until: Timestamp,
    watches: &WatchList,
    announcements: &[Announcement],
) -> Vec<RoaExpiry> {
    let mut ending: Vec<(Timestamp, Vrp)> = Vec::new();
    for (vrp, expires) in snapshot.vrps.iter_expiry() {
        if let Some(at) = expires.filter(|at| now < *at && *at <= until)
            && concerns(watches, &vrp)
        {
            ending.push((at, vrp));
        }
    }
    if ending.is_empty() {
        return Vec::new();
    }
    ending.sort_unstable();
    let effects = changed(snapshot, &snapshot.unexpired(until), announcements);
    let told =
        |(at, vrp): (Timestamp, Vrp)| RoaExpiry { vrp, at, effects: under(&effects, vrp.prefix()) };
    ending.into_iter().map(told).collect()
}

/// The trust anchors that lost at least `percent` of their VRPs, by name. A source that names no
/// trust anchor (RTR) says nothing of them.
pub fn trust_anchor_losses(
    old: &RpkiSnapshot,
    new: &RpkiSnapshot,
    percent: u8,
) -> Vec<TrustAnchorLoss> {
    if new.trust_anchors.is_empty() {
        return Vec::new();
    }
    let mut losses = Vec::new();
    for (name, before) in &old.trust_anchors {
        let after = new.trust_anchors.get(name).copied().unwrap_or(0);
        let lost = before.saturating_sub(after);
        if *before >= SMALL_ANCHOR && lost * 100 >= before * usize::from(percent.max(1)) {
            losses.push(TrustAnchorLoss { name: name.clone(), before: *before, after });
        }
    }
    losses
}

impl VrpChange {
    /// Of what prefix.
    pub fn prefix(&self) -> Prefix {
        match self {
            VrpChange::Added(vrp) | VrpChange::Removed(vrp) => vrp.prefix(),
            VrpChange::MaxLength { to, .. } => to.prefix(),
        }
    }
}

impl fmt::Display for VrpChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VrpChange::Added(vrp) => write!(f, "added {vrp}"),
            VrpChange::Removed(vrp) => write!(f, "removed {vrp}"),
            VrpChange::MaxLength { from, to } => {
                write!(f, "changed {from} to max length {}", to.max_length())
            }
        }
    }
}

/// Whether a VRP says something about our space, or lets one of our ASes announce something.
fn concerns(watches: &WatchList, vrp: &Vrp) -> bool {
    // A VRP of the default route covers all that nothing else covers, unlike such a route.
    watches.touches(vrp.prefix()) || watches.is_operator(vrp.asn()) || vrp.prefix().length() == 0
}

fn changed(old: &RpkiSnapshot, new: &RpkiSnapshot, announcements: &[Announcement]) -> Vec<Effect> {
    let mut effects = whatif(old, new, announcements.iter().copied());
    effects.retain(Effect::changed);
    effects
}

fn under(effects: &[Effect], prefix: Prefix) -> Vec<Effect> {
    let covered = |effect: &&Effect| prefix.covers(&effect.announcement.prefix);
    effects.iter().filter(covered).cloned().collect()
}

/// Both tables are sorted: one walk along both.
fn difference(old: &VrpTable, new: &VrpTable, watches: &WatchList) -> Vec<VrpChange> {
    let mut changes = Vec::new();
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return changes,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.cmp(new),
        };
        let (gone, come) = match order {
            Ordering::Less => (old.next(), None),
            Ordering::Greater => (None, new.next()),
            Ordering::Equal => {
                old.next();
                new.next();
                continue;
            }
        };
        let gone = gone.map(VrpChange::Removed);
        let change = gone.or(come.map(VrpChange::Added));
        changes.extend(change.filter(|change| concerns(watches, change.vrp())));
    }
}

impl VrpChange {
    fn vrp(&self) -> &Vrp {
        match self {
            VrpChange::Added(vrp) | VrpChange::Removed(vrp) => vrp,
            VrpChange::MaxLength { to, .. } => to,
        }
    }
}

/// Tells one gone and one come of the same prefix and AS as one change.
fn pair_max_lengths(changes: Vec<VrpChange>) -> Vec<VrpChange> {
    let mut by_name: BTreeMap<(Prefix, Asn), (Vec<Vrp>, Vec<Vrp>)> = BTreeMap::new();
    for change in changes {
        let vrp = *change.vrp();
        let (gone, come) = by_name.entry((vrp.prefix(), vrp.asn())).or_default();
        match change {
            VrpChange::Removed(_) => gone.push(vrp),
            VrpChange::Added(_) | VrpChange::MaxLength { .. } => come.push(vrp),
        }
    }
    let mut told = Vec::new();
    for (gone, come) in by_name.into_values() {
        let pairs = gone.len().min(come.len());
        let both = gone.iter().zip(&come);
        told.extend(both.map(|(from, to)| VrpChange::MaxLength { from: *from, to: *to }));
        told.extend(gone.into_iter().skip(pairs).map(VrpChange::Removed));
        told.extend(come.into_iter().skip(pairs).map(VrpChange::Added));
    }
    told
}

#[cfg(test)]
mod tests;
