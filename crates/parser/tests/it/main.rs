//! Bytes to observations: what we make ourselves, byte by byte, is read as it was meant.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test says no by panicking, and its numbers are small"
)]

#[path = "../any/mod.rs"]
mod any;
mod bgpdump;
mod bgpkit;
mod bmp;
mod damage;
mod decode;
mod filter;
mod observer;
#[allow(dead_code, reason = "the other suite uses the rest")]
#[path = "../play/mod.rs"]
mod play;
mod recordings;
mod ris_live;
mod tables;
