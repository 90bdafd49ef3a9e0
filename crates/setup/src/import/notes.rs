//! Every key of a foreign config is asked for; what nobody asks for is told as well.

use std::cell::RefCell;
use std::collections::BTreeSet;

use bgp::Asn;

use super::yaml::{Entry, Node, Value};

/// A key that becomes no key of ours, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file it stands in.
    pub file: String,
    /// Its line.
    pub line: usize,
    /// Where in the file, as `monitors[0].params.maxDataSamples`.
    pub key: String,
    /// Why, and what is nearest to it.
    pub why: String,
    /// Whether something is lost by it, that the operator may miss.
    pub lost: bool,
}

/// One file, and what is to be told of it.
#[derive(Debug)]
pub(super) struct Source {
    file: String,
    notes: RefCell<Vec<Note>>,
}

impl Source {
    pub(super) fn new(file: &str) -> Self {
        Source { file: file.to_owned(), notes: RefCell::default() }
    }

    pub(super) fn into_notes(self) -> Vec<Note> {
        self.notes.into_inner()
    }

    /// `prefixes.yml:12`, without the folder.
    pub(super) fn place(&self, line: usize) -> String {
        let name = self.file.rsplit('/').next().unwrap_or_default();
        format!("{name}:{line}")
    }

    fn note(&self, line: usize, key: &str, why: &str, lost: bool) {
        let (file, key) = (self.file.clone(), bgp::excerpt(key, 120));
        self.notes.borrow_mut().push(Note { file, line, key, why: why.to_owned(), lost });
    }
}

/// Keys that have no counterpart, each with the reason.
pub(super) type Reasons = &'static [(&'static str, &'static str)];

/// A table of the file that knows which keys were asked for.
#[derive(Debug)]
pub(super) struct Table<'a> {
    entries: &'a [Entry],
    name: String,
    asked: RefCell<BTreeSet<&'a str>>,
    source: &'a Source,
}

impl<'a> Table<'a> {
    /// The whole file; none if it is no table.
    pub(super) fn root(node: &'a Node, source: &'a Source) -> Option<Self> {
        Table::of(node, String::new(), source)
    }

    fn of(node: &'a Node, name: String, source: &'a Source) -> Option<Self> {
        match &node.value {
            Value::Table(entries) => {
                Some(Table { entries, name, asked: RefCell::default(), source })
            }
            Value::Null | Value::Text(_) | Value::List(_) => None,
        }
    }

