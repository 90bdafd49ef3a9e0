//! Routers that connect to us (RFC 7854 section 3.2: the router opens, we only listen).

mod round;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::time::Duration;

use parser::bmp::{self, Config as Facts, Setting};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::context::FeedContext;
use crate::session::{Decoder, Outlet, Session};
use crate::{BmpRouter, Tristate};
use round::Round;

/// How long a router may stop within a message. Between two it may be silent for as long as it likes:
/// BMP has no keepalive, so TCP's tells us of a router that is gone.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// How long TCP is silent before it asks, how often, and how many times: dead after half a minute. A
/// cut link says nothing, and until it is noticed its routes would pass for the truth.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(15), Duration::from_secs(5), 3);

/// How much is read at once.
const BLOCK: usize = 64 << 10;

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}: {error}")]
pub struct ListenError {
    /// Where it was to listen.
    pub address: SocketAddr,
    /// What the kernel answered.
    pub error: std::io::Error,
}

/// Listens at `address`, or takes the socket that was opened for us.
///
/// # Errors
///
/// Where the system refuses it, mostly since somebody listens there already.
pub fn bind(
    address: SocketAddr,
    inherited: Option<StdListener>,
) -> Result<TcpListener, ListenError> {
    let failed = |error| ListenError { address, error };
    let listener = match inherited {
        Some(listener) => listener,
        None => StdListener::bind(address).map_err(failed)?,
    };
    listener.set_nonblocking(true).map_err(failed)?;
    TcpListener::from_std(listener).map_err(failed)
}

/// Takes the connections of the routers that may connect, one each: a new one replaces the old one,
/// which the router has given up. So there are never more than routers.
pub(super) async fn run(routers: Vec<BmpRouter>, context: FeedContext) {
    let FeedContext { outlet, listener, mut classifiers, .. } = context;
    let Some(listener) = listener else { return };
    let mut watched = classifiers.borrow_and_update().watches().clone();
    let mut door = Door { routers, connected: HashMap::new(), strangers: 0 };
    let (mut connections, mut round) = (JoinSet::new(), Round::default());
    loop {
        let due = round.due();
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let address = from.ip().to_canonical();
                    if let Some((router, over)) = door.admit(address) {
                        round.is_back(address);
                        connections.spawn(serve(stream, router, outlet.clone(), over));
                    }
                }
                // Out of descriptors, mostly: the routers that are there must not suffer.
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            Ok(()) = classifiers.changed() => {
                let new = classifiers.borrow_and_update().watches().clone();
                // What is held of the old watched space holds for any part of it.
                if !watched.covers(&new) {
                    round.begin(door.connected());
                }
                watched = new;
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Some(router) = round.next(Instant::now()) {
                    door.close(router, "more is watched now: it is to tell its table anew");
                }
            }
        }
    }
}

/// Who may connect.
struct Door {
    routers: Vec<BmpRouter>,
    /// Tells each connection why it is over.
    connected: HashMap<IpAddr, oneshot::Sender<&'static str>>,
    strangers: u64,
}

impl Door {
    fn admit(&mut self, address: IpAddr) -> Option<(BmpRouter, oneshot::Receiver<&'static str>)> {
        let Some(router) = self.routers.iter().find(|router| router.address == address).cloned()
        else {
            self.strangers += 1;
            // Ten thousand of them are not ten thousand lines.
            if self.strangers.is_power_of_two() {
                let strangers = self.strangers;
                tracing::warn!(%address, strangers, "not one of our routers: turned away");
            }
            return None;
        };
        self.close(address, "it has connected anew");
        let (close, over) = oneshot::channel();
        self.connected.insert(address, close);
        Some((router, over))
    }

    /// Ends a connection, if there is one.
    fn close(&mut self, router: IpAddr, why: &'static str) {
        if let Some(close) = self.connected.remove(&router) {
            // It may have ended by itself.
            let _ = close.send(why);
        }
    }

    fn connected(&self) -> Vec<IpAddr> {
        let is_open = |(_, close): &(&IpAddr, &oneshot::Sender<&str>)| !close.is_closed();
        let mut routers: Vec<_> =
            self.connected.iter().filter(is_open).map(|(at, _)| *at).collect();
        routers.sort_unstable();
        routers
    }
}

