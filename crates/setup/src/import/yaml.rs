//! YAML, as configs of other programs are written in it: a tree in which each value knows its line.
//!
//! Aliases and merge keys are resolved, and what they multiply is counted: a file of a kilobyte can name a tree that
//! no memory holds.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};

/// Values in one file, with what aliases repeat; long texts count for more.
const SIZE_MAX: usize = 1 << 20;

/// Octets of text that count for one value.
const OCTETS_PER_VALUE: usize = 32;

/// Lists and tables inside each other.
const DEPTH_MAX: usize = 64;

/// A value, and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
    /// How much of [`SIZE_MAX`] it takes.
    size: usize,
}

/// What stands there. A number is its digits, whether they are quoted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) node: Node,
}

/// The text is no YAML, or not the YAML of a config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// It breaks the grammar.
    #[error("line {line}: not YAML: {what}")]
    Syntax {
        /// Where the parser stopped.
        line: usize,
        /// What it says.
        what: String,
    },
    /// A key stands twice in one table.
    #[error("line {line}: '{key}' stands twice")]
    Twice {
        /// The second one.
        line: usize,
        /// Which key.
        key: String,
    },
    /// A list or a table is a key, or `<<` is followed by something else than tables.
    #[error("line {line}: a key must be a text, and '<<' a table")]
    Key {
        /// Where it stands.
        line: usize,
    },
    /// An alias stands inside what it names.
    #[error("line {line}: an alias of what it stands in")]
    Circle {
        /// Where it stands.
        line: usize,
    },
    /// Lists and tables are nested too deeply, or aliases repeat too much.
    #[error("line {line}: too much: {SIZE_MAX} values, {DEPTH_MAX} inside each other are enough")]
    TooMuch {
        /// Where it became too much.
        line: usize,
    },
    /// More than one document.
    #[error("line {line}: a second document in the file; a config is one")]
    SecondDocument {
        /// Where it begins.
        line: usize,
    },
}

impl From<ScanError> for YamlError {
    fn from(error: ScanError) -> Self {
        YamlError::Syntax { line: error.marker().line(), what: bgp::excerpt(error.info(), 200) }
    }
}

/// The one document of the text; an empty text is null.
pub(crate) fn parse(text: &str) -> Result<Node, YamlError> {
    let mut builder = Builder { left: SIZE_MAX, ..Builder::default() };
    for event in Parser::new_from_str(text.trim_start_matches('\u{feff}')) {
        let (event, span) = event?;
        builder.take(event, span.start.line())?;
    }
    let null = || Node { line: 1, value: Value::Null, size: 1 };
    Ok(builder.root.unwrap_or_else(null))
}

/// A tree that is being built.
#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    left: usize,
}

/// A list or a table that has not ended.
struct Open {
    line: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Table { entries: Vec<Entry>, merged: Vec<Node>, key: Option<Key> },
}

