use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::asked::{Asked, Log, ROOT, Written, literal};
use super::fault::{Fault, Faults};
use super::value;

/// A table of the config that knows which keys were asked for: what is left at the end is unknown.
///
/// A getter that finds a fault records it and gives nothing, so that reading goes on.
#[derive(Debug)]
pub(super) struct Section<'a> {
    name: String,
    span: Range<usize>,
    table: &'a DeTable<'a>,
    asked: RefCell<Vec<&'static str>>,
    place: &'a Place<'a>,
}

/// What all sections of one file share.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// Relative paths start here.
    pub(super) folder: &'a Path,
    pub(super) faults: &'a Faults,
    /// Where it is told which keys there are, if somebody wants to know.
    pub(super) asked: Option<&'a Log>,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(table: &'a DeTable<'a>, place: &'a Place<'a>) -> Self {
        Section { name: ROOT.to_owned(), span: 0..0, table, asked: RefCell::default(), place }
    }

    /// The value of `key`, or nothing.
    pub(super) fn optional<T>(
        &self,
        key: &'static str,
        read: impl Fn(&Spanned<DeValue<'_>>) -> Result<T, Fault>,
    ) -> Option<T> {
        read(self.value(key)?).map_err(|fault| self.place.faults.push(fault)).ok()
    }

    /// The value of `key`, which must be there.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&Spanned<DeValue<'_>>) -> Result<T, Fault>,
    ) -> Option<T> {
        if self.value(key).is_none() {
            self.missing(key, expected);
        }
        self.optional(key, read)
    }

    /// The elements of the list at `key`, or nothing if one of them has a fault; which does not hide
    /// the faults of the next.
    pub(super) fn list<T>(
        &self,
        key: &'static str,
        read: impl Fn(&Spanned<DeValue<'_>>) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let elements = value::array(value).map_err(|fault| self.place.faults.push(fault)).ok()?;
        let each = elements.iter().map(read);
        let told = each.map(|one| one.map_err(|fault| self.place.faults.push(fault)).ok());
        // The first one that has a fault must not end it: the next may have one too.
        told.collect::<Vec<_>>().into_iter().collect()
    }

    /// The entries of the table at `key`, whose keys are names, or nothing if one of them has a fault;
    /// which does not hide the faults of the next.
    pub(super) fn entries<T>(
        &self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str, &Spanned<DeValue<'_>>) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            let found = format!("'{key}' is {}", value::described(value.get_ref()));
            self.place.faults.push(Fault::new(value.span(), found, expected));
            return None;
        };
        let each = table.iter().map(|(name, value)| read(name.get_ref(), value));
        let told = each.map(|one| one.map_err(|fault| self.place.faults.push(fault)).ok());
        told.collect::<Vec<_>>().into_iter().collect()
    }

    /// A path; a relative one starts at the folder of the config.
    pub(super) fn path(&self, key: &'static str) -> Option<PathBuf> {
        Some(self.place.folder.join(self.optional(key, value::text)?))
    }

    /// The folder of the config, for paths inside values.
    pub(super) fn folder(&self) -> &'a Path {
        self.place.folder
    }

    /// The table `[key]`, or `[section.key]`.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'a>> {
        let value = self.value(key)?;
        let above = self.name.trim_matches(['[', ']']);
        let name = if self.name == ROOT { key.to_owned() } else { format!("{above}.{key}") };
        self.inside(format!("[{name}]"), value)
    }

    /// The tables `[[key]]`, or the inline tables of a list.
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let root = self.name == ROOT;
        let name = if root { format!("[[{key}]]") } else { format!("an entry of '{key}'") };
        match value.get_ref() {
            DeValue::Array(elements) => {
                elements.iter().filter_map(|one| self.inside(name.clone(), one)).collect()
            }
            other => {
                let found = format!("'{key}' is {}", value::described(other));
                let expected = match root {
                    true => format!("one or more tables, each under [[{key}]]"),
                    false => "a list of tables, in [ { } ]".to_owned(),
                };
                self.place.faults.push(Fault::new(value.span(), found, expected));
                Vec::new()
            }
        }
    }

    /// Records a fault at the value of `key`, or at the section's head where it has none.
    pub(super) fn fault(&self, key: &str, found: impl Into<String>, expected: impl Into<String>) {
        let span = self.table.get(key).map_or_else(|| self.span.clone(), Spanned::span);
        self.place.faults.push(Fault::new(span, found, expected));
    }

    /// Records that `key` is not there.
    pub(super) fn missing(&self, key: &str, expected: &str) {
        let found = format!("{} has no '{key}'", self.name);
        self.place.faults.push(Fault::new(self.span.clone(), found, expected));
    }

    /// Whether the key is written, be it right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The keys as they are written, with their places.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'a str, Range<usize>)> + use<'a> {
        self.table.keys().map(|key| (key.get_ref().as_ref(), key.span()))
    }

    /// Every key that nobody asked for is one too many.
    pub(super) fn finish(&self) {
        let mut known = self.asked.borrow().clone();
        known.sort_unstable();
        known.dedup();
        if let Some(log) = self.place.asked {
            log.borrow_mut().push(self.asked(&known));
        }
        for key in self.table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let found = format!("unknown key '{}' in {}", value::short(key.get_ref()), self.name);
            let mut expected = format!("one of {}", known.join(", "));
            if let Some(nearest) = nearest(key.get_ref(), &known) {
                expected = format!("'{nearest}', the nearest key ({expected})");
            }
            // A password does not belong here, and still less into a log.
            let secret =
                ["password", "secret", "token"].iter().any(|word| key.get_ref().contains(word));
            self.place.faults.push(Fault::new(key.span(), found, expected).hide(secret));
        }
    }

    fn asked(&self, known: &[&'static str]) -> Asked {
        let written = |key: &str| {
            let value = self.table.get(key)?;
            Some(Written { start: value.span().start, literal: literal(key, value.get_ref()) })
        };
        let keys = known.iter().map(|key| (*key, written(key))).collect();
        Asked { name: self.name.clone(), keys }
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    fn inside(&self, name: String, value: &'a Spanned<DeValue<'a>>) -> Option<Section<'a>> {
        match value.get_ref() {
            DeValue::Table(table) => {
                let (asked, place) = (RefCell::default(), self.place);
                Some(Section { name, span: value.span(), table, asked, place })
            }
            other => {
                let found = format!("{name} is {}", value::described(other));
                self.place.faults.push(Fault::new(value.span(), found, "a table of keys"));
                None
            }
        }
    }
}

/// The known key that the writer most likely meant, if one is near enough.
fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&&str| strsim::damerau_levenshtein(key, known);
    let best = known.iter().min_by_key(distance)?;
    // Beyond half of the word it is another word.
    (distance(&best) * 2 <= key.chars().count().max(best.len())).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_key_is_near() {
        let known = ["description", "max_length", "origins", "prefix"];
        for (key, expected) in [
            ("orgins", Some("origins")),
            ("origin", Some("origins")),
            ("maxlength", Some("max_length")),
            ("max-length", Some("max_length")),
            ("perfix", Some("prefix")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(key, &known), expected, "{key}");
        }
        assert_eq!(nearest("a", &[]), None);
    }
}
