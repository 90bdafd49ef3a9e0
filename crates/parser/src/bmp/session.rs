use std::sync::Arc;

use bgp::{Timestamp, Vantage};

use super::{Config, Counters, Event, Framing, Message, Router, VrfLeftOut, step};
use crate::{DamageKind, Filter, Statistics, Step};

/// One connection of one router: its bytes in, [`Event`]s out. It reads no clock and no socket.
#[derive(Debug)]
pub struct Session {
    router: Router,
    statistics: Statistics,
    ended: bool,
}

impl Session {
    /// Starts at the first octet of a connection.
    pub fn new(config: Config) -> Self {
        let router = Router::new(Arc::new(config));
        Session { router, statistics: Statistics::default(), ended: false }
    }

    /// Takes every whole message at the start of `bytes` and returns what the last step was and how
    /// many octets they fill; the rest belongs in front of what comes next. After [`Step::End`] the
    /// connection is of no use any more.
    ///
    /// `received` is when the bytes came; None where nobody knows, as of a capture.
    pub fn walk(
        &mut self,
        bytes: &[u8],
        received: Option<Timestamp>,
        filter: &impl Filter,
        sink: &mut impl FnMut(Event<'_>),
    ) -> (Step, usize) {
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or_default();
            match self.step(rest, received, filter, sink) {
                Step::Read(octets) => taken += octets,
                step @ (Step::More(_) | Step::End) => return (step, taken),
            }
        }
    }

    /// Takes one message from the start of `bytes`. Never waits for more than
    /// [`MESSAGE_MAX`](super::MESSAGE_MAX) octets.
    pub fn step(
        &mut self,
        bytes: &[u8],
        received: Option<Timestamp>,
        filter: &impl Filter,
        sink: &mut impl FnMut(Event<'_>),
    ) -> Step {
        if self.ended {
            return Step::End;
        }
        let Session { router, statistics, ended } = self;
        let framing = Message::frame(bytes);
        let step = step(framing, bytes, statistics, sink, |message, out| {
            router.decode(message, received, filter, out);
        });
        if let Step::Read(octets) = step {
            statistics.octets += octets as u64;
        }
        *ended = step == Step::End;
        step
    }

    /// The router closed the connection, with so many octets left over.
    pub fn close(&mut self, left: usize, sink: &mut impl FnMut(Event<'_>)) {
        if left > 0 && !self.ended {
            let lost = Framing::Lost(DamageKind::Truncated);
            step(lost, &[], &mut self.statistics, sink, |(), _| ());
        }
        self.ended = true;
    }

    /// The name of the router: what its vantage points have as their collector.
    pub const fn router(&self) -> &Arc<str> {
        self.router.name()
    }

    /// The vantage points that are up. When the connection breaks their routes are not gone, but
    /// nobody tells of them any more: they are unconfirmed.
    pub fn vantages(&self) -> impl Iterator<Item = &Vantage> {
        self.router.vantages()
    }

    /// The VRFs whose routes are left out because nobody asked for them.
    pub fn vrfs_left_out(&self) -> impl Iterator<Item = &VrfLeftOut> {
        self.router.vrfs_left_out()
    }

    /// What was read so far.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// The same by kind of message, with what was put right on the way.
    pub const fn counters(&self) -> Counters {
        self.router.counters()
    }
}
