use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bgp::{Asn, Timestamp};

/// What a session has read, written by its task and looked at by whoever follows its health: it costs
/// no message.
#[derive(Debug)]
pub struct Activity {
    begun: Instant,
    messages: AtomicU64,
    damages: AtomicU64,
    /// Microseconds after the beginning, plus one; zero for never.
    heard: AtomicU64,
    alive: AtomicU64,
    /// The latest time stamp, in microseconds; the least of all for none.
    stamped: AtomicI64,
    /// The ASes that the other side was asked for and has acknowledged.
    asked: Mutex<BTreeSet<Asn>>,
    /// What the other side has, and nobody asked for.
    left_out: Mutex<Vec<String>>,
}

impl Activity {
    pub(crate) fn new(now: Instant) -> Self {
        Activity {
            begun: now,
            messages: AtomicU64::new(0),
            damages: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            alive: AtomicU64::new(0),
            stamped: AtomicI64::new(i64::MIN),
            asked: Mutex::default(),
            left_out: Mutex::default(),
        }
    }

    /// Bytes have come.
    pub(crate) fn hear(&self, now: Instant) {
        self.heard.store(self.micros(now), Ordering::Relaxed);
        self.live(now);
    }

    /// The other side is there, though it has nothing to tell.
    pub(crate) fn live(&self, now: Instant) {
        self.alive.store(self.micros(now), Ordering::Relaxed);
    }

    /// So many messages were read since the beginning, and so many places in them were damaged.
    pub(crate) fn count(&self, messages: u64, damages: u64) {
        self.messages.store(messages, Ordering::Relaxed);
        self.damages.store(damages, Ordering::Relaxed);
    }

    /// The latest message bears this time.
    pub(crate) fn stamp(&self, at: Timestamp) {
        self.stamped.store(at.micros(), Ordering::Relaxed);
    }

    /// Something that the other side has is left out.
    pub(crate) fn leaves_out(&self, what: String) {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What the other side has that is left out, each once.
    pub fn left_out(&self) -> Vec<String> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The other side tells of these ASes from now on.
    pub(crate) fn tells_of(&self, asked: &BTreeSet<Asn>) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone_from(asked);
    }

    /// It is to tell of no other ASes than these any more.
    pub(crate) fn tells_only_of(&self, asked: &BTreeSet<Asn>) {
        let mut known = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|asn| asked.contains(asn));
    }

    /// The ASes that it was asked for and tells of.
    pub fn asked(&self) -> BTreeSet<Asn> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Messages, records or lines so far.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Damaged places so far.
    pub fn damages(&self) -> u64 {
        self.damages.load(Ordering::Relaxed)
    }

    /// When bytes last came.
    pub fn heard(&self) -> Option<Instant> {
        self.instant(&self.heard)
    }

    /// When the other side last showed that it is there.
    pub fn alive(&self) -> Option<Instant> {
        self.instant(&self.alive)
    }

    /// The time that the latest message bears.
    pub fn stamped(&self) -> Option<Timestamp> {
        let micros = self.stamped.load(Ordering::Relaxed);
        (micros != i64::MIN).then(|| Timestamp::from_micros(micros))
    }

    fn micros(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.begun).as_micros();
        u64::try_from(since).unwrap_or(u64::MAX - 1) + 1
    }

    fn instant(&self, micros: &AtomicU64) -> Option<Instant> {
        let since = micros.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.begun + Duration::from_micros(since))
    }
}
