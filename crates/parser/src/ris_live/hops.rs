use std::fmt;

use bgp::Asn;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use smallvec::SmallVec;

/// A path as it is written in JSON, `[64500, 64501, [64502, 64503]]`, in the octets of an AS_PATH
/// with four-octet numbers (RFC 4271 section 4.3). Nearly all fit without an allocation.
#[derive(Default)]
pub(super) struct Hops {
    octets: SmallVec<[u8; 96]>,
    /// Where the segment begins to which the next AS belongs.
    sequence: Option<usize>,
}

/// An AS, or the members of an AS_SET.
enum Hop {
    As(Asn),
    Set(Vec<Asn>),
}

const SET: u8 = 1;
const SEQUENCE: u8 = 2;

impl Hops {
    pub(super) fn as_path(&self) -> &[u8] {
        &self.octets
    }

    fn push(&mut self, hop: Hop) {
        match hop {
            Hop::As(asn) => self.sequence = Some(self.put(SEQUENCE, self.sequence, asn)),
            Hop::Set(members) => {
                let mut set = None;
                for asn in members {
                    set = Some(self.put(SET, set, asn));
                }
                self.sequence = None;
            }
        }
    }

    /// Puts an AS behind the last of a segment, or into a new one where there is none or its count
    /// can say no more. Gives the place of the segment.
    fn put(&mut self, kind: u8, segment: Option<usize>, asn: Asn) -> usize {
        let room = |count: &&mut u8| **count < u8::MAX;
        let place = match segment {
            Some(place) if let Some(count) = self.octets.get_mut(place + 1).filter(room) => {
                *count += 1;
                place
            }
            _ => {
                self.octets.extend_from_slice(&[kind, 1]);
                self.octets.len() - 2
            }
        };
        self.octets.extend_from_slice(&asn.number().to_be_bytes());
        place
    }
}

impl<'de> Deserialize<'de> for Hops {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HopsVisitor;
        impl<'de> Visitor<'de> for HopsVisitor {
            type Value = Hops;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of AS numbers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Hops, A::Error> {
                let mut hops = Hops::default();
                while let Some(hop) = list.next_element()? {
                    hops.push(hop);
                }
                Ok(hops)
            }
        }
        deserializer.deserialize_seq(HopsVisitor)
    }
}

impl<'de> Deserialize<'de> for Hop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HopVisitor;
        impl<'de> Visitor<'de> for HopVisitor {
            type Value = Hop;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an AS number or a list of them")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Hop, E> {
                let number = u32::try_from(number).map_err(E::custom)?;
                Ok(Hop::As(Asn::new(number)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hop, E> {
                text.parse().map(Hop::As).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Hop, A::Error> {
                let mut set = Vec::new();
                while let Some(member) = members.next_element()? {
                    set.push(member);
                }
                Ok(Hop::Set(set))
            }
        }
        deserializer.deserialize_any(HopVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_holds_255_and_a_set_stands_apart() {
        let octets = |kind: u8, asns: &[u32]| {
            let count = u8::try_from(asns.len()).unwrap();
            let asns = asns.iter().flat_map(|asn| asn.to_be_bytes());
            [kind, count].into_iter().chain(asns).collect::<Vec<u8>>()
        };
        let hops: Hops = serde_json::from_str(r#"[1,"2",[3,4],5,[],6]"#).unwrap();
        let segments = [octets(SEQUENCE, &[1, 2]), octets(SET, &[3, 4]), octets(SEQUENCE, &[5])];
        assert_eq!(hops.as_path(), [segments.concat(), octets(SEQUENCE, &[6])].concat());
        let long: Vec<u32> = (1..=300).collect();
        let sequence: Hops = serde_json::from_value(long.clone().into()).unwrap();
        let set: Hops = serde_json::from_value(serde_json::json!([long])).unwrap();
        for (kind, hops) in [(SEQUENCE, sequence), (SET, set)] {
            let (first, second) = long.split_at(255);
            assert_eq!(hops.as_path(), [octets(kind, first), octets(kind, second)].concat());
        }
    }
}
