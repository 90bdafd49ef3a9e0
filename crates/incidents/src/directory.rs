use std::collections::HashMap;

use bgp::{Asn, AsnKind, printable};
use serde::{Deserialize, Serialize};

use crate::{Contacts, Country};

/// Who is who: the name and the country of an AS, from `[data] as_names`, and where its NOC is written to, from
/// `[data] contacts`.
#[derive(Clone, Debug, Default)]
pub struct AsDirectory {
    entries: HashMap<Asn, (Box<str>, Option<Country>)>,
    contacts: Contacts,
}

/// An AS with what the directory knows of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Party {
    /// The AS number.
    pub asn: Asn,
    /// Its name; absent if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is registered; absent if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// Addresses of its NOC, best first: of those at fault and those who accepted it, where one is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
}

/// A line of the directory that says nothing usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: expected asn,name,country")]
pub struct DirectoryError {
    /// Counted from one.
    pub line: usize,
}

impl AsDirectory {
    /// Reads `asn,name,country` lines: the country is the last field, so that a name may hold
    /// commas, quoted or not; a header line, empty lines and `#` comments are passed over.
    ///
    /// Lines that say nothing usable are left out and returned beside the rest.
    pub fn parse(bytes: &[u8]) -> (Self, Vec<DirectoryError>) {
        let text = String::from_utf8_lossy(bytes);
        let mut directory = AsDirectory::default();
        let mut errors = Vec::new();
        for (index, line) in text.lines().map(str::trim).enumerate() {
            let header = index == 0 && line.to_ascii_lowercase().starts_with("asn");
            if line.is_empty() || line.starts_with('#') || header {
                continue;
            }
            match entry(line) {
                Some((asn, name, country)) => {
                    directory.entries.insert(asn, (name, country));
                }
                None => errors.push(DirectoryError { line: index + 1 }),
            }
        }
        (directory, errors)
    }

    /// What is known of an AS.
    pub fn party(&self, asn: Asn) -> Party {
        let (name, country) = match self.entries.get(&asn) {
            Some((name, country)) => (Some(name.to_string()).filter(|n| !n.is_empty()), *country),
            None => (None, None),
        };
        Party { asn, name, country, contacts: Vec::new() }
    }

    /// What is known of an AS that is to be written to.
    pub fn recipient(&self, asn: Asn) -> Party {
        Party { contacts: self.contacts.addresses(asn), ..self.party(asn) }
    }

    /// Takes in where NOCs can be written to.
    pub fn add_contacts(&mut self, contacts: Contacts) {
        self.contacts.extend(contacts);
    }

    /// Where an AS is registered, as far as is known.
    pub fn country(&self, asn: Asn) -> Option<Country> {
        self.entries.get(&asn).and_then(|(_, country)| *country)
    }

    /// How many ASes are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Party {
    /// `AS4761 INDOSAT-INP-AP, ID`, as far as it is known; of a number that no network has, what it stands for.
    pub fn label(&self) -> String {
        let mut label = match self.asn.kind() {
            AsnKind::Zero => return "AS0 (no network: a malformed path, RFC 7607)".to_owned(),
            AsnKind::Trans => return "an unknown 32-bit AS (AS23456, RFC 6793)".to_owned(),
            AsnKind::Documentation | AsnKind::Private | AsnKind::Reserved | AsnKind::Public => {
                self.asn.to_string()
            }
        };
        if let Some(name) = &self.name {
            label = format!("{label} {name}");
        }
        match self.country {
            Some(country) => format!("{label}, {country}"),
            None => label,
        }
    }
}

fn entry(line: &str) -> Option<(Asn, Box<str>, Option<Country>)> {
    let (asn, rest) = line.split_once(',')?;
    let (name, country) = match rest.rsplit_once(',') {
        Some((name, country)) => (name, country.trim()),
        None => (rest, ""),
    };
    let country = if country.is_empty() { None } else { Some(country.parse().ok()?) };
    let name = name.trim();
    let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name);
    Some((asn.trim().parse().ok()?, printable(&name.replace("\"\"", "\"")).into(), country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_hold_commas_and_the_country_may_be_missing() {
        let (directory, errors) = AsDirectory::parse(
            b"asn,name,country\n4761,INDOSAT-INP-AP,ID\nAS3356,\"Level 3, LLC\",us\n\n# x\n1,Lone, Inc.,\n2,Nameless\nx,y,z\n3,Bad,country\n",
        );
        let label = |asn| directory.party(Asn::new(asn)).label();
        assert_eq!(label(4761), "AS4761 INDOSAT-INP-AP, ID");
        assert_eq!(label(3356), "AS3356 Level 3, LLC, US");
        assert_eq!(label(1), "AS1 Lone, Inc.");
        assert_eq!(label(2), "AS2 Nameless");
        assert_eq!(label(64500), "AS64500");
        assert_eq!(errors, [DirectoryError { line: 8 }, DirectoryError { line: 9 }]);
    }

    #[test]
    fn what_a_registry_says_cannot_break_a_line() {
        let (directory, _) =
            AsDirectory::parse("1,Evil\u{202e}\u{1b}[31m\tCorp\u{0}x,GB".as_bytes());
        assert_eq!(directory.party(Asn::new(1)).name.unwrap(), "Evil [31m Corp x");
    }
}
