//! Every capture holds what its README counts, and all of it is read.

use std::collections::BTreeMap;

use parser::bmp::Counters;

use super::captures;
use crate::play::frame::messages;
use crate::play::story::Story;

/// Initiation, Peer Up, Route Monitoring, Statistics Report, Peer Down.
const COUNTS: [(&str, [u64; 5]); 23] = [
    ("200-BMP-HUAWEI-locrib_instance__traffic-00.pcap", [1, 18, 84, 0, 0]),
    ("201-BMP-CISCO-rd_instance__traffic-00.pcap", [1, 42, 251, 42, 0]),
    ("202-BMP-CISCO-HUAWEI-multiple-sources__traffic-00.pcap", [1, 18, 84, 0, 0]),
    ("203-BMP-HUAWEI-dump__traffic-00.pcap", [1, 18, 84, 0, 0]),
    ("204-BMP-CISCO-peer_down__traffic-00.pcap", [1, 10, 301, 28, 3]),
    ("205-BMP-6wind-FRR-peer_down__traffic-00.pcap", [1, 7, 451, 48, 2]),
    ("206-BMP-high-availability__traffic-00.pcap", [1, 5, 253, 36, 0]),
    ("207-BMP-CISCO-HUAWEI-multiple-sources-dump-spreading__traffic-00.pcap", [1, 18, 84, 0, 0]),
    ("208-BMP-mem-leak-test__bmp-multi-sources-init.pcap", [15, 0, 0, 0, 0]),
    ("208-BMP-mem-leak-test__bmp-multi-sources-peer-up.pcap", [0, 289, 0, 0, 0]),
    ("208-BMP-mem-leak-test__bmp-multi-sources-route-monitoring.pcap", [0, 0, 6955, 0, 0]),
    ("208-BMP-mem-leak-test__bmp-multi-sources-stats.pcap", [0, 0, 0, 3626, 0]),
    ("400-IPFIXv10-BMP-CISCO-SRv6-multiple-sources__traffic-00.pcap", [1, 7, 156, 14, 0]),
    ("400-IPFIXv10-BMP-CISCO-SRv6-multiple-sources__traffic-01.pcap", [1, 7, 156, 14, 0]),
    ("bmp__peers-with-different-caps__example.pcap", [1, 18, 173, 0, 0]),
    ("crates__pcap-decoder__tests__data__203-BMP-HUAWEI-dump.pcap", [1, 18, 84, 0, 0]),
    ("crates__pcap-reader__data__bmp.pcapng", [2, 3, 3, 2, 2]),
    ("frr84-import-deny-rib9k.bmp", [1, 1, 17987, 3, 1]),
    ("frr84-import-deny-small.bmp", [1, 1, 10, 2, 0]),
    ("frr84-pre-post-policy.bmp", [1, 1, 14, 3, 1]),
    ("gobgp310-all-policies.bmp", [1, 1, 17, 1, 1]),
    ("gobgp310-import-reject.bmp", [1, 1, 3, 0, 1]),
    ("gobgp310-prepolicy-rib4k-one-of-24.bmp", [1, 1, 4398, 0, 0]),
];

/// Type, flags and count of the per-peer headers, of captures with more than one kind of peer.
const PEERS: [(&str, &[[usize; 3]]); 6] = [
    ("200-BMP", &[[0, 0, 72], [0, 0x40, 6], [3, 0x80, 24]]),
    ("201-BMP", &[[1, 0, 173], [1, 0x80, 162]]),
    ("204-BMP", &[[0, 0x40, 138], [0, 0xc0, 17], [3, 0, 187]]),
    ("205-BMP", &[[0, 0, 203], [0, 0x40, 215], [3, 0, 90]]),
    ("bmp__peers", &[[0, 0, 175], [0, 0x80, 16]]),
    ("gobgp310-all", &[[0, 0, 7], [0, 0x40, 6], [3, 0, 7]]),
];

#[test]
fn every_capture_is_read_to_its_end_without_damage() {
    let mut counted: BTreeMap<String, [u64; 5]> = BTreeMap::new();
    for (name, stream) in captures::all() {
        let story = Story::of(&stream);
        assert_eq!(story.those(&["damage"]), [""; 0], "{name}");
        let Counters { initiation, peer_up, route_monitoring, .. } = story.counters;
        let Counters { statistics_reports, peer_down, termination, unknown, .. } = story.counters;
        assert_eq!((termination, unknown, story.counters.route_mirroring), (0, 0, 0), "{name}");
        let all = counted.entry(name).or_default();
        let found = [initiation, peer_up, route_monitoring, statistics_reports, peer_down];
        for (sum, count) in all.iter_mut().zip(found) {
            *sum += count;
        }
    }
    let expected = COUNTS.map(|(name, counts)| (name.to_owned(), counts));
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn peers_are_of_the_types_that_were_counted() {
    for (start, expected) in PEERS {
        let mut counted: BTreeMap<[u8; 2], usize> = BTreeMap::new();
        for (_, stream) in captures::all().iter().filter(|(name, _)| name.starts_with(start)) {
            for (_, body) in messages(stream).filter(|(kind, _)| *kind < 4) {
                *counted.entry([body[0], body[1]]).or_default() += 1;
            }
        }
        let counted =
            counted.into_iter().map(|([kind, flags], count)| [kind.into(), flags.into(), count]);
        assert_eq!(counted.collect::<Vec<[usize; 3]>>(), expected, "{start}");
    }
}

#[test]
fn times_never_run_backwards() {
    for (name, stream) in captures::all() {
        let story = Story::of(&stream);
        assert!(story.times.is_sorted(), "{name}");
    }
}
