//! The engine through its public face.

#![expect(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests covers #[test] functions, not the helpers beside them"
)]

mod conditions;
mod engine;
mod first_notice;
mod first_sight;
mod gap;
#[expect(dead_code, reason = "shared with the tests of what stands behind the engine")]
mod lab;
mod model;
mod visibility;
