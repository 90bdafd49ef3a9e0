//! Whatever the bytes are: no panic, no hang, no memory without bound, and the same from a slice as
//! from a reader that gives little at a time.
// A test says no by panicking, and its numbers are small.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation)]

mod encode;
mod fixtures;

use std::io::{self, Read};

use bgp::Prefix;
use parser::{Everything, Format, Item, Reader, Walker};
use proptest::prelude::*;

/// The first records of a file are of every kind that it has; enough for a test of every cut.
const HEAD: usize = 20_000;

/// Each file's head, plain.
fn heads() -> Vec<(String, Vec<u8>)> {
    let head = |name: String| {
        let mut bytes = Vec::new();
        let packed = fixtures::packed(&name);
        let unpacked = Reader::new(packed.as_slice(), "").into_unpacked();
        unpacked.take(HEAD as u64).read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    fixtures::mrt_files().into_iter().map(head).collect()
}

#[test]
fn a_plain_file_cut_anywhere_gives_what_stands_before_and_says_so() {
    for (name, bytes) in heads() {
        let whole = fixtures::read(&bytes);
        let step = (bytes.len() / 200).max(1);
        for cut in (0..bytes.len()).step_by(step).chain(0..60.min(bytes.len())) {
            let reading = fixtures::read(&bytes[..cut]);
            assert!(whole.lines.starts_with(&reading.lines), "{name} at {cut}");
            assert!(reading.damages.len() <= whole.damages.len() + 1, "{name} at {cut}");
            // What is shorter than a header is nothing that is known.
            let taken = if cut < 12 { 0 } else { cut as u64 };
            assert_eq!(reading.statistics.octets, taken, "{name} at {cut}");
        }
    }
}

#[test]
fn a_packed_file_cut_anywhere_gives_what_stands_before_and_says_so() {
    for name in [
        "CAIDA+libbgpstream/ris.rrc06.updates.1401488100.gz",
        "bgpkit+bgpkit-parser/local_only__updates.bz2",
    ] {
        let packed = fixtures::packed(name);
        let whole = fixtures::read(&packed);
        for cut in (12..packed.len()).step_by(packed.len() / 40) {
            let reading = fixtures::read(&packed[..cut]);
            assert!(whole.lines.starts_with(&reading.lines), "{name} at {cut}");
            let kind =
                name.rsplit_once('.').unwrap().1.replace("gz", "gzip").replace("bz2", "bzip2");
            let told = format!("{kind} data is damaged or cut, the rest of the file is lost");
            assert_eq!(reading.damages.len(), 1, "{name} at {cut}: {:?}", reading.damages);
            assert!(reading.damages[0].ends_with(&told), "{name} at {cut}: {:?}", reading.damages);
        }
    }
}

#[test]
fn members_of_gzip_and_streams_of_bzip2_follow_each_other() {
    for name in [
        "CAIDA+libbgpstream/ris.rrc06.updates.1401488100.gz",
        "bgpkit+bgpkit-parser/local_only__updates.bz2",
    ] {
        let packed = fixtures::packed(name);
        let once = fixtures::read(&packed);
        let twice = fixtures::read(&packed.repeat(2));
        assert_eq!(twice.lines, once.lines.repeat(2));
        assert_eq!(twice.damages, Vec::<String>::new());
        assert_eq!(twice.statistics.packed_octets, 2 * packed.len() as u64);
    }
}

#[test]
fn a_reader_that_gives_little_at_a_time_gives_the_same() {
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let octets = buffer.len().min(7);
            self.0.read(&mut buffer[..octets])
        }
    }
    for (name, bytes) in heads() {
        let mut lines = Vec::new();
        let mut reader = Reader::new(Drip(&bytes), "");
        let mut sink = |item: Item<'_>| {
            if let Item::Element(element) = item {
                parser::bgpdump::write_line(&element, &mut lines);
            }
        };
        while reader.read_record(&Everything, &mut sink) {}
        assert_eq!(lines, fixtures::read(&bytes).lines, "{name}");
        assert_eq!(reader.format(), Some(Format::Mrt));
    }
}

#[test]
fn a_source_that_fails_is_told() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let mut told = Vec::new();
    let mut reader = Reader::new(Failing, "");
    let mut sink = |item: Item<'_>| told.push(format!("{item:?}"));
    assert!(!reader.read_record(&Everything, &mut sink));
    assert!(!reader.read_record(&Everything, &mut sink));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("ConnectionReset"), "{told:?}");
}

/// Reads everything that an element has, so that nothing stays unread.
fn exhaust(bytes: &[u8]) -> u64 {
    let mut elements = 0;
    let mut line = Vec::new();
    Walker::new("").walk(bytes, true, &Everything, &mut |item| match item {
        Item::Element(element) => {
            elements += 1;
            let origin = element.origin();
            if let Some(observation) = element.observation() {
                assert_eq!(observation.origin().unwrap_or(bgp::RouteOrigin::None), origin);
            }
            line.clear();
            parser::bgpdump::write_line(&element, &mut line);
        }
        Item::Damage(damage) => assert!(!damage.to_string().is_empty()),
    });
    elements
}

#[test]
fn damaged_files_never_panic_and_never_invent() {
    // A small generator of our own: the same damage in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for (name, bytes) in heads() {
        for _ in 0..40 {
            let mut broken = bytes.clone();
            for _ in 0..=random(8) {
                let at = random(broken.len());
                broken[at] = random(256) as u8;
            }
            // An octet for each element at least: nothing is made of nothing.
            assert!(exhaust(&broken) <= broken.len() as u64, "{name}");
        }
    }
}

