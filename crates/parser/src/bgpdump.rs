//! Lines as `bgpdump -m` (RIPE NCC, 1.6.2) prints them, octet for octet.
//!
//! Half the scripts of this field read them, so its oddities are kept: a missing LOCAL_PREF or
//! MULTI_EXIT_DISC is 0, a missing NEXT_HOP is 255.255.255.255, an AS_PATH that cannot be read is
//! `! Error !`, of ADD-PATH the path identifier stands behind the prefix, and the time of a RIB entry is
//! that of the dump. A message whose prefixes cannot be read has no line.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp::{Asn, Community, Timestamp};

use crate::attributes::NlriSource;
use crate::digits::{number, number_before, six};
use crate::{
    AsSize, Element, ElementKind, Nlri, Path, PathSegment, RouteAttributes, SegmentKind, Source,
};

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
    kind: Kind,
    address: IpAddr,
    asn: Asn,
}

/// What is told of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rib,
    Announce,
    Withdraw,
    State,
    /// Has no line.
    Unreadable,
}

/// What the columns behind the prefix are made of, beside the octets of the attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    size: AsSize,
    without_first_as: bool,
    nlri_source: NlriSource,
    source: Source,
}

/// Attributes longer than this are not compared: those of a message of 64 KiB, once for each of its
/// prefixes, would take more than writing them.
const COMPARED_MAX: usize = 1024;

impl Lines {
    /// Appends the line of this element, as [`write_line`] does.
    pub fn write(&mut self, element: &Element<'_>, out: &mut Vec<u8>) {
        if matches!(element.kind, ElementKind::Unreadable) {
            return;
        }
        if !self.head.is_some_and(|head| head.is_of(element)) {
            let head = Head::of(element);
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
        let made_of = Route { size, without_first_as, nlri_source: attributes.source, source };
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
    if matches!(element.kind, ElementKind::Unreadable) {
        return;
    }
    Head::of(element).write(out);
    rest(element, out, |attributes, out| route(attributes, element.source, out));
}

impl Head {
    fn of(element: &Element<'_>) -> Self {
        let Element { source, at, vantage, kind } = element;
        let (address, asn) = (vantage.address, vantage.asn);
        Head { source: *source, at: *at, kind: Kind::of(kind), address, asn }
    }

    /// Whether it is what [`Head::of`] makes of the element; what differs most comes first.
    fn is_of(&self, element: &Element<'_>) -> bool {
        self.at == element.at
            && self.kind == Kind::of(&element.kind)
            && self.asn == element.vantage.asn
            && self.address == element.vantage.address
            && self.source == element.source
    }

    fn write(self, out: &mut Vec<u8>) {
        label(out, self.source);
        out.push(b'|');
        let extended = matches!(
            self.source,
            Source::Bgp4mp { extended: true, .. } | Source::RisLive | Source::Bmp
        );
        time(out, self.at, extended);
        self.kind.label(out);
        address(out, self.address);
        out.push(b'|');
        number(out, self.asn.number());
        out.push(b'|');
    }
}

impl Kind {
    const fn of(kind: &ElementKind<'_>) -> Self {
        match kind {
            ElementKind::Rib { .. } => Kind::Rib,
            ElementKind::Announce { .. } => Kind::Announce,
            ElementKind::Withdraw { .. } => Kind::Withdraw,
            ElementKind::State { .. } => Kind::State,
            ElementKind::Unreadable => Kind::Unreadable,
        }
    }

    /// With the separators around.
    fn label(self, out: &mut Vec<u8>) {
        match self {
            Kind::Rib => text(out, "|B|"),
            Kind::Announce => text(out, "|A|"),
            Kind::Withdraw => text(out, "|W|"),
            Kind::State => text(out, "|STATE|"),
            Kind::Unreadable => (),
        }
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
        ElementKind::Unreadable => (),
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
fn label(out: &mut Vec<u8>, source: Source) {
    match source {
        Source::TableDump => text(out, "TABLE_DUMP"),
        Source::TableDumpV2 { add_path: false } => text(out, "TABLE_DUMP2"),
        Source::TableDumpV2 { add_path: true } => text(out, "TABLE_DUMP2_AP"),
        Source::Bgp4mp { extended, local, add_path } => {
            text(out, "BGP4MP");
            for (is, suffix) in [(extended, "_ET"), (local, "_LOCAL"), (add_path, "_AP")] {
                text(out, if is { suffix } else { "" });
            }
        }
        Source::Bgp => text(out, "BGP"),
        Source::RisLive | Source::Bmp => text(out, "BGP4MP_ET"),
    }
}

/// Path, origin, next hop, LOCAL_PREF, MULTI_EXIT_DISC, communities, aggregation.
fn route(attributes: RouteAttributes<'_>, source: Source, out: &mut Vec<u8>) {
    match attributes.has_broken_path() {
        true => text(out, "! Error !"),
        false => write_path(attributes.path(), out),
    }
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
    let mut spaced = false;
    for community in attributes.communities() {
        write_community(out, community);
        spaced = true;
    }
    if spaced {
        out.pop();
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

/// Appends an AS path as bgpdump writes it: `64500 64501 {64502,64503}`.
pub fn write_path(path: Path<'_>, out: &mut Vec<u8>) {
    match path.unmerged() {
        Some(segments) => write_segments(out, segments),
        None => write_segments(out, path.segments()),
    }
}

fn write_segments<'a>(out: &mut Vec<u8>, segments: impl Iterator<Item = PathSegment<'a>>) {
    let mut spaced = false;
    for segment in segments {
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
            number_before(out, asn.number(), between);
            spaced = true;
        }
        // Behind the last stands nothing.
        if spaced {
            out.pop();
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

/// With a space behind.
fn write_community(out: &mut Vec<u8>, Community(value): Community) {
    match value {
        0xffff_ff01 => text(out, "no-export "),
        0xffff_ff02 => text(out, "no-advertise "),
        0xffff_ff03 => text(out, "local-AS "),
        _ => {
            number_before(out, value >> 16, b':');
            number_before(out, value & 0xffff, b' ');
        }
    }
}

fn time(out: &mut Vec<u8>, at: Timestamp, with_micros: bool) {
    // MRT and bgpdump know no time before 1970 nor after 2106.
    number(out, u32::try_from(at.seconds()).unwrap_or(0));
    if with_micros {
        let micros = u32::try_from(at.micros().rem_euclid(1_000_000)).unwrap_or(0);
        out.push(b'.');
        six(out, micros);
    }
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => dotted(out, address.octets()),
        IpAddr::V6(address) => colons(out, address),
    }
}

fn dotted(out: &mut Vec<u8>, [a, b, c, d]: [u8; 4]) {
    for octet in [a, b, c] {
        number_before(out, octet.into(), b'.');
    }
    number(out, d.into());
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
