//! What others say of routes.
//!
//! `ORIGINWATCH_DATA=DIR cargo test --workspace --test real` runs it; CONTRIBUTING.md says what it needs.

mod validity;
