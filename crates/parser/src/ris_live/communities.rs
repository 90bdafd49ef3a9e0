use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use smallvec::SmallVec;

/// The communities of RFC 1997 as they are written in JSON, `[[64500, 666]]`, in octets. What is no
/// pair of two-octet numbers is left out: large ones come from `raw`.
#[derive(Default)]
pub(super) struct Communities(SmallVec<[u8; 64]>);

/// A community: two numbers, or three of a large one.
struct Numbers {
    values: [u32; 2],
    count: usize,
}

impl Communities {
    pub(super) fn as_octets(&self) -> &[u8] {
        &self.0
    }
}

impl Numbers {
    fn octets(&self) -> Option<[u8; 4]> {
        let [high, low] = self.values.map(u16::try_from);
        let number = u32::from(high.ok()?) << 16 | u32::from(low.ok()?);
        (self.count == self.values.len()).then_some(number.to_be_bytes())
    }
}

impl<'de> Deserialize<'de> for Communities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CommunitiesVisitor;
        impl<'de> Visitor<'de> for CommunitiesVisitor {
            type Value = Communities;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of communities")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Communities, A::Error> {
                let mut communities = Communities::default();
                while let Some(numbers) = list.next_element::<Numbers>()? {
                    communities.0.extend(numbers.octets().into_iter().flatten());
                }
                Ok(communities)
            }
        }
        deserializer.deserialize_seq(CommunitiesVisitor)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumbersVisitor;
        impl<'de> Visitor<'de> for NumbersVisitor {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
                let mut numbers = Numbers { values: [0; 2], count: 0 };
                while let Some(number) = list.next_element()? {
                    if let Some(value) = numbers.values.get_mut(numbers.count) {
                        *value = number;
                    }
                    numbers.count += 1;
                }
                Ok(numbers)
            }
        }
        deserializer.deserialize_seq(NumbersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pair_of_two_octets_is_left_out() {
        let text = "[[64500,666],[65536,1],[1,2,3],[7],[],[0,65535]]";
        let communities: Communities = serde_json::from_str(text).unwrap();
        assert_eq!(communities.as_octets(), [0xfb, 0xf4, 2, 0x9a, 0, 0, 0xff, 0xff]);
    }
}
