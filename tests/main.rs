//! The tests of the whole: the real binary on real input.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails; helpers are no #[test]"
)]

mod any;
mod bad_input;
mod check;
mod cli;
mod config;
mod import;
mod incidents;
mod indosat;
mod init;
mod kinds;
mod observer;
#[expect(dead_code, reason = "the other suite uses the rest")]
mod play;
mod recordings;
mod replay;
mod report;
mod rtr;
mod run;
mod search;
mod validate;
mod whatif;
