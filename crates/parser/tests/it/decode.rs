//! What records mean: each test says in its name what the RFC, or the writer of a real file, does.

use crate::play::encode::{attribute, mandatory, message, nlri, peers, rib, sequence, update};
use crate::play::{encode, reading};
use bgp::Prefix;

/// The lines and damages of a stream of records.
fn read(records: &[Vec<u8>]) -> (Vec<String>, Vec<String>) {
    let reading = reading::read(&records.concat());
    let lines = String::from_utf8(reading.lines).unwrap().lines().map(str::to_owned).collect();
    (lines, reading.damages)
}

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn plain(prefixes: &[&str]) -> Vec<u8> {
    nlri(&prefixes.iter().map(|text| (None, prefix(text))).collect::<Vec<_>>())
}

const PEER: &str = "192.0.2.1|64500";

fn announce(prefix: &str, path: &str) -> String {
    format!("BGP4MP|1400000000|A|{PEER}|{prefix}|{path}|IGP|192.0.2.1|0|0||NAG||")
}

fn withdraw(prefix: &str) -> String {
    format!("BGP4MP|1400000000|W|{PEER}|{prefix}")
}

#[test]
fn a_default_route_before_others_is_no_path_identifier() {
    // bgpkit-parser 0.23 makes 24.185.0.0/16 and 18.0.0.0/1 of these.
    let all = ["0.0.0.0/0", "185.1.16.0/24", "185.1.17.0/24", "185.1.18.0/24"];
    let records = [message(4, &update(&[], &mandatory(&[64500]), &plain(&all)))];
    let expected = all.map(|prefix| announce(prefix, "64500")).to_vec();
    assert_eq!(read(&records), (expected, vec![]));
}

#[test]
fn add_path_comes_from_the_subtype() {
    let routes = [(Some(1 << 24), prefix("192.0.2.0/24")), (Some(0), prefix("0.0.0.0/0"))];
    let records = [message(9, &update(&nlri(&routes), &mandatory(&[64500]), &nlri(&routes)))];
    let line = |kind: &str, route: &str, rest: &str| {
        format!("BGP4MP_AP|1400000000|{kind}|{PEER}|{route}{rest}")
    };
    let rest = "|64500|IGP|192.0.2.1|0|0||NAG||";
    let expected = vec![
        line("W", "192.0.2.0/24|16777216", ""),
        line("W", "0.0.0.0/0|0", ""),
        line("A", "192.0.2.0/24|16777216", rest),
        line("A", "0.0.0.0/0|0", rest),
    ];
    assert_eq!(read(&records), (expected, vec![]));
}

#[test]
fn families_other_than_unicast_are_passed_over() {
    // FlowSpec (SAFI 133), VPNv6 (2, 128), multicast (1, 2): all look like prefixes.
    for (afi, safi) in [(1, 133), (2, 128), (1, 2)] {
        let reach = [&[0, afi, safi, 4, 192, 0, 2, 1, 0][..], &plain(&["203.0.113.0/24"])].concat();
        let mut attributes = mandatory(&[64500]);
        attributes.extend(attribute(0x80, 14, &reach));
        let record = message(4, &update(&[], &attributes, &[]));
        let reading = reading::read(&record);
        assert_eq!((reading.lines, reading.damages), (vec![], vec![]));
        assert_eq!(reading.statistics.skipped.families, 1);
    }
}

#[test]
fn multiprotocol_routes_have_their_own_next_hop() {
    let next_hop = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let reach = [&[0, 2, 1, 16][..], &next_hop, &[0], &plain(&["2001:db8:1::/48"])].concat();
    let unreach = [&[0, 2, 1][..], &plain(&["2001:db8:2::/48"])].concat();
    let mut attributes = mandatory(&[64500]);
    attributes.extend(attribute(0x80, 14, &reach));
    attributes.extend(attribute(0x80, 15, &unreach));
    let record = message(4, &update(&[], &attributes, &plain(&["192.0.2.0/24"])));
    let expected = vec![
        withdraw("2001:db8:2::/48"),
        announce("192.0.2.0/24", "64500"),
        announce("2001:db8:1::/48", "64500").replace("|192.0.2.1|0|0|", "|2001:db8::1|0|0|"),
    ];
    assert_eq!(read(&[record]), (expected, vec![]));
}

