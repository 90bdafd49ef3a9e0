//! OpenBMP messages of RouteViews (the vectors of bgpkit-parser's own tests).

use parser::bmp::Config;
use parser::{Everything, Format, Item, Reader};

use crate::play::envelope::read;

/// bgpkit-parser 0.23, `src/parser/bmp/mod.rs`, `test_peer_down_notification`, without the line feed at
/// its end.
const PEER_DOWN: &str = "4f424d500107006400000033800c6184b9c2000c602cbf4f072f3ae149d23486024bc3da\
    dfc4000a69732d63632d626d7031c677060bdd020a9e92be000200de2e3180df3369000000000000000000000000000c\
    726f7574652d76696577733500000001030000003302000000000000000000000000000000000000000000003fda060e\
    00000da30000000061523c36000c0e1c020000";

/// The same file, `test_route_monitoring`: AS6447 is the collector, AS6830 its peer.
const ROUTE_MONITORING: &str = "4f424d500107005c000000b0800c618881530002f643fef880938d19e9d632c815d1\
    e95a87e1000a69732d61682d626d7031eb4de4e596b282c6a995b067df4abc8cc342f192000000000000000000000000\
    00046c696e780000000103000000b00000c00000000000000000200107f800040000000000001aae000400001aae5474\
    800e02dddf5d00000000ffffffffffffffffffffffffffffffff00800200000069400101005002001602050000192f00\
    001aae0000232a000328eb00032caec008181aae42681aae44581aae464f1aae59d91aae866543000000900e002c0002\
    0120200107f800040000000000001aae0004fe8000000000000082711ffffe7f29f100302a0fca800001";

#[test]
fn messages_of_routeviews_lose_the_collectors_own_as() {
    let stream = [octets(PEER_DOWN), octets(ROUTE_MONITORING)].concat();
    let (story, routers) = read(&stream, Config::default());
    let expected = [
        "peer down route-views5 63.218.6.14 AS3491, LocalEvent(0)",
        "state 0 6 linx 2001:7f8:4::1aae:4 AS6830 adj-rib-in-post",
        "announce linx 2001:7f8:4::1aae:4 AS6830 adj-rib-in-post 2a0f:ca80:1::/48 \
         [6830 9002 207083 208046] AS208046",
    ];
    assert_eq!(story.lines, expected);
    // The per-peer header of the second has a time in 1971: an uptime. That of the envelope is taken.
    assert_eq!(story.times[2].to_string(), "2021-11-08T01:45:55.194115Z");
    assert_eq!(routers, ["128.223.51.105 route-views5", "195.66.241.146 linx"]);
}

#[test]
fn what_is_not_bmp_raw_of_1_7_is_passed_over_by_its_lengths() {
    let peer_down = octets(PEER_DOWN);
    let mut newer = peer_down.clone();
    newer[5] = 8;
    let mut other = peer_down.clone();
    other[13] = 3;
    let stream = [newer, other, peer_down.clone()].concat();
    let (story, _) = read(&stream, Config::default());
    assert_eq!(story.lines, ["peer down route-views5 63.218.6.14 AS3491, LocalEvent(0)"]);
    let mut foreign = peer_down.clone();
    foreign[100] = 4;
    let (story, _) = read(&[foreign, peer_down].concat(), Config::default());
    let expected = [
        "damage record 0 at byte 100: openbmp message without a bmp message in it, it is lost",
        "peer down route-views5 63.218.6.14 AS3491, LocalEvent(0)",
    ];
    assert_eq!(story.lines, expected);
}

#[test]
fn a_file_of_openbmp_is_read_as_such_and_cut_anywhere() {
    let stream = [octets(ROUTE_MONITORING), octets(PEER_DOWN)].concat();
    for cut in 4..=stream.len() {
        let mut reader = Reader::new(&stream[..cut], "");
        let mut told = Vec::new();
        while reader.read_record(&Everything, &mut |item| match item {
            Item::Element(element) => told.push(element.vantage.to_string()),
            Item::Damage(damage) => told.push(damage.to_string()),
        }) {}
        let mut expected = Vec::new();
        let first = octets(ROUTE_MONITORING).len();
        if cut >= first {
            let vantage = "linx 2001:7f8:4::1aae:4 AS6830 adj-rib-in-post";
            expected.extend([vantage.to_owned(), vantage.to_owned()]);
        }
        if cut != first && cut != stream.len() {
            let (record, at) = if cut > first { (1, first) } else { (0, 0) };
            let text = "file ends within a record, that record is lost";
            expected.push(format!("record {record} at byte {at}: {text}"));
        }
        assert_eq!((told, reader.format()), (expected, Some(Format::OpenBmp)), "{cut}");
    }
}

#[test]
fn an_envelope_of_4_gb_is_not_waited_for() {
    let mut stream = octets(PEER_DOWN);
    stream[8..12].copy_from_slice(&[0xff; 4]);
    let (story, _) = read(&stream, Config::default());
    let text = "record 0 at byte 0: bmp message of 4294967295 bytes cannot be, the rest is lost";
    assert_eq!(story.lines, [format!("damage {text}")]);
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