struct Key {
    text: String,
    line: usize,
    merges: bool,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(YamlError::SecondDocument { line })
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).ok_or(YamlError::Circle { line })?.clone();
                self.spend(node.size, line)?;
                self.add(Node { line, ..node }, false)
            }
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let size = 1 + text.len() / OCTETS_PER_VALUE;
                self.spend(size, line)?;
                let value = match plain && is_null(&text) {
                    true => Value::Null,
                    false => Value::Text(text.into_owned()),
                };
                self.finish(Node { line, value, size }, anchor, plain)
            }
            Event::SequenceStart(anchor, _) => self.begin(line, anchor, Content::List(Vec::new())),
            Event::MappingStart(anchor, _) => {
                let content = Content::Table { entries: Vec::new(), merged: Vec::new(), key: None };
                self.begin(line, anchor, content)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(line),
        }
    }

    fn spend(&mut self, size: usize, line: usize) -> Result<(), YamlError> {
        self.left = self.left.checked_sub(size).ok_or(YamlError::TooMuch { line })?;
        Ok(())
    }

    fn begin(&mut self, line: usize, anchor: usize, content: Content) -> Result<(), YamlError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(YamlError::TooMuch { line });
        }
        self.spend(1, line)?;
        self.open.push(Open { line, anchor, content });
        Ok(())
    }

    fn end(&mut self, line: usize) -> Result<(), YamlError> {
        let Some(Open { line: start, anchor, content }) = self.open.pop() else {
            return Err(YamlError::Key { line });
        };
        let (value, size) = match content {
            Content::List(items) => {
                let size = items.iter().map(|item| item.size).sum::<usize>();
                (Value::List(items), size)
            }
            Content::Table { entries, merged, .. } => {
                let entries = self.merge(entries, merged, start)?;
                let size = entries.iter().map(|entry| entry.node.size).sum::<usize>();
                (Value::Table(entries), size)
            }
        };
        self.finish(Node { line: start, value, size: size + 1 }, anchor, false)
    }

    /// The entries of the table itself win; of merged tables the first that has a key.
    fn merge(
        &mut self,
        mut entries: Vec<Entry>,
        merged: Vec<Node>,
        line: usize,
    ) -> Result<Vec<Entry>, YamlError> {
        let mut keys = HashSet::new();
        for entry in &entries {
            if !keys.insert(entry.key.clone()) {
                return Err(YamlError::Twice {
                    line: entry.line,
                    key: bgp::excerpt(&entry.key, 60),
                });
            }
        }
        let tables = merged.into_iter().flat_map(|node| match node.value {
            Value::List(nodes) => nodes,
            Value::Null | Value::Text(_) | Value::Table(_) => vec![node],
        });
        for table in tables {
            let Value::Table(more) = table.value else { return Err(YamlError::Key { line }) };
            entries.extend(more.into_iter().filter(|entry| keys.insert(entry.key.clone())));
        }
        Ok(entries)
    }

    /// A node is whole: others may name it.
    fn finish(&mut self, node: Node, anchor: usize, plain: bool) -> Result<(), YamlError> {
        if anchor > 0 {
            self.spend(node.size, node.line)?;
            self.anchors.insert(anchor, node.clone());
        }
        self.add(node, plain)
    }

    fn add(&mut self, node: Node, plain: bool) -> Result<(), YamlError> {
        let line = node.line;
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Table { entries, merged, key }) => match key.take() {
                Some(Key { merges: true, .. }) => merged.push(node),
                Some(Key { text, line, .. }) => entries.push(Entry { key: text, line, node }),
                None => {
                    let text = match node.value {
                        Value::Text(text) => text,
                        Value::Null => "null".to_owned(),
                        Value::List(_) | Value::Table(_) => return Err(YamlError::Key { line }),
                    };
                    *key = Some(Key { merges: plain && text == "<<", text, line });
                }
            },
        }
        Ok(())
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In a form that is easy to compare: `{key: [text, -]}`.
    fn shown(node: &Node) -> String {
        match &node.value {
            Value::Null => "-".to_owned(),
            Value::Text(text) => text.clone(),
            Value::List(items) => {
                format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", "))
            }
            Value::Table(entries) => {
                let entry = |entry: &Entry| format!("{}: {}", entry.key, shown(&entry.node));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }

    fn read(text: &str) -> String {
        shown(&parse(text).unwrap())
    }

    #[test]
    fn what_configs_are_written_in_is_read() {
        assert_eq!(read(""), "-");
        assert_eq!(read("a: '64500'\nb:\nc: [64500, ~]\n"), "{a: 64500, b: -, c: [64500, -]}");
        assert_eq!(read("\u{feff}'2001:db8::/32':\n  asn: 1\n"), "{2001:db8::/32: {asn: 1}}");
        assert_eq!(read("a: &x [1]\nb: *x\nc:\n- *x\n- 2"), "{a: [1], b: [1], c: [[1], 2]}");
        let merged = "a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  l: 3\nc: {'<<': 1}";
        assert_eq!(read(merged), "{a: {k: 1, l: 2}, b: {l: 3, k: 1}, c: {<<: 1}}");
        let several = "a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc:\n  <<: [*x, *y]";
        assert!(read(several).ends_with("c: {k: 1, l: 2}}"), "{}", read(several));
    }

    #[test]
    fn each_value_knows_its_line() {
        let node = parse("# a comment\na: 1\nb:\n\n  - x\n  - y\n").unwrap();
        let Value::Table(entries) = node.value else { panic!("no table") };
        let Value::List(items) = &entries[1].node.value else { panic!("no list") };
        let lines = [entries[0].line, entries[1].line, items[0].line, items[1].line];
        assert_eq!(lines, [2, 3, 5, 6]);
    }

    #[test]
    fn what_is_no_config_is_an_error_with_its_line() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert!(error("a: [1\nb: 2").starts_with("line "), "{}", error("a: [1\nb: 2"));
        assert_eq!(error("a: 1\nb: 2\na: 3"), "line 3: 'a' stands twice");
        assert_eq!(
            error("a: 1\n---\nb: 2"),
            "line 2: a second document in the file; a config is one"
        );
        assert_eq!(error("a: &x\n  - *x"), "line 2: an alias of what it stands in");
        assert!(error("? [1]\n: 2").contains("a key must be a text"));
        assert!(error("a:\n  <<: 1").contains("'<<' a table"));
        assert!(error("a: *nobody").contains("line 1: not YAML"));
    }

    #[test]
    fn a_bomb_of_aliases_and_a_deep_nest_end_early() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let below = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", ")));
        }
        assert!(matches!(parse(&bomb), Err(YamlError::TooMuch { .. })));
        let merges = "a: &a {k: 1}\n".to_owned() + &"- ".repeat(200) + "x";
        assert!(parse(&merges).is_err());
        assert!(matches!(parse(&("- ".repeat(200) + "x")), Err(YamlError::TooMuch { .. })));
        assert!(parse(&"[".repeat(100_000)).is_err());
        let long = format!("a: &a {}\nb: [{}]", "x".repeat(1 << 20), ["*a"; 100].join(", "));
        assert!(matches!(parse(&long), Err(YamlError::TooMuch { .. })));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"[\PC\n]{0,200}", odd in "[\\-:&*<?|>\\[\\]{},#'\"!% \n\tab01]{0,80}") {
            let _ = (parse(&text), parse(&odd));
        }
    }
}
