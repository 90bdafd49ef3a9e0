//! What each receiver depends on, by address: a hijack of our own prefixes may take the relay or the
//! mailbox with it, and then others have to be told at once.

use std::net::IpAddr;

use alerter::{ChannelName, Receiver};
use futures_util::future::join_all;

use crate::channels::host;
use crate::config::{Config, Mail};
use crate::dns::{Dns, DnsError};

/// The addresses of a receiver, as far as DNS says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) known: Vec<IpAddr>,
    /// A name got no answer: what was known of it before still holds.
    pub(super) in_part: bool,
}

/// All that lies on the way there: each relay, and what takes mail for the mailbox; or the host of
/// the channel.
pub(super) async fn look_up(receiver: &Receiver, config: &Config, dns: &Dns) -> Addresses {
    let mut addresses = Addresses::default();
    match &receiver.channel {
        ChannelName::Mail => {
            if let Some(mail) = &config.mail {
                let relays = std::iter::once(&mail.relay).chain(&mail.failover);
                let relays = join_all(relays.map(|relay| dns.addresses(&relay.host))).await;
                relays.into_iter().for_each(|relay| addresses.add(relay));
                addresses.add_mailbox(receiver, mail, dns).await;
            }
        }
        name @ ChannelName::Named(_) => {
            let channel = config.channels.iter().find(|one| one.name == *name);
            if let Some(host) = channel.and_then(|channel| host(&channel.kind)) {
                addresses.add(dns.addresses(&host).await);
            }
        }
    }
    // What never leaves this machine no route can take away.
    addresses.known.retain(|address| !address.to_canonical().is_loopback());
    addresses.known.sort_unstable();
    addresses.known.dedup();
    addresses
}

impl Addresses {
    fn add(&mut self, answer: Result<Vec<IpAddr>, DnsError>) {
        match answer {
            Ok(addresses) => self.known.extend(addresses),
            Err(_) => self.in_part = true,
        }
    }

    /// Where there is no exchanger the domain itself takes the mail (RFC 5321 section 5.1).
    async fn add_mailbox(&mut self, receiver: &Receiver, mail: &Mail, dns: &Dns) {
        let mailbox = receiver.address.parse().unwrap_or_else(|_| mail.from.clone());
        let domain = mailbox.email.domain();
        let mut hosts = match dns.mail_exchangers(domain).await {
            Ok(exchangers) => exchangers,
            Err(_) => return self.in_part = true,
        };
        if hosts.is_empty() {
            hosts.push(domain.to_owned());
        }
        // One without a name takes no mail (RFC 7505).
        let hosts = hosts.iter().filter(|host| !host.is_empty());
        let answers = join_all(hosts.map(|host| dns.addresses(host))).await;
        answers.into_iter().for_each(|answer| self.add(answer));
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn a_mailbox_depends_on_relays_and_exchangers_and_a_channel_on_its_host() {
        let config = "[operator]\nname = \"Example\"\nsite = \"LON01\"\nasns = [64500]\n\
             [mail]\nfrom = \"watch@example.net\"\nto = [\"noc@example.net\", \"a@no-mx.example.org\"]\n\
             relay = \"smtp://mail.example.net:25\"\nfailover = [\"smtp://127.0.0.1:25\"]\n\
             [[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"https://hooks.example.org/T0\"\n\
             [[channel]]\nname = \"pager\"\ntype = \"exec\"\ncommand = [\"/bin/true\"]\n\
             [store]\npath = \"a.db\"\n";
        let config = Config::parse(Path::new("originwatch.toml"), config);
        let config = config.map_err(|error| error.report()).unwrap();
        let dns = Dns::zone(
            "mail.example.net A 198.51.100.25
             mail.example.net AAAA 2001:db8::25
             example.net MX mx.example.com
             mx.example.com A 203.0.113.25
             no-mx.example.org A 203.0.113.80
             hooks.example.org A 203.0.113.81",
        );
        let rules = config.dispatch_rules();
        let mut found = Vec::new();
        for receiver in rules.receivers() {
            let Addresses { known, in_part } = look_up(receiver, &config, &dns).await;
            assert!(!in_part);
            let known: Vec<_> = known.iter().map(ToString::to_string).collect();
            found.push(format!("{receiver}: {}", known.join(" ")));
        }
        assert_eq!(
            found,
            [
                "hook: 203.0.113.81",
                "mail:a@no-mx.example.org: 198.51.100.25 203.0.113.80 2001:db8::25",
                "mail:noc@example.net: 198.51.100.25 203.0.113.25 2001:db8::25",
                "pager: ",
            ]
        );
    }
}
