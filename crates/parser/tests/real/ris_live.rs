//! RIS Live: real streams.

use std::io::Read;

use bgp::Event;
use fixtures::real::recording;
use parser::{Everything, Format, Item, Reader, Walker};

use crate::play::encode;
use crate::play::reading::observations;

#[test]
fn the_stream_of_caida_has_one_of_each_kind() {
    let text =
        std::fs::read_to_string(recording("rislive/CAIDA+libbgpstream/ris-live-stream.2k.json"))
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
    let path = recording("rislive/morrowc+rislive/testdata__1k-msgs");
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
    let packed = std::fs::File::open(recording("rislive/feed-300k.ndjson.gz"));
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
