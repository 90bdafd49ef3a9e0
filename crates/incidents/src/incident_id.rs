use std::fmt;

use bgp::{Asn, Timestamp};
use serde::{Deserialize, Serialize};
use validator::IncidentKind;

use crate::group_key::GroupKey;

/// The name of an incident: `OW-20140402-AS4761-6f3a`.
///
/// A function of the evidence (the day and second of first sight, the class of trouble, the
/// offender), so that live, replay and a second instance agree on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(String);

impl IncidentId {
    fn new(first_seen: Timestamp, group_key: &GroupKey, salt: u32) -> Self {
        let class = group_key.class.name();
        let mut hash = Fnv::new();
        hash.write(&first_seen.seconds().to_be_bytes());
        hash.write(class.as_bytes());
        group_key.offenders.iter().for_each(|asn| hash.write(&asn.number().to_be_bytes()));
        hash.write(group_key.subject.as_bytes());
        hash.write(&salt.to_be_bytes());
        let day = first_seen.to_jiff().strftime("%Y%m%d");
        let who = group_key.offenders.first().map_or(class.to_owned(), Asn::to_string);
        IncidentId(format!("OW-{day}-{who}-{:04x}", hash.folded()))
    }

    /// The first name from this salt on that is not taken.
    pub(crate) fn first_free(
        first_seen: Timestamp,
        group_key: &GroupKey,
        mut salt: u32,
        taken: impl Fn(&Self) -> bool,
    ) -> Self {
        loop {
            let id = IncidentId::new(first_seen, group_key, salt);
            if !taken(&id) {
                return id;
            }
            salt = salt.wrapping_add(1);
        }
    }

    /// The name of what did not happen. It reads as all others do: a reply may be about it.
    pub fn of_drill(at: Timestamp, kind: IncidentKind) -> Self {
        let mut hash = Fnv::new();
        hash.write(&at.seconds().to_be_bytes());
        hash.write(kind.name().as_bytes());
        let day = at.to_jiff().strftime("%Y%m%d");
        IncidentId(format!("OW-{day}-drill-{kind}-{:04x}", hash.folded()))
    }

    /// Reads a name whose letters were folded to lower case, as mail programs do with addresses, and
    /// which may lack the `OW-` in front.
    pub fn from_lower_case(text: &str) -> Option<Self> {
        let text = text.strip_prefix("ow-").unwrap_or(text);
        let (day, rest) = text.split_once('-')?;
        let (who, hash) = rest.rsplit_once('-')?;
        let is_day = day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit());
        let is_hash = hash.len() == 4 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        let is_who = who.len() <= 40 && who.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let asn = who.strip_prefix("as").filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let who = asn.map_or(who.to_owned(), |number| format!("AS{number}"));
        (is_day && is_hash && is_who).then(|| IncidentId(format!("OW-{day}-{who}-{hash}")))
    }

    /// The id as notices, mails and the API show it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Message-ID of a notice of this incident, in angle brackets (RFC 5322 section 3.6.4).
    pub fn message_id(&self, sequence: u32) -> String {
        format!("<{}.{sequence}@originwatch>", self.0)
    }
}

/// FNV-1a, 32 bits: a hash that will be the same in every version of this program, as the names
/// of incidents must be. The standard library's hashers do not promise that.
pub struct Fnv(u32);

impl Fnv {
    /// The hash of nothing.
    pub const fn new() -> Self {
        Fnv(0x811c_9dc5)
    }

    /// Takes these bytes in.
    pub fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }

    /// All 32 bits.
    pub const fn value(&self) -> u32 {
        self.0
    }

    /// Both halves, one over the other.
    pub(crate) const fn folded(&self) -> u32 {
        (self.0 >> 16 ^ self.0) & 0xffff
    }
}

impl Default for Fnv {
    fn default() -> Self {
        Fnv::new()
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group_key::Class;

    #[test]
    fn the_name_is_a_function_of_the_evidence() {
        let at: Timestamp = "2014-04-02T18:26:05.7Z".parse().unwrap();
        let whole: Timestamp = "2014-04-02T18:26:05Z".parse().unwrap();
        let group_key = GroupKey::of(Class::Hijack, [Asn::new(4761)]);
        let other = GroupKey::of(Class::Other(IncidentKind::SuperPrefix), [Asn::new(4761)]);
        let id = IncidentId::new(at, &group_key, 0);
        // A literal: it must never change, or a restart would rename what is in a mailbox.
        assert_eq!(id.as_str(), "OW-20140402-AS4761-3587");
        assert_eq!(id, IncidentId::new(whole, &group_key, 0));
        assert_ne!(id, IncidentId::new(whole, &other, 0));
        assert_ne!(id, IncidentId::new(whole, &group_key, 1));
        let silent = GroupKey::condition(IncidentKind::FeedSilent, "ris-live");
        let silent = IncidentId::new(at, &silent, 0);
        assert!(silent.as_str().starts_with("OW-20140402-feed-silent-"), "{silent}");
        assert_eq!(id.message_id(3), format!("<{id}.3@originwatch>"));
    }
}
