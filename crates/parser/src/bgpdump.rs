//! Lines as `bgpdump -m` (RIPE NCC, 1.6.2) prints them, octet for octet.
//!
//! Half the scripts of this field read them, so its oddities are kept: a missing LOCAL_PREF or
//! MULTI_EXIT_DISC is 0, a missing NEXT_HOP is 255.255.255.255, of ADD-PATH the path identifier
//! stands behind the prefix, and the time of a RIB entry is that of the dump.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp::{Asn, Community, Timestamp};

use crate::attributes::Carrier;
use crate::{AsSize, Element, ElementKind, Nlri, Path, RouteAttributes, SegmentKind, Source};

/// Writes lines one after the other. What the next has in common with the last is not made again:
/// the prefixes of one message differ in nothing else, and neighbours in a table often do not either.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    head: Option<Head>,
    head_text: Vec<u8>,
    route: Option<Route>,
    /// The octets of the attributes, and their text.
    field: Vec<u8>,
    route_text: Vec<u8>,
}

/// What the columns up to the peer are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    source: Source,
    at: Timestamp,
    kind: &'static str,
    address: IpAddr,
    asn: Asn,
}

/// What the columns behind the prefix are made of, beside the octets of the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    size: AsSize,
    without_first_as: bool,
    carrier: Carrier,
    source: Source,
}

/// Attributes longer than this are not compared: those of a message of 64 KiB, once for each of its
/// prefixes, would take more than writing them.
const COMPARED_MAX: usize = 1024;

impl Lines {
    /// Appends the line of this element, as [`write_line`] does.
    pub fn write(&mut self, element: &Element<'_>, out: &mut Vec<u8>) {
        let head = Head::of(element);
        if self.head != Some(head) {
            self.head_text.clear();
            head.write(&mut self.head_text);
            self.head = Some(head);
        }
        out.extend_from_slice(&self.head_text);
        rest(element, out, |attributes, out| self.route(attributes, element.source, out));
    }

    fn route(&mut self, attributes: RouteAttributes<'_>, source: Source, out: &mut Vec<u8>) {
        let (field, size, without_first_as) = attributes.made_of();
        if field.len() > COMPARED_MAX {
            return route(attributes, source, out);
        }
        let made_of = Route { size, without_first_as, carrier: attributes.carrier, source };
        if self.route != Some(made_of) || self.field != field {
            self.route_text.clear();
            route(attributes, source, &mut self.route_text);
            self.route = Some(made_of);
            self.field.clear();
            self.field.extend_from_slice(field);
        }
        out.extend_from_slice(&self.route_text);
    }
}

/// Appends the line of this element, its end included. Nothing is allocated once `out` is large
/// enough.
pub fn write_line(element: &Element<'_>, out: &mut Vec<u8>) {
    Head::of(element).write(out);
    rest(element, out, |attributes, out| route(attributes, element.source, out));
}

impl Head {
    fn of(element: &Element<'_>) -> Self {
        let kind = match element.kind {
            ElementKind::Rib { .. } => "|B|",
            ElementKind::Announce { .. } => "|A|",
            ElementKind::Withdraw { .. } => "|W|",
            ElementKind::State { .. } => "|STATE|",
        };
        let Element { source, at, vantage, .. } = *element;
        Head { source, at, kind, address: vantage.address, asn: vantage.asn }
    }

    fn write(self, out: &mut Vec<u8>) {
        text(out, label(self.source));
        out.push(b'|');
        let extended = matches!(
            self.source,
            Source::Bgp4mp { extended: true, .. } | Source::RisLive | Source::Bmp
        );
        time(out, self.at, extended);
        text(out, self.kind);
        address(out, self.address);
        out.push(b'|');
        number(out, self.asn.number());
        out.push(b'|');
    }
}

/// The columns from the prefix on.
fn rest(
    element: &Element<'_>,
    out: &mut Vec<u8>,
    write_route: impl FnOnce(RouteAttributes<'_>, &mut Vec<u8>),
) {
    match element.kind {
        ElementKind::Rib { nlri, attributes, .. } | ElementKind::Announce { nlri, attributes } => {
            prefix(out, nlri, element.source);
            out.push(b'|');
            write_route(attributes, out);
        }
        ElementKind::Withdraw { nlri } => prefix(out, nlri, element.source),
        ElementKind::State { old, new } => {
            number(out, old.into());
            out.push(b'|');
            number(out, new.into());
        }
    }
    out.push(b'\n');
}

/// The first column. bgpdump reads neither RIS Live nor BMP; they are called what they would be in RIS'
/// own files.
const fn label(source: Source) -> &'static str {
    match source {
        Source::TableDump => "TABLE_DUMP",
        Source::TableDumpV2 { add_path: false } => "TABLE_DUMP2",
        Source::TableDumpV2 { add_path: true } => "TABLE_DUMP2_AP",
        Source::Bgp4mp { extended, local, add_path } => match (extended, local, add_path) {
            (false, false, false) => "BGP4MP",
            (false, false, true) => "BGP4MP_AP",
            (false, true, false) => "BGP4MP_LOCAL",
            (false, true, true) => "BGP4MP_LOCAL_AP",
            (true, false, false) => "BGP4MP_ET",
            (true, false, true) => "BGP4MP_ET_AP",
            (true, true, false) => "BGP4MP_ET_LOCAL",
            (true, true, true) => "BGP4MP_ET_LOCAL_AP",
        },
        Source::Bgp => "BGP",
        Source::RisLive | Source::Bmp => "BGP4MP_ET",
    }
}

