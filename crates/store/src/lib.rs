//! What must survive: the memory of engine and dispatcher, every notice, and every notification that is still to
//! be delivered, in one SQLite file.
//!
//! Start with [`Journal`]: it stands in front of engine and dispatcher and makes each step durable.
//! [`Store`] is the file. Both are one deterministic fold, so the file holds a checkpoint of it and
//! the findings and orders since then; going on after `kill -9` is folding these again, which gives
//! the same notifications with the same Message-IDs, and those are there already.
//!
//! One process owns the file. Others are [`StoreClient`]s: they look, and leave [`Request`]s, which the
//! owner takes with [`Journal::take_requests`].

mod client;
mod connection;
mod displaced;
mod entry;
mod error;
mod file;
mod incident;
mod inode;
mod journal;
mod kept;
mod lock;
mod outbox;
mod request;
mod schema;
mod silences;
mod state_machine;

pub use client::{IncidentCount, Queued, StoreClient};
pub use displaced::Displaced;
pub use error::StoreError;
pub use file::Store;
pub use journal::{Journal, Opening, Substitute};
pub use outbox::{Delivery, Outbox};
pub use request::{ANSWER_WITHIN, Answer, LOOK_EVERY, Request};
pub use silences::Silences;
