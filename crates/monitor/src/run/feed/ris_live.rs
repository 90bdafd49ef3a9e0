//! RIS Live over a web socket, and over HTTP where that does not come about.

mod connection;
mod http;
mod subscription;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bgp::Asn;
use futures_util::{SinkExt as _, StreamExt as _};
use parser::{Everything, Walker};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use validator::WatchList;

use super::Surroundings;
use crate::config::RisLiveMode;
use crate::rpki::Backoff;
use crate::run::input::{Blocked, Decoder, Inlet, Pipe};
use connection::{ConnectError, Connection};
use http::HttpError;
use subscription::{Control, Subscription, subscriptions};

/// From the first reconnection to the second, and the longest time between two.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A connection that held for so long was a good one: the next failure starts anew.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// How often we ask whether the server is there: it must answer, so a connection that died shows
/// within a minute, however quiet our prefixes are.
const PING_EVERY: Duration = Duration::from_secs(20);

/// So long without anything, be it an answer to a ping: dead.
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// How long the server may take to acknowledge what we subscribed to.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);

/// Between two subscriptions: the operators of RIS ask for it.
const POLITE: Duration = Duration::from_millis(200);

/// So many web sockets in a row did not come about: a proxy lets none through, and HTTP is tried.
const ATTEMPTS: u32 = 3;

/// Messages that are there already are handed over together, up to so many bytes.
const BLOCK: usize = 64 << 10;

