//! RTR: a client that follows a cache, and what it has seen.

use std::path::PathBuf;
use std::time::Duration;

use rpki_sources::{Cache, Policy, Rpki, Source, Sources, follow};
use tokio::sync::watch;

/// These sources, the first that works.
pub(crate) fn first(list: Vec<Source>, slurm: Vec<PathBuf>) -> Sources {
    Sources {
        list,
        policy: Policy::First,
        slurm,
        stale_after: Duration::from_secs(7_200),
        ..Sources::default()
    }
}

/// A cache on the loopback.
pub(crate) fn rtr(port: u16) -> Source {
    Source::Rtr(Cache::new(&format!("127.0.0.1:{port}")).unwrap())
}

/// Follows one cache.
pub(crate) fn follow_port(port: u16) -> watch::Receiver<Rpki> {
    follow(first(vec![rtr(port)], vec![]))
}

/// The VRPs of a snapshot, as people write them.
pub(crate) fn vrps(rpki: &Rpki) -> Vec<String> {
    rpki.snapshot.vrps.iter().map(|vrp| vrp.to_string()).collect()
}

/// Waits until this is so. What it waits for happens within seconds, or never: the limit only turns a
/// test that hangs into one that says what it saw.
pub(crate) async fn until(rpki: &mut watch::Receiver<Rpki>, so: impl Fn(&Rpki) -> bool) -> Rpki {
    let waited = tokio::time::timeout(Duration::from_mins(1), rpki.wait_for(|rpki| so(rpki))).await;
    let found = waited.map(|found| found.unwrap().clone()).ok();
    assert!(found.is_some(), "never came: {:?}", rpki.borrow());
    found.unwrap()
}

/// Waits for exactly these VRPs.
pub(crate) async fn until_vrps(rpki: &mut watch::Receiver<Rpki>, expected: &[&str]) -> Rpki {
    until(rpki, |rpki| vrps(rpki) == expected).await
}
