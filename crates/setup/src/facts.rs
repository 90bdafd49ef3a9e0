//! What is known of the operator's ASes.

use std::collections::BTreeSet;

use bgp::{Asn, Prefix};
use validator::RpkiSnapshot;

use crate::route_objects::RouteObject;
use crate::survey::Survey;

/// All that is known of the operator's ASes. What nobody was asked about is empty.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The operator's ASes.
    pub asns: Vec<Asn>,
    /// What RPKI says.
    pub snapshot: RpkiSnapshot,
    /// What tables show; none where none was read.
    pub survey: Option<Survey>,
    /// What RIPEstat says that our ASes announce; none where it was not asked.
    pub announced: Option<BTreeSet<(Prefix, Asn)>>,
    /// What registries say of our ASes, and of others in our space.
    pub route_objects: Vec<RouteObject>,
}

impl Facts {
    /// What is known to be ours without a table.
    pub fn known_prefixes(&self) -> BTreeSet<Prefix> {
        let vrps = self.snapshot.vrps.iter().filter(|vrp| self.is_own(vrp.asn()));
        let mut known: BTreeSet<Prefix> = vrps.map(|vrp| vrp.prefix()).collect();
        known.extend(self.announced.iter().flatten().map(|(prefix, _)| *prefix));
        let objects = self.route_objects.iter().filter(|object| self.is_own(object.origin));
        known.extend(objects.map(|object| object.prefix));
        known
    }

    pub(crate) fn is_own(&self, asn: Asn) -> bool {
        self.asns.contains(&asn)
    }

    /// Whether anything shows what is announced now, and not only what may be.
    pub(crate) fn shows_announcements(&self) -> bool {
        self.survey.is_some() || self.announced.is_some()
    }
}
