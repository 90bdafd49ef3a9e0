use std::collections::HashMap;

use bgp::Asn;
use serde_json::Value;

/// Where the NOC of an AS can be written to, from exports of registries: `[data] contacts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contacts {
    /// Best first.
    of: HashMap<Asn, Vec<Contact>>,
}

/// A file in which nobody can be found.
#[derive(Debug, thiserror::Error)]
pub enum ContactsError {
    /// It begins as JSON and is none.
    #[error("no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It can be read, and names no contact of any AS.
    #[error(
        "names no contact (expected RDAP autnum objects, an export of PeeringDB with nets and their contacts, or \
         lines of asn,address)"
    )]
    Nobody,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Contact {
    role: Role,
    address: Box<str>,
}

/// Who is asked first to withdraw a route: those who can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Noc,
    Abuse,
    Technical,
}

/// So many addresses of one AS are told.
const MOST: usize = 2;
/// Entities of RDAP lie within entities; deeper than this nobody is looked for.
const DEEPEST: usize = 4;
/// An `autnum` of more ASes is a block of a registry, whose contact is nobody's NOC.
const BLOCK: u32 = 64;

impl Contacts {
    /// Reads RDAP (RFC 9083 section 5.5: one `autnum` object, or a list of them, or one a line), an export of
    /// PeeringDB (`{"data": [..]}` of `net` with its `poc_set`, or `net` and `poc` side by side), or lines of
    /// `asn,address`. What is no address of mail is left out.
    pub fn parse(bytes: &[u8]) -> Result<Self, ContactsError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut contacts = Contacts::default();
        match bytes.trim_ascii_start().first() {
            Some(b'{' | b'[') => {
                for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
                    contacts.take(&value?);
                }
            }
            _ => String::from_utf8_lossy(bytes).lines().for_each(|line| contacts.take_line(line)),
        }
        match contacts.of.is_empty() {
            true => Err(ContactsError::Nobody),
            false => Ok(contacts),
        }
    }

    /// Takes in another file; of the same AS both count.
    pub fn extend(&mut self, other: Contacts) {
        for (asn, contacts) in other.of {
            contacts.into_iter().for_each(|contact| self.insert(asn, contact));
        }
    }

    /// The addresses of an AS, best first: the NOC, then abuse, then whoever is technical; two at most.
    pub fn addresses(&self, asn: Asn) -> Vec<String> {
        let contacts = self.of.get(&asn).map(Vec::as_slice).unwrap_or_default();
        contacts.iter().take(MOST).map(|contact| contact.address.to_string()).collect()
    }

    /// How many ASes have a contact.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether no AS has one.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    fn insert(&mut self, asn: Asn, contact: Contact) {
        let contacts = self.of.entry(asn).or_default();
        if contacts.iter().all(|known| known.address != contact.address) {
            contacts.push(contact);
            contacts.sort();
        }
    }

    fn take_line(&mut self, line: &str) {
        let mut fields = line.split(',').map(str::trim);
        let (Some(asn), Some(address)) = (fields.next(), fields.next()) else { return };
        if let (Ok(asn), Some(address)) = (asn.parse(), mail_address(address)) {
            self.insert(asn, Contact { role: Role::Noc, address });
        }
    }

    fn take(&mut self, value: &Value) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.take(value)),
            Value::Object(object) if object.contains_key("startAutnum") => self.take_autnum(value),
            Value::Object(object) if object.contains_key("poc_set") => {
                if let Some(asn) = asn(&value["asn"]) {
                    items(&value["poc_set"]).for_each(|contact| self.take_point(asn, contact));
                }
            }
            Value::Object(_) => {
                self.take_tables(value);
                items(&value["data"]).for_each(|value| self.take(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
        }
    }

    /// An `autnum` of RDAP.
    fn take_autnum(&mut self, autnum: &Value) {
        let Some(first) = asn(&autnum["startAutnum"]) else { return };
        let last = asn(&autnum["endAutnum"]).unwrap_or(first);
        let numbers = first.number()..=last.number();
        if numbers.end().checked_sub(*numbers.start()).is_none_or(|more| more >= BLOCK) {
            return;
        }
        for contact in entities(autnum, 0) {
            numbers.clone().for_each(|number| self.insert(Asn::new(number), contact.clone()));
        }
    }

    /// The tables `net` and `poc` of PeeringDB side by side, each an object with `data`.
    fn take_tables(&mut self, tables: &Value) {
        let networks = items(&tables["net"]["data"]);
        let numbers: HashMap<u64, Asn> =
            networks.filter_map(|net| Some((net["id"].as_u64()?, asn(&net["asn"])?))).collect();
        for contact in items(&tables["poc"]["data"]) {
            let number = contact["net_id"].as_u64().and_then(|net| numbers.get(&net));
            if let Some(asn) = number {
                self.take_point(*asn, contact);
            }
        }
    }

    /// A point of contact of PeeringDB.
    fn take_point(&mut self, asn: Asn, contact: &Value) {
        let role = contact["role"].as_str().and_then(role);
        let address = contact["email"].as_str().and_then(mail_address);
        if let (Some(role), Some(address)) = (role, address) {
            self.insert(asn, Contact { role, address });
        }
    }
}

