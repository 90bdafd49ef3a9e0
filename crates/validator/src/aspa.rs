use std::collections::BTreeMap;

use bgp::{Asn, Timestamp};

/// The Validated ASPA Payloads of one moment: who may be the provider of whom
/// (draft-ietf-sidrops-aspa-profile).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AspaTable {
    attestations: BTreeMap<Asn, Attestation>,
}

/// What all the objects of one customer say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Attestation {
    /// Sorted, each once.
    providers: Vec<Asn>,
    /// When the last object that names the provider ends, for each of them.
    ends: Vec<End>,
    /// When the last object of all ends.
    end: End,
}

/// When something ends: the later the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Nothing of it is there yet.
    #[default]
    Before,
    At(Timestamp),
    Never,
}

/// Whether an AS may be the provider of another
/// (draft-ietf-sidrops-aspa-verification, "provider authorization function").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hop {
    /// The customer says so.
    ProviderPlus,
    /// The customer names its providers, and this is none of them.
    NotProviderPlus,
    /// The customer says nothing.
    NoAttestation,
}

impl AspaTable {
    /// Adds providers to what the customer has already: several ASPA objects of one customer are
    /// one set, the union (draft-ietf-sidrops-aspa-verification, section "ASPA Registration").
    pub fn add(&mut self, customer: Asn, providers: impl IntoIterator<Item = Asn>) {
        self.add_until(customer, providers, None);
    }

    /// The same of an object that ends, where its source says when.
    pub fn add_until(
        &mut self,
        customer: Asn,
        providers: impl IntoIterator<Item = Asn>,
        expires: Option<Timestamp>,
    ) {
        let end = expires.map_or(End::Never, End::At);
        let attestation = self.attestations.entry(customer).or_default();
        attestation.end = attestation.end.max(end);
        for provider in providers {
            attestation.add(provider, end);
        }
    }

    /// Puts these providers in place of those before, as an RTR announcement does
    /// (draft-ietf-sidrops-8210bis).
    pub fn replace(&mut self, customer: Asn, providers: impl IntoIterator<Item = Asn>) {
        self.attestations.remove(&customer);
        self.add(customer, providers);
    }

    /// Takes away what the customer says; false if it said nothing.
    pub fn remove(&mut self, customer: Asn) -> bool {
        self.attestations.remove(&customer).is_some()
    }

    /// The providers of this customer, sorted; none if it has no ASPA.
    pub fn providers(&self, customer: Asn) -> Option<&[Asn]> {
        self.attestations.get(&customer).map(|attestation| attestation.providers.as_slice())
    }

    /// Whether `provider` may be a provider of `customer`. An ASPA that names AS 0 alone
    /// authorizes nobody, since AS 0 stands in no path (RFC 7607).
    pub fn hop(&self, customer: Asn, provider: Asn) -> Hop {
        match self.providers(customer) {
            None => Hop::NoAttestation,
            Some(_) if provider == Asn::ZERO => Hop::NotProviderPlus,
            Some(providers) if providers.binary_search(&provider).is_ok() => Hop::ProviderPlus,
            Some(_) => Hop::NotProviderPlus,
        }
    }

    /// Without the objects that have ended by `now`: a customer whose last one has says nothing.
    #[must_use]
    pub fn unexpired(&self, now: Timestamp) -> Self {
        let alive =
            self.attestations.iter().filter(|(_, attestation)| attestation.end.is_after(now));
        let alive = alive.map(|(customer, attestation)| (*customer, attestation.unexpired(now)));
        AspaTable { attestations: alive.collect() }
    }

    /// Of how many customers an object has ended by `now`.
    pub fn expired(&self, now: Timestamp) -> usize {
        self.ends().filter(|end| !end.is_after(now)).count()
    }

    /// When the first object that tells its expiry ends; none if none does.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        match self.ends().min()? {
            End::At(at) => Some(at),
            End::Before | End::Never => None,
        }
    }

    /// How many customers have one.
    pub fn len(&self) -> usize {
        self.attestations.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.attestations.is_empty()
    }

    /// Every customer with its providers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Asn, &[Asn])> + '_ {
        let attestations = self.attestations.iter();
        attestations.map(|(customer, attestation)| (*customer, attestation.providers.as_slice()))
    }

    /// When the first part of what each customer says ends.
    fn ends(&self) -> impl Iterator<Item = End> + '_ {
        let first = |attestation: &Attestation| {
            attestation.ends.iter().copied().chain([attestation.end]).min()
        };
        self.attestations.values().filter_map(first)
    }
}

impl Attestation {
    fn add(&mut self, provider: Asn, end: End) {
        match self.providers.binary_search(&provider) {
            Ok(at) => {
                if let Some(known) = self.ends.get_mut(at) {
                    *known = end.max(*known);
                }
            }
            Err(at) => {
                self.providers.insert(at, provider);
                self.ends.insert(at, end);
            }
        }
    }

    fn unexpired(&self, now: Timestamp) -> Self {
        let both = self.providers.iter().copied().zip(self.ends.iter().copied());
        let (providers, ends) = both.filter(|(_, end)| end.is_after(now)).unzip();
        Attestation { providers, ends, end: self.end }
    }
}

impl End {
    fn is_after(self, now: Timestamp) -> bool {
        self > End::At(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: Asn = Asn::new(64_500);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    /// Each object with its providers and its end.
    fn table(objects: &[(&[u32], Option<i64>)]) -> AspaTable {
        let mut table = AspaTable::default();
        for (providers, expires) in objects {
            table.add_until(CUSTOMER, providers.iter().copied().map(Asn::new), expires.map(at));
        }
        table
    }

    #[test]
    fn an_object_ends_at_its_expiry_and_the_union_of_the_others_stays() {
        let both = table(&[(&[1, 2], Some(10)), (&[2, 3], Some(20))]);
        assert_eq!(both.providers(CUSTOMER).unwrap().len(), 3);
        let left = both.unexpired(at(10));
        assert_eq!(left, table(&[(&[2, 3], Some(20))]));
        assert_eq!((both.expired(at(9)), both.expired(at(10))), (0, 1));
        assert_eq!((both.next_expiry(), left.next_expiry()), (Some(at(10)), Some(at(20))));
        assert_eq!(left.unexpired(at(20)).hop(CUSTOMER, Asn::new(2)), Hop::NoAttestation);
    }

    #[test]
    fn what_tells_no_end_has_none() {
        let table = table(&[(&[1], None), (&[1, 2], Some(10))]);
        assert_eq!(table.unexpired(at(99)).providers(CUSTOMER).unwrap(), [Asn::new(1)]);
        let mut replaced = table.clone();
        replaced.replace(CUSTOMER, [Asn::new(7)]);
        assert_eq!((replaced.next_expiry(), replaced.expired(at(99))), (None, 0));
        assert_eq!(AspaTable::default().next_expiry(), None);
    }

    /// An ASPA that names nobody is one all the same.
    #[test]
    fn an_object_without_providers_attests_until_its_end() {
        let table = table(&[(&[], Some(10))]);
        assert_eq!(table.unexpired(at(9)).hop(CUSTOMER, Asn::new(1)), Hop::NotProviderPlus);
        assert_eq!(table.unexpired(at(10)), AspaTable::default());
    }
}
