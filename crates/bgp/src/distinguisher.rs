use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A route distinguisher as it stands on the wire (RFC 4364 section 4.2): it tells the VRFs of a
/// router apart. Zero is the global table.
///
/// Shown, and read, as `64499:11` (type 0; type 2 where the AS needs four octets) or `192.0.2.1:7`
/// (type 1); of another type as sixteen hexadecimal digits. `2:64499:11` says the type as well, and is
/// how a small AS of type 2 is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Distinguisher(pub [u8; 8]);

/// The text is not a route distinguisher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a route distinguisher (expected 64499:11 or 192.0.2.1:7)")]
pub struct ParseDistinguisherError(String);

impl Distinguisher {
    /// Type 0: an AS of two octets and a number of four.
    fn of_small_as(asn: u16, number: u32) -> Self {
        Self::of(0, u64::from(asn) << 32 | u64::from(number))
    }

    /// Type 2: an AS of four octets and a number of two.
    fn of_large_as(asn: u32, number: u16) -> Self {
        Self::of(2, u64::from(asn) << 16 | u64::from(number))
    }

    /// Type 1: an address and a number of two octets.
    fn of_address(address: Ipv4Addr, number: u16) -> Self {
        Self::of(1, u64::from(address.to_bits()) << 16 | u64::from(number))
    }

    const fn of(kind: u64, value: u64) -> Self {
        Distinguisher((kind << 48 | value).to_be_bytes())
    }
}

impl FromStr for Distinguisher {
    type Err = ParseDistinguisherError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseDistinguisherError(text.chars().take(60).collect());
        let parts: Vec<&str> = text.split(':').collect();
        let number = |part: &str| -> Option<u32> {
            let is_decimal = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_decimal { part.parse().ok() } else { None }
        };
        let short = |part: &str| number(part).and_then(|number| u16::try_from(number).ok());
        let read = match *parts {
            [digits] if digits.len() == 16 => {
                u64::from_str_radix(digits, 16).ok().map(|bits| Distinguisher(bits.to_be_bytes()))
            }
            [address, last] if address.contains('.') => {
                address.parse().ok().zip(short(last)).map(|(it, last)| Self::of_address(it, last))
            }
            [asn, last] | ["0", asn, last] if short(asn).is_some() => {
                short(asn).zip(number(last)).map(|(asn, last)| Self::of_small_as(asn, last))
            }
            [asn, last] | ["2", asn, last] => {
                number(asn).zip(short(last)).map(|(asn, last)| Self::of_large_as(asn, last))
            }
            _ => None,
        };
        read.ok_or_else(error)
    }
}

impl fmt::Display for Distinguisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kind_high, kind_low, a, b, c, d, e, g] = self.0;
        match u16::from_be_bytes([kind_high, kind_low]) {
            0 => {
                let administrator = u16::from_be_bytes([a, b]);
                write!(f, "{administrator}:{}", u32::from_be_bytes([c, d, e, g]))
            }
            1 => {
                let administrator = Ipv4Addr::new(a, b, c, d);
                write!(f, "{administrator}:{}", u16::from_be_bytes([e, g]))
            }
            2 => {
                let administrator = u32::from_be_bytes([a, b, c, d]);
                // What two octets hold would be read as type 0.
                let kind = if administrator > 0xffff { "" } else { "2:" };
                write!(f, "{kind}{administrator}:{}", u16::from_be_bytes([e, g]))
            }
            _ => write!(f, "{:016x}", u64::from_be_bytes(self.0)),
        }
    }
}

impl Serialize for Distinguisher {
    /// As it is shown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Distinguisher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shown_as_rfc_4364_writes_them() {
        let table = [
            ([0, 0, 0xfb, 0xf3, 0, 0, 0, 11], "64499:11"),
            ([0, 1, 192, 0, 2, 1, 0, 7], "192.0.2.1:7"),
            ([0, 2, 0xfb, 0xf0, 0, 0x5a, 0, 12], "4226809946:12"),
            ([0, 2, 0, 0, 0xfb, 0xf3, 0, 12], "2:64499:12"),
            ([0xff, 0, 0, 0, 0, 0, 0, 1], "ff00000000000001"),
        ];
        for (octets, text) in table {
            assert_eq!(Distinguisher(octets).to_string(), text);
        }
        for text in ["", "64499", "64499:", "a:1", "1:2:3:4", "192.0.2.1:65536", "+1:1", "3:1:1"] {
            assert!(text.parse::<Distinguisher>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(kind in 0..4_u8, rest: [u8; 6]) {
            let [a, b, c, d, e, f] = rest;
            let distinguisher = Distinguisher([0, kind, a, b, c, d, e, f]);
            prop_assert_eq!(distinguisher.to_string().parse(), Ok(distinguisher));
        }
    }
}
