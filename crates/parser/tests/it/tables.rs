//! The record types that no file at hand has: RIB_GENERIC, TABLE_DUMP of IPv6, LOCAL messages.

use crate::play::encode::{mandatory, message, nlri, peers, record, update};
use crate::play::reading;

fn read(records: &[Vec<u8>]) -> (String, Vec<String>) {
    let reading = reading::read(&records.concat());
    (String::from_utf8(reading.lines).unwrap_or_default(), reading.damages)
}

/// One RIB entry, with a path identifier or without.
fn entry(peer: u8, path_id: Option<u32>) -> Vec<u8> {
    let attributes = mandatory(&[64500]);
    let mut out = vec![0, peer, 0, 0, 0, 9];
    out.extend(path_id.iter().flat_map(|id| id.to_be_bytes()));
    out.extend([0, 20]);
    assert_eq!(attributes.len(), 20);
    out.extend(attributes);
    out
}

#[test]
fn rib_generic_names_its_family() {
    // RFC 6396 section 4.3.3; with ADD-PATH, the path identifier stands before the prefix, and not in
    // the entry as everywhere else (RFC 8050).
    let body = |afi: u8, safi: u8, prefix: &[u8]| {
        [&[0, 0, 0, 0, 0, afi, safi][..], prefix, &[0, 1], &entry(0, None)].concat()
    };
    let line = |label: &str, prefix: &str| {
        format!("{label}|1|B|192.0.2.7|7|{prefix}|64500|IGP|192.0.2.1|0|0||NAG||\n")
    };
    let records = [
        peers(&[7]),
        record(1, 13, 6, &body(1, 1, &[24, 198, 18, 0])),
        record(1, 13, 6, &body(2, 1, &[32, 0x20, 1, 0xd, 0xb8])),
        record(1, 13, 12, &body(1, 1, &[0, 0, 0, 5, 24, 198, 18, 0])),
        record(1, 13, 6, &body(1, 128, &[24, 198, 18, 0])),
    ];
    let expected = [
        line("TABLE_DUMP2", "198.18.0.0/24"),
        line("TABLE_DUMP2", "2001:db8::/32"),
        line("TABLE_DUMP2_AP", "198.18.0.0/24|5"),
    ];
    assert_eq!(read(&records), (expected.concat(), vec![]));
    assert_eq!(reading::read(&records.concat()).statistics.skipped.families, 1);
}

#[test]
fn tables_with_add_path_have_it_in_every_entry() {
    // RFC 8050 section 4.1.
    let rows = [entry(0, Some(3)), entry(1, Some(4)), entry(0, Some(5))].concat();
    let body = [&[0, 0, 0, 0, 48, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 3][..], &rows].concat();
    let line = |id: u32| {
        format!(
            "TABLE_DUMP2_AP|1|B|192.0.2.7|7|2001:db8:1::/48|{id}|64500|IGP|192.0.2.1|0|0||NAG||\n"
        )
    };
    let (lines, damages) = read(&[peers(&[7]), record(1, 13, 10, &body)]);
    // There is no peer 1.
    assert_eq!(lines, line(3) + &line(5));
    let told = "record 1 at byte 88: peer 1 is not in the peer index table, one route is lost";
    assert_eq!(damages, [told]);
}

#[test]
fn table_dump_of_ipv6_is_one_route_a_record() {
    let mut body = vec![0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 1];
    body.extend([0, 0, 0, 9, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 7]);
    // ORIGIN, AS_PATH of two-octet numbers, MP_REACH_NLRI with nothing but a next hop.
    let next_hop = [0x80, 14, 17, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let attributes = [&[0x40, 1, 1, 2, 0x40, 2, 6, 2, 2, 0, 7, 0, 8][..], &next_hop].concat();
    body.extend([0, 33]);
    assert_eq!(attributes.len(), 33);
    body.extend(attributes);
    let line = "TABLE_DUMP|1|B|2001:db8::7|7|2001:db8::/32|7 8|INCOMPLETE|2001:db8::1|0|0||NAG||\n";
    assert_eq!(read(&[record(1, 12, 2, &body)]), (line.to_owned(), vec![]));
}

#[test]
fn what_the_collector_sent_is_no_adj_rib_in() {
    let prefix = nlri(&[(None, bgp::Prefix::from_bits(bgp::Family::Ipv4, 0xc612_0000 << 96, 24))]);
    let stream = message(7, &update(&prefix, &[], &[]));
    let mut views = Vec::new();
    parser::Walker::new("").walk(&stream, true, &parser::Everything, &mut |item| {
        if let parser::Item::Element(element) = item {
            views.push(element.vantage.view);
        }
    });
    assert_eq!(views, [bgp::View::AdjRibOutPost]);
    let line = "BGP4MP_LOCAL|1400000000|W|192.0.2.1|64500|198.18.0.0/24\n";
    assert_eq!(read(&[stream]), (line.to_owned(), vec![]));
}
