use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// An autonomous system number, four octets (RFC 6793).
///
/// Shown as `AS64500`; in JSON a number. Read as a number, as `64500`, as `AS64500` in any case,
/// and as `asdot` (`1.10`, RFC 5396).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Asn(u32);

/// What the registries say a number is for (IANA, RFC 7607, 6793, 5398, 6996, 7300).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsnKind {
    /// AS 0 must not appear in any path (RFC 7607); in a VRP it forbids every origin (RFC 6483).
    Zero,
    /// AS 23456 stands in for a four-octet number (RFC 6793).
    Trans,
    /// 64496..=64511 and 65536..=65551 (RFC 5398).
    Documentation,
    /// 64512..=65534 and 4200000000..=4294967294 (RFC 6996).
    Private,
    /// 65535 and 4294967295 (RFC 7300), and 65552..=131071, which IANA keeps back.
    Reserved,
    /// Assigned by IANA to a registry, or still to be.
    Public,
}

impl Asn {
    /// AS 0 (RFC 7607): no speaker may have it.
    pub const ZERO: Asn = Asn(0);
    /// AS_TRANS, which stands in for a four-octet number in a two-octet field (RFC 6793).
    pub const TRANS: Asn = Asn(23456);

    /// The number itself is always valid: every `u32` is an AS number.
    pub const fn new(number: u32) -> Self {
        Asn(number)
    }

    /// The number as the wire carries it, all 32 bits.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// What the registries say this number is for.
    pub const fn kind(self) -> AsnKind {
        match self.0 {
            0 => AsnKind::Zero,
            23456 => AsnKind::Trans,
            64496..=64511 | 65536..=65551 => AsnKind::Documentation,
            64512..=65534 | 4_200_000_000..=4_294_967_294 => AsnKind::Private,
            65535 | 65552..=131_071 | u32::MAX => AsnKind::Reserved,
            _ => AsnKind::Public,
        }
    }

    /// Whether a network with a NOC can have this number: none has AS 0, AS_TRANS, a private or a reserved one.
    /// Documentation numbers stand for networks in examples.
    pub const fn has_noc(self) -> bool {
        match self.kind() {
            AsnKind::Public | AsnKind::Documentation => true,
            AsnKind::Zero | AsnKind::Trans | AsnKind::Private | AsnKind::Reserved => false,
        }
    }
}

impl From<u32> for Asn {
    fn from(number: u32) -> Self {
        Asn(number)
    }
}

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AS{}", self.0)
    }
}

/// The text is not an AS number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an AS number (expected 0 to 4294967295, as 64500 or AS64500)")]
pub struct ParseAsnError(String);

impl FromStr for Asn {
    type Err = ParseAsnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseAsnError(text.chars().take(40).collect());
        let digits = match text.get(..2) {
            Some(start) if start.eq_ignore_ascii_case("as") => text.get(2..).unwrap_or_default(),
            _ => text,
        };
        match digits.split_once('.') {
            None => decimal(digits).map(Asn).ok_or_else(error),
            Some((high, low)) => {
                let half = |part| decimal(part).and_then(|n| u16::try_from(n).ok());
                let (high, low) = half(high).zip(half(low)).ok_or_else(error)?;
                Ok(Asn(u32::from(high) << 16 | u32::from(low)))
            }
        }
    }
}

/// Digits only: `u32::from_str` alone would take a leading `+`.
fn decimal(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

impl<'de> Deserialize<'de> for Asn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Asn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an AS number, as 64500 or \"AS64500\"")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Asn, E> {
                let out_of_range = |_| E::invalid_value(de::Unexpected::Unsigned(number), &self);
                u32::try_from(number).map(Asn).map_err(out_of_range)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Asn, E> {
                let out_of_range = |_| E::invalid_value(de::Unexpected::Signed(number), &self);
                u32::try_from(number).map(Asn).map_err(out_of_range)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Asn, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_number_reads_the_same() {
        for text in ["64500", "AS64500", "as64500", "aS64500", "0.64500"] {
            assert_eq!(text.parse(), Ok(Asn(64500)), "{text}");
        }
        assert_eq!("1.10".parse(), Ok(Asn(65546)));
        assert_eq!("4294967295".parse(), Ok(Asn(u32::MAX)));
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", "AS", "AS-1", "+1", "4294967296", "1.65536", "1.2.3", "ASx", "６４", " 1"]
        {
            assert!(text.parse::<Asn>().is_err(), "{text}");
        }
    }

    #[test]
    fn json_takes_a_number_or_a_string_and_writes_a_number() {
        assert_eq!(serde_json::from_str::<Asn>("13335").unwrap(), Asn(13335));
        assert_eq!(serde_json::from_str::<Asn>("\"AS13335\"").unwrap(), Asn(13335));
        assert!(serde_json::from_str::<Asn>("-1").is_err());
        assert!(serde_json::from_str::<Asn>("4294967296").is_err());
        assert_eq!(serde_json::to_string(&Asn(13335)).unwrap(), "13335");
    }

    #[test]
    fn registries_decide_the_kind_at_both_ends_of_each_range() {
        use AsnKind::{Documentation, Private, Public, Reserved, Trans, Zero};
        let table = [
            (0, Zero),
            (1, Public),
            (23455, Public),
            (23456, Trans),
            (64495, Public),
            (64496, Documentation),
            (64511, Documentation),
            (64512, Private),
            (65534, Private),
            (65535, Reserved),
            (65536, Documentation),
            (65551, Documentation),
            (65552, Reserved),
            (131_071, Reserved),
            (131_072, Public),
            (4_199_999_999, Public),
            (4_200_000_000, Private),
            (4_294_967_294, Private),
            (u32::MAX, Reserved),
        ];
        for (number, kind) in table {
            assert_eq!(Asn(number).kind(), kind, "AS{number}");
        }
    }
}
