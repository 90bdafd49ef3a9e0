//! The engine, the words and the relay, each through its public face.

#![expect(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests covers #[test] functions, not the helpers beside them"
)]

mod calendar;
mod channels;
mod desk;
mod engine;
mod gap;
mod lab;
mod letters;
mod mail_hostile;
mod mail_replies;
mod mail_summaries;
mod model;
mod relay;
mod request;
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it kills processes and so needs an environment, a clock and a word between them"
)]
mod store;
mod visibility;
