use std::fmt;
use std::path::Path;

use bgp::printable;

/// What was tried, and how it went: lines in a fixed order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) lines: Vec<Line>,
}

/// One thing that was tried.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) state: State,
    /// What was tried, as the config writes it.
    pub(super) what: String,
    /// How it went.
    pub(super) detail: String,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It was tried, and works.
    Ok,
    /// It works, and somebody should know something.
    Note,
    /// It could stop an alarm.
    Fault,
}

impl Report {
    pub(super) fn ok(&mut self, what: impl fmt::Display, detail: impl Into<String>) {
        self.push(State::Ok, what, detail);
    }

    pub(super) fn note(&mut self, what: impl fmt::Display, detail: impl Into<String>) {
        self.push(State::Note, what, detail);
    }

    pub(super) fn fault(&mut self, what: impl fmt::Display, detail: impl Into<String>) {
        self.push(State::Fault, what, detail);
    }

    pub(super) fn push(
        &mut self,
        state: State,
        what: impl fmt::Display,
        detail: impl Into<String>,
    ) {
        // What a relay or a name server says must not move the terminal.
        let (what, detail) = (printable(&what.to_string()), printable(&detail.into()));
        self.lines.push(Line { state, what, detail });
    }

    pub(super) fn append(&mut self, other: Report) {
        self.lines.extend(other.lines);
    }

    pub(super) fn faults(&self) -> usize {
        self.lines.iter().filter(|line| line.state == State::Fault).count()
    }

    /// One array, each line an object.
    pub(super) fn json(&self) -> serde_json::Value {
        let object = |line: &Line| {
            let state = line.state.word();
            serde_json::json!({ "state": state, "what": line.what, "detail": line.detail })
        };
        self.lines.iter().map(object).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { state, what, detail } in &self.lines {
            writeln!(f, "{:<6} {what}: {detail}", state.word())?;
        }
        match self.faults() {
            0 => f.write_str("no fault found"),
            1 => f.write_str("1 fault found"),
            faults => write!(f, "{faults} faults found"),
        }
    }
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Note => "note",
            State::Fault => "fault",
        }
    }
}

/// Whether a file that the config names can be read.
pub(super) fn readable(path: &Path, report: &mut Report) {
    match std::fs::File::open(path) {
        Ok(_) => report.ok(path.display(), "can be read"),
        Err(error) => report.fault(path.display(), format!("cannot be read: {error}")),
    }
}
