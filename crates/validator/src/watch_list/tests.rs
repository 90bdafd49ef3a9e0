use proptest::prelude::*;

use super::*;

fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

fn watch(place: Prefix) -> Watch {
    Watch::new(place, Origins::Only(vec![Asn::new(64500)]), place.length())
}

fn list(prefixes: &[&str]) -> WatchList {
    let watches = prefixes.iter().map(|place| watch(prefix(place)));
    WatchList::new(watches, [Asn::new(64500)]).unwrap()
}

fn conflict(watches: impl IntoIterator<Item = Watch>) -> String {
    let error = WatchList::new(watches, []).unwrap_err();
    assert!(error.to_string().contains(&error.prefix().to_string()));
    error.to_string()
}

#[test]
fn the_longest_covering_watch_decides() {
    let list = list(&["198.18.0.0/15", "198.18.0.0/21", "198.18.4.0/24", "2001:db8::/32"]);
    let covering = |place| list.covering(prefix(place)).map(|watch| watch.prefix.to_string());
    for (place, decides) in [
        ("198.18.4.0/25", Some("198.18.4.0/24")),
        ("198.18.4.0/24", Some("198.18.4.0/24")),
        ("198.18.4.0/23", Some("198.18.0.0/21")),
        ("198.18.0.0/20", Some("198.18.0.0/15")),
        ("198.16.0.0/14", None),
        ("2001:db8:1::/48", Some("2001:db8::/32")),
        ("2001:db9::/48", None),
    ] {
        assert_eq!(covering(place).as_deref(), decides, "{place}");
    }
    let inside = |place| {
        let inside = list.inside(prefix(place));
        inside.iter().map(|watch| watch.prefix.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(inside("198.18.0.0/15"), ["198.18.0.0/21", "198.18.4.0/24"]);
    assert_eq!(inside("198.18.4.0/24"), [""; 0]);
    assert_eq!(inside("::/0"), ["2001:db8::/32"]);
    assert_eq!(inside("8.0.0.0/5"), [""; 0]);
}

#[test]
fn a_default_route_touches_nothing() {
    let list = list(&["198.18.0.0/15", "2001:db8::/32"]);
    assert!(!list.touches(prefix("0.0.0.0/0")));
    assert!(!list.touches(prefix("::/0")));
    assert!(list.touches(prefix("128.0.0.0/1")));
    assert!(list.touches(prefix("2000::/3")));
}

#[test]
fn contradictions_are_refused_by_name() {
    let place = prefix("198.18.0.0/21");
    let ours = watch(place);
    assert_eq!(conflict([ours.clone(), ours.clone()]), "198.18.0.0/21 is watched twice");
    assert_eq!(conflict([watch(prefix("::/0"))]), "::/0 is everything and cannot be watched");
    assert_eq!(
        conflict([Watch { max_length: 20, ..ours.clone() }]),
        "watch 198.18.0.0/21: max_length 20 is not between 21 and 32"
    );
    assert_eq!(
        conflict([Watch { max_length: 33, ..ours.clone() }]),
        "watch 198.18.0.0/21: max_length 33 is not between 21 and 32"
    );
    assert_eq!(
        conflict([Watch { announced: false, max_length: 24, ..ours.clone() }]),
        "watch 198.18.0.0/21 is not announced, but has max_length 24"
    );
    for aggregate in ["198.18.0.0/21", "198.18.0.0/22", "198.19.0.0/16"] {
        assert_eq!(
            conflict([Watch { aggregates: vec![prefix(aggregate)], ..ours.clone() }]),
            format!("watch 198.18.0.0/21: aggregate {aggregate} does not cover it")
        );
    }
    let lenient = Watch { aggregates: vec![prefix("198.18.0.0/16")], ..ours };
    assert_eq!(
        conflict([lenient.clone(), watch(prefix("198.18.0.0/15"))]),
        "watch 198.18.0.0/21 lets others announce 198.18.0.0/16, which watch 198.18.0.0/15 keeps"
    );
    let open = Watch { origins: Origins::Any, ..watch(prefix("198.18.0.0/15")) };
    assert_eq!(WatchList::new([lenient, open], []).map(|list| list.len()), Ok(2));
}

#[test]
fn operators_are_known() {
    let list = WatchList::new([], [3, 1, 3].map(Asn::new)).unwrap();
    assert_eq!(list.operator_asns(), [1, 3].map(Asn::new));
    assert!(list.is_operator(Asn::new(3)) && !list.is_operator(Asn::new(2)));
    assert_eq!((list.len(), list.is_empty()), (0, true));
}

#[test]
fn a_list_covers_what_lies_within_it() {
    let wide = list(&["198.18.0.0/15", "2001:db8::/32"]);
    let within = list(&["198.18.0.0/21", "198.19.0.0/24", "2001:db8::/32"]);
    assert!(wide.covers(&within) && wide.covers(&wide) && wide.covers(&WatchList::default()));
    assert!(!within.covers(&wide));
    assert!(!WatchList::default().covers(&within));
    let of_another = WatchList::new([watch(prefix("198.18.0.0/21"))], [Asn::new(64501)]).unwrap();
    assert!(!wide.covers(&of_another));
}

/// Around the /16 and /32 that the bitmap counts in, and around what it gives up on.
fn any_prefix() -> impl Strategy<Value = Prefix> {
    let v4 = (0..16u32, 0..4u32, 0..=32u8).prop_map(|(high, low, length)| {
        let bits = (0xc612_0000 + (high << 14) + (low << 8)).into();
        Prefix::from_bits(Family::Ipv4, u128::from_bits(bits) << 96, length)
    });
    let v6 = (0..16u128, 0..4u128, 0..=64u8).prop_map(|(high, low, length)| {
        Prefix::from_bits(Family::Ipv6, (0x2001_0db8 << 96) + (high << 94) + (low << 80), length)
    });
    prop_oneof![v4, v6]
}

proptest! {
    #[test]
    fn agrees_with_the_naive_loop(
        watched in prop::collection::hash_set(any_prefix(), 0..12),
        asked in prop::collection::vec(any_prefix(), 1..60),
    ) {
        let watched: Vec<Prefix> = watched.into_iter().filter(|place| place.length() > 0).collect();
        let list = WatchList::new(watched.iter().copied().map(watch), []).unwrap();
        for place in asked {
            let covering = watched.iter().filter(|watch| watch.covers(&place));
            let longest = covering.max_by_key(|watch| watch.length());
            prop_assert_eq!(list.covering(place).map(|watch| &watch.prefix), longest);
            let mut inside: Vec<Prefix> =
                watched.iter().copied().filter(|w| place.covers(w) && *w != place).collect();
            inside.sort();
            let found: Vec<Prefix> = list.inside(place).iter().map(|watch| watch.prefix).collect();
            let touches = place.length() > 0 && (longest.is_some() || !inside.is_empty());
            prop_assert_eq!(found, inside);
            prop_assert_eq!(list.touches(place), touches, "{}", place);
        }
    }

    #[test]
    fn what_touches_a_list_touches_every_list_that_covers_it(
        first in prop::collection::hash_set(any_prefix(), 0..6),
        second in prop::collection::hash_set(any_prefix(), 0..3),
        asked in prop::collection::vec(any_prefix(), 1..60),
    ) {
        let of = |places: std::collections::HashSet<Prefix>| {
            let places = places.into_iter().filter(|place| place.length() > 0);
            WatchList::new(places.map(watch), []).unwrap()
        };
        let (first, second) = (of(first), of(second));
        if first.covers(&second) {
            for place in asked {
                prop_assert!(!second.touches(place) || first.touches(place), "{}", place);
            }
        }
    }
}
