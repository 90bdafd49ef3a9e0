//! Recordings of routes: files, folders, standard input, URLs, and what the archives of RIPE RIS and
//! RouteViews hold, unpacked and merged by time.
//!
//! Start with [`Inputs::find`]: what the user named becomes a list of [`Input`]s, and [`Archive`] adds
//! to it what collectors recorded. [`Scan`] reads them side by side: it opens each when its time has
//! come, and [`Scan::next_event`] gives what their [`RecordVisitor`]s made of the elements, in the order of
//! time.
//!
//! In the order of the flow: `inputs` finds what is to be read and `broker` asks where the recordings of
//! collectors are; `stream` reads octets, from a file or over HTTP (`remote`), which the `cache` keeps;
//! of each packed input a thread unpacks `blocks`, of `bzip2` on all cores; a `worker` walks the
//! records in them, filters, and lets a visitor make of each element what the command needs; `merge`
//! puts that in the order of time. Every channel is bounded, so memory depends on how many inputs
//! overlap, and not on how many or how large they are.
//!
//! This crate must never know RPKI, incidents or config files: what the user wrote somewhere comes here
//! as [`Archive`].

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
mod progress;
mod remote;
mod stream;
mod worker;

pub use broker::{Archive, ArchiveError, Recordings};
pub use cache::Cache;
pub use inputs::{Input, Inputs};
pub use merge::{Done, Event, Order, Scan};
pub use worker::{DamageReports, RecordVisitor};
