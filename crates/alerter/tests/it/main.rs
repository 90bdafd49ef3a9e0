//! The engine, the words and the relay, each through its public face.

#![expect(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests covers #[test] functions, not the helpers beside them"
)]

mod engine;
mod lab;
mod letters;
mod model;
mod relay;
