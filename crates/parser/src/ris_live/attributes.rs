use std::net::{IpAddr, Ipv4Addr};

use bgp::Asn;

use super::communities::Communities;
use super::message::Message;
use crate::attribute::{Attribute, flags};
use crate::code;
use crate::cursor::Cursor;

/// Writes the attributes of a message as they would stand on a session with four-octet AS numbers.
///
/// What JSON leaves out but does not depend on the session (large communities, OTC) is taken from
/// the message itself, where that is given in `raw`.
pub(super) fn write(message: &Message<'_>, next_hop: Option<IpAddr>, out: &mut Vec<u8>) {
    if let Some(origin) = message.origin.as_ref().and_then(|origin| origin_code(origin.as_str())) {
        put(out, code::ORIGIN, &[origin]);
    }
    if let Some(path) = &message.path {
        put(out, code::AS_PATH, path.as_path());
    }
    match next_hop {
        Some(IpAddr::V4(address)) => put(out, code::NEXT_HOP, &address.octets()),
        Some(IpAddr::V6(address)) => {
            let mut next_hop = [16; 17];
            next_hop.iter_mut().skip(1).zip(address.octets()).for_each(|(to, from)| *to = from);
            put(out, code::MP_REACH_NLRI, &next_hop);
        }
        None => (),
    }
    if let Some(med) = message.med.and_then(|med| u32::try_from(med).ok()) {
        put(out, code::MULTI_EXIT_DISC, &med.to_be_bytes());
    }
    if let Some(aggregator) = message.aggregator.as_ref().and_then(|text| aggregator(text.as_str()))
    {
        put(out, code::AGGREGATOR, &aggregator);
    }
    let communities = message.community.as_ref().map(Communities::as_octets).unwrap_or_default();
    if !communities.is_empty() {
        put(out, code::COMMUNITIES, communities);
    }
    if let Some(raw) = &message.raw {
        put_from_raw(raw.as_str(), out);
    }
}

fn put(out: &mut Vec<u8>, code: u8, value: &[u8]) {
    put_with(out, flags(code).unwrap_or_default(), code, value);
}

fn put_with(out: &mut Vec<u8>, flags: u8, code: u8, value: &[u8]) {
    const EXTENDED_LENGTH: u8 = 0x10;
    let Ok(length) = u16::try_from(value.len()) else { return };
    out.extend_from_slice(&[flags | EXTENDED_LENGTH, code]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
}

fn origin_code(text: &str) -> Option<u8> {
    let names = ["igp", "egp", "incomplete"];
    (0..).zip(names).find_map(|(code, name)| text.eq_ignore_ascii_case(name).then_some(code))
}

/// `4200000002:10.102.100.2`.
fn aggregator(text: &str) -> Option<[u8; 8]> {
    let (asn, address) = text.split_once(':')?;
    let asn = asn.trim().parse::<Asn>().ok()?.number().to_be_bytes();
    let address = address.trim().parse::<Ipv4Addr>().ok()?.octets();
    let mut octets = [0; 8];
    octets.iter_mut().zip(asn.into_iter().chain(address)).for_each(|(to, from)| *to = from);
    Some(octets)
}

fn put_from_raw(hex: &str, out: &mut Vec<u8>) {
    const HEADER: usize = 19;
    let message: Option<Vec<u8>> = hex.as_bytes().chunks_exact(2).map(octet).collect();
    let Some(message) = message else { return };
    let mut cursor = Cursor::new(&message);
    let field = cursor.take(HEADER).and_then(|_| {
        cursor.take_u16()?;
        cursor.take_u16()
    });
    let mut cursor = Cursor::new(field.unwrap_or_default());
    while let Some(Attribute { flags, code, value }) = Attribute::read(&mut cursor) {
        if matches!(code, code::LARGE_COMMUNITY | code::ONLY_TO_CUSTOMER) {
            put_with(out, flags, code, value);
        }
    }
}

fn octet(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