#[test]
fn ipv4_routes_may_have_an_ipv6_next_hop() {
    // RFC 8950.
    let next_hop = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let reach = [&[0, 1, 1, 16][..], &next_hop, &[0], &plain(&["192.0.2.0/24"])].concat();
    let mut attributes = attribute(0x40, 1, &[0]);
    attributes.extend(attribute(0x40, 2, &sequence(&[64500])));
    attributes.extend(attribute(0x80, 14, &reach));
    let expected =
        announce("192.0.2.0/24", "64500").replace("|192.0.2.1|0|0|", "|2001:db8::1|0|0|");
    assert_eq!(read(&[message(4, &update(&[], &attributes, &[]))]), (vec![expected], vec![]));
}

/// One announcement of 198.18.0.0/24 on a session with two-octet numbers.
fn two_octet(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut all = attribute(0x40, 1, &[0]);
    all.extend(attribute(0x40, 3, &[192, 0, 2, 1]));
    all.extend(attributes.concat());
    message(1, &update(&[], &all, &plain(&["198.18.0.0/24"])))
}

#[test]
fn as4_path_is_merged_as_rfc_6793_section_4_2_3_says() {
    let as_path = |octets: &[u8]| attribute(0x40, 2, octets);
    let as4_path = |octets: &[u8]| attribute(0xc0, 17, octets);
    let as4_segment = |kind: u8, asns: &[u32]| [&[kind][..], &sequence(asns)[1..]].concat();
    // 1 TRANS TRANS
    let old = [2, 3, 0, 1, 0x5b, 0xa0, 0x5b, 0xa0];
    let long = as4_segment(2, &[1, 65536, 65537, 65538]);
    let table = [
        (as_path(&old), as4_path(&as4_segment(2, &[65536, 65537])), "1 65536 65537"),
        (as_path(&old), as4_path(&as4_segment(2, &[65537])), "1 23456 65537"),
        // As many: nothing of AS_PATH is left.
        (as_path(&old), as4_path(&as4_segment(2, &[5, 65536, 65537])), "5 65536 65537"),
        // AS4_PATH is longer, so it is older than the AS_PATH: ignored.
        (as_path(&old), as4_path(&long), "1 23456 23456"),
        // A set counts one.
        (as_path(&old), as4_path(&as4_segment(1, &[65536, 65537])), "1 23456 {65536,65537}"),
        // A confederation counts nothing; one in front is kept, one in AS4_PATH is not.
        (
            as_path(&[&[3, 1, 0xfc, 0][..], &old].concat()),
            as4_path(&[as4_segment(3, &[64600]), as4_segment(2, &[65536, 65537])].concat()),
            "(64512) 1 65536 65537",
        ),
        // Malformed (RFC 6793 section 6): left out.
        (as_path(&old), as4_path(&[2, 9, 0, 0]), "1 23456 23456"),
    ];
    for (as_path, as4_path, path) in table {
        let (lines, damages) = read(&[two_octet(&[as_path, as4_path.clone()])]);
        assert_eq!(lines, [announce("198.18.0.0/24", path)]);
        let broken = as4_path.len() == 7;
        let told =
            "record 0 at byte 73: AS4_PATH is malformed, what cannot be read of it is left out";
        assert_eq!(damages, if broken { vec![told] } else { vec![] });
    }
}

#[test]
fn a_newer_aggregator_makes_as4_path_void() {
    let old = [2, 2, 0, 1, 0x5b, 0xa0];
    let merged = |aggregator: [u8; 2]| {
        let attributes = [
            attribute(0x40, 2, &old),
            attribute(0xc0, 7, &[&aggregator[..], &[10, 0, 0, 1]].concat()),
            attribute(0xc0, 17, &sequence(&[65536])),
            attribute(0xc0, 18, &[0, 1, 0, 0, 10, 0, 0, 2]),
        ];
        read(&[two_octet(&attributes)])
    };
    let line = |path: &str, aggregator: &str| {
        announce("198.18.0.0/24", path).replace("|NAG||", &format!("|NAG|{aggregator}|"))
    };
    assert_eq!(merged([0x5b, 0xa0]), (vec![line("1 65536", "65536 10.0.0.2")], vec![]));
    assert_eq!(merged([0, 7]), (vec![line("1 23456", "7 10.0.0.1")], vec![]));
}

