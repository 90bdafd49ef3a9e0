//! Lines as `bgpdump -m` (RIPE NCC, 1.6.2) prints them, octet for octet.
//!
//! Half the scripts of this field read them, so its oddities are kept: a missing LOCAL_PREF or
//! MULTI_EXIT_DISC is 0, a missing NEXT_HOP is 255.255.255.255, of ADD-PATH the path identifier
//! stands behind the prefix, and the time of a RIB entry is that of the dump.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp::{Community, Timestamp};

use crate::{Element, ElementKind, Nlri, Path, RouteAttributes, SegmentKind, Source};

/// Appends the line of this element, its end included. Nothing is allocated once `out` is large
/// enough.
pub fn write_line(element: &Element<'_>, out: &mut Vec<u8>) {
    text(out, label(element.source));
    out.push(b'|');
    let extended = matches!(
        element.source,
        Source::Bgp4mp { extended: true, .. } | Source::RisLive | Source::Bmp
    );
    time(out, element.at, extended);
    text(
        out,
        match element.kind {
            ElementKind::Rib { .. } => "|B|",
            ElementKind::Announce { .. } => "|A|",
            ElementKind::Withdraw { .. } => "|W|",
            ElementKind::State { .. } => "|STATE|",
        },
    );
    address(out, element.vantage.address);
    out.push(b'|');
    number(out, element.vantage.asn.number());
    out.push(b'|');
    match element.kind {
        ElementKind::Rib { nlri, attributes, .. } | ElementKind::Announce { nlri, attributes } => {
            prefix(out, nlri, element.source);
            out.push(b'|');
            route(out, attributes, element.source);
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
fn route(out: &mut Vec<u8>, attributes: RouteAttributes<'_>, source: Source) {
    path(out, attributes.path());
    text(
        out,
        match attributes.origin_code() {
            Some(0) => "|IGP|",
            Some(1) => "|EGP|",
            _ => "|INCOMPLETE|",
        },
    );
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
    text(out, if attributes.atomic_aggregate() { "|AG|" } else { "|NAG|" });
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
    out.extend_from_slice(buffer.get(..length.saturating_sub(1)).unwrap_or_default());
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
    let mut digits = [b'0'; 12];
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
    out.extend_from_slice(digits.get(12 - length..).unwrap_or_default());
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
