//! Recordings of others, against what `bgpdump` and bgpkit-parser make of them.
//!
//! `ORIGINWATCH_DATA=DIR cargo test --workspace --test real` runs it; CONTRIBUTING.md says what it needs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test says no by panicking, and its numbers are small"
)]

#[path = "../any/mod.rs"]
mod any;
mod bgpdump;
mod bmp;
#[allow(dead_code, reason = "the other suite uses the rest")]
#[path = "../play/mod.rs"]
mod play;
mod recordings;
mod ris_live;
