//! What programs ask and want over HTTP, over the store.
//!
//! Start with [`router`]: the paths and who answers them. It is one more client of the store, as the commands
//! are: what it answers stands in the file, and what somebody wants becomes a request there, done by the
//! engine in the order in which it came. What only the engine knows it publishes as [`Health`].
//!
//! This crate never knows feeds, SMTP or config files: its [`Settings`] come from whoever has read those.

mod api;
mod health;
mod settings;

pub use api::{router, serve};
pub use axum::Router;
pub use health::Health;
pub use settings::Settings;
