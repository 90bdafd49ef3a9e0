//! What the relay and the mailboxes can find out about us in DNS.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

use super::report::{Report, State};
use super::spf::{self, Qualifier, Spf};
use crate::config::{Mail, Relay};
use crate::dns::{Dns, DnsError};

/// The name that we say in HELO, and the name of the address that we come from.
pub(super) async fn helo(mail: &Mail, dns: &Dns) -> Report {
    let mut report = Report::default();
    let helo = &mail.helo;
    let what = format!("helo {helo}");
    let addresses = match dns.addresses(helo).await {
        Ok(addresses) if addresses.is_empty() => {
            let detail = "the name has no address: relays may refuse it (504, 550)";
            report.fault(what, detail);
            return report;
        }
        Ok(addresses) => addresses,
        Err(error) => {
            report.fault(what, error.to_string());
            return report;
        }
    };
    report.ok(&what, format!("is {}", list(&addresses)));
    if let Some(ours) = own_address(&mail.relay, dns).await {
        reverse(ours, helo, &addresses, dns, &mut report).await;
    }
    report
}

/// The address from which this machine would talk to the relay; none if DNS or the routes do not
/// say, which the relay's own line tells.
async fn own_address(relay: &Relay, dns: &Dns) -> Option<IpAddr> {
    let relay = SocketAddr::new(*dns.addresses(&relay.host).await.ok()?.first()?, relay.port);
    let any: IpAddr = if relay.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    // Of UDP this sends nothing, but chooses the route.
    socket.connect(relay).await.ok()?;
    socket.local_addr().ok().map(|ours| ours.ip())
}

/// The name of our address must lead back to it: mail servers that want one want that.
async fn reverse(ours: IpAddr, helo: &str, known: &[IpAddr], dns: &Dns, report: &mut Report) {
    let what = format!("reverse name of {ours}");
    if ours.is_loopback() {
        return report.ok(what, "not needed: the relay is on this machine");
    }
    if is_private(ours) {
        let detail = "a private address: as whom the relay sees us cannot be seen from here";
        return report.note(what, detail);
    }
    match confirmed(ours, dns).await {
        Ok(names) if names.is_empty() => {
            report.note(what, "none that leads back to it: a relay may think little of us");
        }
        Ok(names) => report.ok(what, names.join(", ")),
        Err(error) => report.note(what, error.to_string()),
    }
    if !known.contains(&ours) {
        let detail = format!("is not {ours}, from which we talk to the relay");
        report.note(format!("helo {helo}"), detail);
    }
}

/// The names of an address that lead back to it.
async fn confirmed(address: IpAddr, dns: &Dns) -> Result<Vec<String>, DnsError> {
    let mut confirmed = Vec::new();
    for name in dns.names(address).await? {
        if dns.addresses(&name).await?.contains(&address) {
            confirmed.push(name);
        }
    }
    Ok(confirmed)
}

/// Whether the sender's domain lets the relay send for it (RFC 7208).
pub(super) async fn sender_policy(mail: &Mail, relay: &Relay, dns: &Dns) -> Report {
    let mut report = Report::default();
    let domain = mail.from.email.domain();
    let what = format!("SPF of {domain} for {relay}");
    // What is wrong with the relay's name is told where the relay is tried.
    for address in dns.addresses(&relay.host).await.unwrap_or_default() {
        if address.is_loopback() || is_private(address) {
            report.note(&what, format!("{address} is not what the mailboxes see: not judged"));
            continue;
        }
        let (state, detail) = match spf::check(dns, domain, address).await {
            Spf::Decided(Qualifier::Pass, by) => (State::Ok, format!("{address} pass, {by}")),
            // Whoever relays for many may send from other addresses than those it listens at.
            Spf::Decided(qualifier, by) => {
                let word = qualifier.word();
                let rest = "right only if the relay sends from another address";
                (State::Note, format!("{address} {word}, {by}; {rest}"))
            }
            Spf::None => (State::Note, "no record: some mailboxes mistrust that".to_owned()),
            Spf::PermError(error) => (State::Fault, format!("permerror, {error}")),
            Spf::TempError(error) => (State::Fault, format!("temperror, {error}")),
            Spf::Unknown(what) => (State::Note, format!("cannot be told from here: {what}")),
        };
        report.push(state, &what, detail);
    }
    // Two addresses of a relay often meet the same end.
    report.lines.dedup();
    report
}

/// What the sender's domain asks of mailboxes (RFC 7489).
pub(super) async fn dmarc(mail: &Mail, dns: &Dns) -> Report {
    let mut report = Report::default();
    let domain = mail.from.email.domain();
    let what = format!("DMARC of {domain}");
    // Whose the domain is, only a list of public suffixes knows: every parent is asked instead.
    let mut name = domain;
    loop {
        let texts = match dns.texts(&format!("_dmarc.{name}")).await {
            Ok(texts) => texts,
            Err(error) => {
                report.note(what, error.to_string());
                return report;
            }
        };
        let is_one = |text: &&String| text.trim_start().starts_with("v=DMARC1");
        match texts.iter().filter(is_one).collect::<Vec<_>>().as_slice() {
            [] => {}
            [record] => {
                report.ok(what, format!("_dmarc.{name} says {record}"));
                return report;
            }
            // RFC 7489 section 6.6.3: then none of them counts.
            _ => {
                report.note(what, format!("_dmarc.{name} has several records: none counts"));
                return report;
            }
        }
        match name.split_once('.') {
            Some((_, parent)) if parent.contains('.') => name = parent,
            _ => break,
        }
    }
    report.note(what, "no record: some mailboxes mistrust that");
    report
}

/// Where the mailboxes are (RFC 5321 section 5.1).
pub(super) async fn mailboxes(mail: &Mail, dns: &Dns) -> Report {
    let mut report = Report::default();
    let domains: BTreeSet<_> = mail.to.iter().map(|to| to.email.domain()).collect();
    for domain in domains {
        let (state, detail) =
            mailbox(domain, dns).await.unwrap_or_else(|error| (State::Fault, error.to_string()));
        report.push(state, format!("MX of {domain}"), detail);
    }
    report
}

async fn mailbox(domain: &str, dns: &Dns) -> Result<(State, String), DnsError> {
    let exchangers = dns.mail_exchangers(domain).await?;
    if exchangers.is_empty() {
        let addresses = dns.addresses(domain).await?;
        return Ok(match addresses.as_slice() {
            [] => (State::Fault, "neither MX nor address: mail goes nowhere".to_owned()),
            some => (State::Note, format!("none, so mail goes to its address, {}", list(some))),
        });
    }
    if exchangers.iter().all(String::is_empty) {
        return Ok((State::Fault, "takes no mail (null MX, RFC 7505)".to_owned()));
    }
    let mut lost = Vec::new();
    for exchanger in &exchangers {
        if dns.addresses(exchanger).await?.is_empty() {
            lost.push(exchanger.as_str());
        }
    }
    let all = exchangers.join(", ");
    Ok(match lost.len() {
        0 => (State::Ok, all),
        some if some < exchangers.len() => {
            (State::Note, format!("{all}; without an address: {}", lost.join(", ")))
        }
        _ => (State::Fault, format!("{all}, and none of them has an address")),
    })
}

/// What nobody routes on the Internet (RFC 1918, RFC 6598, RFC 4193), or beyond the next link.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
