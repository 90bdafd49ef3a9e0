//! Who is told what, and when not: what stands between the engine and the outbox.
//!
//! Start with [`Desk`]: notices go in with [`Desk::handle`], what people want with
//! [`Desk::order`], and a [`Letter`] comes out of [`Desk::poll`]. Like the engine it is a
//! deterministic fold that asks no clock. It must never know how a letter is carried.

#![expect(dead_code, reason = "what decides by these comes with the next change")]

mod letter;
mod marks;
mod order;
mod routing;
mod rules;
mod summary;
mod window;

use std::collections::VecDeque;

use bgp::Timestamp;

pub use letter::{Content, Destination, Hold, Letter, Remark};
pub use marks::{Acknowledged, Marks, Muted, Note, Signed};
pub use order::{Order, Refusal, Scope, What};
pub use routing::{Hours, Routing, Rule};
pub use rules::{DeskRules, Digest, Step, Storm};
pub use summary::{Cause, Common, Queue, Row, Summary, SummaryId};
pub use window::{Expected, Standing, Window};

use crate::{Incidents, Notice};

/// Decides which notices become letters, for whom, and when.
///
/// After each call of [`handle`](Self::handle), [`order`](Self::order) and
/// [`handle_timeout`](Self::handle_timeout), drain [`poll`](Self::poll). The engine is an argument
/// of those that tell how things stand now.
#[derive(Debug)]
pub struct Desk {
    rules: DeskRules,
    letters: VecDeque<Letter>,
}

impl Desk {
    /// Nothing is known yet.
    pub fn new(rules: DeskRules) -> Self {
        Desk { rules, letters: VecDeque::new() }
    }

    /// Takes a notice in.
    pub fn handle(&mut self, now: Timestamp, notice: Notice, _incidents: &Incidents) {
        let to = self.rules.routing.of(now, &self.rules.time_zone, &notice);
        let urgent = notice.severity == validator::Severity::Critical;
        self.letters.push_back(Letter { to, urgent, content: Content::Notice(Box::new(notice)) });
    }

    /// The next letter, in the order in which they were decided.
    pub fn poll(&mut self) -> Option<Letter> {
        self.letters.pop_front()
    }
}
