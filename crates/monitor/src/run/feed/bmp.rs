//! Routers that connect to us (RFC 7854 section 3.2: the router opens, we only listen).

mod round;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::atomic::Ordering;
use std::time::Duration;

use parser::bmp::{Config as Facts, Session, Setting};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::Surroundings;
use crate::config::{BmpRouter, Tristate};
use crate::exit::Failure;
use crate::run::input::{Decoder, Inlet, Pipe};
use round::Round;

/// How long a router may stop within a message. Between two it may be silent for as long as it likes:
/// BMP has no keepalive, so TCP's tells us of a router that is gone.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// How long TCP is silent before it asks, how often, and how many times: dead after half a minute. A
/// cut link says nothing, and until it is noticed its routes would pass for the truth.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(15), Duration::from_secs(5), 3);

/// How much is read at once.
const BLOCK: usize = 64 << 10;

/// Listens at `address`, or takes the socket that was opened for us.
pub(in crate::run) fn bind(
    address: SocketAddr,
    inherited: Option<StdListener>,
) -> Result<TcpListener, Failure> {
    let failed = |error| Failure::Listen { address, error };
    let listener = match inherited {
        Some(listener) => listener,
        None => StdListener::bind(address).map_err(failed)?,
    };
    listener.set_nonblocking(true).map_err(failed)?;
    TcpListener::from_std(listener).map_err(failed)
}

/// Takes the connections of the routers that may connect, one each: a new one replaces the old one,
/// which the router has given up. So there are never more than routers.
pub(super) async fn run(routers: Vec<BmpRouter>, around: Surroundings) {
    let Surroundings { inlet, listener, mut watches, .. } = around;
    let Some(listener) = listener else { return };
    let mut watched = watches.borrow_and_update().clone();
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
                        connections.spawn(serve(stream, router, inlet.clone(), over));
                    }
                }
                // Out of descriptors, mostly: the routers that are there must not suffer.
                Err(error) => {
                    tracing::error!(%error, "no connection can be taken");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            Ok(()) = watches.changed() => {
                let new = watches.borrow_and_update().clone();
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
    inlet: Inlet,
    over: oneshot::Receiver<&'static str>,
) {
    let name = router.name.clone();
    keep_alive(&stream);
    let facts = Facts {
        router: name.clone(),
        own_as_in_path: setting(router.own_as_in_path),
        add_path: setting(router.add_path),
        ..Facts::default()
    };
    let decoder = Decoder::Bmp { session: Session::new(facts), router: name.clone() };
    let Ok(pipe) = inlet.open(decoder).await else { return };
    tracing::info!(router = name, address = %router.address, "connected");
    let why = tokio::select! {
        why = pump(stream, &pipe) => why,
        () = pipe.pulse.lost.notified() => "what it sends is not BMP version 3".to_owned(),
        Ok(why) = over => why.to_owned(),
    };
    tracing::warn!(router = name, "disconnected: {why}");
    pipe.close(Some(why)).await;
}

/// Reads until the connection ends; why it did.
async fn pump(mut stream: impl AsyncRead + Unpin, pipe: &Pipe) -> String {
    loop {
        let mut block = vec![0; BLOCK];
        let read = tokio::time::timeout(STUCK_AFTER, stream.read(&mut block)).await;
        let Ok(octets) = read else {
            if pipe.pulse.partial.load(Ordering::Relaxed) {
                return format!("nothing for {} s within a message", STUCK_AFTER.as_secs());
            }
            continue;
        };
        match octets {
            Ok(0) => return "closed by the router".to_owned(),
            Ok(octets) => {
                block.truncate(octets);
                if let Err(blocked) = pipe.push(block).await {
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
    use tokio::sync::mpsc;

    use super::*;
    use crate::run::input::{INPUTS, Inlets, Input};

    fn decoder() -> Decoder {
        let session = Session::new(Facts::default());
        Decoder::Bmp { session, router: "edge1".to_owned() }
    }

    /// Half a message: its length says six octets more.
    const HALF: &[u8] = &[3, 0, 0, 0, 12, 4];

    #[tokio::test(start_paused = true)]
    async fn a_router_that_stops_within_a_message_is_given_up_and_one_that_is_silent_is_not() {
        let (inputs, mut engine) = mpsc::channel(INPUTS);
        let pipe = Inlets::new(inputs).another().open(decoder()).await.unwrap();
        let (mut router, ours) = tokio::io::duplex(64);
        let (begun, pulse) = (Instant::now(), pipe.pulse.clone());
        let stuck = tokio::spawn(async move { (pump(ours, &pipe).await, begun.elapsed()) });
        // Silent for ten times as long, and then within a message.
        tokio::time::sleep(STUCK_AFTER * 10).await;
        router.write_all(HALF).await.unwrap();
        let Some(Input::Open { .. }) = engine.recv().await else { panic!() };
        let Some(Input::Bytes { bytes, .. }) = engine.recv().await else { panic!() };
        assert_eq!(bytes, HALF);
        pulse.partial.store(true, Ordering::Relaxed);
        let why = "nothing for 30 s within a message".to_owned();
        assert_eq!(stuck.await.unwrap(), (why, STUCK_AFTER * 11));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_the_engine_has_no_room_for_is_given_up_and_told() {
        let (inputs, mut engine) = mpsc::channel(1);
        let inlet = Inlets::new(inputs).another();
        let pipe = inlet.open(decoder()).await.unwrap();
        let (mut router, ours) = tokio::io::duplex(64);
        router.write_all(HALF).await.unwrap();
        let why = pump(ours, &pipe).await;
        assert_eq!(why, "the engine has taken nothing for 20 s");
        // That it is closed arrives once there is room.
        let closing = tokio::spawn(pipe.close(Some(why.clone())));
        let Some(Input::Open { .. }) = engine.recv().await else { panic!() };
        let Some(Input::Close { why: told, .. }) = engine.recv().await else { panic!() };
        assert_eq!(told, Some(why));
        closing.await.unwrap();
    }
}
