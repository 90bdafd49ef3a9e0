//! The real binary on recordings of others and among their programs: routers, caches of RPKI, mail servers.
//!
//! `ORIGINWATCH_DATA=DIR cargo test --workspace --test real` runs it; CONTRIBUTING.md says what it needs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails; helpers are no #[test]"
)]

#[path = "../any/mod.rs"]
mod any;
mod commands;
mod counts;
mod import;
mod incidents;
mod machine;
mod peers;
#[expect(dead_code, reason = "the other suite uses the rest")]
#[path = "../play/mod.rs"]
mod play;
mod recordings;
mod rtr;
mod search;
