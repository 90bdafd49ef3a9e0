//! Writes MRT records and UPDATEs, as short as can be, so that tests can say what is in them.

use std::net::IpAddr;

use bgp::Prefix;

/// An MRT record (RFC 6396 section 2).
pub(crate) fn record(seconds: u32, mrt_type: u16, subtype: u16, body: &[u8]) -> Vec<u8> {
    let mut out = seconds.to_be_bytes().to_vec();
    out.extend(mrt_type.to_be_bytes());
    out.extend(subtype.to_be_bytes());
    out.extend((body.len() as u32).to_be_bytes());
    out.extend(body);
    out
}

/// BGP4MP_MESSAGE_AS4 and its kin: subtype 1 has two-octet numbers, 4 four-octet ones, 9 ADD-PATH too.
pub(crate) fn message(subtype: u16, update: &[u8]) -> Vec<u8> {
    let asns: &[u8] = match subtype {
        1 | 6 | 8 | 10 => &[0xfb, 0xf4, 0xfb, 0xf5],
        _ => &[0, 0, 0xfb, 0xf4, 0, 0, 0xfb, 0xf5],
    };
    let mut body = asns.to_vec();
    body.extend([0, 0, 0, 1, 192, 0, 2, 1, 192, 0, 2, 2]);
    body.extend([0xff; 16]);
    body.extend((19 + update.len() as u16).to_be_bytes());
    body.push(2);
    body.extend(update);
    record(1_400_000_000, 16, subtype, &body)
}

/// The body of an UPDATE (RFC 4271 section 4.3).
pub(crate) fn update(withdrawn: &[u8], attributes: &[u8], nlri: &[u8]) -> Vec<u8> {
    let mut out = (withdrawn.len() as u16).to_be_bytes().to_vec();
    out.extend(withdrawn);
    out.extend((attributes.len() as u16).to_be_bytes());
    out.extend(attributes);
    out.extend(nlri);
    out
}

/// One attribute, its length in two octets where one does not do.
pub(crate) fn attribute(flags: u8, code: u8, value: &[u8]) -> Vec<u8> {
    let mut out = match u8::try_from(value.len()) {
        Ok(length) => vec![flags, code, length],
        Err(_) => {
            let [high, low] = (value.len() as u16).to_be_bytes();
            vec![flags | 0x10, code, high, low]
        }
    };
    out.extend(value);
    out
}

/// ORIGIN, an AS_PATH of four-octet numbers, NEXT_HOP.
pub(crate) fn mandatory(path: &[u32]) -> Vec<u8> {
    let mut attributes = attribute(0x40, 1, &[0]);
    attributes.extend(attribute(0x40, 2, &sequence(path)));
    attributes.extend(attribute(0x40, 3, &[192, 0, 2, 1]));
    attributes
}

pub(crate) fn sequence(path: &[u32]) -> Vec<u8> {
    let mut out = vec![2, path.len() as u8];
    out.extend(path.iter().flat_map(|asn| asn.to_be_bytes()));
    out
}

/// Prefixes as they stand in a field, each with its path identifier if there is one.
pub(crate) fn nlri(routes: &[(Option<u32>, Prefix)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (path_id, prefix) in routes {
        out.extend(path_id.iter().flat_map(|id| id.to_be_bytes()));
        out.push(prefix.length());
        let octets = match prefix.address() {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        out.extend(&octets[..usize::from(prefix.length().div_ceil(8))]);
    }
    out
}

/// PEER_INDEX_TABLE with these peers: 192.0.2.N of AS N.
pub(crate) fn peers(peers: &[u8]) -> Vec<u8> {
    let mut body = vec![192, 0, 2, 255, 0, 0, 0, peers.len() as u8];
    for peer in peers {
        body.extend([0, 0, 0, 0, *peer, 192, 0, 2, *peer, 0, *peer]);
    }
    record(1_400_000_000, 13, 1, &body)
}

/// RIB_IPV4_UNICAST: this prefix with one route of each of these peers.
pub(crate) fn rib(prefix: Prefix, peers: &[u16], attributes: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 1];
    body.extend(nlri(&[(None, prefix)]));
    body.extend((peers.len() as u16).to_be_bytes());
    for peer in peers {
        body.extend(peer.to_be_bytes());
        body.extend(1_399_999_999_u32.to_be_bytes());
        body.extend((attributes.len() as u16).to_be_bytes());
        body.extend(attributes);
    }
    record(1_400_000_000, 13, 2, &body)
}
