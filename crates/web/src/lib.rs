//! What people look at and what programs ask and want over HTTP, over the store.
//!
//! Start with [`router`]: the paths and who answers them. It is one more client of the store, as the commands
//! are: what it answers stands in the file, and what somebody wants becomes a request there, done by the
//! engine in the order in which it came. What only the engine knows it publishes as [`Health`].
//!
//! [`serve`] is what protects the descriptors that alarms need from those who connect.
//!
//! This crate never knows feeds, SMTP or config files: its [`Settings`] come from whoever has read those.

mod api;
mod app_state;
mod atom;
mod connections;
mod events;
mod health;
mod host;
mod incident_filter;
mod metrics;
mod pages;
mod problem;
mod settings;

pub use api::router;
pub use axum::Router;
pub use connections::serve;
pub use health::{Feed, Health, Rpki};
pub use settings::Settings;