/// RFC 7606 section 7 tells a speaker when to treat a route as withdrawn. We do not route.
#[test]
fn a_malformed_attribute_is_told_and_costs_nothing_else() {
    let with = |attribute: Vec<u8>| {
        let attributes = [mandatory(&[64500]), attribute].concat();
        let update = update(&plain(&["192.0.2.0/24"]), &attributes, &plain(&["198.18.0.0/24"]));
        read(&[message(4, &update)])
    };
    let table = [
        (0x40, 6, vec![1], "ATOMIC_AGGREGATE"),
        (0xc0, 7, vec![0; 6], "AGGREGATOR"),
        (0x40, 5, vec![1], "LOCAL_PREF"),
        (0x80, 4, vec![0; 3], "MULTI_EXIT_DISC"),
        (0xc0, 8, vec![0; 6], "COMMUNITIES"),
        (0xc0, 8, vec![], "COMMUNITIES"),
        (0x80, 9, vec![0; 5], "ORIGINATOR_ID"),
        (0x80, 10, vec![0; 6], "CLUSTER_LIST"),
        (0xc0, 16, vec![0; 7], "EXTENDED COMMUNITIES"),
        (0xc0, 16, vec![], "EXTENDED COMMUNITIES"),
        (0xc0, 25, vec![0; 8], "IPv6 EXTENDED COMMUNITIES"),
        (0xc0, 32, vec![0; 13], "LARGE_COMMUNITY"),
        (0xc0, 35, vec![0; 3], "OTC"),
    ];
    for (flags, code, value, name) in table {
        let (lines, damages) = with(attribute(flags, code, &value));
        let mut line = announce("198.18.0.0/24", "64500");
        if code == 6 {
            line = line.replace("NAG", "AG");
        }
        // bgpdump shows the whole communities too.
        if code == 8 && !value.is_empty() {
            line = line.replace("|0|0||", "|0|0|0:0|");
        }
        assert_eq!(lines, [withdraw("192.0.2.0/24"), line]);
        let told = format!(
            "record 0 at byte 79: {name} is malformed, what cannot be read of it is left out"
        );
        assert_eq!(damages, [told]);
    }
}

#[test]
fn wrong_flags_are_told_and_the_attribute_is_read() {
    let attributes = [attribute(0x40, 1, &[0]), attribute(0x80, 2, &sequence(&[64500]))];
    let next_hop = attribute(0xc0, 3, &[192, 0, 2, 1]);
    let update = update(&[], &[attributes.concat(), next_hop].concat(), &plain(&["198.18.0.0/24"]));
    let (lines, damages) = read(&[message(4, &update)]);
    assert_eq!(lines, [announce("198.18.0.0/24", "64500")]);
    let told = [
        "record 0 at byte 59: AS_PATH has wrong flags (0x80), it is read all the same",
        "record 0 at byte 68: NEXT_HOP has wrong flags (0xc0), it is read all the same",
    ];
    assert_eq!(damages, told);
}

#[test]
fn a_malformed_as_path_cannot_be_read_and_withdraws_nothing() {
    // Unknown type, overrun, underrun, nothing but an empty segment (RFC 7606 section 7.2).
    for path in
        [vec![5, 1, 0, 0, 0, 1], vec![2, 2, 0, 0, 0, 1], vec![2, 1, 0, 0, 0, 1, 2], vec![2, 0]]
    {
        let mut attributes = attribute(0x40, 1, &[0]);
        attributes.extend(attribute(0x40, 2, &path));
        attributes.extend(attribute(0x40, 3, &[192, 0, 2, 1]));
        let record = message(4, &update(&[], &attributes, &plain(&["198.18.0.0/24"])));
        let told = "record 0 at byte 59: AS_PATH is malformed, its routes cannot be read and those \
                    before are stale";
        let line = announce("198.18.0.0/24", "! Error !");
        assert_eq!(read(&[record]), (vec![line], vec![told.to_owned()]));
    }
}