/// Whether a web socket opens there; nothing is asked for.
pub(crate) async fn reach(url: &str) -> Result<(), String> {
    connection::open(url).await.map(drop).map_err(|error| error.to_string())
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("{0}")]
    Socket(#[from] tokio_tungstenite::tungstenite::Error),
    #[error("closed by the server")]
    Closed,
    #[error("nothing for {} s, not even an answer to a ping", DEAD_AFTER.as_secs())]
    Dead,
    #[error("a subscription was not acknowledged within {} s", ACKNOWLEDGED_WITHIN.as_secs())]
    NotAcknowledged,
    #[error("{0}")]
    Blocked(#[from] Blocked),
}

/// Follows the stream for ever.
pub(super) async fn run(url: String, mode: RisLiveMode, around: Surroundings) {
    let Surroundings { inlet, watches, offenders, .. } = around;
    let mut feed = RisLive { url, mode, inlet, watches, offenders, failures: 0 };
    let mut backoff = Backoff::new(FIRST_WAIT);
    loop {
        let begun = Instant::now();
        let lost = feed.follow().await;
        if begun.elapsed() >= GOOD_AFTER {
            backoff = Backoff::new(FIRST_WAIT);
        }
        let (url, wait) = (&feed.url, backoff.next(LONGEST_WAIT));
        tracing::warn!(%url, ?wait, "disconnected, and a gap begins: {lost}");
        tokio::time::sleep(wait).await;
    }
}

/// What is followed, for whom, and how that went.
struct RisLive {
    url: String,
    mode: RisLiveMode,
    inlet: Inlet,
    watches: Arc<WatchList>,
    offenders: watch::Receiver<BTreeSet<Asn>>,
    /// How many web sockets in a row did not come about.
    failures: u32,
}

impl RisLive {
    /// One connection, to its end.
    async fn follow(&mut self) -> Lost {
        if self.failures >= ATTEMPTS {
            // Then it is the turn of the web socket again: it alone tells silence from death.
            self.failures = 0;
            return self.follow_http().await;
        }
        let connection = match connection::open(&self.url).await {
            Ok(connection) => connection,
            Err(error) => {
                self.failures += 1;
                return error.into();
            }
        };
        self.failures = 0;
        let pipe = match self.inlet.open(Decoder::RisLive(walker())).await {
            Ok(pipe) => pipe,
            Err(blocked) => return blocked.into(),
        };
        let subscriptions = subscriptions(self.mode, &self.watches);
        tracing::info!(url = %self.url, subscriptions = subscriptions.len(), "connected");
        let result = match connection {
            Connection::Plain(socket) => Stream::new(*socket, self, &pipe).run(subscriptions).await,
            Connection::Tls(socket) => Stream::new(*socket, self, &pipe).run(subscriptions).await,
        };
        let lost = result.err().unwrap_or(Lost::Closed);
        pipe.close(Some(lost.to_string())).await;
        lost
    }

    async fn follow_http(&self) -> Lost {
        let subscriptions = subscriptions(self.mode, &self.watches);
        tracing::warn!(url = %self.url, "no web socket in {ATTEMPTS} attempts: trying HTTP");
        let Err(lost) = http::follow(&self.url, &subscriptions, &self.inlet).await;
        lost
    }
}

/// A walker that knows what comes: a first message that is garbage must cost only itself, not make it
/// take the stream for something else.
fn walker() -> Walker {
    let mut walker = Walker::new("");
    walker.walk(b"{\"type\":\"pong\"}\n", false, &Everything, &mut |_| {});
    walker
}

struct Stream<'a, S> {
    socket: WebSocketStream<S>,
    mode: RisLiveMode,
    inlet: &'a Inlet,
    pipe: &'a Pipe,
    offenders: watch::Receiver<BTreeSet<Asn>>,
    /// Whose announcements are asked for beside our own prefixes.
    followed: BTreeSet<Asn>,
    /// How many subscriptions the server has not acknowledged yet.
    unacknowledged: usize,
    heard: Instant,
    block: Vec<u8>,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Stream<'a, S> {
    fn new(socket: WebSocketStream<S>, feed: &'a RisLive, pipe: &'a Pipe) -> Self {
        let (mode, inlet, mut offenders) = (feed.mode, &feed.inlet, feed.offenders.clone());
        // Those that there are already are as good as news to a new connection.
        offenders.mark_changed();
        let (heard, block, followed) = (Instant::now(), Vec::new(), BTreeSet::new());
        Stream { socket, mode, inlet, pipe, offenders, followed, unacknowledged: 0, heard, block }
    }

    /// Reads from the first moment on: a server that sends while we subscribe must not wait.
    async fn run(mut self, subscriptions: Vec<Subscription>) -> Result<(), Lost> {
        let begun = Instant::now();
        let mut subscriptions = subscriptions.into_iter();
        self.unacknowledged = subscriptions.len();
        let (mut polite, mut ping) = (interval(POLITE), interval(PING_EVERY));
        polite.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        loop {
            let more = subscriptions.len() > 0;
            tokio::select! {
                message = self.socket.next() => {
                    self.take(message.ok_or(Lost::Closed)??).await?;
                    self.take_what_is_there().await?;
                }
                _ = polite.tick(), if more => {
                    if let Some(subscription) = subscriptions.next() {
                        self.socket.send(Message::text(subscription.begin())).await?;
                    }
                }
                // Of everything nothing is missing.
                Ok(()) = self.offenders.changed(), if !more && self.mode == RisLiveMode::Watched => {
                    self.follow_offenders().await?;
                }
                _ = ping.tick() => {
                    if self.heard.elapsed() >= DEAD_AFTER {
                        return Err(Lost::Dead);
                    }
                    if self.unacknowledged > 0 && !more && begun.elapsed() >= ACKNOWLEDGED_WITHIN {
                        return Err(Lost::NotAcknowledged);
                    }
                    self.socket.send(Message::Ping("originwatch".into())).await?;
                }
            }
        }
    }

    /// What else an offender announces tells whether it aims at us; once its incidents are over, that
    /// is of no interest.
    async fn follow_offenders(&mut self) -> Result<(), Lost> {
        let wanted = self.offenders.borrow_and_update().clone();
        for asn in wanted.difference(&self.followed) {
            tracing::info!(offender = %asn, "asking for all that it announces");
            self.socket.send(Message::text(Subscription::originated_by(*asn).begin())).await?;
        }
        for asn in self.followed.difference(&wanted) {
            self.socket.send(Message::text(Subscription::originated_by(*asn).end())).await?;
        }
        self.followed = wanted;
        Ok(())
    }

    /// What has come in the meantime goes with it: one way through the channel for many messages.
    async fn take_what_is_there(&mut self) -> Result<(), Lost> {
        while self.block.len() < BLOCK {
            match futures_util::FutureExt::now_or_never(self.socket.next()) {
                Some(Some(message)) => self.take(message?).await?,
                Some(None) => return Err(Lost::Closed),
                None => break,
            }
        }
        if !self.block.is_empty() {
            // What comes next is about as much: growing step by step would copy it as often.
            let next = Vec::with_capacity(self.block.len());
            self.pipe.push(std::mem::replace(&mut self.block, next)).await?;
        }
        Ok(())
    }

    async fn take(&mut self, message: Message) -> Result<(), Lost> {
        self.heard = Instant::now();
        match message {
            Message::Text(text) => self.take_text(text.as_bytes()),
            Message::Binary(bytes) => self.take_text(&bytes),
            // Our prefixes may be quiet for days; of everything, silence is trouble.
            Message::Pong(_) if self.mode == RisLiveMode::Watched => self.inlet.alive().await?,
            Message::Close(_) => return Err(Lost::Closed),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        Ok(())
    }

    fn take_text(&mut self, text: &[u8]) {
        match Control::of(text) {
            Some(Control::Subscribed) => {
                // Those for offenders are acknowledged too, after the others.
                let all = self.unacknowledged == 1;
                self.unacknowledged = self.unacknowledged.saturating_sub(1);
                if all {
                    tracing::info!("subscribed");
                }
            }
            Some(Control::Error(error)) => tracing::error!(%error, "the server reports an error"),
            None => {
                // A line of its own, whatever stands in it.
                let begin = self.block.len();
                self.block.extend_from_slice(text);
                let line = self.block.get_mut(begin..).unwrap_or_default();
                line.iter_mut().filter(|octet| **octet == b'\n').for_each(|octet| *octet = b' ');
                self.block.push(b'\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::sync::mpsc;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    /// What a connection ends with whose server reads all and says nothing at all, and when.
    async fn stalled(subscriptions: Vec<Subscription>) -> (String, Duration) {
        let (ours, mut theirs) = tokio::io::duplex(1 << 10);
        tokio::spawn(async move { while theirs.read(&mut [0; 64]).await.unwrap() > 0 {} });
        let (inputs, _engine) = mpsc::channel(8);
        let inlet = Inlet::all(&inputs, 1).remove(0);
        let pipe = inlet.open(Decoder::RisLive(walker())).await.unwrap();
        let (_offenders, followed) = watch::channel(BTreeSet::new());
        let watches = Arc::new(WatchList::new([], []).unwrap());
        let (url, mode) = (String::new(), RisLiveMode::Firehose);
        let feed = RisLive { url, mode, inlet, watches, offenders: followed, failures: 0 };
        let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let begun = Instant::now();
        let lost = Stream::new(socket, &feed, &pipe).run(subscriptions).await.unwrap_err();
        (lost.to_string(), begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stalls_in_silence_is_given_up() {
        let minute = ("nothing for 60 s, not even an answer to a ping".to_owned(), DEAD_AFTER);
        assert_eq!(stalled(Vec::new()).await, minute);
        let everything = subscriptions(RisLiveMode::Firehose, &WatchList::new([], []).unwrap());
        let late = ("a subscription was not acknowledged within 30 s".to_owned(), 2 * PING_EVERY);
        assert_eq!(stalled(everything).await, late);
    }
}
