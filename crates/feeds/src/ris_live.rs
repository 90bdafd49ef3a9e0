//! RIS Live over a web socket, and over HTTP where that does not come about.

mod block_decoder;
mod connection;
mod http;
mod http_error;
mod lost;
mod subscription;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bgp::Asn;
use futures_util::{SinkExt as _, StreamExt as _};
use network::Backoff;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use validator::Classifier;

use crate::RisLiveMode;
use crate::context::FeedContext;
use crate::session::{Decoder, Outlet};
use block_decoder::{BLOCK, BlockDecoder};
use connection::Connection;
use http_error::HttpError;
use lost::{ACKNOWLEDGED_WITHIN, DEAD_AFTER, Lost, walker};
use subscription::{Control, Subscription, subscriptions};

/// From the first reconnection to the second, and the longest time between two.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A connection that held for so long was a good one: the next failure starts anew.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// How often we ask whether the server is there: it must answer, so a connection that died shows
/// within a minute, however quiet our prefixes are.
const PING_EVERY: Duration = Duration::from_secs(20);

/// So long without a message or an acknowledgement, and the server is asked to acknowledge a subscription
/// once more: that it answers pings says nothing of its messages, and our prefixes may be quiet for days.
const PROBE_AFTER: Duration = Duration::from_secs(60);

/// Between two subscriptions: the operators of RIS ask for it.
const POLITE: Duration = Duration::from_millis(200);

/// So many web sockets in a row did not come about: a proxy lets none through, and HTTP is tried.
const ATTEMPTS: u32 = 3;

/// Whether a web socket opens there; nothing is asked for.
///
/// # Errors
///
/// Why it does not.
pub async fn reach(url: &str) -> Result<(), String> {
    connection::open(url).await.map(drop).map_err(|error| error.to_string())
}

/// Follows the stream for ever.
pub(super) async fn run(url: String, mode: RisLiveMode, context: FeedContext) {
    let FeedContext { outlet, classifiers, offenders, initial_ribs, stop, .. } = context;
    if let Err(blocked) = initial_ribs.load(&outlet, stop).await {
        tracing::warn!("no tables: {blocked}");
    }
    let mut feed = RisLive { url, mode, outlet, classifiers, offenders, failures: 0 };
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
    outlet: Outlet,
    classifiers: watch::Receiver<Arc<Classifier>>,
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
        let decoder = Decoder::RisLive { walker: walker(), over_http: false };
        let mut decoder = match self.outlet.open(decoder).await {
            Ok(session) => BlockDecoder::new(session),
            Err(blocked) => return blocked.into(),
        };
        tracing::info!(url = %self.url, "connected");
        let result = match connection {
            Connection::Plain(socket) => Stream::new(*socket, self, &mut decoder).run().await,
            Connection::Tls(socket) => Stream::new(*socket, self, &mut decoder).run().await,
        };
        let lost = result.err().unwrap_or(Lost::Closed);
        decoder.close(lost.to_string()).await;
        lost
    }

    /// There a subscription is a connection, so other watches need other connections.
    async fn follow_http(&mut self) -> Lost {
        let subscriptions =
            subscriptions(self.mode, self.classifiers.borrow_and_update().watches());
        tracing::warn!(url = %self.url, "no web socket in {ATTEMPTS} attempts: trying HTTP");
        let RisLive { mode, url, classifiers, outlet, .. } = self;
        let other = async {
            while classifiers.changed().await.is_ok() {
                let classifier = classifiers.borrow_and_update().clone();
                if self::subscriptions(*mode, classifier.watches()) != subscriptions {
                    return;
                }
            }
            // Without a manager nobody changes anything any more.
            std::future::pending().await
        };
        let Err(lost) = http::follow(url, &subscriptions, other, outlet).await;
        if matches!(lost, Lost::Http(HttpError::OtherWatches)) {
            self.failures = ATTEMPTS;
        }
        lost
    }
}

struct Stream<'a, S> {
    socket: WebSocketStream<S>,
    mode: RisLiveMode,
    decoder: &'a mut BlockDecoder,
    classifiers: watch::Receiver<Arc<Classifier>>,
    offenders: watch::Receiver<BTreeSet<Asn>>,
    /// The offenders of what is asked for.
    asked: BTreeSet<Asn>,
    /// What we are subscribed to, and what we have to say for that to be what we want.
    subscribed: Vec<Subscription>,
    to_say: VecDeque<Change>,
    /// How many subscriptions the server has not acknowledged yet, and when the last one was sent.
    unacknowledged: usize,
    /// What it said instead.
    error: Option<String>,
    said: Instant,
    heard: Instant,
    /// When a message or an acknowledgement last came, or one was asked for.
    shown: Instant,
    block: Vec<u8>,
}