#[test]
fn an_empty_segment_among_others_and_as_0_are_told_and_cost_nothing() {
    let filled = sequence(&[64500, 64666]);
    let table = [
        (
            [&[2, 0], &filled[..]].concat(),
            "64500 64666",
            "AS_PATH is malformed, what cannot be read of it is left out",
        ),
        (
            sequence(&[64500, 0, 64666]),
            "64500 0 64666",
            "AS 0 stands in AS_PATH, it is read all the same",
        ),
    ];
    for (path, shown, told) in table {
        let mut attributes = attribute(0x40, 1, &[0]);
        attributes.extend(attribute(0x40, 2, &path));
        attributes.extend(attribute(0x40, 3, &[192, 0, 2, 1]));
        let record = message(4, &update(&[], &attributes, &plain(&["198.18.0.0/24"])));
        let (lines, damages) = read(&[record]);
        assert_eq!(lines, [announce("198.18.0.0/24", shown)]);
        assert_eq!(damages, [format!("record 0 at byte 59: {told}")]);
    }
}

#[test]
fn a_missing_mandatory_attribute_is_told_and_withdraws_nothing() {
    let attributes = attribute(0x40, 1, &[0]);
    let record = message(4, &update(&[], &attributes, &plain(&["198.18.0.0/24"])));
    let told = [
        "record 0 at byte 55: AS_PATH is missing, its routes cannot be read and those before are \
         stale",
        "record 0 at byte 55: NEXT_HOP is missing",
    ];
    let line = announce("198.18.0.0/24", "").replace("192.0.2.1|0", "255.255.255.255|0");
    assert_eq!(read(&[record]), (vec![line], told.map(str::to_owned).to_vec()));
}

#[test]
fn attributes_that_overrun_their_field_cost_those_behind() {
    let attributes = [mandatory(&[64500]), vec![0x40, 4, 200, 1]].concat();
    let record = message(4, &update(&[], &attributes, &plain(&["198.18.0.0/24"])));
    let told = "record 0 at byte 75: attributes overrun their field, those behind are lost";
    let line = announce("198.18.0.0/24", "64500");
    assert_eq!(read(&[record]), (vec![line], vec![told.to_owned()]));
}

#[test]
fn the_first_of_two_attributes_stands() {
    let attributes = [mandatory(&[64500]), attribute(0x40, 3, &[192, 0, 2, 9])].concat();
    let record = message(4, &update(&[], &attributes, &plain(&["198.18.0.0/24"])));
    let told = "record 0 at byte 75: NEXT_HOP stands there twice, the second is left out";
    assert_eq!(read(&[record]), (vec![announce("198.18.0.0/24", "64500")], vec![told.to_owned()]));
}

#[test]
fn malformed_prefixes_lose_their_field_and_nothing_else() {
    let good = message(4, &update(&[], &mandatory(&[64500]), &plain(&["198.18.0.0/24"])));
    for broken in [vec![24, 192, 0, 2, 33, 1, 2, 3, 4, 5], vec![24, 192, 0, 2, 24, 192]] {
        let bad = message(4, &update(&[], &mandatory(&[64500]), &broken));
        let (lines, damages) = read(&[good.clone(), bad, good.clone()]);
        assert_eq!(lines, [announce("198.18.0.0/24", "64500"), announce("198.18.0.0/24", "64500")]);
        assert_eq!(damages.len(), 1, "{damages:?}");
        assert!(
            damages[0].ends_with("prefixes are malformed, their routes are lost"),
            "{damages:?}"
        );
    }
}

#[test]
fn a_second_peer_index_table_replaces_the_first_and_reading_goes_on() {
    // bgpscanner and bgpreader stop at a second table; bgpdump, bgpgrep and we read on.
    let route = rib(prefix("198.18.0.0/24"), &[0], &mandatory(&[64500]));
    let (lines, damages) = read(&[peers(&[1]), route.clone(), peers(&[2, 3]), route]);
    let line = |peer: u8| {
        format!(
            "TABLE_DUMP2|1400000000|B|192.0.2.{peer}|{peer}|198.18.0.0/24|64500|IGP|192.0.2.1|0|0||NAG||"
        )
    };
    assert_eq!((lines, damages), (vec![line(1), line(2)], vec![]));
}

#[test]
fn a_rib_without_its_peers_is_told_and_reading_goes_on() {
    let route = |peer| rib(prefix("198.18.0.0/24"), &[peer], &mandatory(&[64500]));
    let (lines, damages) = read(&[route(0), peers(&[1]), route(7), route(0)]);
    assert_eq!(lines.len(), 1);
    let told = [
        "record 0 at byte 12: rib record without a peer index table before it, its routes are lost",
        "record 2 at byte 103: peer 7 is not in the peer index table, one route is lost",
    ];
    assert_eq!(damages, told);
}

