//! What to do: more-specifics that win the traffic back, ROAs that are missing.

use std::collections::{BTreeMap, BTreeSet};

use bgp::{Asn, Prefix};
use validator::{OriginValidation, Origins, Remedy, Vrp};

use crate::group_key::PartKey;
use crate::notice::{Advice, MoreSpecific, Roa};
use crate::occurrence::Part;

/// Whether nobody would accept anything more specific.
fn is_longest(prefix: Prefix) -> bool {
    prefix.length() >= prefix.family().longest_routed()
}

/// Advises on every part: what wins traffic back from a hijacker, which ROA is missing.
pub(crate) fn advice(
    parts: &BTreeMap<PartKey, Part>,
    offenders: &[Asn],
    own_asns: &[Asn],
) -> Advice {
    let mut announce = BTreeSet::new();
    let mut roas = BTreeSet::new();
    // What is hijacked and so long that no more-specific would be accepted.
    let mut longest: BTreeSet<Prefix> = BTreeSet::new();
    for (key, part) in parts {
        let Some(watch) = &part.watch else { continue };
        let ours = match &watch.origins {
            Origins::Only(asns) => asns.as_slice(),
            Origins::Any => own_asns,
        };
        let roa = |prefix, max_length| move |asn: &Asn| Roa { prefix, asn: *asn, max_length };
        let announcers = || ours.iter().filter(|asn| offenders.contains(asn));
        match part.kind.spec().remedy {
            Remedy::WinBack => {
                announce.extend(more_specifics(key.announced, &part.rov, ours));
                longest.extend(is_longest(key.announced).then_some(key.announced));
                if covering(&part.rov).next().is_none() {
                    roas.extend(ours.iter().map(roa(watch.prefix, watch.max_length)));
                }
            }
            Remedy::RoaOfAnnounced => {
                roas.extend(announcers().map(roa(key.announced, key.announced.length())));
            }
            Remedy::RoaOfWatch => {
                roas.extend(announcers().map(roa(watch.prefix, watch.max_length)));
            }
            Remedy::Nothing => {}
        }
    }
    Advice {
        announce: announce.into_iter().collect(),
        roas: roas.into_iter().collect(),
        longest: longest.into_iter().collect(),
    }
}

/// The halves of what was announced; none where nobody would accept them.
fn more_specifics(announced: Prefix, rov: &OriginValidation, ours: &[Asn]) -> Vec<MoreSpecific> {
    let halves = announced.halves().filter(|_| !is_longest(announced));
    let allowed = |prefix: Prefix| {
        let by = |vrp: &Vrp| ours.contains(&vrp.asn()) && prefix.length() <= vrp.max_length();
        covering(rov).any(by)
    };
    let more_specific = |prefix| MoreSpecific { prefix, allowed: allowed(prefix) };
    halves.into_iter().flatten().map(more_specific).collect()
}

fn covering(rov: &OriginValidation) -> impl Iterator<Item = &Vrp> {
    rov.matched.iter().chain(&rov.unmatched_as).chain(&rov.unmatched_length)
}
