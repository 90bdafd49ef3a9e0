//! Who is told what, and when not: what stands between the engine and the outbox.
//!
//! Start with [`Dispatcher`]: notices go in with [`Dispatcher::handle`], what people want with
//! [`Dispatcher::command`], and a [`Notification`](crate::Notification) comes out of [`Dispatcher::poll`]. It wires
//! what each file decides by itself: `routing` and `rules` to whom a notice goes, `alert_state` what holds it back
//! (closed, `silences`, `maintenance` windows, a widening `backoff`), `storm` with what others it is told,
//! `reminder` what is said again, `notification_limit` what waits for a digest, `reachability` who is told as well.
//! Like the engine the dispatcher is a deterministic fold that asks no clock, and it must never know how a
//! notification is carried.
//!
//! ```
//! use std::time::Duration;
//!
//! use alerter::Scope;
//! use alerter::dispatch::{Action, Command, DispatchRules, Dispatcher};
//! use incidents::{Incidents, Rules};
//!
//! let incidents = Incidents::new(Rules::default(), Default::default());
//! let mut dispatcher = Dispatcher::new(DispatchRules::default());
//! let now = bgp::Timestamp::from_seconds(1_396_463_165);
//! let scope = Scope::Asn(bgp::Asn::new(4761));
//! let action = Action::Mute { scope, until: now + Duration::from_secs(3600) };
//! dispatcher.command(now, Command { by: "noc".to_owned(), action }, &incidents)?;
//! assert_eq!(dispatcher.next_timeout(), Some(now + Duration::from_secs(3600)));
//! assert_eq!(dispatcher.poll(), None);
//! # Ok::<(), alerter::dispatch::Refusal>(())
//! ```
//!
//! What people may rely on:
//!
//! * An acknowledgement stops reminders and escalation; updates still come. What becomes more
//!   serious, or reopens, was not acknowledged.
//! * A mute, a maintenance window and a close hold back everything but the end: whoever was told that an
//!   incident opened is told when it is over, since programs keep what they were not told the end
//!   of. Who was told nothing is not told the end either.
//! * When a mute ends and the incident is still open, one notification says how it stands and what was missed;
//!   when a window ends, one summary tells all that it held.
//! * Nothing is told twice: a notification that stands for several notices bears the Message-ID of the last.

mod alert_state;
mod alerts;
mod backoff;
mod command;
mod digest;
mod dispatcher;
mod maintenance;
mod memory;
mod notification_limit;
mod reachability;
mod reminder;
mod routing;
mod rules;
mod silences;
mod storm;
mod summarize;

pub use command::{Action, Command, Refusal};
pub use dispatcher::Dispatcher;
pub use routing::{Hours, Routing, Rule};
pub use rules::{Digest, DispatchRules, Step, Storm};