enum Change {
    Begin(Subscription),
    End(Subscription),
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Stream<'a, S> {
    fn new(socket: WebSocketStream<S>, feed: &RisLive, decoder: &'a mut BlockDecoder) -> Self {
        let now = Instant::now();
        let mut stream = Stream {
            socket,
            mode: feed.mode,
            decoder,
            classifiers: feed.classifiers.clone(),
            offenders: feed.offenders.clone(),
            asked: BTreeSet::new(),
            subscribed: Vec::new(),
            to_say: VecDeque::new(),
            unacknowledged: 0,
            error: None,
            said: now,
            heard: now,
            shown: now,
            block: Vec::new(),
        };
        stream.plan();
        stream
    }

    /// Reads from the first moment on: a server that sends while we subscribe must not wait.
    async fn run(mut self) -> Result<(), Lost> {
        let (mut polite, mut ping) = (interval(POLITE), interval(PING_EVERY));
        polite.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.reset();
        loop {
            let more = !self.to_say.is_empty();
            tokio::select! {
                message = self.socket.next() => {
                    let now = Instant::now();
                    self.take(message.ok_or(Lost::Closed)??, now).await?;
                    self.take_what_is_there(now).await?;
                }
                _ = polite.tick(), if more => self.say().await?,
                Ok(()) = self.classifiers.changed() => self.plan(),
                Ok(()) = self.offenders.changed() => self.plan(),
                _ = ping.tick() => {
                    if self.heard.elapsed() >= DEAD_AFTER {
                        return Err(Lost::Dead);
                    }
                    let late = self.said.elapsed() >= ACKNOWLEDGED_WITHIN;
                    if self.unacknowledged > 0 && !more && late {
                        return Err(self.error.take().map_or(Lost::NotAcknowledged, Lost::Error));
                    }
                    self.probe();
                    self.socket.send(Message::Ping("originwatch".into())).await?;
                }
            }
        }
    }

    /// What to say for the watches and the offenders of now. What else an offender announces tells whether
    /// it aims at us; once its incidents are over, that is of no interest. Of everything nothing is
    /// missing.
    fn plan(&mut self) {
        let mut wanted = subscriptions(self.mode, self.classifiers.borrow_and_update().watches());
        let offenders = self.offenders.borrow_and_update();
        if self.mode == RisLiveMode::Watched {
            self.asked.clone_from(&offenders);
            self.decoder.activity().tells_only_of(&self.asked);
            wanted.extend(offenders.iter().map(|asn| Subscription::originated_by(*asn)));
        }
        let new = wanted.iter().filter(|one| !self.subscribed.contains(one)).cloned();
        let old = self.subscribed.iter().filter(|one| !wanted.contains(one)).cloned();
        // The new ones first: what both ask for is never missed.
        self.to_say = new.map(Change::Begin).chain(old.map(Change::End)).collect();
    }

    /// Asks for a sign of life where there was none for a while. Of everything, silence is trouble.
    fn probe(&mut self) {
        if self.mode == RisLiveMode::Watched
            && self.shown.elapsed() >= PROBE_AFTER
            && let Some(one) = self.subscribed.pop()
        {
            self.shown = Instant::now();
            self.to_say.push_back(Change::Begin(one));
        }
    }

    async fn say(&mut self) -> Result<(), Lost> {
        let message = match self.to_say.pop_front() {
            None => return Ok(()),
            Some(Change::Begin(one)) => {
                tracing::info!(%one, "subscribing");
                let message = one.begin();
                self.unacknowledged += 1;
                self.subscribed.push(one);
                message
            }
            Some(Change::End(one)) => {
                self.subscribed.retain(|other| *other != one);
                one.end()
            }
        };
        self.said = Instant::now();
        Ok(self.socket.send(Message::text(message)).await?)
    }

    /// What has come in the meantime goes with it: one way through the channel for many messages. Where
    /// the connection ends with them they still count.
    async fn take_what_is_there(&mut self, now: Instant) -> Result<(), Lost> {
        let result = self.gather(now).await;
        self.hand_over().await?;
        result
    }

