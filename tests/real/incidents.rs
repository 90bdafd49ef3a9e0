//! Documented incidents, as the collectors saw them, and a feed with marked events.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bgp::Timestamp;
use serde_json::{Value, json};

use crate::play::short::replay_in_short;
use fixtures::real::recording;

const CASES: &str = "misc/dim-tsoukalas+RouteCause";

/// Pakistan Telecom blackholed YouTube for its country, and for the world.
#[test]
fn youtube_2008_is_one_sub_prefix_hijack_by_as17557() {
    // YouTube answered with the same /24 and with two /25s, which are its own right.
    let watch = "asns = [36561]\n[[watch]]\nprefix = \"208.65.152.0/22\"\nmax_length = 25";
    assert_eq!(
        replay(watch, &["pakistan_youtube_2008.json"]),
        [
            "OW-20080224-AS17557-9a43 opened: sub-prefix-hijack of 208.65.153.0/24 by AS17557 via AS3491",
            // Of how many nobody knows there: what is told is that many more hold it.
            "OW-20080224-AS17557-9a43 update: sub-prefix-hijack of 208.65.153.0/24 by AS17557 via AS3491",
        ]
    );
}

/// Somebody answered for Route 53, to answer for MyEtherWallet.
#[test]
fn myetherwallet_2018_is_one_incident_with_four_prefixes_by_as10297() {
    let watch = "asns = [16509]\n[[watch]]\nprefix = \"205.251.192.0/21\"\nmax_length = 24";
    let cases = [
        "amazon_route53_mew_2018_205.251.192.0_24.json",
        "amazon_route53_mew_2018_205.251.193.0_24.json",
        "amazon_route53_mew_2018_205.251.195.0_24.json",
        "amazon_route53_mew_2018_205.251.197.0_24.json",
    ];
    let prefixes = "205.251.192.0/24 205.251.193.0/24 205.251.195.0/24 205.251.197.0/24";
    let story = format!("sub-prefix-hijack of {prefixes} by AS10297 via AS6939");
    assert_eq!(
        replay(watch, &cases),
        [
            format!("OW-20180424-AS10297-1e46 opened: {story}"),
            format!("OW-20180424-AS10297-1e46 update: {story} AS19151"),
        ]
    );
}

/// A more-specific of Kakao's, to serve another script: two minutes, and an hour later for good.
#[test]
fn klayswap_2022_is_one_sub_prefix_hijack_by_as9457() {
    let watch = "asns = [7625]\n[[watch]]\nprefix = \"211.249.216.0/21\"";
    let story = "sub-prefix-hijack of 211.249.221.0/24 by AS9457 via AS6461";
    assert_eq!(
        replay(watch, &["klayswap_2022_211.249.221.0_24.json"]),
        ["opened", "resolved", "reopened", "update"]
            .map(|reason| format!("OW-20220203-AS9457-cd66 {reason}: {story}"))
    );
}

const CLOUDFLARE: [&str; 5] = [
    "cloudflare_verizon_2019_104.18.32.0_21.json",
    "cloudflare_verizon_2019_104.27.160.0_21.json",
    "cloudflare_verizon_2019_104.27.168.0_21.json",
    "cloudflare_verizon_2019_104.28.24.0_21.json",
    "cloudflare_verizon_2019_104.31.0.0_21.json",
];

/// A leak with the right origin: not a matter of origins. That the leaked prefixes vanish is its end.
#[test]
fn the_verizon_leak_of_2019_is_no_hijack() {
    let watches =
        ["104.18.32.0/21", "104.27.160.0/21", "104.27.168.0/21", "104.28.24.0/21", "104.31.0.0/21"]
            .map(|prefix| format!("[[watch]]\nprefix = \"{prefix}\"\nvisibility = 0\n"));
    let exactly = format!("asns = [13335]\n{}", watches.concat());
    assert_eq!(replay(&exactly, &CLOUDFLARE), [""; 0]);
}

/// An optimizer had cut the /20s that Cloudflare announced itself.
#[test]
fn the_verizon_leak_of_2019_is_a_new_more_specific_where_the_watch_is_shorter() {
    let shorter = "asns = [13335]\n[[watch]]\nprefix = \"104.16.0.0/12\"\nmax_length = 20";
    assert_eq!(
        replay(shorter, &CLOUDFLARE),
        [
            "OW-20190624-AS13335-a0b8 opened: new-more-specific of 104.18.32.0/21 104.27.160.0/21 \
             104.27.168.0/21 104.28.24.0/21 104.31.0.0/21 by AS13335 via AS3356",
            "OW-20190624-AS13335-a0b8 update: new-more-specific of 104.18.32.0/21 104.27.160.0/21 \
             104.27.168.0/21 104.28.24.0/21 104.31.0.0/21 by AS13335 via AS3356"
        ]
    );
}

