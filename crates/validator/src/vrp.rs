use std::fmt;

use bgp::{Asn, Prefix};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A Validated ROA Payload (RFC 6811 section 2): `asn` may originate `prefix` and what it covers
/// up to `max_length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrp {
    pub(crate) prefix: Prefix,
    pub(crate) max_length: u8,
    pub(crate) asn: Asn,
}

/// The max length of a VRP lies outside its prefix's length to the family's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("max length {max_length} does not fit {prefix}")]
pub struct VrpError {
    prefix: Prefix,
    max_length: u8,
}

impl Vrp {
    /// Checks the max length (RFC 9582 section 4.3.2.2: at least the prefix's, at most the family's).
    pub fn new(prefix: Prefix, max_length: u8, asn: Asn) -> Result<Self, VrpError> {
        if (prefix.length()..=prefix.family().max_length()).contains(&max_length) {
            Ok(Vrp { prefix, max_length, asn })
        } else {
            Err(VrpError { prefix, max_length })
        }
    }

    /// The prefix of the ROA; what it covers is up to the max length.
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The longest prefix length that it allows.
    pub fn max_length(&self) -> u8 {
        self.max_length
    }

    /// The AS that it allows; AS 0 allows nobody (RFC 6483 section 4).
    pub fn asn(&self) -> Asn {
        self.asn
    }
}

impl fmt::Display for Vrp {
    /// `198.18.0.0/21-24 AS64500`; the max length only where it is not the prefix's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.prefix)?;
        if self.max_length != self.prefix.length() {
            write!(f, "-{}", self.max_length)?;
        }
        write!(f, " {}", self.asn)
    }
}

impl Serialize for Vrp {
    /// `{"asn":"AS64500","prefix":"198.18.0.0/21","max_length":24}`, as notices have it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut vrp = serializer.serialize_struct("Vrp", 3)?;
        vrp.serialize_field("asn", &format_args!("{}", self.asn))?;
        vrp.serialize_field("prefix", &self.prefix)?;
        vrp.serialize_field("max_length", &self.max_length)?;
        vrp.end()
    }
}

impl<'de> Deserialize<'de> for Vrp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Parts {
            asn: Asn,
            prefix: Prefix,
            max_length: u8,
        }
        let Parts { asn, prefix, max_length } = Parts::deserialize(deserializer)?;
        Vrp::new(prefix, max_length, asn).map_err(de::Error::custom)
    }
}

/// What origin validation says of a route, with the VRPs that decide it (RFC 6811 section 2).
///
/// Every VRP that covers the prefix stands in exactly one list; the state is computed from them.
///
/// Written as `{"state":"invalid","reason":"as","matched":[],..}`; what is read back is the lists, and whether
/// there was anything to ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct OriginValidation {
    /// There was no RPKI data to validate with. Then nobody knows whether a VRP covers the route: it is written
    /// as `unknown`, which is no state of RFC 6811.
    #[serde(default, rename = "state", deserialize_with = "is_unknown")]
    pub unknown: bool,
    /// Covers, long enough, and the Route Origin ASN is the VRP's.
    pub matched: Vec<Vrp>,
    /// Covers, but allows another AS.
    pub unmatched_as: Vec<Vrp>,
    /// Covers and allows this AS, but the prefix is longer than the max length.
    pub unmatched_length: Vec<Vrp>,
}

/// The validation state of a route (RFC 6811 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValidationState {
    /// At least one VRP matches.
    Valid,
    /// At least one VRP covers, none matches.
    Invalid,
    /// No VRP covers.
    NotFound,
}

/// Why a route is invalid, in Routinator's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InvalidReason {
    /// No covering VRP allows the AS.
    As,
    /// A covering VRP allows the AS, but not this length.
    Length,
}

impl OriginValidation {
    /// The state by RFC 6811 section 2.1.
    pub fn state(&self) -> ValidationState {
        if !self.matched.is_empty() {
            ValidationState::Valid
        } else if self.unmatched_as.is_empty() && self.unmatched_length.is_empty() {
            ValidationState::NotFound
        } else {
            ValidationState::Invalid
        }
    }

