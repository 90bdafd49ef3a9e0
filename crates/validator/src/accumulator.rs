use std::collections::HashSet;

use bgp::Asn;

use crate::{AspaTable, RpkiSnapshot, Vrp, VrpTable};

/// The state of an RTR session (RFC 8210): what has been announced and not withdrawn, out of which
/// a snapshot is built when the cache says that its data is complete.
#[derive(Clone, Debug, Default)]
pub struct Accumulator {
    vrps: HashSet<Vrp>,
    aspas: AspaTable,
    router_keys: usize,
}

/// What a cache must not send (RFC 8210 section 12); the session is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccumulatorError {
    /// Error code 7.
    #[error("{0} announced twice")]
    Duplicate(Vrp),
    /// Error code 6.
    #[error("{0} withdrawn but never announced")]
    UnknownVrp(Vrp),
    /// Error code 6.
    #[error("ASPA of {0} withdrawn but never announced")]
    UnknownAspa(Asn),
    /// Beyond what this crate will hold.
    #[error("more than {} entries", Accumulator::MAX)]
    TooMany,
}

impl Accumulator {
    /// The most VRPs, and the most ASPAs: five times all VRPs there are, so that a cache gone mad
    /// costs some hundred megabytes and not the machine.
    pub const MAX: usize = 4_000_000;

    /// Adds a VRP.
    pub fn announce(&mut self, vrp: Vrp) -> Result<(), AccumulatorError> {
        if self.vrps.len() >= Self::MAX {
            return Err(AccumulatorError::TooMany);
        }
        if self.vrps.insert(vrp) { Ok(()) } else { Err(AccumulatorError::Duplicate(vrp)) }
    }

    /// Takes a VRP away.
    pub fn withdraw(&mut self, vrp: Vrp) -> Result<(), AccumulatorError> {
        if self.vrps.remove(&vrp) { Ok(()) } else { Err(AccumulatorError::UnknownVrp(vrp)) }
    }

    /// Sets the providers of a customer, in place of those before (draft-ietf-sidrops-8210bis).
    pub fn announce_aspa(
        &mut self,
        customer: Asn,
        providers: impl IntoIterator<Item = Asn>,
    ) -> Result<(), AccumulatorError> {
        if self.aspas.len() >= Self::MAX {
            return Err(AccumulatorError::TooMany);
        }
        self.aspas.replace(customer, providers);
        Ok(())
    }

    /// Takes away what a customer said.
    pub fn withdraw_aspa(&mut self, customer: Asn) -> Result<(), AccumulatorError> {
        let known = self.aspas.remove(customer);
        if known { Ok(()) } else { Err(AccumulatorError::UnknownAspa(customer)) }
    }

    /// Counts a router key.
    pub fn announce_router_key(&mut self) {
        self.router_keys += 1;
    }

    /// Counts one less.
    pub fn withdraw_router_key(&mut self) {
        self.router_keys = self.router_keys.saturating_sub(1);
    }

    /// How many VRPs there are.
    pub fn len(&self) -> usize {
        self.vrps.len()
    }

    /// Whether there is no VRP.
    pub fn is_empty(&self) -> bool {
        self.vrps.is_empty()
    }

    /// The snapshot of what is there now; RTR tells neither trust anchors nor expiry.
    pub fn build(&self) -> RpkiSnapshot {
        RpkiSnapshot {
            vrps: VrpTable::new(self.vrps.iter().copied()),
            aspas: self.aspas.clone(),
            router_keys: self.router_keys,
            ..RpkiSnapshot::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vrp(asn: u32) -> Vrp {
        Vrp::new("192.0.2.0/24".parse().unwrap(), 24, Asn::new(asn)).unwrap()
    }

    #[test]
    fn deltas_lead_to_what_is_left() {
        let mut cache = Accumulator::default();
        let asns = |numbers: &[u32]| numbers.iter().copied().map(Asn::new).collect::<Vec<_>>();
        for asn in [1, 2, 3] {
            cache.announce(vrp(asn)).unwrap();
            cache.announce_aspa(Asn::new(asn), asns(&[8, 9])).unwrap();
        }
        cache.announce_router_key();
        cache.withdraw(vrp(2)).unwrap();
        cache.withdraw_aspa(Asn::new(2)).unwrap();
        // An ASPA is replaced, not united with the one before.
        cache.announce_aspa(Asn::new(3), asns(&[7])).unwrap();
        let mut aspas = AspaTable::default();
        aspas.add(Asn::new(1), asns(&[8, 9]));
        aspas.add(Asn::new(3), asns(&[7]));
        let vrps = VrpTable::new([vrp(1), vrp(3)]);
        let expected = RpkiSnapshot { vrps, aspas, router_keys: 1, ..RpkiSnapshot::default() };
        assert_eq!(cache.build(), expected);
    }

    #[test]
    fn what_a_cache_must_not_send_is_an_error_and_changes_nothing() {
        let mut cache = Accumulator::default();
        cache.announce(vrp(1)).unwrap();
        let errors = [
            cache.announce(vrp(1)).unwrap_err(),
            cache.withdraw(vrp(2)).unwrap_err(),
            cache.withdraw_aspa(Asn::new(1)).unwrap_err(),
        ];
        let expected = [
            AccumulatorError::Duplicate(vrp(1)),
            AccumulatorError::UnknownVrp(vrp(2)),
            AccumulatorError::UnknownAspa(Asn::new(1)),
        ];
        assert_eq!(errors, expected);
        assert_eq!(errors[0].to_string(), "192.0.2.0/24 AS1 announced twice");
        assert_eq!(cache.build(), RpkiSnapshot::of(VrpTable::new([vrp(1)])));
    }
}
