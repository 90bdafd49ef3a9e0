//! `originwatch run` among real programs: GoBGP, FRR and ExaBGP speak BGP and BMP, StayRTR says what
//! RPKI says, Postfix and Dovecot carry and keep the mails.
//!
//! Each test has network namespaces of its own, so that links can be cut, nothing collides and nothing
//! leaves the machine. That needs root and some minutes. They run one after another: each waits for what
//! half a dozen programs say to each other, and those need a core.

mod cuts;
mod deliveries;
mod exabgp;
mod hijack;
mod lab;
mod mail_servers;
mod namespace;
mod process;
mod router;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by the test whose turn it is.
static TURN: Mutex<()> = Mutex::new(());

/// Waits until no other test of these runs.
fn turn() -> MutexGuard<'static, ()> {
    // Whoever failed before has left nothing behind.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says what was seen, for those who read the log of a run.
#[expect(clippy::print_stderr, reason = "the log of a run with real programs is read by people")]
fn seen(what: &str) {
    eprintln!("   {what}");
}
