//! Bytes that are cut, changed, split or made up.

use std::sync::LazyLock;

use bgp::Timestamp;
use parser::bmp::{Config, Session};
use parser::{Everything, Format, Item, Reader};
use proptest::prelude::*;

use super::captures::{self, made};
use crate::play::frame::{message, messages};
use crate::play::story::Story;

/// The streams that are short enough to be cut at every octet.
fn small() -> &'static [(String, Vec<u8>)] {
    static SMALL: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
        captures::all().into_iter().filter(|(_, stream)| stream.len() <= 2048).collect()
    });
    &SMALL
}

#[test]
fn a_stream_cut_anywhere_gives_what_stands_before_the_cut() {
    for (name, stream) in small() {
        let whole = Story::of(stream);
        for cut in 0..=stream.len() {
            let story = Story::of(&stream[..cut]);
            let (last, before) = match story.lines.split_last() {
                Some((last, before)) if last.starts_with("damage") => (Some(last), before),
                _ => (None, &story.lines[..]),
            };
            assert_eq!(before, &whole.lines[..before.len()], "{name} at {cut}");
            let ends: Vec<usize> = messages(stream)
                .scan(0, |end, (_, body)| {
                    *end += 6 + body.len();
                    Some(*end)
                })
                .collect();
            let between = cut == 0 || ends.contains(&cut);
            assert_eq!(last.is_none(), between, "{name} at {cut}: {last:?}");
        }
    }
}

#[test]
fn a_body_cut_anywhere_is_damage_or_a_shorter_story_and_costs_only_itself() {
    for name in ["frr84-pre-post-policy.bmp", "gobgp310-all-policies.bmp"] {
        for (kind, body) in messages(&made(name)) {
            for cut in 0..body.len() {
                let after = message(4, b"\0\x02\0\x04tail");
                let story = Story::of(&[message(kind, &body[..cut]), after].concat());
                let last = story.lines.last().unwrap();
                let known = last.ends_with(": -") && last.starts_with("initiation ");
                assert!(known, "{name}, type {kind} cut at {cut}: {last}");
            }
        }
    }
}

#[test]
fn splits_anywhere_change_nothing() {
    for (name, stream) in captures::all() {
        let whole = Story::of(&stream);
        for piece in [1, 7, 100, 4096] {
            if stream.len() / piece > 100_000 {
                continue;
            }
            let mut session = Session::new(Config::default());
            let (mut story, mut left) = (Story::default(), Vec::new());
            for chunk in stream.chunks(piece) {
                left.extend(chunk);
                let (_, taken) =
                    session.walk(&left, None, &Everything, &mut |event| story.add(&event));
                left.drain(..taken);
            }
            assert_eq!((left.len(), &story.lines), (0, &whole.lines), "{name} by {piece}");
            assert_eq!(session.counters(), whole.counters, "{name} by {piece}");
        }
    }
}

#[test]
fn a_file_of_bmp_is_read_as_such() {
    let stream = made("frr84-pre-post-policy.bmp");
    let mut reader = Reader::new(stream.as_slice(), "");
    let mut items = 0;
    while reader.read_record(&Everything, &mut |item| match item {
        Item::Element(element) => {
            assert_eq!(&*element.vantage.collector, "r1");
            items += 1;
        }
        Item::Damage(damage) => panic!("{damage}"),
    }) {}
    let told = Story::of(&stream).those(&["announce", "withdraw", "state"]).len();
    assert_eq!((reader.format(), items), (Some(Format::Bmp), told));
    let statistics = reader.statistics();
    assert_eq!((statistics.records, statistics.octets), (20, stream.len() as u64));
}

#[test]
fn a_capture_that_starts_late_is_read_too() {
    let name = "208-BMP-mem-leak-test__bmp-multi-sources-route-monitoring.pcap";
    for stream in captures::streams(name) {
        let mut reader = Reader::new(stream.as_slice(), "edge1");
        while reader.read_record(&Everything, &mut |_| ()) {}
        let statistics = reader.statistics();
        assert_eq!(reader.format(), Some(Format::Bmp));
        assert_eq!((statistics.octets, statistics.damaged.total()), (stream.len() as u64, 0));
    }
}

#[test]
fn a_router_that_names_peers_without_end_fills_no_memory() {
    let stream = made("gobgp310-import-reject.bmp");
    let up = messages(&stream).find(|(kind, _)| *kind == 3).unwrap().1.to_vec();
    let mut session = Session::new(Config::default());
    for number in 0..20_000_u32 {
        let mut body = up.clone();
        body[22..26].copy_from_slice(&number.to_be_bytes());
        session.step(&message(3, &body), None, &Everything, &mut |_| ());
    }
    assert_eq!(session.statistics().damaged.records, 20_000 - (1 << 14));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_octets_never_panic(
        which in any::<usize>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        received in prop::option::of(0..4_000_000_000_i64),
    ) {
        let mut stream = small()[which % small().len()].1.clone();
        for (at, octet) in changes {
            let at = at.index(stream.len());
            stream[at] = octet;
        }
        let story =
            Story::with(&stream, Config::default(), received.map(Timestamp::from_seconds));
        prop_assert!(story.times.is_sorted());
        // Whatever it is, the walker takes all of it.
        let mut reader = Reader::new(stream.as_slice(), "");
        while reader.read_record(&Everything, &mut |_| ()) {}
    }
}
