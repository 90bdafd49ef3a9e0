//! Tables that are small.

pub(crate) const FIRST: &str = "198.18.0.0/21";
pub(crate) const SECOND: &str = "198.18.8.0/21";

/// A route of a table: the number of the peer, which is that of the live messages, and the path.
pub(crate) type Row = (u8, &'static str, &'static [u32]);

/// Two peers hold a hijack, three what they should.
pub(crate) const TABLE: &[Row] = &[
    (1, FIRST, &[101, 4651, 4761]),
    (2, FIRST, &[102, 4651, 4761]),
    (3, FIRST, &[103, 64510, 64500]),
    (4, SECOND, &[104, 64511, 64500]),
    (5, SECOND, &[105, 64511, 64500]),
    (5, "203.0.113.0/24", &[105, 3356]),
];

/// TABLE_DUMP_V2 (RFC 6396 section 4.3) as a collector with nine peers writes it.
pub(crate) fn table(at: i64, rows: &[Row]) -> Vec<u8> {
    let mut peers = vec![0, 0, 0, 0, 0, 0, 0, 9];
    for peer in 1..=9 {
        peers.extend([2, 0, 0, 0, peer, 192, 0, 2, peer, 0, 0, 0, 100 + peer]);
    }
    let mut out = record(at, 1, &peers);
    for (number, (peer, prefix, path)) in (0u32..).zip(rows) {
        let (network, length) = prefix.split_once('/').unwrap();
        let network: std::net::Ipv4Addr = network.parse().unwrap();
        let length: u8 = length.parse().unwrap();
        let mut body = number.to_be_bytes().to_vec();
        body.push(length);
        body.extend(&network.octets()[..usize::from(length.div_ceil(8))]);
        body.extend([0, 1, 0, peer - 1]);
        body.extend(seconds(at));
        let hops: Vec<u8> = path.iter().flat_map(|hop| hop.to_be_bytes()).collect();
        let count = u8::try_from(path.len()).unwrap();
        let path = [&[0x40, 2, 2 + count * 4, 2, count][..], &hops].concat();
        let attributes = [&[0x40, 1, 1, 0][..], &path, &[0x40, 3, 4, 192, 0, 2, *peer]].concat();
        body.extend(u16::try_from(attributes.len()).unwrap().to_be_bytes());
        body.extend(attributes);
        out.extend(record(at, 2, &body));
    }
    out
}

fn record(at: i64, subtype: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&seconds(at), &[0, 13, 0, subtype][..], &length, body].concat()
}

fn seconds(at: i64) -> [u8; 4] {
    u32::try_from(at).unwrap().to_be_bytes()
}
