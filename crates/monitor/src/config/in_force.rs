//! What is in force: every key with its value, and whether the file or a default says so.

use std::fmt::Write as _;
use std::path::Path;

use super::asked::{Asked, ROOT};
use super::keys::{Absent, KeyDefault, SECTIONS, SectionSpec};

/// Writing to memory cannot fail.
macro_rules! line {
    ($text:expr, $($words:tt)*) => {{
        let _ = writeln!($text, $($words)*);
    }};
}

/// Where the comment of a line begins.
const COMMENT_AT: usize = 40;

/// Keys whose text is, or may hold, a secret: who knows it may post, or read.
const SECRET: [(&str, &str); 3] =
    [("[[channel]]", "url"), ("[heartbeat]", "url"), ("[[maintenance]]", "calendar")];

/// The defaults alone: each section, each key.
pub(super) fn defaults() -> String {
    let mut text = String::new();
    for spec in SECTIONS {
        let absent = match spec.absent {
            Absent::Defaults => String::new(),
            Absent::Holds(what) => format!("  # not written: {what}"),
        };
        let gap = if text.is_empty() { "" } else { "\n" };
        line!(text, "{gap}{}{absent}", spec.name);
        spec.keys.iter().for_each(|(key, default)| text.push_str(&default_line(key, *default)));
    }
    text
}

/// What a file and the environment say, with the defaults of what they leave open.
pub(super) fn in_force(path: &Path, text: &str, asked: &[Asked], proxies: &[String]) -> String {
    let place = Place::new(path, text);
    let mut shown = String::new();
    for spec in SECTIONS {
        if !shown.is_empty() {
            shown.push('\n');
        }
        let written = asked.iter().filter(|section| section.name == spec.name);
        let each: Vec<_> = written.map(|section| section_text(spec, section, &place)).collect();
        match (each.as_slice(), empty_list(spec, asked), spec.absent) {
            ([_, ..], ..) => shown.push_str(&each.join("\n")),
            ([], Some((key, start)), _) => {
                shown.push_str(&commented(&format!("{key} = []"), &place.of(start)))
            }
            ([], None, Absent::Holds(what)) => {
                line!(shown, "# {} is not written: {what}", spec.name)
            }
            ([], None, Absent::Defaults) => {
                line!(shown, "{}", spec.name);
                spec.keys
                    .iter()
                    .for_each(|(key, default)| shown.push_str(&default_line(key, *default)));
            }
        }
        if spec.name == "[network]" && each.is_empty() {
            proxies
                .iter()
                .for_each(|proxy| shown.push_str(&commented(&format!("# {proxy}"), "environment")));
        }
    }
    shown
}

/// `feed = []` above all tables: none, and no default.
fn empty_list(spec: &SectionSpec, asked: &[Asked]) -> Option<(&'static str, usize)> {
    let key = spec.name.trim_matches(['[', ']']);
    let root = asked.iter().find(|section| section.name == ROOT)?;
    root.keys.iter().find_map(|(name, written)| {
        let written = written.as_ref().filter(|written| *name == key && written.literal == "[]")?;
        Some((key, written.start))
    })
}

/// The keys that this section may have: another type of feed or channel has others.
fn section_text(spec: &SectionSpec, section: &Asked, place: &Place) -> String {
    let mut text = format!("{}\n", spec.name);
    for (key, default) in spec.keys {
        let Some((_, written)) = section.keys.iter().find(|(name, _)| name == key) else {
            continue;
        };
        text.push_str(&match written {
            Some(written) if SECRET.contains(&(spec.name, *key)) => {
                commented(&format!("# {key}"), &format!("not shown, {}", place.of(written.start)))
            }
            Some(written) => {
                commented(&format!("{key} = {}", written.literal), &place.of(written.start))
            }
            None => default_line(key, *default),
        });
    }
    text
}

/// The file, and where its lines begin.
struct Place {
    file: String,
    lines: Vec<usize>,
}

impl Place {
    fn new(path: &Path, text: &str) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let lines = text.match_indices('\n').map(|(at, _)| at).collect();
        Place { file: bgp::printable(&name), lines }
    }

    /// `originwatch.toml:12`.
    fn of(&self, start: usize) -> String {
        format!("{}:{}", self.file, self.lines.partition_point(|end| *end < start) + 1)
    }
}

fn default_line(key: &str, default: KeyDefault) -> String {
    match default {
        KeyDefault::Required => commented(&format!("# {key}"), "no default"),
        KeyDefault::Value(value) => commented(&format!("{key} = {value}"), "default"),
        KeyDefault::Holds(what) => commented(&format!("# {key}"), &format!("default: {what}")),
    }
}

fn commented(text: &str, comment: &str) -> String {
    format!("{text:COMMENT_AT$}  # {comment}\n")
}

#[cfg(test)]
mod tests;
