//! One value of the config: what was written becomes what it means, or a fault at its place.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use bgp::{Asn, Prefix, parse_duration};
use toml::Spanned;
use toml::de::{DeArray, DeValue};

use super::fault::Fault;

pub(super) fn text(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    string(value, "a string").map(str::to_owned)
}

/// A text that says something and that ends up in a subject or on a page: one line, not empty.
pub(super) fn line(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let text = string(value, "a text of one line")?;
    if text.trim().is_empty() || text.contains(bgp::is_hidden) {
        return Err(wrong(value, "is empty or has control characters", "a text of one line"));
    }
    Ok(text.trim().to_owned())
}

pub(super) fn boolean(value: &Spanned<DeValue<'_>>) -> Result<bool, Fault> {
    match value.get_ref() {
        DeValue::Boolean(boolean) => Ok(*boolean),
        _ => Err(kind(value, "true or false")),
    }
}

pub(super) fn array<'a>(value: &'a Spanned<DeValue<'_>>) -> Result<&'a DeArray<'a>, Fault> {
    match value.get_ref() {
        DeValue::Array(array) => Ok(array),
        _ => Err(kind(value, "a list, in [ ]")),
    }
}

/// A whole number in a range.
pub(super) fn number<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&Spanned<DeValue<'_>>) -> Result<T, Fault>
where
    T: TryFrom<u64> + PartialOrd + std::fmt::Display,
{
    move |value| {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = value.get_ref() else {
            return Err(kind(value, &expected));
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let number = number.and_then(|number| T::try_from(number).ok());
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| Fault::new(value.span(), format!("{integer} is out of range"), expected))
    }
}

/// An AS number, bare or as a string. AS 0 is nobody's (RFC 7607).
pub(super) fn asn(value: &Spanned<DeValue<'_>>) -> Result<Asn, Fault> {
    let expected = "an AS number from 1 to 4294967295, as 64500 or \"AS64500\"";
    let asn = match value.get_ref() {
        DeValue::Integer(_) => Asn::new(number(1..=u32::MAX)(value).map_err(|fault| {
            let found = fault.found.replace("is out of range", "is not an AS number");
            Fault::new(fault.span, found, expected)
        })?),
        DeValue::String(text) => {
            text.parse().map_err(|_| wrong(value, "is not an AS number", expected))?
        }
        _ => return Err(kind(value, expected)),
    };
    if asn == Asn::ZERO {
        return Err(wrong(value, "is AS 0, which nobody has (RFC 7607)", expected));
    }
    Ok(asn)
}

/// Strict: host bits are a fault that names the network they hide.
pub(super) fn prefix(value: &Spanned<DeValue<'_>>) -> Result<Prefix, Fault> {
    let expected = "a prefix, as \"192.0.2.0/24\" or \"2001:db8::/32\"";
    let text = string(value, expected)?;
    text.parse().map_err(|error| match error {
        bgp::ParsePrefixError::Syntax(_) => wrong(value, "is not a prefix", expected),
        bgp::ParsePrefixError::Value { error: bgp::PrefixError::HostBits { network }, .. } => {
            wrong(value, "has host bits", &format!("the network, \"{network}\""))
        }
        bgp::ParsePrefixError::Value { error, .. } => {
            wrong(value, &format!("is not a prefix: {error}"), expected)
        }
    })
}

/// `90s`, `15m`, `2h`, `7d`, `1w`, and sums of them, as `1h30m`; at most ten years.
pub(super) fn duration(value: &Spanned<DeValue<'_>>) -> Result<Duration, Fault> {
    let expected = "a duration up to ten years, as \"90s\", \"15m\", \"2h\", \"7d\" or \"1h30m\"";
    let text = string(value, expected)?;
    parse_duration(text).ok_or_else(|| wrong(value, "is not a duration", expected))
}

