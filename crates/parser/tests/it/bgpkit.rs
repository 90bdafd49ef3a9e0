//! What bgpkit-parser guesses, and we do not.

use bgpkit_parser::BgpkitParser;
use parser::{Everything, Item, Walker};

use crate::play::encode;

/// Announces these prefixes, without path identifiers.
fn announcement(prefixes: &[&str]) -> Vec<u8> {
    let routes: Vec<_> = prefixes.iter().map(|text| (None, text.parse().unwrap())).collect();
    let update = encode::update(&[], &encode::mandatory(&[64500]), &encode::nlri(&routes));
    encode::message(4, &update)
}

/// What they make of the bytes, and what we do.
fn prefixes(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let theirs = BgpkitParser::from_reader(bytes).into_elem_iter();
    let theirs = theirs.map(|element| element.prefix.prefix.to_string()).collect();
    let mut ours = Vec::new();
    Walker::new("").walk(bytes, true, &Everything, &mut |item| {
        if let Item::Element(element) = item {
            ours.extend(element.prefix().map(|prefix| prefix.to_string()));
        }
    });
    (theirs, ours)
}

/// Why we do not guess ADD-PATH: an octet of zero in front is a default route, and not the start of a
/// path identifier.
#[test]
fn bgpkit_parser_takes_a_default_route_for_a_path_identifier() {
    let all = ["0.0.0.0/0", "185.1.16.0/24", "185.1.17.0/24", "185.1.18.0/24"];
    let (theirs, ours) = prefixes(&announcement(&all));
    assert_eq!(ours, all);
    assert_eq!(theirs, ["24.185.0.0/16", "18.0.0.0/1"]);
    let lost = ["0.0.0.0/0", "192.0.2.0/24", "203.0.113.0/24"];
    assert_eq!(prefixes(&announcement(&lost)), (vec![], lost.map(str::to_owned).to_vec()));
}

/// A rule that drops packets to 203.0.113.0/24 (RFC 8955), which announces nothing.
#[test]
fn bgpkit_parser_takes_a_flow_specification_for_routes() {
    let reach = [0, 1, 133, 0, 0, 5, 1, 24, 203, 0, 113];
    let attributes = [encode::mandatory(&[64500]), encode::attribute(0x80, 14, &reach)].concat();
    let bytes = encode::message(4, &encode::update(&[], &attributes, &[]));
    let theirs = ["1.0.0.0/5", "203.0.113.0/24"].map(str::to_owned).to_vec();
    assert_eq!(prefixes(&bytes), (theirs, vec![]));
}
