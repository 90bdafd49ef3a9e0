use std::net::{Ipv4Addr, Ipv6Addr};

use bgp::Prefix;

/// What stands in a TXT record (RFC 7208 section 4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) struct Record {
    pub(super) terms: Vec<Term>,
    /// Who decides if no term does; ignored beside `all` (RFC 7208 section 6.1).
    pub(super) redirect: Option<String>,
}

/// A mechanism with its qualifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) qualifier: Qualifier,
    pub(super) mechanism: Mechanism,
    /// As it is written.
    pub(super) text: String,
}

/// What a match means (RFC 7208 section 4.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

/// RFC 7208 section 5. Lengths are those of IPv4 and of IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(String),
    A { target: Option<String>, lengths: (u8, u8) },
    Mx { target: Option<String>, lengths: (u8, u8) },
    Ip(Prefix),
    Exists(String),
    Ptr,
}

impl Record {
    /// Whether it is meant as an SPF record: `v=spf10` is not.
    pub(super) fn is_one(text: &str) -> bool {
        let version = text.split(' ').next().unwrap_or_default();
        version.eq_ignore_ascii_case("v=spf1")
    }

    /// Reads what stands behind the version; the term that is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut record = Record { terms: Vec::new(), redirect: None };
        for text in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
            match modifier(text) {
                Some((name, value)) if name.eq_ignore_ascii_case("redirect") => {
                    if record.redirect.replace(value.to_owned()).is_some() || value.is_empty() {
                        return Err(text.to_owned());
                    }
                }
                // Unknown modifiers are ignored, and `exp` only explains (RFC 7208 section 6).
                Some(_) => {}
                None => record.terms.push(term(text).ok_or_else(|| text.to_owned())?),
            }
        }
        Ok(record)
    }
}

impl Qualifier {
    /// RFC 7208 section 8.
    pub(in crate::check) const fn word(self) -> &'static str {
        match self {
            Qualifier::Pass => "pass",
            Qualifier::Fail => "fail",
            Qualifier::SoftFail => "softfail",
            Qualifier::Neutral => "neutral",
        }
    }
}

/// `name=value`; of a mechanism another mark comes before an equals sign.
fn modifier(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain))
        .then_some((name, value))
}

fn term(text: &str) -> Option<Term> {
    let (qualifier, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (Qualifier::Pass, rest),
        ("-", rest) => (Qualifier::Fail, rest),
        ("~", rest) => (Qualifier::SoftFail, rest),
        ("?", rest) => (Qualifier::Neutral, rest),
        _ => (Qualifier::Pass, text),
    };
    Some(Term { qualifier, mechanism: mechanism(rest)?, text: text.to_owned() })
}

fn mechanism(text: &str) -> Option<Mechanism> {
    let end = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let value = rest.strip_prefix(':').filter(|value| !value.is_empty());
    let with_lengths = || {
        let (target, lengths) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
        let target = match target {
            "" => None,
            _ => Some(target.strip_prefix(':').filter(|target| !target.is_empty())?.to_owned()),
        };
        Some((target, self::lengths(lengths)?))
    };
    match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Some(Mechanism::All),
        "include" => Some(Mechanism::Include(value?.to_owned())),
        "exists" => Some(Mechanism::Exists(value?.to_owned())),
        "a" => with_lengths().map(|(target, lengths)| Mechanism::A { target, lengths }),
        "mx" => with_lengths().map(|(target, lengths)| Mechanism::Mx { target, lengths }),
        "ip4" => ip(value?, 32, |text| text.parse::<Ipv4Addr>().ok().map(Into::into)),
        "ip6" => ip(value?, 128, |text| text.parse::<Ipv6Addr>().ok().map(Into::into)),
        "ptr" if rest.is_empty() || value.is_some() => Some(Mechanism::Ptr),
        _ => None,
    }
}

/// Host bits are allowed, and mean nothing (RFC 7208 section 5.6).
fn ip(
    text: &str,
    longest: u8,
    address: impl Fn(&str) -> Option<std::net::IpAddr>,
) -> Option<Mechanism> {
    let (network, length) = match text.split_once('/') {
        Some((network, length)) => (network, self::length(length, longest)?),
        None => (text, longest),
    };
    Prefix::new_relaxed(address(network)?, length).ok().map(Mechanism::Ip)
}

/// `/24`, `//64`, `/24//64` or nothing.
fn lengths(text: &str) -> Option<(u8, u8)> {
    let (v4, v6) = match text.split_once("//") {
        Some((v4, v6)) => (v4, length(v6, 128)?),
        None => (text, 128),
    };
    match v4 {
        "" => Some((32, v6)),
        _ => Some((length(v4.strip_prefix('/')?, 32)?, v6)),
    }
}

fn length(text: &str, longest: u8) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|length| plain && *length <= longest)
}
