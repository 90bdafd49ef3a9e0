use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use tracing_subscriber::fmt;

/// How the log is written, to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people and the journal.
    Text,
    /// For programs: one object a line.
    Json,
}

/// Once for the whole process; in a test a second start changes nothing.
pub(super) fn start(format: LogFormat) {
    let log = fmt().with_writer(io::stderr).with_target(false);
    let started = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        // The journal has its own times.
        LogFormat::Text if std::env::var_os("JOURNAL_STREAM").is_some() => {
            log.with_ansi(false).without_time().try_init()
        }
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
    };
    drop(started);
}
