//! Webhooks, syslog and programs: what they are told, and what we say of what they do wrong.

mod exec;
mod presets;
mod server;
mod syslog;
mod webhook;

use alerter::Content;
use alerter::channels::{Event, SendError};
use jiff::tz::TimeZone;

use crate::annotated::annotated;
use crate::lab::{FIRST, Lab};

/// A story that opens, spreads and ends.
fn events() -> [Event; 3] {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(1, 11, FIRST);
    lab.hijack(1000, 12, FIRST);
    lab.tick(3600);
    for n in [10, 11, 12] {
        lab.recover(9000, n, FIRST);
    }
    lab.tick(20_000);
    let of = |at: usize| {
        let content = Content::Notice(Box::new(annotated(&lab.notices[at])));
        Event::of(&content, &TimeZone::UTC)
    };
    [of(0), of(1), of(lab.notices.len() - 1)]
}

fn name(error: &SendError) -> &'static str {
    match error {
        SendError::Deferred { .. } => "deferred",
        SendError::Refused { .. } => "refused",
        SendError::Authentication { .. } => "authentication",
        SendError::Misconfigured { .. } => "misconfigured",
        SendError::TimedOut { .. } => "timed out",
        SendError::Unreachable { .. } => "unreachable",
    }
}
