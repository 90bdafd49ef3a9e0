//! Every route of every capture against bgpkit-parser 0.23, decoded by other people's code. It keeps
//! no session, so nothing is compared that depends on one: the own AS stays in front of the path, and
//! VRFs are told. Its routes know no SAFI, so those that MP_REACH_NLRI or MP_UNREACH_NLRI gives of
//! another family than unicast are left out here, as we leave them out.

use bgpkit_parser::models::{AsPath, AttributeValue, BgpMessage, ElemType, Safi};
use bgpkit_parser::parse_bmp_msg;
use bgpkit_parser::parser::bmp::messages::{BmpMessageBody, BmpPeerType, PerPeerFlags};
use bgpkit_parser::{BgpElem, Elementor};
use parser::bmp::{Config, Distinguisher, Setting};

use super::captures::all;
use crate::play::frame::{message, messages};
use crate::play::story::Story;

#[test]
fn every_route_of_every_capture_is_that_of_bgpkit_parser() {
    let mut compared = 0;
    for (name, stream) in all() {
        let theirs: Vec<String> =
            messages(&stream).flat_map(|(kind, body)| routes(&message(kind, body))).collect();
        let config = Config {
            router: "r".to_owned(),
            asn: Some(bgp::Asn::new(0)),
            own_as_in_path: Setting::Off,
            add_path: Setting::Auto,
            vrfs: distinguishers(&stream),
            vrf_names: Vec::new(),
        };
        let story = Story::with(&stream, config, None);
        let ours = story.those(&["announce", "withdraw"]);
        let ours: Vec<String> = ours.iter().map(|line| without_vrf(until_origin(line))).collect();
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (number, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!(ours, theirs, "{name}, route {number}");
        }
        compared += ours.len();
    }
    assert_eq!(compared, COMPARED);
}

/// How many routes the captures hold.
const COMPARED: usize = 27_624;

fn until_origin(line: &str) -> &str {
    line.rfind(']').map_or(line, |end| &line[..=end])
}

/// They do not tell VRFs apart.
fn without_vrf(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_vrf = |at: usize| words[at] == "vrf" || at > 0 && words[at - 1] == "vrf";
    let kept = (0..words.len()).filter(|at| !is_vrf(*at)).map(|at| words[at]);
    kept.collect::<Vec<_>>().join(" ")
}

fn distinguishers(stream: &[u8]) -> Vec<Distinguisher> {
    let peers = messages(stream).filter(|(kind, _)| *kind < 4);
    peers.map(|(_, body)| Distinguisher(body[2..10].try_into().unwrap())).collect()
}

fn routes(message: &[u8]) -> Vec<String> {
    let told = parse_bmp_msg(&mut message.to_vec().into()).unwrap();
    let BmpMessageBody::RouteMonitoring(monitoring) = told.message_body else { return Vec::new() };
    let header = told.per_peer_header.unwrap();
    let BgpMessage::Update(update) = &monitoring.bgp_message else { return Vec::new() };
    let foreign = update.attributes.iter().any(|value| match value {
        AttributeValue::MpReachNlri(nlri) | AttributeValue::MpUnreachNlri(nlri) => {
            nlri.safi != Safi::Unicast
        }
        _ => false,
    });
    if foreign {
        return Vec::new();
    }
    let view = match (header.peer_type, header.peer_flags) {
        (BmpPeerType::LocalRib, _) => " loc-rib",
        (_, PerPeerFlags::PeerFlags(flags)) => {
            match (flags.is_adj_rib_out(), flags.is_post_policy()) {
                (false, false) => "",
                (false, true) => " adj-rib-in-post",
                (true, false) => " adj-rib-out-pre",
                (true, true) => " adj-rib-out-post",
            }
        }
        _ => panic!("{header:?}"),
    };
    let peer = format!("r {} AS{}{view}", header.peer_ip, header.peer_asn);
    let elements =
        Elementor::bgp_to_elems(monitoring.bgp_message, 0.0, &header.peer_ip, &header.peer_asn);
    elements.iter().map(|element| word(&peer, element)).collect()
}

fn word(peer: &str, element: &BgpElem) -> String {
    match element.elem_type {
        ElemType::WITHDRAW => format!("withdraw {peer} {}", element.prefix.prefix),
        ElemType::ANNOUNCE => {
            let path = element.as_path.as_ref().map(AsPath::to_string).unwrap_or_default();
            format!("announce {peer} {} [{path}]", element.prefix.prefix)
        }
    }
}