    async fn gather(&mut self, now: Instant) -> Result<(), Lost> {
        while self.block.len() < BLOCK {
            match futures_util::FutureExt::now_or_never(self.socket.next()) {
                Some(Some(message)) => self.take(message?, now).await?,
                Some(None) => return Err(Lost::Closed),
                None => break,
            }
        }
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<(), Lost> {
        if !self.block.is_empty() {
            // What comes next is about as much: growing step by step would copy it as often.
            let next = Vec::with_capacity(self.block.len());
            self.decoder.push(std::mem::replace(&mut self.block, next)).await?;
        }
        Ok(())
    }

    async fn take(&mut self, message: Message, now: Instant) -> Result<(), Lost> {
        self.heard = now;
        let text = match &message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return Err(Lost::Closed),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => return Ok(()),
        };
        match Control::of(text) {
            Some(control) => {
                // What the server says of itself comes behind what it has told by then.
                self.hand_over().await?;
                self.decoder.decoded().await?;
                self.obey(control, now);
            }
            None => self.add_line(text, now),
        }
        Ok(())
    }

    fn obey(&mut self, control: Control, now: Instant) {
        match control {
            Control::Subscribed => {
                self.decoder.is_alive();
                self.shown = now;
                let all = self.unacknowledged == 1 && self.to_say.is_empty();
                self.unacknowledged = self.unacknowledged.saturating_sub(1);
                if all {
                    self.decoder.activity().tells_of(&self.asked);
                    tracing::info!(subscriptions = self.subscribed.len(), "subscribed");
                }
            }
            Control::Error(error) => {
                tracing::error!(%error, "the server reports an error");
                self.error = Some(error);
            }
        }
    }

    /// A line of its own, whatever stands in it.
    fn add_line(&mut self, text: &[u8], now: Instant) {
        self.shown = now;
        let begin = self.block.len();
        self.block.extend_from_slice(text);
        if text.contains(&b'\n') {
            let line = self.block.get_mut(begin..).unwrap_or_default();
            line.iter_mut().filter(|it| **it == b'\n').for_each(|it| *it = b' ');
        }
        self.block.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::event::FeedEvent;
    use crate::session::tests::outlet;

    /// What a connection ends with whose server reads all and says nothing but this, and when; and how
    /// many messages were read.
    async fn served(said: &[u8]) -> (String, Duration, u64) {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let said = said.to_vec();
        tokio::spawn(async move {
            theirs.read_exact(&mut [0; 2]).await.unwrap();
            theirs.write_all(&said).await.unwrap();
            while theirs.read(&mut [0; 64]).await.unwrap() > 0 {}
        });
        let (outlet, mut events) = outlet(8);
        let decoder = Decoder::RisLive { walker: walker(), over_http: false };
        let mut decoder = BlockDecoder::new(outlet.open(decoder).await.unwrap());
        let Some(FeedEvent::Opened(opened)) = events.recv().await else { panic!() };
        let (_offenders, offenders) = watch::channel(BTreeSet::new());
        let (classifiers, url) = (outlet.classifiers.clone(), String::new());
        let mode = RisLiveMode::Firehose;
        let feed = RisLive { url, mode, outlet, classifiers, offenders, failures: 0 };
        let socket = WebSocketStream::from_raw_socket(ours, Role::Client, None).await;
        let begun = Instant::now();
        let lost = Stream::new(socket, &feed, &mut decoder).run().await.unwrap_err();
        let lasted = begun.elapsed();
        decoder.close(lost.to_string()).await;
        (lost.to_string(), lasted, opened.activity.messages())
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_right_before_the_end_of_a_connection_is_taken() {
        // Two texts of 15 octets and a close (RFC 6455 section 5.2), in one piece.
        let said = b"\x81\x0f{\"type\":\"some\"}\x81\x0f{\"type\":\"more\"}\x88\x00";
        let (lost, _, read) = served(said).await;
        assert_eq!(lost, "closed by the server");
        // And the one that tells the walker what comes.
        assert_eq!(read, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn large_blocks_are_decoded_elsewhere_and_none_of_their_messages_is_lost() {
        let text = format!("{{\"type\":\"some\",\"data\":\"{}\"}}", "x".repeat(1000));
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        let frame = [&[0x81, 126], &length[..], text.as_bytes()].concat();
        let number = 4 * BLOCK / text.len() + 1;
        let said = [frame.repeat(number), vec![0x88, 0]].concat();
        let (lost, _, read) = served(&said).await;
        assert_eq!((lost.as_str(), read), ("closed by the server", number as u64 + 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stalls_in_silence_is_given_up() {
        let stalled = async |said| {
            let (lost, after, _) = served(said).await;
            (lost, after)
        };
        let minute = ("nothing for 60 s, not even an answer to a ping".to_owned(), DEAD_AFTER);
        // A text of 27 octets (RFC 6455 section 5.2).
        assert_eq!(stalled(b"\x81\x1b{\"type\":\"ris_subscribe_ok\"}").await, minute);
        let late = ("a subscription was not acknowledged within 30 s".to_owned(), 2 * PING_EVERY);
        assert_eq!(stalled(b"").await, late);
    }
}
