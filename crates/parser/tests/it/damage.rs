//! Whatever the bytes are: no panic, no hang, no memory without bound, and the same from a slice as
//! from a reader that gives little at a time.

use std::io::{self, Read};

use bgp::Prefix;
use parser::{Everything, Item, Reader, Walker};
use proptest::prelude::*;

use crate::play::encode;
use crate::play::reading::exhaust;

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
