//! Every route of every file against bgpkit-parser 0.23, decoded by other people's code: time, peer,
//! prefix, path identifier, path, next hop, communities, OTC. Differences stand here by name.

use bgp::{Change, Event};
use bgpkit_parser::BgpkitParser;
use bgpkit_parser::models::{AsPath, BgpElem, Community, ElemType, MetaCommunity};
use parser::{Element, ElementKind, Everything, Item, Walker};

use crate::recordings::{self, MULTICAST, NOT_FOR_BGPKIT};

#[test]
fn every_route_of_every_file_is_that_of_bgpkit_parser() {
    for name in recordings::mrt_files() {
        if NOT_FOR_BGPKIT.contains(&name.as_str()) {
            continue;
        }
        let bytes = recordings::unpacked(&name);
        let mut theirs: Vec<String> = BgpkitParser::from_reader(bytes.as_slice())
            .into_elem_iter()
            .map(|element| recordings::repaired(word(&element)))
            .collect();
        let mut ours = Vec::new();
        Walker::new("").walk(&bytes, true, &Everything, &mut |item| {
            if let Item::Element(element) = item {
                ours.extend(line(&element));
            }
        });
        theirs.sort_unstable();
        ours.sort_unstable();
        if let Some((_, count)) = MULTICAST.iter().find(|(file, _)| *file == name) {
            let mut own = ours.iter().peekable();
            let all = theirs.len();
            theirs.retain(|line| own.next_if(|next| *next == line).is_some());
            assert_eq!(own.next(), None, "{name}");
            assert_eq!(all - theirs.len(), *count, "{name}");
        }
        for (number, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            assert_eq!(ours, theirs, "{name}, route {number}");
        }
        assert_eq!(ours.len(), theirs.len(), "{name}");
    }
}

fn line(element: &Element<'_>) -> Option<String> {
    let observation = element.observation()?;
    let Event::Route { prefix, path_id, change } = &observation.event else { return None };
    // To bgpkit-parser, the time of a RIB entry is when it was originated, and it has no path
    // identifier.
    let (at, path_id) = match &element.kind {
        ElementKind::Rib { originated, .. } => (*originated, 0),
        _ => (observation.at, *path_id),
    };
    let key = format!(
        "{} {} {} {prefix} {path_id}",
        at.micros(),
        observation.vantage.address,
        observation.vantage.asn.number(),
    );
    Some(match change {
        Change::Withdraw => format!("{key} withdrawn"),
        Change::Unreadable => format!("{key} unreadable"),
        Change::Announce(route) => {
            let mut communities: Vec<String> =
                route.communities.iter().map(ToString::to_string).collect();
            communities.extend(route.large_communities.iter().map(ToString::to_string));
            communities.sort();
            format!(
                "{key} [{}] {:?} {communities:?} {:?}",
                route.path,
                route.next_hop,
                route.only_to_customer.map(bgp::Asn::number),
            )
        }
    })
}

fn word(element: &BgpElem) -> String {
    let micros = (element.timestamp * 1e6).round() as i64;
    let key = format!(
        "{micros} {} {} {} {}",
        element.peer_ip,
        element.peer_asn.to_u32(),
        element.prefix.prefix,
        element.prefix.path_id.unwrap_or(0),
    );
    if element.elem_type == ElemType::WITHDRAW {
        return format!("{key} withdrawn");
    }
    let mut communities: Vec<String> =
        element.communities.iter().flatten().filter_map(community).collect();
    communities.sort();
    let path = element.as_path.as_ref().map(AsPath::to_string).unwrap_or_default();
    let otc = element.only_to_customer.map(|asn| asn.to_u32());
    format!("{key} [{path}] {:?} {communities:?} {otc:?}", element.next_hop)
}

/// As we print it; bgpkit-parser has names for the well-known ones. None of an extended one.
fn community(community: &MetaCommunity) -> Option<String> {
    match community {
        MetaCommunity::Plain(plain) => {
            let (high, low) = match plain {
                Community::NoExport => (0xffff, 0xff01),
                Community::NoAdvertise => (0xffff, 0xff02),
                Community::NoExportSubConfed => (0xffff, 0xff03),
                Community::Custom(asn, low) => (asn.to_u32(), *low),
            };
            Some(format!("{high}:{low}"))
        }
        MetaCommunity::Large(large) => {
            Some(format!("{}:{}:{}", large.global_admin, large.local_data[0], large.local_data[1]))
        }
        _ => None,
    }
}
