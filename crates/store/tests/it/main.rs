//! The store through its public face.

#![expect(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests covers #[test] functions, not the helpers beside them"
)]

mod faults;
#[expect(clippy::print_stdout, reason = "it kills processes and so needs a word between them")]
mod journal;
#[expect(dead_code, reason = "shared with the engine's own tests")]
#[path = "../../../incidents/tests/it/lab.rs"]
mod lab;
mod request;
