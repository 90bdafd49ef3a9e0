use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};

use bgp::printable;
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
    let log = fmt().with_writer(|| Printable(io::stderr())).with_target(false);
    let started = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        // The journal has its own times.
        LogFormat::Text if std::env::var_os("JOURNAL_STREAM").is_some() => {
            log.with_ansi(false).without_time().try_init()
        }
        LogFormat::Text if io::stderr().is_terminal() => {
            log.with_writer(|| Printable(Terminal)).with_ansi(true).try_init()
        }
        LogFormat::Text => log.with_ansi(false).try_init(),
    };
    drop(started);
}

/// What comes from outside cannot break the line, move the terminal or hide a part of it, wherever it is logged.
struct Printable<W>(W);

impl<W: Write> Write for Printable<W> {
    /// One event: the formatter hands it over in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(on_one_line(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The event without what is not to be seen. Colours stay (ECMA-48: SGR): they are the formatter's, which
/// escapes the ESC of others.
fn on_one_line(event: &str) -> String {
    let mut parts = event.trim_end_matches('\n').split("\x1b[");
    let mut line = printable(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(part.len());
        match part.split_at(end) {
            (colours, rest) if rest.starts_with('m') => {
                line.push_str("\x1b[");
                line.push_str(colours);
                line.push_str(&printable(rest));
            }
            (_, _) => {
                line.push(' ');
                line.push_str(&printable(part));
            }
        }
    }
    line + "\n"
}

/// A terminal: the log goes up, and below it stands one line that says how things are.
struct Terminal;

/// The line at the bottom of the terminal; empty where there is none.
static STATUS: Mutex<String> = Mutex::new(String::new());

/// To the beginning of the line, and away with what stands there (ECMA-48: CR, EL).
const CLEAR: &str = "\r\x1b[K";

/// Shows how things are, if somebody is there to see it.
pub(super) fn show(status: &str) {
    if !io::stderr().is_terminal() {
        return;
    }
    let mut shown = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    // A line that is wrapped could not be taken away again: DECAWM off, and on.
    *shown = match status {
        "" => String::new(),
        status => format!("\x1b[?7l{status}\x1b[?7h"),
    };
    // A terminal that is gone is no reason to end.
    let _ = write!(io::stderr().lock(), "{CLEAR}{shown}");
}

impl Write for Terminal {
    /// One event: the formatter hands it over in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let shown = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut terminal = io::stderr().lock();
        if !shown.is_empty() {
            terminal.write_all(CLEAR.as_bytes())?;
        }
        terminal.write_all(event)?;
        terminal.write_all(shown.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_tells() {
        let told = "\x1b[33m WARN\x1b[0m vrps of ri\r\npe\u{202e}\u{e0041}\x1b[2Jx\n";
        assert_eq!(on_one_line(told), "\x1b[33m WARN\x1b[0m vrps of ri pe 2Jx\n");
        assert_eq!(on_one_line("{\"message\":\"a\\nb\"}\n"), "{\"message\":\"a\\nb\"}\n");
        // A colour has blanks around it.
        assert_eq!(on_one_line("\x1b[2m  x \x1b[0m"), "\x1b[2m  x \x1b[0m\n");
    }
}
