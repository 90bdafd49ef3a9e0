//! Notifications on their way to people, and what comes back.
//!
//! Start with [`DeliveryQueues`]: whoever owns the store keeps them, hands over what is due
//! ([`dispatch`](DeliveryQueues::dispatch)), and writes down what became of it
//! ([`settle`](DeliveryQueues::settle)). A [`DeliveryWorker`] for each channel makes the attempts, so that one
//! that hangs makes no other wait; mail goes by [`Relays`], of which the next takes over where one fails.
//! [`read_replies`] reads what people answer and which mails come back, and [`ReplyLog`] does what they say,
//! once. What all of them have to tell is a [`DeliveryEvent`].
//!
//! This crate never knows feeds, the config file, or the web.

mod attempt;
#[cfg(test)]
mod chaos;
mod event;
mod queues;
mod relays;
mod replies;
mod settlement;
mod unstored;
mod worker;

pub use attempt::{DeliveryAttempt, DeliveryReport, Outcome};
pub use event::{DeliveryEvent, EVENTS};
pub use queues::{CarriedQueues, DeliveryQueue, DeliveryQueues};
pub use relays::Relays;
pub use replies::{ImapServer, Mailbox, ReplyLog, read_replies};
pub use worker::{AT_ONCE, DeliveryWorker, RateLimiter, Transport};