/// What the entities of an RDAP object, and those within them, can be written to (RFC 9083 section 5.1).
fn entities(object: &Value, depth: usize) -> Vec<Contact> {
    if depth > DEEPEST {
        return Vec::new();
    }
    let contacts = items(&object["entities"]).flat_map(|entity| {
        let best = items(&entity["roles"]).filter_map(|it| it.as_str().and_then(role)).min();
        // A vCard is ["vcard", [[name, parameters, type, value], ..]] (RFC 7095 section 3).
        let addresses = items(&entity["vcardArray"][1])
            .filter(|property| property[0].as_str() == Some("email"))
            .filter_map(|property| property[3].as_str().and_then(mail_address));
        let own = best
            .into_iter()
            .flat_map(move |role| addresses.clone().map(move |address| Contact { role, address }));
        own.chain(entities(entity, depth + 1)).collect::<Vec<_>>()
    });
    contacts.collect()
}

fn items(value: &Value) -> std::slice::Iter<'_, Value> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn asn(value: &Value) -> Option<Asn> {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).map(Asn::new)
}

/// Of RDAP (RFC 9083 section 10.2.4) and PeeringDB; sales and the like are not asked.
fn role(name: &str) -> Option<Role> {
    match name.to_ascii_lowercase().as_str() {
        "noc" => Some(Role::Noc),
        "abuse" => Some(Role::Abuse),
        "technical" => Some(Role::Technical),
        _ => None,
    }
}

