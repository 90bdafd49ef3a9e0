use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use feeds::{BmpRouter, Feed, FeedKind, Rib, RibPlace};
use store::{StoreClient, StoreError};

use super::report::Report;
use crate::config::{Config, Web};
use crate::run::vrfs_key;

/// How long a feed may take to say hello.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// Tries one feed; without the net only what this machine knows.
pub(super) async fn probe(feed: &Feed, config: &Config, offline: bool) -> Report {
    let mut report = Report::default();
    match &feed.kind {
        FeedKind::RisLive { ribs, .. } if offline => tables(ribs, &mut report),
        FeedKind::RisLive { url, ribs, .. } => {
            tables(ribs, &mut report);
            let what = format!("feed ris-live {url}");
            match tokio::time::timeout(HELLO_WITHIN, feeds::reach_ris_live(url)).await {
                Ok(Ok(())) => report.ok(what, "answers"),
                Ok(Err(reason)) => report.fault(what, reason),
                Err(_) => {
                    let limit = HELLO_WITHIN.as_secs();
                    report.fault(what, format!("no web socket within {limit} s"));
                }
            }
        }
        FeedKind::Bmp { listen, routers } => {
            let what = format!("feed bmp {listen}");
            match routers.is_empty() {
                true => report.fault(what, "'routers' is empty: nobody may connect"),
                false => {
                    listening(&what, *listen, &config.store, &mut report);
                    vrfs(&what, routers, &config.store, &mut report);
                }
            }
        }
        FeedKind::MrtDir { path, rib } => {
            let what = format!("feed mrt-dir {}", path.display());
            match fs::read_dir(path) {
                Ok(entries) => report.ok(what, format!("{} entries", entries.count())),
                Err(error) => report.fault(what, format!("cannot be read: {error}")),
            }
            if let Some(rib) = rib {
                super::report::readable(rib, &mut report);
            }
        }
    }
    report
}

/// Those that are files; the others are fetched when they are needed.
fn tables(ribs: &[Rib], report: &mut Report) {
    for rib in ribs {
        if let RibPlace::File(path) = &rib.place {
            super::report::readable(path, report);
        }
    }
}

/// The VRFs that routers have told of and nobody asked for, as the instance wrote down that runs with this store, or
/// did.
fn vrfs(what: &str, routers: &[BmpRouter], store: &Path, report: &mut Report) {
    let Ok(client) = StoreClient::open(store) else { return };
    for BmpRouter { name, .. } in routers {
        if let Ok(Some(vrfs)) = client.position(&vrfs_key(name))
            && !vrfs.is_empty()
        {
            let hint = "if one holds routes of the Internet, name it in 'vrfs'";
            report.note(what, format!("{name} has {vrfs}, which is left out: {hint}"));
        }
    }
}

/// Whether the daemon can listen there, or does.
pub(super) fn listening(what: &str, at: SocketAddr, store: &Path, report: &mut Report) {
    match TcpListener::bind(at) {
        Ok(_) => report.ok(what, "can be listened at"),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match is_attended(store) {
            true => report.ok(what, "in use, by the instance that runs with this store"),
            false => report.fault(what, "another program listens there"),
        },
        Err(error) => report.fault(what, format!("cannot be listened at: {error}")),
    }
}

/// Whether the API can listen, and whether others could read along where it does: it speaks no TLS.
pub(super) fn web(web: &Web, store: &Path) -> Report {
    let mut report = Report::default();
    let what = format!("web {}", web.listen);
    listening(&what, web.listen, store, &mut report);
    if !web.listen.ip().to_canonical().is_loopback() {
        let readers = "listens beyond this machine without TLS: whoever reaches it can read";
        let changes = match web.token_file {
            Some(_) => ", and the token can be read on the way (a proxy with TLS in front helps)",
            None => " (a proxy with TLS in front helps)",
        };
        report.note(what, format!("{readers}{changes}"));
    }
    report
}

/// Whether incidents and notices can be kept.
pub(super) fn store(path: &Path) -> Report {
    let mut report = Report::default();
    let what = format!("store {}", path.display());
    match StoreClient::open(path) {
        // The daemon makes what is not there, and brings an old schema up to date.
        Ok(_) | Err(StoreError::Older { .. }) => {}
        Err(_) if !path.exists() => {}
        Err(error) => {
            report.fault(what, error.to_string());
            return report;
        }
    }
    if is_attended(path) {
        report.ok(what, "in use, by the instance that runs with it");
        return report;
    }
    match writable(path) {
        Ok(true) => report.ok(what, "can be written"),
        Ok(false) => report.ok(what, "is not there yet, and can be made"),
        Err(error) => report.fault(what, format!("cannot be written: {error}")),
    }
    report
}

/// Whether an instance runs with this store.
fn is_attended(store: &Path) -> bool {
    StoreClient::open(store).and_then(|client| client.is_attended()).unwrap_or_default()
}

/// Whether there is a file; it and its folder must be writable, as SQLite puts its journal beside it.
fn writable(path: &Path) -> std::io::Result<bool> {
    let is_there = path.exists();
    if is_there {
        fs::OpenOptions::new().append(true).open(path)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".check-{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
    fs::remove_file(beside)?;
    Ok(is_there)
}
