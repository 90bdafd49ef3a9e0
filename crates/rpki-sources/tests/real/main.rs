//! VRPs and local exceptions as others write them.
//!
//! `ORIGINWATCH_DATA=DIR cargo test --workspace --test real` runs it; CONTRIBUTING.md says what it needs.

#![expect(clippy::panic, reason = "a test says no by panicking")]

mod documents;
mod slurm;

use fixtures::real::recording;

/// A file below `vrp/`.
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(recording("vrp").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