/// An address as one can be written to, and nothing that could break a header or a line.
fn mail_address(text: &str) -> Option<Box<str>> {
    let text = text.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let (local, domain) = text.rsplit_once('@')?;
    let of_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let of_domain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_address = (1..=64).contains(&local.len())
        && (3..=190).contains(&domain.len())
        && local.chars().all(of_local)
        && domain.chars().all(of_domain)
        && domain.split('.').all(|label| !label.is_empty())
        && domain.contains('.');
    is_address.then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str, asn: u32) -> Vec<String> {
        Contacts::parse(text.as_bytes()).unwrap().addresses(Asn::new(asn))
    }

    /// The shape of RFC 9083 section 5.5, with entities within entities as RIPE has them.
    const AUTNUM: &str = r#"{"objectClassName":"autnum","startAutnum":64501,"endAutnum":64502,"entities":[
        {"roles":["registrant"],"vcardArray":["vcard",[["email",{},"text","sales@example.net"]]],"entities":[
            {"roles":["technical","noc"],"vcardArray":["vcard",[["version",{},"text","4.0"],
             ["email",{"type":"work"},"text","noc@example.net"]]]}]},
        {"roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","abuse@example.net"]]]},
        {"roles":["technical"],"vcardArray":["vcard",[["email",{},"text","tech@example.net"]]]},
        {"roles":["abuse"]}]}"#;

    #[test]
    fn rdap_names_the_noc_first_and_never_whoever_only_registered() {
        assert_eq!(of(AUTNUM, 64501), ["noc@example.net", "abuse@example.net"]);
        assert_eq!(of(AUTNUM, 64502), ["noc@example.net", "abuse@example.net"]);
        assert_eq!(of(AUTNUM, 64503), <[&str; 0]>::default());
        let two = AUTNUM.replace("64501", "64511").replace("64502", "64511");
        for both in [format!("[{AUTNUM},{two}]"), format!("{AUTNUM}\n{two}\n")] {
            assert_eq!(of(&both, 64511), of(&both, 64501));
        }
    }

    #[test]
    fn the_contact_of_a_registry_is_nobodys_noc() {
        let block = AUTNUM.replace("64502", "65535");
        assert!(matches!(Contacts::parse(block.as_bytes()), Err(ContactsError::Nobody)));
    }

    #[test]
    fn peeringdb_is_read_as_one_table_and_as_two() {
        let one = r#"{"data":[{"asn":64501,"poc_set":[{"role":"Sales","email":"s@example.net"},
            {"role":"Abuse","email":"abuse@example.net"},{"role":"NOC","email":"noc@example.net"},
            {"role":"NOC","email":""},{"role":"NOC","email":null}]},{"asn":64502,"poc_set":[]}]}"#;
        let two = r#"{"net":{"data":[{"id":7,"asn":64501}]},"poc":{"data":[
            {"net_id":7,"role":"Abuse","email":"abuse@example.net"},
            {"net_id":7,"role":"NOC","email":"noc@example.net"},
            {"net_id":8,"role":"NOC","email":"other@example.net"}]}}"#;
        for text in [one, two] {
            assert_eq!(of(text, 64501), ["noc@example.net", "abuse@example.net"]);
            assert_eq!(Contacts::parse(text.as_bytes()).unwrap().len(), 1);
        }
    }

    #[test]
    fn lines_and_two_files_of_the_same_as() {
        let lines = "asn,address\n# ours\nAS64501,noc@example.net\n64502 , x@example.org , y\n64503,nobody\n";
        let mut contacts = Contacts::parse(lines.as_bytes()).unwrap();
        assert_eq!(contacts.len(), 2);
        contacts.extend(Contacts::parse(AUTNUM.as_bytes()).unwrap());
        assert_eq!(contacts.addresses(Asn::new(64502)), ["noc@example.net", "x@example.org"]);
    }

    #[test]
    fn what_is_no_address_is_nobodys() {
        for text in [
            "a b@example.net",
            "a@b",
            "@example.net",
            "a@example..net",
            "a@example.net\r\nBcc: x@example.net",
            "<a@example.net>",
            "\u{202e}a@example.net",
        ] {
            assert_eq!(mail_address(text), None, "{text:?}");
        }
        assert_eq!(
            mail_address(" mailto:noc+bgp@example.net ").as_deref(),
            Some("noc+bgp@example.net")
        );
    }

    #[test]
    fn a_file_that_names_nobody_says_so() {
        for text in ["", "{}", "[]", "{\"data\":{}}", "asn,address\n"] {
            assert!(
                matches!(Contacts::parse(text.as_bytes()), Err(ContactsError::Nobody)),
                "{text}"
            );
        }
        assert!(matches!(Contacts::parse(b"{\"data\":["), Err(ContactsError::Json(_))));
    }

    proptest! {
        #[test]
        fn no_file_can_panic(mut bytes in Just(AUTNUM.as_bytes().to_vec()), at in 0..400_usize, octet: u8, cut in 0..500_usize) {
            bytes[at] = octet;
            bytes.truncate(cut);
            let _ = Contacts::parse(&bytes);
        }
    }
}