fn any_prefix() -> impl Strategy<Value = Prefix> {
    let family = prop_oneof![Just(bgp::Family::Ipv4), Just(bgp::Family::Ipv6)];
    (family, any::<u128>(), 0..=128_u8)
        .prop_map(|(family, bits, length)| Prefix::from_bits(family, bits, length))
}

/// The plainest decoder there can be: bit by bit.
fn naive(field: &[u8], add_path: bool) -> Option<Vec<(u32, Prefix)>> {
    let mut routes = Vec::new();
    let mut octets = field.iter().copied();
    while octets.len() > 0 {
        let mut path_id = 0;
        for _ in 0..if add_path { 4 } else { 0 } {
            path_id = path_id << 8 | u32::from(octets.next()?);
        }
        let length = octets.next()?;
        if length > 32 {
            return None;
        }
        let mut bits = 0_u128;
        for index in 0..length.div_ceil(8) {
            let octet = octets.next()?;
            for bit in 0..8 {
                if index * 8 + bit < length && octet & 0x80 >> bit != 0 {
                    bits |= 1 << (127 - u32::from(index * 8 + bit));
                }
            }
        }
        routes.push((path_id, Prefix::from_bits(bgp::Family::Ipv4, bits, length)));
    }
    Some(routes)
}

fn routes(stream: &[u8]) -> Vec<(u32, Prefix)> {
    let mut routes = Vec::new();
    Walker::new("").walk(stream, true, &Everything, &mut |item| {
        if let Item::Element(element) = item {
            routes.extend(element.nlri().map(|nlri| (nlri.path_id, nlri.prefix)));
        }
    });
    routes
}

proptest! {
    #[test]
    fn any_field_of_prefixes_is_what_the_naive_decoder_says(
        field in proptest::collection::vec(prop_oneof![0..=40_u8, any::<u8>()], 0..60),
        add_path: bool,
    ) {
        let subtype = if add_path { 9 } else { 4 };
        let update = encode::update(&field, &[], &[]);
        let expected = naive(&field, add_path).unwrap_or_default();
        prop_assert_eq!(routes(&encode::message(subtype, &update)), expected);
    }

    #[test]
    fn what_was_encoded_is_decoded(
        routes_in in proptest::collection::vec((any::<u32>(), any_prefix()), 0..20),
        path in proptest::collection::vec(any::<u32>(), 1..255),
        add_path: bool,
    ) {
        let (v4, v6): (Vec<_>, Vec<_>) = routes_in
            .into_iter()
            .map(|(path_id, prefix)| (add_path.then_some(path_id), prefix))
            .partition(|(_, prefix)| prefix.family() == bgp::Family::Ipv4);
        let next_hop = [&[0, 2, 1, 16][..], &[7; 16], &[0]].concat();
        let reach = [next_hop, encode::nlri(&v6)].concat();
        let mut attributes = encode::mandatory(&path);
        attributes.extend(encode::attribute(0x80, 14, &reach));
        let update = encode::update(&[], &attributes, &encode::nlri(&v4));
        let record = encode::message(if add_path { 9 } else { 4 }, &update);

        let mut found = Vec::new();
        Walker::new("").walk(&record, true, &Everything, &mut |item| match item {
            Item::Element(element) => {
                let nlri = element.nlri().unwrap();
                let observation = element.observation().unwrap();
                let bgp::Event::Route { change: bgp::Change::Announce(route), .. } =
                    observation.event else { panic!() };
                assert_eq!(route.path, bgp::AsPath::sequence(path.iter().copied()));
                assert_eq!(element.origin(), route.path.origin(None));
                found.push((add_path.then_some(nlri.path_id), nlri.prefix));
            }
            Item::Damage(damage) => panic!("{damage}"),
        });
        prop_assert_eq!(found, [v4, v6].concat());
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        exhaust(&bytes);
        // Behind a header they are looked at; alone, they are no stream.
        for (mrt_type, subtype) in [(5, 1), (12, 1), (12, 2), (13, 1), (13, 2), (13, 6), (13, 10),
            (13, 12), (16, 0), (16, 1), (16, 9), (17, 4)]
        {
            let record = encode::record(1, mrt_type, subtype, &bytes);
            exhaust(&[encode::peers(&[1, 2, 3]), record].concat());
        }
        let attributes = encode::update(&[], &bytes, &[24, 192, 0, 2]);
        exhaust(&encode::message(1, &attributes));
        exhaust(&encode::message(4, &attributes));
    }

    #[test]
    fn a_filter_gives_those_elements_that_it_wants_and_no_others(
        all in proptest::collection::vec(any_prefix(), 1..20),
        pick: prop::sample::Index,
    ) {
        let wanted = all[pick.index(all.len())];
        let v4: Vec<_> = all.iter().filter(|p| p.family() == bgp::Family::Ipv4).collect();
        let field = encode::nlri(&v4.iter().map(|p| (None, **p)).collect::<Vec<_>>());
        let record = encode::message(4, &encode::update(&field, &[], &[]));
        let mut found = Vec::new();
        let filter = |prefix: Prefix| wanted.covers(&prefix);
        Walker::new("").walk(&record, true, &filter, &mut |item| {
            if let Item::Element(element) = item {
                found.extend(element.prefix());
            }
        });
        let expected: Vec<Prefix> =
            v4.into_iter().copied().filter(|prefix| wanted.covers(prefix)).collect();
        prop_assert_eq!(found, expected);
    }
}
