use std::io::{self, IsTerminal as _, Write as _};

use alerter::grouped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Standard output for the notices, standard error for remarks, and on a terminal a line there
/// that says how far it is.
pub(crate) struct Console {
    bar: Option<ProgressBar>,
}

/// How often the progress line is drawn, each second.
const REFRESH: u8 = 10;

impl Console {
    /// `octets` is the size of all inputs, where it is known.
    pub(crate) fn new(octets: Option<u64>) -> Self {
        if !io::stderr().is_terminal() {
            return Console { bar: None };
        }
        let target = ProgressDrawTarget::stderr_with_hz(REFRESH);
        let bar = ProgressBar::with_draw_target(octets, target);
        let template = match octets {
            Some(_) => "{bytes}/{total_bytes} ({bytes_per_sec}) {msg} {wide_bar} {eta} left",
            None => "{bytes} ({bytes_per_sec}) {msg}",
        };
        // The templates above are right; were one not, the default style would do.
        Console { bar: Some(bar.with_style(style(template))) }
    }

    /// A remark on a line of its own.
    pub(crate) fn say(&self, line: &str) {
        // With standard error gone there is nobody to tell.
        self.aside(|| drop(writeln!(io::stderr(), "{line}")));
    }

    /// What the user asked for.
    pub(crate) fn print(&self, text: &str) -> io::Result<()> {
        self.aside(|| {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())?;
            out.flush()
        })
    }

    /// The same, in pieces: it may wait in a buffer.
    pub(crate) fn write(&self, text: &[u8]) -> io::Result<()> {
        self.aside(|| io::stdout().lock().write_all(text))
    }

    /// So many bytes of the files and so many records are read.
    pub(crate) fn progress(&self, octets: u64, records: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(octets);
            bar.set_message(format!("{} records", grouped(records)));
        }
    }

    pub(crate) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