/// Path, origin, next hop, LOCAL_PREF, MULTI_EXIT_DISC, communities, aggregation.
fn route(attributes: RouteAttributes<'_>, source: Source, out: &mut Vec<u8>) {
    path(out, attributes.path());
    match attributes.origin_code() {
        Some(0) => text(out, "|IGP|"),
        Some(1) => text(out, "|EGP|"),
        _ => text(out, "|INCOMPLETE|"),
    }
    address(out, attributes.route_next_hop().unwrap_or(IpAddr::V4(Ipv4Addr::BROADCAST)));
    out.push(b'|');
    number(out, attributes.local_pref().unwrap_or(0));
    out.push(b'|');
    number(out, attributes.multi_exit_disc().unwrap_or(0));
    // Of type BGP it leaves out this one separator.
    if source != Source::Bgp {
        out.push(b'|');
    }
    for (index, community) in attributes.communities().enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        write_community(out, community);
    }
    match attributes.atomic_aggregate() {
        true => text(out, "|AG|"),
        false => text(out, "|NAG|"),
    }
    if let Some((asn, router)) =
        attributes.aggregator().filter(|(_, router)| !router.is_broadcast())
    {
        number(out, asn.number());
        out.push(b' ');
        address(out, router.into());
    }
    out.push(b'|');
}

fn path(out: &mut Vec<u8>, path: Path<'_>) {
    let mut spaced = false;
    for segment in path.segments() {
        if spaced {
            out.push(b' ');
        }
        spaced = false;
        let (open, between, close) = match segment.kind {
            SegmentKind::Sequence => ("", b' ', ""),
            SegmentKind::Set => ("{", b',', "}"),
            SegmentKind::ConfedSequence => ("(", b' ', ")"),
            SegmentKind::ConfedSet => ("[", b',', "]"),
        };
        text(out, open);
        for asn in segment.asns() {
            if spaced {
                out.push(between);
            }
            number(out, asn.number());
            spaced = true;
        }
        text(out, close);
    }
}

fn prefix(out: &mut Vec<u8>, nlri: Nlri, source: Source) {
    address(out, nlri.prefix.address());
    out.push(b'/');
    number(out, nlri.prefix.length().into());
    if let Source::TableDumpV2 { add_path: true } | Source::Bgp4mp { add_path: true, .. } = source {
        out.push(b'|');
        number(out, nlri.path_id);
    }
}

fn write_community(out: &mut Vec<u8>, Community(value): Community) {
    match value {
        0xffff_ff01 => text(out, "no-export"),
        0xffff_ff02 => text(out, "no-advertise"),
        0xffff_ff03 => text(out, "local-AS"),
        _ => {
            number(out, value >> 16);
            out.push(b':');
            number(out, value & 0xffff);
        }
    }
}

fn time(out: &mut Vec<u8>, at: Timestamp, with_micros: bool) {
    // MRT and bgpdump know no time before 1970 nor after 2106.
    number(out, u32::try_from(at.seconds()).unwrap_or(0));
    if with_micros {
        let micros = u32::try_from(at.micros().rem_euclid(1_000_000)).unwrap_or(0);
        out.push(b'.');
        padded(out, micros);
    }
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => dotted(out, address.octets()),
        IpAddr::V6(address) => colons(out, address),
    }
}

/// The octets as digits with a dot behind, and how many characters that is.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and would refuse")]
const DOTTED: [([u8; 4], u8); 256] = {
    let mut table = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let [a, b, c, count] = THREE_DIGITS[octet];
        let digits = match count {
            1 => [c, b'.', 0, 0],
            2 => [b, c, b'.', 0],
            _ => [a, b, c, b'.'],
        };
        table[octet] = (digits, count + 1);
        octet += 1;
    }
    table
};

