//! What the RPKI data says of our ROAs from one snapshot to the next, as conditions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bgp::Timestamp;
use rpki_sources::Rpki;
use validator::{
    Condition, Effect, IncidentKind, RpkiSnapshot, WatchList, roa_changes, roa_expiries,
    trust_anchor_losses,
};

use crate::config::Config;
use crate::watches;

/// The share of a trust anchor's VRPs whose loss in one step is a malfunction: BGPalerter's users
/// have found a fifth to be beyond what a registry's own life brings.
const LOSS_PERCENT: u8 = 20;

/// A ROA that is renewed is renewed days before it ends; within two hours nobody has.
const EXPIRES_WITHIN: Duration = Duration::from_secs(2 * 3600);

/// How often the expiries are looked at: every VRP there is, for a warning hours ahead.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What was told and is not over yet.
#[derive(Debug, Default)]
pub(super) struct RoaWatch {
    /// By trust anchor: how many VRPs it had before it collapsed.
    collapsed: BTreeMap<String, usize>,
    /// The trust anchors whose loss a source tells and that is not believed yet.
    held_back: BTreeSet<String>,
    /// What will expire, by its VRP.
    expiring: BTreeSet<String>,
    looked: Option<Timestamp>,
}

impl RoaWatch {
    /// What is new with a new snapshot.
    pub(super) fn changes(
        &mut self,
        old: &RpkiSnapshot,
        new: &RpkiSnapshot,
        watches: &WatchList,
    ) -> Vec<Condition> {
        let mut conditions = Vec::new();
        // The first data that come are no change.
        if !old.vrps.is_empty() {
            let changes = roa_changes(old, new, watches, &watches.announcements());
            let details: Vec<String> =
                changes.iter().map(|c| sentence(&c.change.to_string(), &c.effects)).collect();
            if !details.is_empty() {
                conditions.push(condition(IncidentKind::RoaChange, "ROAs", details, true));
            }
            for loss in trust_anchor_losses(old, new, LOSS_PERCENT) {
                let detail = format!("{} VRPs where there were {}", loss.after, loss.before);
                conditions.push(condition(
                    IncidentKind::TaMalfunction,
                    &loss.name,
                    vec![detail],
                    true,
                ));
                self.collapsed.insert(loss.name, loss.before);
            }
        }
        conditions.extend(self.recovered(new));
        conditions
    }

    /// The trust anchors whose loss a source tells and that is not believed yet, and those that are back. What
    /// is believed in the end is a change like any other, and goes on as the same incident.
    pub(super) fn held_back(&mut self, rpki: &Rpki) -> Vec<Condition> {
        let mut conditions = Vec::new();
        let mut held_back = BTreeSet::new();
        for (source, set) in rpki.held_back() {
            for loss in &set.losses {
                let Some(name) = &loss.trust_anchor else { continue };
                let until = Timestamp::from_seconds(set.until.seconds());
                let detail = format!("{source}: {loss}; the last data stay in force until {until}");
                conditions.push(condition(IncidentKind::TaMalfunction, name, vec![detail], true));
                held_back.insert(name.clone());
            }
        }
        for over in self.held_back.difference(&held_back) {
            if !self.collapsed.contains_key(over) {
                conditions.push(condition(IncidentKind::TaMalfunction, over, vec![], false));
            }
        }
        self.held_back = held_back;
        conditions
    }

    fn recovered(&mut self, new: &RpkiSnapshot) -> Vec<Condition> {
        let is_back = |name: &String, before: &mut usize| {
            let now = new.trust_anchors.get(name).copied().unwrap_or(0);
            now * 100 > *before * usize::from(100 - LOSS_PERCENT)
        };
        let back = self.collapsed.extract_if(.., is_back);
        back.map(|(name, _)| condition(IncidentKind::TaMalfunction, &name, vec![], false)).collect()
    }

    /// What expires soon, and what no longer does: it was renewed, or is gone.
    pub(super) fn expiries(
        &mut self,
        snapshot: &RpkiSnapshot,
        watches: &WatchList,
        now: Timestamp,
    ) -> Vec<Condition> {
        if self.looked.is_some_and(|looked| now.since(looked) < LOOK_EVERY) {
            return Vec::new();
        }
        self.looked = Some(now);
        let soon =
            roa_expiries(snapshot, now, now + EXPIRES_WITHIN, watches, &watches.announcements());
        let mut conditions = Vec::new();
        let mut expiring = BTreeSet::new();
        for expiry in soon {
            let subject = expiry.vrp.to_string();
            let detail = sentence(&format!("expires at {}", expiry.at), &expiry.effects);
            conditions.push(condition(IncidentKind::RoaExpiry, &subject, vec![detail], true));
            expiring.insert(subject);
        }
        for over in self.expiring.difference(&expiring) {
            conditions.push(condition(IncidentKind::RoaExpiry, over, vec![], false));
        }
        self.expiring = expiring;
        conditions
    }
}

/// Whether watches that follow the VRPs have more to follow. A VRP that is gone leaves its watch where
/// it is: that our announcement has lost its cover is what must be told then.
pub(super) fn has_outgrown(config: &Config, watches: &WatchList, snapshot: &RpkiSnapshot) -> bool {
    if !config.watches.is_empty() {
        return false;
    }
    let Ok(derived) = watches::derive(config, snapshot, &mut Vec::new()) else { return false };
    let known: BTreeSet<_> = watches.iter().map(|watch| watch.prefix).collect();
    derived.iter().any(|watch| !known.contains(&watch.prefix))
}