    /// The value of a key; none where it is null, which says nothing.
    pub(super) fn value(&self, key: &str) -> Option<&'a Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        self.asked.borrow_mut().insert(&entry.key);
        (entry.node.value != Value::Null).then_some(entry)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        match &self.value(key)?.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::List(_) | Value::Table(_) => {
                self.lost(key, "is no single value");
                None
            }
        }
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.text(key)? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => {
                self.lost(key, "is neither true nor false");
                None
            }
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        let number = self.text(key)?.parse();
        number.map_err(|_| self.lost(key, "is no whole number")).ok()
    }

    /// The values of a key: one value is a list of one, lists inside a list are flat.
    pub(super) fn list(&self, key: &str) -> Vec<&'a Node> {
        let mut flat = Vec::new();
        self.value(key).into_iter().for_each(|node| flatten(node, &mut flat));
        flat
    }

    /// The texts among the values of a key.
    pub(super) fn texts(&self, key: &str) -> Vec<&'a str> {
        let texts = self.list(key).into_iter().filter_map(|node| match &node.value {
            Value::Text(text) => Some(text.as_str()),
            Value::Null | Value::List(_) | Value::Table(_) => {
                self.tell(node.line, key, "is no text", true);
                None
            }
        });
        texts.collect()
    }

    pub(super) fn asns(&self, key: &str) -> Vec<Asn> {
        let texts = self.texts(key).into_iter();
        let asns = texts.filter_map(|text| match text.trim().parse::<Asn>() {
            Ok(asn) if asn != Asn::ZERO => Some(asn),
            Ok(_) | Err(_) => {
                self.lost(key, &format!("'{}' is no AS number", bgp::excerpt(text, 40)));
                None
            }
        });
        asns.collect()
    }

    /// The table at a key.
    pub(super) fn table(&self, key: &str) -> Option<Table<'a>> {
        let node = self.value(key)?;
        let table = Table::of(node, self.path(key), self.source);
        if table.is_none() {
            self.lost(key, "is no table");
        }
        table
    }

    /// The tables of the list at a key.
    pub(super) fn tables(&self, key: &str) -> Vec<Table<'a>> {
        let tables = self.list(key).into_iter().enumerate().filter_map(|(number, node)| {
            let name = format!("{}[{number}]", self.path(key));
            let table = Table::of(node, name.clone(), self.source);
            if table.is_none() {
                self.source.note(node.line, &name, "is no table", true);
            }
            table
        });
        tables.collect()
    }

    /// All keys, in their order, with their tables; a key that is null or something else has none.
    pub(super) fn each(&self) -> Vec<(&'a Entry, Option<Table<'a>>)> {
        self.asked.borrow_mut().extend(self.entries.iter().map(|entry| entry.key.as_str()));
        let table = |entry: &'a Entry| Table::of(&entry.node, self.path(&entry.key), self.source);
        self.entries.iter().map(|entry| (entry, table(entry))).collect()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key)
    }

    /// Whether the key stands there without a value.
    pub(super) fn is_empty(&self, key: &str) -> bool {
        self.has(key) && self.list(key).is_empty()
    }

    /// Where the table stands, or a key of it: `prefixes.yml:12`.
    pub(super) fn place(&self, line: usize) -> String {
        self.source.place(line)
    }

    /// The key cannot be carried, and that may be missed.
    pub(super) fn lost(&self, key: &str, why: &str) {
        self.note(key, why, true);
    }

    /// The same of an entry that is at hand: a list of prefixes is long.
    pub(super) fn lost_entry(&self, entry: &Entry, why: &str) {
        self.tell(entry.line, &entry.key, why, true);
    }

    /// The same of one value of a list.
    pub(super) fn lost_at(&self, line: usize, key: &str, why: &str) {
        self.tell(line, key, why, true);
    }

    /// The key needs no counterpart.
    pub(super) fn moot(&self, key: &str, why: &str) {
        self.note(key, why, false);
    }

    /// Keys that are lost wherever they are set.
    pub(super) fn all_lost(&self, reasons: Reasons) {
        for (key, why) in reasons {
            self.lost(key, why);
        }
    }

    /// Keys that need no counterpart wherever they are set.
    pub(super) fn all_moot(&self, reasons: Reasons) {
        for (key, why) in reasons {
            self.moot(key, why);
        }
    }

    fn note(&self, key: &str, why: &str, lost: bool) {
        if let Some(entry) = self.entry(key) {
            self.tell(entry.line, key, why, lost);
        }
    }

    fn tell(&self, line: usize, key: &str, why: &str, lost: bool) {
        self.source.note(line, &self.path(key), why, lost);
    }

    fn path(&self, key: &str) -> String {
        match self.name.as_str() {
            "" => key.to_owned(),
            name => format!("{name}.{key}"),
        }
    }

    /// Whatever nobody asked for is not known.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        let unknown = self.entries.iter().filter(|entry| !asked.contains(entry.key.as_str()));
        for entry in unknown.filter(|entry| entry.node.value != Value::Null) {
            self.tell(entry.line, &entry.key, "is not known here", true);
        }
    }
}

fn flatten<'a>(node: &'a Node, flat: &mut Vec<&'a Node>) {
    match &node.value {
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| flatten(item, flat)),
        Value::Text(_) | Value::Table(_) => flat.push(node),
    }
}
