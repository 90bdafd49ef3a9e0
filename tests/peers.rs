//! `originwatch run` among real programs: GoBGP, FRR and ExaBGP speak BGP and BMP, StayRTR says what
//! RPKI says, Postfix and Dovecot carry and keep the mails.
//!
//! Each test has network namespaces of its own, so that links can be cut, nothing collides and nothing
//! leaves the machine. That needs root and some minutes: `.ci/run` does it, and by hand
//! `cargo test -p originwatch --test it peers:: -- --ignored --nocapture --test-threads 1`.

mod cuts;
mod exabgp;
mod hijack;
mod lab;
mod letters;
mod mail_servers;
mod namespace;
mod process;
mod router;

/// Says what was seen, for those who read the log of a run.
#[expect(clippy::print_stderr, reason = "the log of a run with real programs is read by people")]
fn seen(what: &str) {
    eprintln!("   {what}");
}