/// A duration that has a limit, in whole seconds.
pub(super) fn duration_up_to(
    limit: Duration,
) -> impl Fn(&Spanned<DeValue<'_>>) -> Result<Duration, Fault> {
    move |value| {
        let read = duration(value)?;
        let expected = format!("at most \"{}s\"", limit.as_secs());
        (read <= limit).then_some(read).ok_or_else(|| wrong(value, "is too long", &expected))
    }
}

/// One of a few words.
pub(super) fn word<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&Spanned<DeValue<'_>>) -> Result<T, Fault> {
    move |value| {
        let names: Vec<_> = words.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let expected = format!("one of {}", names.join(", "));
        let text = string(value, &expected)?;
        let found = words.iter().find(|(name, _)| *name == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| wrong(value, "is not known", &expected))
    }
}

/// An address and a port, both as numbers: what is listened on is decided here, not by DNS.
pub(super) fn socket(value: &Spanned<DeValue<'_>>) -> Result<SocketAddr, Fault> {
    parsed("is not an address and a port", "as numbers, \"127.0.0.1:8080\" or \"[::1]:8080\"")(
        value,
    )
}

pub(super) fn address(value: &Spanned<DeValue<'_>>) -> Result<IpAddr, Fault> {
    parsed("is not an IP address", "an address, as \"192.0.2.1\" or \"2001:db8::1\"")(value)
}

/// A string that the type itself can read, where its own error adds nothing.
pub(super) fn parsed<T: FromStr>(
    complaint: &'static str,
    expected: &'static str,
) -> impl Fn(&Spanned<DeValue<'_>>) -> Result<T, Fault> {
    move |value| {
        let text = string(value, expected)?;
        text.parse().map_err(|_| wrong(value, complaint, expected))
    }
}

/// A host and a port, as `cache.example.net:3323` or `[2001:db8::1]:3323`.
pub(super) fn host_port(value: &Spanned<DeValue<'_>>) -> Result<String, Fault> {
    let expected = "a host and a port, as \"127.0.0.1:3323\"";
    let text = string(value, expected)?;
    if network::is_host_port(text) {
        Ok(text.to_owned())
    } else {
        Err(wrong(value, "is not a host and a port", expected))
    }
}

pub(super) fn string<'a>(
    value: &'a Spanned<DeValue<'_>>,
    expected: &str,
) -> Result<&'a str, Fault> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text),
        _ => Err(kind(value, expected)),
    }
}

/// A fault at this value, which starts with the value.
pub(super) fn wrong(value: &Spanned<DeValue<'_>>, complaint: &str, expected: &str) -> Fault {
    let found = match value.get_ref() {
        DeValue::String(text) => format!("'{}' {complaint}", short(text)),
        other => format!("{} {complaint}", described(other)),
    };
    Fault::new(value.span(), found, expected)
}

/// A host, and a port or `default`; the brackets of an IPv6 address are gone.
pub(super) fn host_and_port(text: &str, default: u16) -> Option<(String, u16)> {
    let text =
        if network::is_host_port(text) { text.to_owned() } else { format!("{text}:{default}") };
    let (host, port) = text.rsplit_once(':').filter(|_| network::is_host_port(&text))?;
    Some((host.trim_start_matches('[').trim_end_matches(']').to_owned(), port.parse().ok()?))
}

/// What stands there, for people.
pub(super) fn described(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the string \"{}\"", short(text)),
        DeValue::Integer(integer) => format!("the number {integer}"),
        DeValue::Float(float) => format!("the number {float}"),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(_) => "a date or a time".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// At most 60 characters of it, none of which moves the terminal.
pub(super) fn short(text: &str) -> String {
    text.chars().take(60).map(|c| if bgp::is_hidden(c) { '?' } else { c }).collect()
}

fn kind(value: &Spanned<DeValue<'_>>, expected: &str) -> Fault {
    Fault::new(value.span(), format!("found {}", described(value.get_ref())), expected)
}
