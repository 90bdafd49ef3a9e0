//! Who may send mail for a domain (SPF, RFC 7208), as far as one address and one domain can tell.
//!
//! The crate `mail-auth` evaluates SPF too, but answers with the result alone. Whoever runs `check` needs to know
//! which term of whose record decided, or is wrong, and of which macro only the receiver knows the value.

mod record;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::dns::{Dns, DnsError};
use bgp::Prefix;
pub(super) use record::Qualifier;
use record::{Mechanism, Record, Term};

/// Terms that ask DNS, in one evaluation (RFC 7208 section 4.6.4).
const LOOKUPS: usize = 10;

/// Of these so many may find nothing.
const VOID_LOOKUPS: usize = 2;

/// Addresses looked up for one `mx`.
const EXCHANGERS: usize = 10;

/// What a receiver would make of a mail from this address (RFC 7208 section 2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spf {
    /// There is no record.
    None,
    /// A mechanism matches, or none does; with what decided.
    Decided(Qualifier, String),
    /// The record is wrong: receivers may reject whatever comes from there.
    PermError(String),
    /// DNS gives no answer.
    TempError(String),
    /// It depends on what only the receiver knows: a macro, or the deprecated `ptr`.
    Unknown(String),
}

/// Asks as a receiver would.
pub(super) async fn check(dns: &Dns, domain: &str, address: IpAddr) -> Spf {
    let mut evaluation = Evaluation { dns, address, lookups: 0, voids: 0 };
    match evaluation.host(domain.to_owned()).await {
        Ok(Some((qualifier, by))) => Spf::Decided(qualifier, by),
        Ok(None) => Spf::None,
        Err(end) => end,
    }
}

struct Evaluation<'d> {
    dns: &'d Dns,
    address: IpAddr,
    lookups: usize,
    voids: usize,
}

impl Evaluation<'_> {
    /// `check_host()` of RFC 7208 section 4: nothing where there is no record.
    async fn host(&mut self, domain: String) -> Result<Option<(Qualifier, String)>, Spf> {
        let texts = self.dns.texts(&domain).await.map_err(temporary)?;
        let mut records = texts.iter().filter(|text| Record::is_one(text));
        let Some(text) = records.next() else { return Ok(None) };
        if records.next().is_some() {
            return Err(Spf::PermError(format!("{domain} has several SPF records")));
        }
        let wrong = |term| Spf::PermError(format!("{domain} has '{term}' in its SPF record"));
        let record = Record::parse(text).map_err(wrong)?;
        for term in &record.terms {
            if self.matches(term, &domain).await? {
                return Ok(Some((term.qualifier, format!("by '{}' of {domain}", term.text))));
            }
        }
        let Some(target) = record.redirect else {
            return Ok(Some((Qualifier::Neutral, format!("{domain} does not name it"))));
        };
        let target = literal(&target)?;
        self.count()?;
        let decided = Box::pin(self.host(target.clone())).await?;
        let nothing = || Spf::PermError(format!("{target} has no SPF record to redirect to"));
        decided.map(Some).ok_or_else(nothing)
    }

    async fn matches(&mut self, term: &Term, domain: &str) -> Result<bool, Spf> {
        let of = |target: &Option<String>| match target {
            Some(target) => literal(target),
            None => Ok(domain.to_owned()),
        };
        match &term.mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip(prefix) => Ok(prefix.contains(self.address)),
            Mechanism::Include(target) => {
                let target = literal(target)?;
                self.count()?;
                match Box::pin(self.host(target.clone())).await? {
                    Some((qualifier, _)) => Ok(qualifier == Qualifier::Pass),
                    None => {
                        let found = format!("{target}, which is included, has no SPF record");
                        Err(Spf::PermError(found))
                    }
                }
            }
            Mechanism::A { target, lengths } => {
                let target = of(target)?;
                self.count()?;
                let addresses = self.dns.addresses(&target).await.map_err(temporary)?;
                self.void(addresses.is_empty())?;
                Ok(addresses.iter().any(|host| self.is_near(*host, *lengths)))
            }
            Mechanism::Mx { target, lengths } => {
                let target = of(target)?;
                self.count()?;
                self.exchanger_matches(&target, *lengths).await
            }
            Mechanism::Exists(target) => {
                let target = literal(target)?;
                self.count()?;
                let addresses = self.dns.addresses(&target).await.map_err(temporary)?;
                self.void(addresses.is_empty())?;
                // RFC 7208 section 5.7: any A record, of whatever address family the mail comes.
                Ok(addresses.iter().any(IpAddr::is_ipv4))
            }
            Mechanism::Ptr => Err(Spf::Unknown(format!("'{}' of {domain}", term.text))),
        }
    }

    async fn exchanger_matches(&mut self, of: &str, lengths: (u8, u8)) -> Result<bool, Spf> {
        let exchangers = self.dns.mail_exchangers(of).await.map_err(temporary)?;
        self.void(exchangers.is_empty())?;
        if exchangers.len() > EXCHANGERS {
            return Err(Spf::PermError(format!("{of} has more than {EXCHANGERS} MX")));
        }
        for exchanger in exchangers {
            let hosts = self.dns.addresses(&exchanger).await.map_err(temporary)?;
            if hosts.iter().any(|host| self.is_near(*host, lengths)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_near(&self, host: IpAddr, (v4, v6): (u8, u8)) -> bool {
        let length = if host.is_ipv4() { v4 } else { v6 };
        Prefix::new_relaxed(host, length).is_ok_and(|prefix| prefix.contains(self.address))
    }

    fn count(&mut self) -> Result<(), Spf> {
        self.lookups += 1;
        match self.lookups > LOOKUPS {
            true => Err(Spf::PermError(format!("it takes more than {LOOKUPS} lookups"))),
            false => Ok(()),
        }
    }

    fn void(&mut self, is_void: bool) -> Result<(), Spf> {
        self.voids += usize::from(is_void);
        match self.voids > VOID_LOOKUPS {
            true => {
                Err(Spf::PermError(format!("more than {VOID_LOOKUPS} names of it do not exist")))
            }
            false => Ok(()),
        }
    }
}

/// A name without a macro: what those expand to depends on the mail (RFC 7208 section 7).
fn literal(target: &str) -> Result<String, Spf> {
    match target.contains('%') {
        true => Err(Spf::Unknown(format!("the macro in '{target}'"))),
        false => Ok(target.to_owned()),
    }
}

fn temporary(error: DnsError) -> Spf {
    Spf::TempError(error.to_string())
}