/// `removed 198.18.0.0/21-24 AS64500: 198.18.0.0/21 AS64500 becomes invalid (as)`.
fn sentence(what: &str, effects: &[Effect]) -> String {
    let effects: Vec<String> = effects.iter().map(ToString::to_string).collect();
    let effect = if effects.is_empty() {
        "no route of ours changes its state".to_owned()
    } else {
        effects.join(", ")
    };
    format!("{what}: {effect}")
}

fn condition(kind: IncidentKind, subject: &str, details: Vec<String>, active: bool) -> Condition {
    Condition { kind, subject: subject.to_owned(), details, active }
}

#[cfg(test)]
mod tests {
    use bgp::{Asn, Prefix};
    use rpki_sources::{HeldBack, Loss, SourceState};
    use validator::{Origins, Vrp, VrpTable, Watch};

    use super::*;

    fn prefix() -> Prefix {
        "198.18.0.0/21".parse().unwrap()
    }

    fn watches() -> WatchList {
        let origins = Origins::Only(vec![Asn::new(64500)]);
        WatchList::new([Watch::new(prefix(), origins, 24)], [Asn::new(64500)]).unwrap()
    }

    fn snapshot(asns: &[u32], ripe: usize) -> RpkiSnapshot {
        let vrp = |asn: &u32| Vrp::new(prefix(), 24, Asn::new(*asn)).unwrap();
        let mut snapshot = RpkiSnapshot::of(VrpTable::new(asns.iter().map(vrp)));
        snapshot.trust_anchors = [("ripe".to_owned(), ripe)].into();
        snapshot
    }

    fn told(conditions: &[Condition]) -> Vec<(IncidentKind, &str, bool)> {
        conditions.iter().map(|c| (c.kind, c.subject.as_str(), c.active)).collect()
    }

    #[test]
    fn a_change_is_told_with_its_effect_and_the_first_data_are_none() {
        let mut watch = RoaWatch::default();
        assert!(
            watch.changes(&RpkiSnapshot::default(), &snapshot(&[64500], 0), &watches()).is_empty()
        );
        let changes = watch.changes(&snapshot(&[64500], 0), &snapshot(&[64999], 0), &watches());
        assert_eq!(told(&changes), [(IncidentKind::RoaChange, "ROAs", true)]);
        assert_eq!(
            changes[0].details,
            [
                "removed 198.18.0.0/21-24 AS64500: 198.18.0.0/21 AS64500 becomes invalid (as)",
                "added 198.18.0.0/21-24 AS64999: 198.18.0.0/21 AS64500 becomes invalid (as)",
            ]
        );
    }

    #[test]
    fn a_loss_that_is_held_back_is_told_until_the_trust_anchor_is_back_or_the_loss_is_believed() {
        let says = |losses: &[&str]| {
            let loss = |name: &&str| Loss {
                trust_anchor: Some((*name).to_owned()),
                before: 400,
                after: 1,
            };
            let losses: Vec<_> = losses.iter().map(loss).collect();
            let (since, until) = (Timestamp::default(), Timestamp::from_seconds(1800));
            let held_back = (!losses.is_empty()).then_some(HeldBack { since, until, losses });
            let source = SourceState { name: "cache".to_owned(), held_back, ..Default::default() };
            Rpki { sources: vec![source], ..Rpki::default() }
        };
        let mut watch = RoaWatch::default();
        let held_back = watch.held_back(&says(&["arin", "ripe"]));
        let (arin, ripe) =
            ((IncidentKind::TaMalfunction, "arin"), (IncidentKind::TaMalfunction, "ripe"));
        assert_eq!(told(&held_back), [(arin.0, arin.1, true), (ripe.0, ripe.1, true)]);
        assert_eq!(
            held_back[0].details,
            ["cache: 1 VRPs of arin where there were 400; the last data stay in force until \
              1970-01-01T00:30:00Z"]
        );
        // One is believed in the end, the other is back.
        watch.changes(&snapshot(&[64500], 400), &snapshot(&[64500], 1), &watches());
        assert_eq!(told(&watch.held_back(&says(&[]))), [(arin.0, arin.1, false)]);
        assert_eq!(watch.held_back(&says(&[])), []);
    }

    #[test]
    fn a_collapse_lasts_until_the_trust_anchor_is_back() {
        let mut watch = RoaWatch::default();
        let of = |ripe| snapshot(&[64500], ripe);
        let mut step = |old, new| {
            let changes = watch.changes(&of(old), &of(new), &watches());
            changes.iter().map(|c| (c.kind, c.active)).collect::<Vec<_>>()
        };
        assert_eq!(step(1000, 900), []);
        assert_eq!(step(900, 100), [(IncidentKind::TaMalfunction, true)]);
        assert_eq!(step(100, 120), []);
        assert_eq!(step(120, 890), [(IncidentKind::TaMalfunction, false)]);
        assert_eq!(step(890, 890), []);
    }

    #[test]
    fn an_expiry_is_over_when_the_roa_is_renewed() {
        let at = |seconds| Timestamp::from_seconds(seconds);
        let vrp = Vrp::new(prefix(), 24, Asn::new(64500)).unwrap();
        let until = |end| RpkiSnapshot::of(VrpTable::with_expiry([(vrp, Some(at(end)))]));
        let mut watch = RoaWatch::default();
        assert!(watch.expiries(&until(100_000), &watches(), at(0)).is_empty());
        let soon = watch.expiries(&until(100_000), &watches(), at(95_000));
        assert_eq!(told(&soon), [(IncidentKind::RoaExpiry, "198.18.0.0/21-24 AS64500", true)]);
        let renewed = watch.expiries(&until(900_000), &watches(), at(96_000));
        assert_eq!(told(&renewed), [(IncidentKind::RoaExpiry, "198.18.0.0/21-24 AS64500", false)]);
    }
}