async fn serve(
    stream: TcpStream,
    router: BmpRouter,
    outlet: Outlet,
    over: oneshot::Receiver<&'static str>,
) {
    let name = router.name.clone();
    keep_alive(&stream);
    let facts = Facts {
        router: name.clone(),
        own_as_in_path: setting(router.own_as_in_path),
        add_path: setting(router.add_path),
        vrfs: router.vrfs.iter().filter_map(|vrf| vrf.parse().ok()).collect(),
        vrf_names: router.vrfs.clone(),
        ..Facts::default()
    };
    let session = Box::new(bmp::Session::new(facts));
    let decoder = Decoder::Bmp { session, router: name.clone() };
    let Ok(mut session) = outlet.open(decoder).await else { return };
    tracing::info!(router = name, address = %router.address, "connected");
    let why = tokio::select! {
        why = pump(stream, &mut session) => why,
        Ok(why) = over => why.to_owned(),
    };
    tracing::warn!(router = name, "disconnected: {why}");
    session.close(Some(why)).await;
}

/// Reads until the connection ends; why it did.
async fn pump(mut stream: impl AsyncRead + Unpin, session: &mut Session) -> String {
    loop {
        let mut block = vec![0; BLOCK];
        let read = tokio::time::timeout(STUCK_AFTER, stream.read(&mut block)).await;
        let Ok(octets) = read else {
            if session.is_partial() {
                return format!("nothing for {} s within a message", STUCK_AFTER.as_secs());
            }
            continue;
        };
        match octets {
            Ok(0) => return "closed by the router".to_owned(),
            Ok(octets) => {
                block.truncate(octets);
                if let Err(blocked) = session.push(block).await {
                    return blocked.to_string();
                }
            }
            Err(error) => return error.to_string(),
        }
    }
}

fn keep_alive(stream: &TcpStream) {
    let (idle, interval, retries) = KEEPALIVE;
    let keepalive =
        TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(retries);
    if let Err(error) = SockRef::from(stream).set_tcp_keepalive(&keepalive) {
        tracing::warn!(%error, "a router that vanishes will not be noticed");
    }
}

const fn setting(setting: Tristate) -> Setting {
    match setting {
        Tristate::Auto => Setting::Auto,
        Tristate::On => Setting::On,
        Tristate::Off => Setting::Off,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::event::FeedEvent;
    use crate::session::tests::outlet;

    fn decoder() -> Decoder {
        let session = Box::new(bmp::Session::new(Facts::default()));
        Decoder::Bmp { session, router: "edge1".to_owned() }
    }

    /// Half a message: its length says six octets more.
    const HALF: &[u8] = &[3, 0, 0, 0, 12, 4];

    #[tokio::test(start_paused = true)]
    async fn a_router_that_stops_within_a_message_is_given_up_and_one_that_is_silent_is_not() {
        let (outlet, _events) = outlet(8);
        let mut session = outlet.open(decoder()).await.unwrap();
        let (mut router, ours) = tokio::io::duplex(64);
        let begun = Instant::now();
        let stuck = tokio::spawn(async move { (pump(ours, &mut session).await, begun.elapsed()) });
        // Silent for ten times as long, and then within a message.
        tokio::time::sleep(STUCK_AFTER * 10).await;
        router.write_all(HALF).await.unwrap();
        let why = "nothing for 30 s within a message".to_owned();
        assert_eq!(stuck.await.unwrap(), (why, STUCK_AFTER * 11));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_bmp_ends_the_connection() {
        let (outlet, mut events) = outlet(8);
        let mut session = outlet.open(decoder()).await.unwrap();
        let (mut router, ours) = tokio::io::duplex(64);
        router.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        assert_eq!(pump(ours, &mut session).await, "what it sends is not BMP version 3");
        session.close(None).await;
        let Some(FeedEvent::Opened(_)) = events.recv().await else { panic!() };
        let Some(FeedEvent::Closed(_)) = events.recv().await else { panic!() };
    }
}
