//! The channels beside mail, as far as they can be tried without sending anything.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use tokio::net::TcpStream;

use super::reach::{Place, Way};
use super::report::Report;
use crate::channels::{self, Server, server};
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
    let Server { host, port, is_udp } = server;
    let addresses = match dns.addresses(host).await {
        Ok(addresses) if addresses.is_empty() => {
            return report.fault(what, format!("{host} has no address"));
        }
        Ok(addresses) => addresses,
        Err(error) => return report.fault(what, error.to_string()),
    };
    if *is_udp {
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
