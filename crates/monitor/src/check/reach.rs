//! Whether the trouble that is to be told would also keep the telling back: what a notice needs on its
//! way, and which of it lies inside our own prefixes.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use bgp::{Asn, Prefix};
use validator::{RpkiSnapshot, Vrp, WatchList};

use super::report::Report;
use crate::dns::Dns;

/// One way out, and all that must be reachable for it.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// `mail through smtp://mail.example.net:587`.
    pub(super) name: String,
    pub(super) needs: Vec<Place>,
}

/// What must be reachable: one of its addresses is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `relay mail.example.net`.
    pub(super) name: String,
    /// Empty if nobody knows them, which is told elsewhere.
    pub(super) addresses: Vec<IpAddr>,
}

impl Place {
    /// Whoever resolves names for us.
    pub(super) fn resolver(dns: &Dns) -> Self {
        Place { name: "resolver".to_owned(), addresses: dns.servers().to_vec() }
    }
}

/// Why an address is lost together with our prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// It is in a prefix that we watch.
    Watched(Prefix),
    /// One of our ASes may originate the prefix that it is in.
    Ours(Asn, Vrp),
}

/// Tells what lies inside, and whether a way out remains.
pub(super) fn judge(ways: &[Way], watches: &WatchList, rpki: &RpkiSnapshot) -> Report {
    let mut report = Report::default();
    if ways.is_empty() {
        return report;
    }
    let inside = |address: &IpAddr| inside(*address, watches, rpki);
    let mut told = BTreeSet::new();
    for place in ways.iter().flat_map(|way| &way.needs) {
        for address in &place.addresses {
            if let Some(why) = inside(address)
                && told.insert((place.name.as_str(), address))
            {
                report.note(&place.name, format!("{address} {}", why.told()));
            }
        }
    }
    let is_outside =
        |place: &Place| place.addresses.iter().any(|address| inside(address).is_none());
    let remains = |way: &&Way| way.needs.iter().all(is_outside);
    let is_known = |way: &Way| way.needs.iter().all(|place| !place.addresses.is_empty());
    let remaining: Vec<_> = ways.iter().filter(remains).map(|way| way.name.as_str()).collect();
    match remaining.is_empty() {
        false => {
            let detail = format!("if our prefixes are hijacked: {}", remaining.join(", "));
            report.ok("ways out", detail);
        }
        true if ways.iter().all(is_known) => {
            let detail = "every one needs something inside our own prefixes: a hijack would take \
                          the alarm with it (a failover relay or a channel elsewhere helps)";
            report.fault("ways out", detail);
        }
        true => report.note("ways out", "cannot be judged: names above have no address"),
    }
    report
}

fn inside(address: IpAddr, watches: &WatchList, rpki: &RpkiSnapshot) -> Option<Inside> {
    let address = address.to_canonical();
    // What never leaves this machine no route can take away.
    if address.is_loopback() {
        return None;
    }
    let host = Prefix::new(address, if address.is_ipv4() { 32 } else { 128 }).ok()?;
    if let Some(watch) = watches.covering(host) {
        return Some(Inside::Watched(watch.prefix));
    }
    let mut ours = rpki.vrps.covering(host).filter(|vrp| watches.is_operator(vrp.asn()));
    ours.next().map(|vrp| Inside::Ours(vrp.asn(), vrp))
}

impl Inside {
    fn told(self) -> String {
        match self {
            Inside::Watched(prefix) => format!("lies inside {prefix}, which is watched"),
            Inside::Ours(asn, vrp) => format!("may stand behind {asn}, which is ours (VRP {vrp})"),
        }
    }
}
