//! `originwatch check`: reads the config, tries every part, and says what would stop an alarm.
//!
//! [`run`] is the order of the report. `files` is what needs no network, `feeds` what observations come
//! from and where they are kept. Of mail: `relay` talks to each relay, `identity` is what DNS says
//! of us and of the mailboxes, with `spf` for the sender's domain. `reach` asks whether a hijack
//! would also take out the alarm. Whoever asks DNS asks through `crate::dns`.
//!
//! Nothing is sent unless a drill is asked for, and nothing is left behind.

mod args;
mod channels;
mod feeds;
mod files;
mod identity;
mod reach;
mod relay;
mod report;
mod spf;

use alerter::ChannelName;
use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::net::IpAddr;

use futures_util::future::join_all;
use tokio::runtime::Builder;

use crate::config::{Config, Mail, Relay};
use crate::dns::Dns;
use crate::drill::{self, Aim};
use crate::exit::{ExitCode, Failure};
use crate::format::Format;
use crate::way_out;
use ::feeds::FeedKind;
use reach::{Place, Way};
use report::Report;
use validator::IncidentKind;

pub use args::CheckArgs;

/// Checks the config that the command line names.
pub fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    if args.send && args.format == Format::Json {
        return Err(Failure::Usage("--send: what it says is text, no JSON".to_owned()));
    }
    let config = Config::load(args.config.as_deref())?;
    way_out::take(&config)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Start { what: "the tasks", error })?;
    let report = runtime.block_on(examine(&config, args));
    let mut out = io::stdout().lock();
    match args.format {
        Format::Text => writeln!(out, "{report}")?,
        Format::Json => writeln!(out, "{}", report.json())?,
    }
    let code = if report.faults() == 0 { ExitCode::Done } else { ExitCode::Attention };
    if !args.send {
        return Ok(code);
    }
    drop(out);
    let kinds = vec![IncidentKind::OriginHijack];
    let sent = drill::run(&config, &Aim { channel: None, to: None, kinds })?;
    Ok(if sent == ExitCode::Done { code } else { sent })
}

/// Tries everything side by side; the lines stand in the order in which the config is read.
async fn examine(config: &Config, args: &CheckArgs) -> Report {
    let offline = args.offline;
    let mut report = Report::default();
    report.ok(config.path.display(), "read");
    report.append(files::watches(config));
    let mut names = Report::default();
    let dns = match offline {
        true => None,
        false => Dns::new(args.resolver)
            .map_err(|error| names.fault("resolver", format!("cannot be used: {error}")))
            .ok(),
    };
    let feeds = config.feeds.iter().map(|feed| feeds::probe(feed, config, offline));
    let channels = config.channels.iter().map(|channel| channels::probe(channel, dns.as_ref()));
    let ((rpki, snapshot), (mail, mut ways), channels, others, feeds) = tokio::join!(
        files::rpki(config, offline),
        post(config, dns.as_ref()),
        join_all(channels),
        channel_ways(config, dns.as_ref()),
        join_all(feeds)
    );
    report.append(rpki);
    report.append(files::derived_watches(config, snapshot.as_ref()));
    report.append(files::as_names(config));
    report.append(files::contacts(config));
    report.append(names);
    report.append(mail);
    channels.into_iter().for_each(|channel| report.append(channel));
    ways.extend(others);
    report.append(reach::judge(&ways, &config.watches, &snapshot.unwrap_or_default()));
    feeds.into_iter().for_each(|feed| report.append(feed));
    if config.feeds.is_empty() {
        report.fault(
            "feeds",
            "feed = []: `run` would watch nothing (this config serves `replay` only)",
        );
    }
    report.append(feeds::store(&config.store));
    if let Some(web) = &config.web {
        report.append(feeds::web(web, &config.store));
    }
    if offline {
        report.note("not checked", format!("--offline: {}", untried(config).join(", ")));
    }
    report
}

/// All that mail needs, and the ways that it may take; without DNS only the files.
async fn post(config: &Config, dns: Option<&Dns>) -> (Report, Vec<Way>) {
    let Some(mail) = &config.mail else {
        let mut report = Report::default();
        match config.channels.is_empty() {
            true => report.fault(ChannelName::Mail, "there is no [mail]: nobody will be told"),
            false => {
                report.note(ChannelName::Mail, "there is no [mail]: only the channels are told")
            }
        }
        return (report, Vec::new());
    };
    let mut report = files::mail(config, mail);
    let Some(dns) = dns else { return (report, Vec::new()) };
    let (relays, helo, policies, dmarc, mailboxes, ways) = tokio::join!(
        join_all(relays(mail).map(|relay| relay::probe(mail, relay, dns))),
        identity::helo(mail, dns),
        join_all(relays(mail).map(|relay| identity::sender_policy(mail, relay, dns))),
        identity::dmarc(mail, dns),
        identity::mailboxes(mail, dns),
        ways(mail, dns)
    );
    let all = relays.into_iter().chain([helo]).chain(policies).chain([dmarc, mailboxes]);
    all.for_each(|part| report.append(part));
    (report, ways)
}

/// Through each relay to each mailbox. What has no address is told by others.
async fn ways(mail: &Mail, dns: &Dns) -> Vec<Way> {
    let domains: BTreeSet<_> = mail.to.iter().map(|to| to.email.domain()).collect();
    let mut ways = Vec::new();
    for relay in relays(mail) {
        let addresses = dns.addresses(&relay.host).await.unwrap_or_default();
        let entrance = Place { name: format!("relay {}", relay.host), addresses };
        for domain in &domains {
            let addresses = mailbox_addresses(domain, dns).await;
            let mailbox = Place { name: format!("mailboxes of {domain}"), addresses };
            let name = format!("mail to {domain} through {relay}");
            ways.push(Way { name, needs: vec![Place::resolver(dns), entrance.clone(), mailbox] });
        }
    }
    ways
}

async fn channel_ways(config: &Config, dns: Option<&Dns>) -> Vec<Way> {
    let Some(dns) = dns else { return Vec::new() };
    let ways = config.channels.iter().map(|channel| channels::way(channel, dns));
    join_all(ways).await.into_iter().flatten().collect()
}

async fn mailbox_addresses(domain: &str, dns: &Dns) -> Vec<IpAddr> {
    let mut hosts = dns.mail_exchangers(domain).await.unwrap_or_default();
    if hosts.is_empty() {
        hosts.push(domain.to_owned());
    }
    let mut addresses = Vec::new();
    for host in hosts.iter().filter(|host| !host.is_empty()) {
        addresses.extend(dns.addresses(host).await.unwrap_or_default());
    }
    addresses
}

/// What it would take the network to try.
fn untried(config: &Config) -> Vec<String> {
    let remote = config.rpki.list.iter().filter(|source| files::is_remote(source));
    let mut untried: Vec<_> = remote.map(ToString::to_string).collect();
    if let Some(mail) = &config.mail {
        untried.extend(relays(mail).map(ToString::to_string));
        untried.push("what DNS says of us, the relays and the mailboxes".to_owned());
    }
    let names = config.channels.iter().map(|channel| format!("channel {}", channel.name));
    untried.extend(names);
    untried.extend(config.feeds.iter().filter_map(|feed| match &feed.kind {
        FeedKind::RisLive { url, .. } => Some(url.clone()),
        FeedKind::Bmp { .. } | FeedKind::MrtDir { .. } => None,
    }));
    if untried.is_empty() {
        untried.push("nothing that this config needs".to_owned());
    }
    untried
}

fn relays(mail: &Mail) -> impl Iterator<Item = &Relay> {
    std::iter::once(&mail.relay).chain(&mail.failover)
}