    /// The name of its state, as in JSON.
    pub fn name(&self) -> &'static str {
        if self.unknown { UNKNOWN } else { self.state().name() }
    }

    /// Why it is invalid; none if it is not.
    pub fn reason(&self) -> Option<InvalidReason> {
        match self.state() {
            ValidationState::Invalid if self.unmatched_length.is_empty() => Some(InvalidReason::As),
            ValidationState::Invalid => Some(InvalidReason::Length),
            ValidationState::Valid | ValidationState::NotFound => None,
        }
    }
}

/// What is said of a route where there is nothing to validate with.
const UNKNOWN: &str = "unknown";

fn is_unknown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(String::deserialize(deserializer)? == UNKNOWN)
}

impl Serialize for OriginValidation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reason = self.reason();
        let fields = 4 + usize::from(reason.is_some());
        let mut verdict = serializer.serialize_struct("OriginValidation", fields)?;
        verdict.serialize_field("state", self.name())?;
        match reason {
            Some(reason) => verdict.serialize_field("reason", &reason)?,
            None => verdict.skip_field("reason")?,
        }
        verdict.serialize_field("matched", &self.matched)?;
        verdict.serialize_field("unmatched_as", &self.unmatched_as)?;
        verdict.serialize_field("unmatched_length", &self.unmatched_length)?;
        verdict.end()
    }
}

impl ValidationState {
    /// The name as in JSON and in Routinator's output.
    pub const fn name(self) -> &'static str {
        match self {
            ValidationState::Valid => "valid",
            ValidationState::Invalid => "invalid",
            ValidationState::NotFound => "not-found",
        }
    }
}

impl InvalidReason {
    /// The name as in JSON and in Routinator's output.
    pub const fn name(self) -> &'static str {
        match self {
            InvalidReason::As => "as",
            InvalidReason::Length => "length",
        }
    }
}

impl fmt::Display for ValidationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_written_as_in_notices_and_read_back() {
        let vrp = |place: &str, max, asn| Vrp::new(place.parse().unwrap(), max, Asn::new(asn));
        let verdict = OriginValidation {
            unmatched_as: vec![vrp("198.18.0.0/21", 24, 64500).unwrap()],
            ..OriginValidation::default()
        };
        let json = r#"{"state":"invalid","reason":"as","matched":[],"unmatched_as":[{"asn":"AS64500","prefix":"198.18.0.0/21","max_length":24}],"unmatched_length":[]}"#;
        assert_eq!(serde_json::to_string(&verdict).unwrap(), json);
        assert_eq!(serde_json::from_str::<OriginValidation>(json).unwrap(), verdict);
        let nothing =
            r#"{"state":"not-found","matched":[],"unmatched_as":[],"unmatched_length":[]}"#;
        assert_eq!(serde_json::to_string(&OriginValidation::default()).unwrap(), nothing);
        let unasked = OriginValidation { unknown: true, ..OriginValidation::default() };
        let unknown = nothing.replace("not-found", "unknown");
        assert_eq!(serde_json::to_string(&unasked).unwrap(), unknown);
        assert_eq!(serde_json::from_str::<OriginValidation>(&unknown).unwrap(), unasked);
        assert_eq!(
            serde_json::from_str::<OriginValidation>(nothing).unwrap(),
            OriginValidation::default()
        );
        let wrong = json.replace(":24}", ":33}");
        let error = serde_json::from_str::<OriginValidation>(&wrong).unwrap_err().to_string();
        assert!(error.starts_with("max length 33 does not fit 198.18.0.0/21"), "{error}");
    }

    #[test]
    fn shown_with_its_max_length_where_that_says_something() {
        let vrp = |max| Vrp::new("198.18.0.0/21".parse().unwrap(), max, Asn::new(64500)).unwrap();
        assert_eq!(vrp(21).to_string(), "198.18.0.0/21 AS64500");
        assert_eq!(vrp(24).to_string(), "198.18.0.0/21-24 AS64500");
    }
}