/// Four characters are stored for each octet, and the next begins where it ends: copying by length
/// would cost more.
fn dotted(out: &mut Vec<u8>, octets: [u8; 4]) {
    let mut buffer = [0; 16];
    let mut length = 0;
    for octet in octets {
        let (digits, count) = DOTTED.get(usize::from(octet)).copied().unwrap_or_default();
        if let Some(place) = buffer.get_mut(length..length + 4) {
            place.copy_from_slice(&digits);
        }
        length += usize::from(count);
    }
    // All but the last dot.
    append(out, buffer, length.saturating_sub(1));
}

/// Appends the first so many of these characters. All are copied and some cut off again, since a copy
/// of variable length is a call.
#[inline]
fn append(out: &mut Vec<u8>, characters: [u8; 16], count: usize) {
    let length = out.len() + count;
    out.extend_from_slice(&characters);
    out.truncate(length);
}

/// The longest run of zero groups is left out, be it one group alone (RFC 5952 section 4.2.2 would
/// keep that), the first of several; IPv4 addresses that are mapped or compatible keep their dots.
fn colons(out: &mut Vec<u8>, address: Ipv6Addr) {
    let groups = address.segments();
    if let [0, 0, 0, 0, 0, mapped @ (0 | 0xffff), high, low] = groups
        && (mapped != 0 || high != 0 || low > 1)
    {
        text(out, if mapped == 0 { "::" } else { "::ffff:" });
        let [.., a, b, c, d] = address.octets();
        return dotted(out, [a, b, c, d]);
    }
    let run = longest_zeros(&groups);
    for (index, group) in groups.iter().enumerate() {
        if run.contains(&index) {
            if index == run.start {
                text(out, "::");
            }
            continue;
        }
        if index > 0 && index != run.end {
            out.push(b':');
        }
        hex(out, *group);
    }
}

fn longest_zeros(groups: &[u16; 8]) -> std::ops::Range<usize> {
    let mut best = 0..0;
    let mut start = 0;
    for (index, group) in groups.iter().enumerate() {
        if *group != 0 {
            start = index + 1;
        } else if index + 1 - start > best.len() {
            best = start..index + 1;
        }
    }
    // An empty range stands where no group does, so that no separator is left out for it.
    if best.is_empty() { usize::MAX..usize::MAX } else { best }
}

#[inline]
fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn hex(out: &mut Vec<u8>, group: u16) {
    let digits = [group >> 12, group >> 8 & 0xf, group >> 4 & 0xf, group & 0xf];
    let first = digits.iter().position(|digit| *digit != 0).unwrap_or(3);
    for digit in digits.into_iter().skip(first) {
        let digit = u8::try_from(digit).unwrap_or(0);
        out.push(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
    }
}

/// The numbers below 1000 as three digits, zeros in front, and how many of them count.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and would refuse")]
const THREE_DIGITS: [[u8; 4]; 1000] = {
    let mut table = [[0; 4]; 1000];
    let mut number = 0u16;
    while number < 1000 {
        let count = if number < 10 {
            1
        } else if number < 100 {
            2
        } else {
            3
        };
        let [_, hundreds] = (number / 100).to_be_bytes();
        let [_, tens] = (number / 10 % 10).to_be_bytes();
        let [_, ones] = (number % 10).to_be_bytes();
        table[number as usize] = [b'0' + hundreds, b'0' + tens, b'0' + ones, count];
        number += 1;
    }
    table
};

/// Three digits at a time: a division costs more than a look into a table in the nearest cache.
fn number(out: &mut Vec<u8>, number: u32) {
    let mut digits = [b'0'; 16];
    let mut left = number;
    let mut length = 0;
    for three in digits.as_chunks_mut::<3>().0.iter_mut().rev() {
        let [a, b, c, count] =
            THREE_DIGITS.get((left % 1000) as usize).copied().unwrap_or_default();
        *three = [a, b, c];
        left /= 1000;
        if left == 0 {
            length += usize::from(count);
            break;
        }
        length += 3;
    }
    // Those that count are moved to the front.
    let digits = u128::from_be_bytes(digits) << (8 * (15 - length));
    append(out, digits.to_be_bytes(), length);
}

/// Six digits, zeros in front.
fn padded(out: &mut Vec<u8>, micros: u32) {
    for power in [100_000, 10_000, 1_000, 100, 10, 1] {
        out.push(b'0' + u8::try_from(micros / power % 10).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_addresses_are_written_as_the_standard_library_writes_them() {
        let powers = (0..10).map(|power| 10u32.pow(power));
        let around = powers.flat_map(|power| [power - 1, power, power + 1]);
        for value in around.chain([u32::MAX, u32::MAX - 1, 64500, 1_234_567_890]) {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
        for octets in [[0, 0, 0, 0], [255; 4], [1, 22, 203, 9], [10, 100, 99, 0]] {
            let mut out = Vec::new();
            dotted(&mut out, octets);
            assert_eq!(String::from_utf8(out).unwrap(), Ipv4Addr::from(octets).to_string());
        }
    }
}
