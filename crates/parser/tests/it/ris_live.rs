//! RIS Live lines: the quirks that real streams have.

use std::net::IpAddr;

use bgp::Event;
use proptest::prelude::*;

use crate::play::reading::{observations, read};

fn lines(text: &str) -> (Vec<String>, Vec<String>) {
    let reading = read(text.as_bytes());
    let lines = String::from_utf8(reading.lines).unwrap().lines().map(str::to_owned).collect();
    (lines, reading.damages)
}

/// The example of the RIS Live documentation.
const MESSAGE: &str = r#"{"type":"ris_message","data":{"timestamp":1640553894.84,"peer":"195.66.226.38","peer_asn":"24482","id":"01-2833-11980099","host":"rrc01","type":"UPDATE","path":[24482,30844,328471,328471,328471],"community":[[0,5713],[24482,2]],"origin":"igp","aggregator":"4200000002:10.102.100.2","announcements":[{"next_hop":"195.66.224.68","prefixes":["102.66.116.0/24"]}]}}"#;

const LINE: &str = "BGP4MP_ET|1640553894.840000|A|195.66.226.38|24482|102.66.116.0/24|24482 30844 328471 328471 328471|IGP|195.66.224.68|0|0|0:5713 24482:2|NAG|4200000002 10.102.100.2|";

#[test]
fn a_message_is_a_route_with_all_its_attributes() {
    assert_eq!(lines(MESSAGE), (vec![LINE.to_owned()], vec![]));
    let (seen, _) = observations(MESSAGE);
    assert_eq!(seen[0].at.micros(), 1_640_553_894_840_000);
    assert_eq!(&*seen[0].vantage.collector, "rrc01");
}

#[test]
fn the_envelope_the_type_and_the_host_may_be_missing_or_long() {
    let bare = MESSAGE.strip_prefix(r#"{"type":"ris_message","data":"#).unwrap();
    let bare = bare.strip_suffix('}').unwrap();
    let expected = observations(MESSAGE);
    assert_eq!(observations(bare), expected);
    assert_eq!(observations(&MESSAGE.replace(r#""type":"UPDATE","#, "")), expected);
    assert_eq!(observations(&MESSAGE.replace(r#""rrc01""#, r#""rrc01.ripe.net""#)), expected);
    assert_eq!(observations(&MESSAGE.replace(r#""24482","id""#, r#"24482,"id""#)), expected);
    let (named, _) = observations(&MESSAGE.replace(r#""host":"rrc01","#, ""));
    assert_eq!(&*named[0].vantage.collector, "named");
}

#[test]
fn sets_cases_host_bits_and_long_withdrawals_are_read() {
    let set = MESSAGE.replace("328471]", "[64500,64501]]").replace("\"igp\"", "\"INCOMPLETE\"");
    let expected = LINE.replace(" 328471|IGP", " {64500,64501}|INCOMPLETE");
    assert_eq!(lines(&set), (vec![expected], vec![]));
    let withdrawals = r#"{"type":"ris_message","data":{"timestamp":1,"peer":"192.0.2.1","peer_asn":"1","host":"rrc01","type":"UPDATE","withdrawals":["2605:de00:bb:0:0:0:0:0/48","192.0.2.7/24"]}}"#;
    let expected = ["2605:de00:bb::/48", "192.0.2.0/24"]
        .map(|prefix| format!("BGP4MP_ET|1.000000|W|192.0.2.1|1|{prefix}"));
    assert_eq!(lines(withdrawals), (expected.to_vec(), vec![]));
}

#[test]
fn a_prefix_with_two_next_hops_is_told_once() {
    let twice = MESSAGE.replace(
        r#"{"next_hop":"195.66.224.68","prefixes":["102.66.116.0/24"]}"#,
        r#"{"next_hop":"2001:db8::1","prefixes":["2001:db8:1::/48"]},{"next_hop":"fe80::1","prefixes":["2001:db8:1::/48","2001:db8:2::/48"]}"#,
    );
    let line = |prefix: &str, next_hop: &str| {
        LINE.replace("102.66.116.0/24", prefix).replace("195.66.224.68", next_hop)
    };
    let expected = vec![line("2001:db8:1::/48", "2001:db8::1"), line("2001:db8:2::/48", "fe80::1")];
    assert_eq!(lines(&twice), (expected, vec![]));
}

#[test]
fn otc_and_large_communities_come_from_raw() {
    let raw = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000200000016C0230400005FA2C0200C0000FDE800000001000000020A";
    let (seen, damages) =
        observations(&MESSAGE.replace(r#""host""#, &format!(r#""raw":"{raw}","host""#)));
    assert_eq!(damages, Vec::<String>::new());
    let Event::Route { change: bgp::Change::Announce(route), .. } = &seen[0].event else {
        panic!()
    };
    assert_eq!(route.only_to_customer, Some(bgp::Asn::new(24482)));
    assert_eq!(*route.large_communities, [bgp::LargeCommunity([65000, 1, 2])]);
}

#[test]
fn one_bad_line_or_prefix_costs_itself() {
    let bad = MESSAGE.replace("102.66.116.0/24", r#"eor","102.66.116.0/33","102.66.116.0/24"#);
    let text = format!("{MESSAGE}\n{{\"type\":\n\n[]\n{bad}\r\n{MESSAGE}");
    let (found, damages) = lines(&text);
    assert_eq!(found, [LINE; 3]);
    let first = MESSAGE.len() + 1;
    let prefix = text.find("102.66.116.0/33").unwrap();
    let told = [
        format!("record 1 at byte {first}: line is not a ris live message, it is lost"),
        format!("record 2 at byte {}: line is not a ris live message, it is lost", first + 10),
        format!("record 3 at byte {prefix}: text is not a prefix, one route is lost"),
    ];
    assert_eq!(damages, told);
}

#[test]
fn a_line_without_end_costs_itself_and_no_memory() {
    let long = format!("{{{}\n{MESSAGE}\n", "x".repeat(3 * parser::LINE_MAX));
    let told = ["record 0 at byte 0: line is too long, it is lost"];
    assert_eq!(lines(&long), (vec![LINE.to_owned()], told.map(str::to_owned).to_vec()));
    let (seen, damages) = observations(&long);
    assert_eq!((seen.len(), damages), (1, told.map(str::to_owned).to_vec()));
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(
        address: u128,
        mask: u128,
        v4: u32,
        asn: u32,
        micros in 0..u64::from(u32::MAX) * 1_000_000,
    ) {
        // Half the groups zero, so that `::` stands anywhere.
        let groups = (0..8).filter(|group| mask >> group & 1 == 1);
        let kept = groups.fold(0, |kept, group| kept | 0xffff << (16 * group));
        for peer in [IpAddr::from((address & kept).to_be_bytes()), IpAddr::from(v4.to_be_bytes())] {
            let at = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            let message = format!(
                r#"{{"timestamp":{at},"peer":"{peer}","peer_asn":{asn},"withdrawals":["10.0.0.0/8"]}}"#
            );
            let (found, damages) = lines(&message);
            prop_assert_eq!(damages, Vec::<String>::new());
            let columns: Vec<&str> = found[0].split('|').collect();
            prop_assert_eq!(columns[1], at);
            prop_assert_eq!(columns[3].parse::<IpAddr>().unwrap(), peer);
            prop_assert_eq!(columns[4], asn.to_string());
        }
    }
}
