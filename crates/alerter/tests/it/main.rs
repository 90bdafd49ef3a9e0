//! Dispatch, the words, the channels and the replies, each through its public face.

#![expect(
    clippy::unwrap_used,
    reason = "allow-unwrap-in-tests covers #[test] functions, not the helpers beside them"
)]

mod annotated;
mod calendar;
mod channels;
mod dispatch;
mod gap;
#[expect(dead_code, reason = "shared with the engine's own tests")]
#[path = "../../../incidents/tests/it/lab.rs"]
mod lab;
mod mail_hostile;
mod mail_replies;
mod mail_summaries;
mod notices;
mod recipients;
mod relay;
