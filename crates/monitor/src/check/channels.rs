//! The channels beside mail, as far as they can be tried without sending anything.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use network::proxy::Proxy;
use tokio::net::TcpStream;

use super::reach::{Place, Way};
use super::report::Report;
use crate::channels::{self, Scheme, Server, server};
use crate::config::{Channel, ChannelKind};
use crate::dns::Dns;

/// How long a server may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Tries one channel: its files, and whether its server can be reached. Nothing is sent.
pub(super) async fn probe(channel: &Channel, dns: Option<&Dns>) -> Report {
    let mut report = Report::default();
    let what = format!("channel {}", channel.name);
    if let Err(error) = channels::open(channel) {
        report.fault(what, error.text());
        return report;
    }
    if let ChannelKind::Exec(command) = &channel.kind {
        executable(&what, command, &mut report);
        return report;
    }
    let Some(dns) = dns else {
        report.ok(what, "written correctly");
        return report;
    };
    match server(&channel.kind) {
        Some(Ok(server)) => connect(&what, &server, dns, &mut report).await,
        Some(Err(reason)) => report.fault(what, reason),
        None => {}
    }
    report
}

/// What the channel needs to be reachable; none of a program, whose ways nobody knows.
pub(super) async fn way(channel: &Channel, dns: &Dns) -> Option<Way> {
    let server = server(&channel.kind)?.ok()?;
    let addresses = dns.addresses(&server.host).await.unwrap_or_default();
    let name = format!("channel {}", channel.name);
    let place = Place { name: format!("{name} at {}", server.host), addresses };
    Some(Way { name, needs: vec![Place::resolver(dns), place] })
}

async fn connect(what: &str, server: &Server, dns: &Dns, report: &mut Report) {
    let Server { host, port, scheme } = server;
    if let Some(proxy) = server.proxy() {
        return through(what, server, &proxy, report).await;
    }
    let addresses = match dns.addresses(host).await {
        Ok(addresses) if addresses.is_empty() => {
            return report.fault(what, format!("{host} has no address"));
        }
        Ok(addresses) => addresses,
        Err(error) => return report.fault(what, error.to_string()),
    };
    if *scheme == Scheme::Udp {
        return report.note(what, format!("{host}:{port} is UDP: nobody says whether it arrives"));
    }
    let at: Vec<_> = addresses.iter().map(|ip| SocketAddr::new(*ip, *port)).collect();
    match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(at.as_slice())).await {
        Ok(Ok(_)) => report.ok(what, format!("{host}:{port} can be reached")),
        Ok(Err(error)) => report.fault(what, format!("{host}:{port}: {error}")),
        Err(_) => {
            let limit = CONNECT_WITHIN.as_secs();
            report.fault(what, format!("{host}:{port}: no connection within {limit} s"));
        }
    }
}

/// Whoever sends through a proxy asks it, and not DNS, where the host is.
async fn through(what: &str, server: &Server, proxy: &Proxy, report: &mut Report) {
    let (place, proxied) = (format!("{}:{}", server.host, server.port), proxy.name());
    let connection = async {
        match server.scheme {
            // What is not encrypted goes through it as a request, and many let nothing else through.
            Scheme::Http => proxy.reach().await,
            Scheme::Https | Scheme::Tcp | Scheme::Udp => {
                proxy.connect(&server.host, server.port).await
            }
        }
    };
    match tokio::time::timeout(CONNECT_WITHIN, connection).await {
        Ok(Ok(_)) => report.ok(what, format!("{place} can be reached through the proxy {proxied}")),
        Ok(Err(error)) => report.fault(what, format!("{place}: {error}")),
        Err(_) => {
            let limit = CONNECT_WITHIN.as_secs();
            let late = format!("no connection within {limit} s");
            report.fault(what, format!("{place}: {late} through the proxy {proxied}"));
        }
    }
}

fn executable(what: &str, command: &[String], report: &mut Report) {
    let Some(program) = command.first() else { return };
    match fs::metadata(program) {
        Ok(file) if file.is_file() && file.permissions().mode() & 0o111 != 0 => {
            report.ok(what, format!("{program} can be run"));
        }
        Ok(_) => report.fault(what, format!("{program} is not a program that can be run")),
        Err(error) => report.fault(what, format!("{program}: {error}")),
    }
}
