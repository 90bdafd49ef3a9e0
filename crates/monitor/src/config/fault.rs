use std::cell::RefCell;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What is wrong with a config, all of it: file, line, column, what was found, what was expected.
///
/// `Display` is the first fault on one line; [`ConfigError::report`] shows every one with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: PathBuf,
    faults: Vec<Located>,
}

/// One fault and the line that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Located {
    line: usize,
    column: usize,
    text: String,
    width: usize,
    fault: Fault,
}

/// One thing that is wrong, at bytes `span` of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) found: String,
    pub(super) expected: String,
    /// Whether the value in this line must not be shown: it may hold a password.
    pub(super) secret: bool,
}

/// Collects faults while a config is read, so that one run tells all of them.
#[derive(Debug, Default)]
pub(super) struct Faults(RefCell<Vec<Fault>>);

impl ConfigError {
    pub(super) fn new(path: &Path, text: &str, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.span.start);
        let faults = faults.into_iter().map(|fault| Located::new(text, fault)).collect();
        ConfigError { path: path.to_owned(), faults }
    }

    /// How many things are wrong; at least one.
    pub fn count(&self) -> usize {
        self.faults.len()
    }

    /// Every fault over a few lines: its place, its line with the spot marked, what was expected.
    pub fn report(&self) -> String {
        let mut report = String::new();
        for located in &self.faults {
            let Located { line, column, text, width, fault } = located;
            let (number, marks) = (line.to_string(), "^".repeat(*width));
            let gutter = " ".repeat(number.len());
            let indent: String = text.chars().take(column - 1).map(blank).collect();
            // Writing to a String cannot fail.
            let _ = write!(
                report,
                "{}:{line}:{column}: {}\n  {number} | {text}\n  {gutter} | {indent}{marks}\n",
                self.path.display(),
                fault.found,
            );
            if !fault.expected.is_empty() {
                let _ = writeln!(report, "  {gutter} = expected {}", fault.expected);
            }
        }
        report
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Located { line, column, fault, .. }) = self.faults.first() {
            write!(f, "{}:{line}:{column}: {}", self.path.display(), fault.found)?;
        }
        match self.faults.len() {
            0 | 1 => Ok(()),
            count => write!(f, " (and {} more)", count - 1),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Located {
    fn new(text: &str, fault: Fault) -> Self {
        let start = text.floor_char_boundary(fault.span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |length| start + length);
        let end = text.floor_char_boundary(fault.span.end.min(line_end)).max(start);
        let line = &text[line_start..line_end];
        let hidden = match fault.secret {
            // The value, or all that is marked where the line has no key.
            true => line.find('=').map_or(start - line_start, |equals| equals + 1),
            false => line.len(),
        };
        let masked = line.char_indices().map(|(at, c)| match c {
            _ if c.is_whitespace() || at < hidden => shown(c),
            _ => '*',
        });
        Located {
            line: text[..line_start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            width: text[start..end].trim_end().chars().count().max(1),
            text: masked.collect::<String>().trim_end().to_owned(),
            fault,
        }
    }
}

impl Fault {
    pub(super) fn new(
        span: Range<usize>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Fault { span, found: found.into(), expected: expected.into(), secret: false }
    }

    /// The same without showing the value in its line, if `secret`.
    pub(super) fn hide(self, secret: bool) -> Self {
        Fault { secret, ..self }
    }
}

impl Faults {
    pub(super) fn push(&self, fault: Fault) {
        self.0.borrow_mut().push(fault);
    }

    pub(super) fn into_vec(self) -> Vec<Fault> {
        self.0.into_inner()
    }
}

/// A tab keeps its width, so that the mark stands under what it marks.
fn blank(character: char) -> char {
    if character == '\t' { '\t' } else { ' ' }
}

/// A control character would reach the terminal.
fn shown(character: char) -> char {
    if bgp::is_hidden(character) && character != '\t' { '?' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str, span: Range<usize>) -> String {
        let fault = Fault::new(span, "found", "something else");
        ConfigError::new(Path::new("a.toml"), text, vec![fault]).report()
    }

    #[test]
    fn the_mark_stands_under_what_it_marks() {
        assert_eq!(
            report("x = 1\n\tå = \"\u{1b}\"\n", 7..9),
            "a.toml:2:2: found\n  2 | \tå = \"?\"\n    | \t^\n    = expected something else\n"
        );
    }

    #[test]
    fn any_span_is_shown_at_the_end_of_the_text_too() {
        for (start, end) in [(0, 0), (5, 5), (5, 900), (4, 2)] {
            assert!(report("a = 1", start..end).starts_with("a.toml:1:"));
        }
        assert!(report("", 0..0).starts_with("a.toml:1:1: found\n  1 | \n    | ^\n"));
    }

    #[test]
    fn several_faults_come_in_the_order_of_the_file() {
        let fault = |at| Fault::new(at..at + 1, format!("at {at}"), "");
        let error = ConfigError::new(Path::new("a.toml"), "ab\ncd", vec![fault(3), fault(0)]);
        assert_eq!(error.to_string(), "a.toml:1:1: at 0 (and 1 more)");
        assert_eq!(
            error.report(),
            "a.toml:1:1: at 0\n  1 | ab\n    | ^\na.toml:2:1: at 3\n  2 | cd\n    | ^\n"
        );
    }
}
