//! The tests of the whole: the real binary on real input.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails; helpers are no #[test]")]

mod bad_input;
mod check;
mod cli;
mod config;
mod counts;
mod incidents;
mod indosat;
mod peers;
mod play;
mod replay;
mod report;
mod rtr;
mod run;
mod search;
mod validate;
mod web;
mod whatif;