/// In the order of the feed: H1, H2, H5, H6, H7, H8, V1, the spread of H1, the ends of H6 (V1 withdraws its prefix
/// from those who held it), of V1 and of H1, END. Who holds it gathers for five seconds before each is told.
const FEED_300K: [&str; 12] = [
    "OW-20261101-AS64666-e4e7 opened: origin-hijack of 193.0.0.0/21 by AS64666 via AS174 AS1299 AS2914 AS3257 AS3356",
    "OW-20261101-AS64667-6441 opened: sub-prefix-hijack of 193.0.4.0/24 by AS64667 via AS174 AS1299 AS2914 AS3257 AS3356",
    "OW-20261101-AS3333-267c opened: new-more-specific of 193.0.2.0/24 by AS3333 via AS1103",
    "OW-20261101-AS64670-50b8 opened: origin-hijack of 145.220.8.0/21 by AS64670 via AS174 AS1299 AS2914 AS3356",
    "OW-20261101-AS64671-ab66 opened: super-prefix of 193.0.0.0/16 by AS64671 via AS174 AS1299 AS2914 AS3356",
    "OW-20261101-AS3333-b404 opened: own-as-new-prefix of 45.83.220.0/22 by AS3333 via AS1103",
    "OW-20261101-visibility-loss-79b7 opened: visibility-loss of 145.220.8.0/21 by  via ",
    "OW-20261101-AS64666-e4e7 update: origin-hijack of 193.0.0.0/21 by AS64666 via AS174 AS1299 AS2914 AS3257 AS3356 AS6762",
    "OW-20261101-AS64670-50b8 resolved: origin-hijack of 145.220.8.0/21 by AS64670 via AS174 AS1299 AS2914 AS3356",
    "OW-20261101-visibility-loss-79b7 resolved: visibility-loss of 145.220.8.0/21 by  via ",
    "OW-20261101-AS64666-e4e7 resolved: origin-hijack of 193.0.0.0/21 by AS64666 via AS174 AS1299 AS2914 AS3257 AS3320 AS3356 AS5511 AS6453 AS6762 AS6939",
    "OW-20261101-AS64672-4f3a opened: origin-hijack of 145.220.8.0/21 by AS64672 via AS174 AS1299 AS2914 AS3257 AS3356",
];

/// 300,000 messages with marked events; `rislive/README.md` says which.
///
/// H4 is a matter of the first hop, not of the origin. H3 has two vantage
/// ASes where three are asked for.
#[test]
fn the_feed_with_marked_events_gives_exactly_those_of_the_origin() {
    // H1 ends 5 min 30 s before the feed does: 4 minutes without a holder resolve it within the feed.
    // V1 is below the floor for less than a minute.
    let config = "asns = [3333]
        [[watch]]\nprefix = \"193.0.0.0/21\"
        [[watch]]\nprefix = \"145.220.8.0/21\"\norigins = [1103]
        [rpki]\nsources = [{ json = \"vrps.json\" }]
        [incident]\nmin_vantage_ases = 3\nresolve_after = \"4m\"\nvisibility_after = \"10s\"";
    let folder = tempfile::tempdir().unwrap();
    let vrps = json!({ "roas": [
        { "asn": 3333, "prefix": "193.0.0.0/21", "maxLength": 21 },
        { "asn": 1103, "prefix": "145.220.8.0/21", "maxLength": 21 },
    ]});
    std::fs::write(folder.path().join("vrps.json"), vrps.to_string()).unwrap();
    let feed = recording("rislive/feed-300k.ndjson.gz");
    let told = replay_in_short(folder.path(), config, vec![feed]);
    assert_eq!(told, FEED_300K);
}

/// Replays cases with a config that watches as said.
fn replay(operator_and_watches: &str, cases: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let feeds = cases.iter().map(|case| feed(folder.path(), case)).collect();
    replay_in_short(folder.path(), operator_and_watches, feeds)
}

/// Writes a case as RIS Live messages, one a line.
///
/// A case names only the AS of a vantage point; its address is made of collector and AS, so that
/// two vantage points never fall into one.
fn feed(folder: &Path, case: &str) -> PathBuf {
    let mut text = String::new();
    File::open(recording(CASES).join(case)).unwrap().read_to_string(&mut text).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let path = folder.join(case);
    let mut lines = BufWriter::new(File::create(&path).unwrap());
    for update in value["updates"].as_array().unwrap() {
        writeln!(lines, "{}", message(update)).unwrap();
    }
    lines.flush().unwrap();
    path
}

fn message(update: &Value) -> Value {
    let at: Timestamp = update["timestamp"].as_str().unwrap().parse().unwrap();
    let asn = update["peer_asn"].as_u64().unwrap();
    let collector = update["collector"].as_str().unwrap();
    let number: String = collector.chars().filter(char::is_ascii_digit).collect();
    let mut data = json!({
        "type": "UPDATE",
        "timestamp": at.seconds(),
        "host": collector,
        "peer": format!("2001:db8:{number}::{:x}:{:x}", asn >> 16, asn & 0xffff),
        "peer_asn": asn.to_string(),
    });
    if update["kind"] == "announce" {
        data["path"] = update["as_path"].clone();
        data["origin"] = json!("IGP");
        let announcement = json!({ "next_hop": "192.0.2.1", "prefixes": [update["prefix"]] });
        data["announcements"] = json!([announcement]);
    } else {
        assert_eq!(update["kind"], "withdraw");
        data["withdrawals"] = json!([update["prefix"]]);
    }
    json!({ "type": "ris_message", "data": data })
}