#[test]
fn a_damaged_length_costs_a_gap_and_not_the_file() {
    let good = message(4, &update(&[], &mandatory(&[64500]), &plain(&["198.18.0.0/24"])));
    let mut records = vec![good; 10];
    records[3][8] = 0xff; // 4 GiB
    let (lines, damages) = read(&records);
    assert_eq!(lines.len(), 9);
    let gap = records[3].len();
    let told = format!(
        "record 3 at byte {}: no record header, {gap} bytes are lost up to the next one",
        3 * gap
    );
    assert_eq!(damages, [told]);
}

#[test]
fn a_stream_that_is_nothing_says_so() {
    let nothing = "neither mrt, bmp nor ris live messages";
    let packed = |packer| format!("packed by {packer}, which is not read: unpack it first");
    let table: [(&[u8], String); 6] = [
        (b"<html><head>", nothing.to_owned()),
        (b"12345678901234567", nothing.to_owned()),
        (b"PK\x03\x04 something else", packed("zip")),
        (b"\xfd7zXZ\0 something else", packed("xz")),
        (b"\x28\xb5\x2f\xfd something else", packed("zstd")),
        (b"\x04\x22\x4d\x18 something else", packed("lz4")),
    ];
    for (bytes, told) in table {
        let (lines, damages) = read(&[bytes.to_vec()]);
        assert_eq!((lines, damages), (vec![], vec![format!("record 0 at byte 0: {told}")]));
    }
    assert_eq!(read(&[]), (vec![], vec![]));
}

#[test]
fn sessions_of_both_sizes_of_as_numbers_stand_in_one_file() {
    let two = || two_octet(&[attribute(0x40, 2, &[2, 2, 0, 1, 0x5b, 0xa0])]);
    let four = || message(4, &update(&[], &mandatory(&[65536]), &plain(&["198.18.0.0/24"])));
    let (lines, damages) = read(&[two(), four(), two(), four()]);
    let [two, four] = ["1 23456", "65536"].map(|path| announce("198.18.0.0/24", path));
    assert_eq!((lines, damages), (vec![two.clone(), four.clone(), two, four], vec![]));
}

#[test]
fn extended_time_stamps_have_microseconds() {
    // RFC 6396 section 3: they stand in front of the message, and count to the length.
    let plain = message(4, &update(&[], &mandatory(&[64500]), &plain(&["198.18.0.0/24"])));
    let body = [&7_u32.to_be_bytes(), &plain[12..]].concat();
    let (lines, damages) = read(&[encode::record(1_400_000_000, 17, 4, &body)]);
    let expected = announce("198.18.0.0/24", "64500");
    let expected = expected.replace("BGP4MP|1400000000|", "BGP4MP_ET|1400000000.000007|");
    assert_eq!((lines, damages), (vec![expected], vec![]));
}

#[test]
fn an_attribute_may_have_an_extended_length_without_need() {
    // RFC 4271 section 4.3: it may be used only if the length is greater than 255; writers differ.
    let mut attributes = mandatory(&[64500]);
    attributes.extend([0xd0, 8, 0, 4, 0xfd, 0xe8, 0, 1]);
    let record = message(4, &update(&[], &attributes, &plain(&["198.18.0.0/24"])));
    let expected = announce("198.18.0.0/24", "64500").replace("|0|0||NAG", "|0|0|65000:1|NAG");
    assert_eq!(read(&[record]), (vec![expected], vec![]));
}

#[test]
fn a_message_may_fill_64_kib() {
    // RFC 8654, and an attribute with a two-octet length.
    let communities = attribute(0xc0, 8, &[0xfd, 0xe8, 0, 1].repeat(15_000));
    let attributes = [mandatory(&[64500]), communities].concat();
    let record = message(4, &update(&[], &attributes, &plain(&["198.18.0.0/24"])));
    let (lines, damages) = read(&[record]);
    assert_eq!((lines[0].matches("65000:1").count(), damages), (15_000, vec![]));
}

#[test]
fn end_of_rib_is_counted_and_no_element() {
    let unreach = attribute(0x80, 15, &[0, 2, 1]);
    let records = [message(4, &update(&[], &[], &[])), message(4, &update(&[], &unreach, &[]))];
    let reading = reading::read(&records.concat());
    assert_eq!((reading.lines, reading.damages), (vec![], vec![]));
    assert_eq!(reading.statistics.end_of_rib, 2);
}
