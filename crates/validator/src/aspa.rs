use std::collections::BTreeMap;

use bgp::Asn;

/// The Validated ASPA Payloads of one moment: who may be the provider of whom
/// (draft-ietf-sidrops-aspa-profile).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AspaTable {
    /// Providers sorted, each once.
    providers: BTreeMap<Asn, Vec<Asn>>,
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
        let set = self.providers.entry(customer).or_default();
        set.extend(providers);
        set.sort_unstable();
        set.dedup();
    }

    /// Puts these providers in place of those before, as an RTR announcement does
    /// (draft-ietf-sidrops-8210bis).
    pub fn replace(&mut self, customer: Asn, providers: impl IntoIterator<Item = Asn>) {
        self.providers.remove(&customer);
        self.add(customer, providers);
    }

    /// Takes away what the customer says; false if it said nothing.
    pub fn remove(&mut self, customer: Asn) -> bool {
        self.providers.remove(&customer).is_some()
    }

    /// The providers of this customer, sorted; none if it has no ASPA.
    pub fn providers(&self, customer: Asn) -> Option<&[Asn]> {
        self.providers.get(&customer).map(Vec::as_slice)
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

    /// How many customers have one.
    pub fn len(&self) -> usize {
        self.providers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// Every customer with its providers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Asn, &[Asn])> + '_ {
        self.providers.iter().map(|(customer, providers)| (*customer, providers.as_slice()))
    }
}
