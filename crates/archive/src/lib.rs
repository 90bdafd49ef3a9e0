//! The one pipeline for everything that reads recordings: files, folders, standard input, URLs, and
//! what the archives hold.
//!
//! `inputs` finds what is to be read. Of each packed input a thread unpacks `blocks` (`bzip2` on
//! all cores), and a `worker` walks them, filters, and makes of each element what the command wants. A
//! [`Scan`] opens them when their time has come and puts what they gather in the order of time.
//! Every channel is bounded, so memory depends on how many inputs overlap, and not on how many or
//! how large they are. `remote` reads over HTTP, `broker` asks where recordings are, `cache` keeps
//! them.

mod blocks;
mod broker;
#[expect(
    clippy::cast_possible_truncation,
    reason = "octets are cut out of words throughout, and a block has fewer than 2^20 places"
)]
mod bzip2;
mod cache;
mod hex;
mod inputs;
mod merge;
mod remote;
mod stream;
mod worker;

pub use broker::{Archive, ArchiveError, Recordings};
pub use cache::Cache;
pub use inputs::{Input, Inputs};
pub use merge::{Done, Event, Order, Scan};
pub use worker::{Gather, Telling};

use std::sync::atomic::AtomicU64;

/// How far an input is.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Octets read from the source.
    octets: AtomicU64,
    /// Records walked.
    records: AtomicU64,
}
