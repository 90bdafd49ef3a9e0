//! What to do: more-specifics that win the traffic back, ROAs that are missing.

use std::collections::{BTreeMap, BTreeSet};

use bgp::{Asn, Family, Prefix};
use validator::{IncidentKind, OriginValidation, Origins, Vrp};

use crate::group_key::PartKey;
use crate::incident::Part;
use crate::notice::{Advice, MoreSpecific, Roa};

/// What most networks filter beyond: a longer announcement does not travel.
const fn longest_routed(family: Family) -> u8 {
    match family {
        Family::Ipv4 => 24,
        Family::Ipv6 => 48,
    }
}

/// Advises on every part: what wins traffic back from a hijacker, which ROA is missing.
pub(crate) fn advice(
    parts: &BTreeMap<PartKey, Part>,
    offenders: &[Asn],
    own_asns: &[Asn],
) -> Advice {
    let mut announce = BTreeSet::new();
    let mut roas = BTreeSet::new();
    for (key, part) in parts {
        let Some(watch) = &part.watch else { continue };
        let ours = match &watch.origins {
            Origins::Only(asns) => asns.as_slice(),
            Origins::Any => own_asns,
        };
        let roa = |prefix, max_length| move |asn: &Asn| Roa { prefix, asn: *asn, max_length };
        match part.kind {
            IncidentKind::OriginHijack | IncidentKind::SubPrefixHijack => {
                announce.extend(more_specifics(key.announced, &part.rov, ours));
                if covering(&part.rov).next().is_none() {
                    roas.extend(ours.iter().map(roa(watch.prefix, watch.max_length)));
                }
            }
            IncidentKind::RpkiInvalid => {
                let announcer = ours.iter().filter(|asn| offenders.contains(asn));
                roas.extend(announcer.map(roa(key.announced, key.announced.length())));
            }
            IncidentKind::RpkiUncovered => {
                let announcer = ours.iter().filter(|asn| offenders.contains(asn));
                roas.extend(announcer.map(roa(watch.prefix, watch.max_length)));
            }
            IncidentKind::Squatting
            | IncidentKind::SuperPrefix
            | IncidentKind::NewMoreSpecific
            | IncidentKind::OwnAsNewPrefix
            | IncidentKind::FirstHop
            | IncidentKind::RouteLeak
            | IncidentKind::VisibilityLoss
            | IncidentKind::RoaChange
            | IncidentKind::RoaExpiry
            | IncidentKind::TaMalfunction
            | IncidentKind::RpkiStale
            | IncidentKind::FeedSilent
            | IncidentKind::RouterDown
            | IncidentKind::DeliveryFailing => {}
        }
    }
    let (announce, roas) = (announce.into_iter().collect(), roas.into_iter().collect());
    Advice { announce, roas, longest: longest(parts) }
}

/// What is hijacked and so long that no more-specific would be accepted.
fn longest(parts: &BTreeMap<PartKey, Part>) -> Vec<Prefix> {
    let is_hijack =
        |kind| matches!(kind, IncidentKind::OriginHijack | IncidentKind::SubPrefixHijack);
    let longest = |prefix: &Prefix| prefix.length() >= longest_routed(prefix.family());
    let hijacked = parts.iter().filter(|(_, part)| part.watch.is_some() && is_hijack(part.kind));
    let prefixes: BTreeSet<Prefix> =
        hijacked.map(|(key, _)| key.announced).filter(longest).collect();
    prefixes.into_iter().collect()
}

/// The halves of what was announced; none where nobody would accept them.
fn more_specifics(announced: Prefix, rov: &OriginValidation, ours: &[Asn]) -> Vec<MoreSpecific> {
    let travels = announced.length() < longest_routed(announced.family());
    let halves = announced.halves().filter(|_| travels);
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
