//! RIS Live lines: the quirks that real streams have, and the real streams.
// A test says no by panicking, and its numbers are small.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

mod encode;
mod fixtures;

use std::io::Read;
use std::net::IpAddr;

use bgp::{Event, Observation};
use parser::{Everything, Format, Item, Reader, Walker};
use proptest::prelude::*;

fn observations(lines: &str) -> (Vec<Observation>, Vec<String>) {
    let (mut seen, mut damages) = (Vec::new(), Vec::new());
    Walker::new("named").walk(lines.as_bytes(), true, &Everything, &mut |item| match item {
        Item::Element(element) => seen.extend(element.observation()),
        Item::Damage(damage) => damages.push(damage.to_string()),
    });
    (seen, damages)
}

fn lines(text: &str) -> (Vec<String>, Vec<String>) {
    let reading = fixtures::read(text.as_bytes());
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

#[test]
fn the_stream_of_caida_has_one_of_each_kind() {
    let text = std::fs::read_to_string(
        fixtures::directory().join("rislive/CAIDA+libbgpstream/ris-live-stream.2k.json"),
    )
    .unwrap();
    let (seen, damages) = observations(&text);
    let events: Vec<&Event> = seen.iter().map(|observation| &observation.event).collect();
    assert!(matches!(events[..], [Event::Route { .. }, Event::SessionDown]), "{events:?}");
    assert_eq!(damages.len(), 2, "{damages:?}");
    assert!(damages[0].contains("reports an error"), "{damages:?}");
    assert!(damages[1].contains("is not a ris live message"), "{damages:?}");
    let connected = text.replace(r#""state": "down""#, r#""state": "connected""#);
    assert_eq!(observations(&connected).0[1].event, Event::SessionUp);
}

/// `raw` holds the same message as bytes: decoding that must give the same routes.
#[test]
fn a_thousand_real_messages_say_the_same_as_their_raw_bytes() {
    let path = fixtures::directory().join("rislive/morrowc+rislive/testdata__1k-msgs");
    let text = std::fs::read_to_string(path).unwrap();
    let mut from_json = Vec::new();
    let mut listed = 0;
    for line in text.lines() {
        let parsed: serde_json::Value = serde_json::from_str(line).unwrap();
        for group in parsed["data"]["announcements"].as_array().into_iter().flatten() {
            listed += group["prefixes"].as_array().unwrap().len();
        }
        let raw = parsed["data"]["raw"].as_str().unwrap();
        let octet = |at| u8::from_str_radix(&raw[at..at + 2], 16).unwrap();
        let message: Vec<u8> = (0..raw.len()).step_by(2).map(octet).collect();
        let count = from_json.len();
        Walker::new("").walk(line.as_bytes(), true, &Everything, &mut |item| {
            from_json.extend(word(&item));
        });
        // The session's AS size is nowhere to be read: one of the two must fit.
        from_json[count..].sort();
        let fits = [4, 1].map(|subtype| words(&record(subtype, &message)));
        assert!(fits.iter().any(|words| **words == from_json[count..]), "{line}\n{fits:?}");
    }
    let withdrawn = from_json.iter().filter(|word| word.starts_with('-')).count();
    // 84 are listed a second time, with the link-local next hop.
    assert_eq!((listed, from_json.len() - withdrawn, withdrawn), (871, 871 - 84, 2394));
}

/// A BGP4MP record, of four-octet (4) or two-octet (1) AS numbers.
fn record(subtype: u16, message: &[u8]) -> Vec<u8> {
    let asns = if subtype == 4 { 8 } else { 4 };
    let mut body = vec![0; asns];
    body.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(message);
    encode::record(0, 16, subtype, &body)
}

fn words(record: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    Walker::new("").walk(record, true, &Everything, &mut |item| words.extend(word(&item)));
    words.sort();
    words
}

/// Prefix, path and communities.
fn word(item: &Item<'_>) -> Option<String> {
    let Item::Element(element) = item else { return None };
    let prefix = element.prefix()?;
    Some(match element.attributes() {
        None => format!("-{prefix}"),
        Some(attributes) => {
            let communities: Vec<_> = attributes.communities().collect();
            // RIS Live left out this set of one, behind the same AS.
            let path =
                attributes.path().to_as_path().to_string().replace(" 27738 {27738}", " 27738");
            format!("+{prefix} {path} {communities:?}")
        }
    })
}

#[test]
fn the_long_feed_holds_what_its_readme_says() {
    let packed = std::fs::File::open(fixtures::directory().join("rislive/feed-300k.ndjson.gz"));
    let mut text = String::new();
    // The first tenth has every kind of line, and a test of all takes long.
    let mut unpacked = Reader::new(packed.unwrap(), "").into_unpacked().take(12_000_000);
    unpacked.read_to_string(&mut text).unwrap();
    let whole = &text[..=text.rfind('\n').unwrap()];
    let mut walker = Walker::new("");
    let (mut announced, mut withdrawn) = (0, 0);
    let taken = walker.walk(whole.as_bytes(), true, &Everything, &mut |item| match item {
        Item::Element(element) if element.attributes().is_some() => announced += 1,
        Item::Element(_) => withdrawn += 1,
        Item::Damage(damage) => panic!("{damage}"),
    });
    assert_eq!((taken, walker.format()), (whole.len(), Some(Format::RisLive)));
    assert_eq!(walker.statistics().records, whole.lines().count() as u64);
    // Counted in the text itself.
    let (mut prefixes, mut gone) = (0, 0);
    for line in whole.lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        for group in message["data"]["announcements"].as_array().into_iter().flatten() {
            prefixes += group["prefixes"].as_array().unwrap().len();
        }
        gone += message["data"]["withdrawals"].as_array().map_or(0, Vec::len);
    }
    assert_eq!((announced, withdrawn), (prefixes, gone));
}
