use bgp::{Asn, Prefix};

/// A Validated ROA Payload (RFC 6811 section 2): `asn` may originate `prefix` and what it covers
/// up to `max_length`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrp {
    prefix: Prefix,
    max_length: u8,
    asn: Asn,
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

    /// The prefix.
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

/// What origin validation says of a route, with the VRPs that decide it (RFC 6811 section 2).
///
/// Every VRP that covers the prefix stands in exactly one list; the state is computed from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OriginValidation {
    /// Covers, long enough, and the Route Origin ASN is the VRP's.
    pub matched: Vec<Vrp>,
    /// Covers, but allows another AS.
    pub unmatched_as: Vec<Vrp>,
    /// Covers and allows this AS, but the prefix is longer than the max length.
    pub unmatched_length: Vec<Vrp>,
}

/// The validation state of a route (RFC 6811 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValidationState {
    /// At least one VRP matches.
    Valid,
    /// At least one VRP covers, none matches.
    Invalid,
    /// No VRP covers.
    NotFound,
}

/// Why a route is invalid, in Routinator's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvalidReason {
    /// No covering VRP allows the AS.
    As,
    /// A covering VRP allows the AS, but not this length.
    Length,
}

impl OriginValidation {
    /// The state.
    pub fn state(&self) -> ValidationState {
        if !self.matched.is_empty() {
            ValidationState::Valid
        } else if self.unmatched_as.is_empty() && self.unmatched_length.is_empty() {
            ValidationState::NotFound
        } else {
            ValidationState::Invalid
        }
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
