//! What a router says of a session decides how its routes are read; where it says nothing, or the wrong
//! thing, nothing is invented.

use bgp::{Distinguisher, Prefix};
use parser::bmp::{Config, Event, Session};
use parser::{Everything, Step};

use crate::play::encode::{self, attribute, nlri, sequence};
use crate::play::frame::message;
use crate::play::story::Story;

const PREFIX: &str = "198.51.100.0/24";
const LOCAL: u32 = 64500;

/// A peer 192.0.2.10 of a router: what its per-peer header says.
#[derive(Clone, Copy)]
struct Peer {
    flags: u8,
    vrf: [u8; 8],
    asn: u32,
}

/// The A flag: AS numbers of two octets.
const A_FLAG: u8 = 0x20;

const PEER: Peer = Peer { flags: 0, vrf: [0; 8], asn: 64496 };

impl Peer {
    fn header(self) -> Vec<u8> {
        let mut header = vec![u8::from(self.vrf != [0; 8]), self.flags];
        header.extend(self.vrf);
        header.extend([0; 12]);
        header.extend([192, 0, 2, 10]);
        header.extend(self.asn.to_be_bytes());
        header.extend([192, 0, 2, 10]);
        header.extend([0x69, 0x27, 0x8e, 0x40, 0, 0, 0, 0]);
        header
    }

    /// Peer Up, both ends with or without capability 65, the table with this name.
    fn up(self, local: u32, four_octets: bool, name: Option<&str>) -> Vec<u8> {
        let mut body = self.header();
        body.extend([0; 12]);
        body.extend([192, 0, 2, 254, 0xb3, 0x75, 0, 179]);
        for asn in [local, self.asn] {
            body.extend(open(asn, four_octets));
        }
        if let Some(name) = name {
            body.extend([0, 3, 0, name.len() as u8]);
            body.extend(name.as_bytes());
        }
        message(3, &body)
    }

    fn route(self, as_path: &[u8]) -> Vec<u8> {
        let attributes = [attribute(0x40, 1, &[0]), attribute(0x40, 2, as_path)].concat();
        let prefix: Prefix = PREFIX.parse().unwrap();
        let update = encode::update(&[], &attributes, &nlri(&[(None, prefix)]));
        let mut body = self.header();
        body.extend([0xff; 16]);
        body.extend((19 + update.len() as u16).to_be_bytes());
        body.push(2);
        body.extend(update);
        message(0, &body)
    }
}

fn open(asn: u32, four_octets: bool) -> Vec<u8> {
    let capability = match four_octets {
        true => [&[2, 6, 65, 4], &asn.to_be_bytes()[..]].concat(),
        false => Vec::new(),
    };
    let mut open = vec![0xff; 16];
    open.extend([0, 29 + capability.len() as u8, 1, 4]);
    open.extend(u16::try_from(asn).unwrap_or(23456).to_be_bytes());
    open.extend([0, 90, 192, 0, 2, 1, capability.len() as u8]);
    open.extend(capability);
    open
}

fn two_octets(asns: &[u16]) -> Vec<u8> {
    let mut path = vec![2, asns.len() as u8];
    path.extend(asns.iter().flat_map(|asn| asn.to_be_bytes()));
    path
}

/// What is told of routes, and what is broken.
fn told(stream: &[Vec<u8>]) -> Vec<String> {
    let story = Story::of(&stream.concat());
    let lines = story.those(&["announce", "withdraw", "unreadable", "damage"]);
    lines.into_iter().map(str::to_owned).collect()
}

fn announced(path: &str, origin: &str) -> String {
    format!("announce 192.0.2.10 AS64496 {PREFIX} [{path}] {origin}")
}

#[test]
fn as_numbers_are_as_wide_as_the_open_messages_say_or_the_path_can_be() {
    let two = two_octets(&[64496, 64502, 64503]);
    let four = sequence(&[64496, 64502, 64503]);
    let expected = [announced("64496 64502 64503", "AS64503")];
    let table = [
        (0, false, &two),
        (0, true, &four),
        // As RFC 7854 wants it of a router that holds all paths with four octets.
        (0, false, &four),
        (A_FLAG, false, &two),
        (A_FLAG, true, &four),
    ];
    for (flags, four_octets, path) in table {
        let peer = Peer { flags, ..PEER };
        let stream = [peer.up(LOCAL, four_octets, None), peer.route(path)];
        assert_eq!(told(&stream), expected, "{flags} {four_octets} {path:?}");
    }
    // The capture starts behind the Peer Up.
    assert_eq!(told(&[Peer { flags: A_FLAG, ..PEER }.route(&two)]), expected);
    assert_eq!(told(&[PEER.route(&four)]), expected);
}

#[test]
fn a_width_that_is_guessed_is_told() {
    let guess = |octets: u8, at: usize| {
        format!(
            "damage record 1 at byte {at}: AS numbers are read as {octets} octets, which is a guess"
        )
    };
    // It can be read as AS64496 AS200 AS64666, or as two AS numbers that nobody has.
    let both = [2, 2, 0xfb, 0xf0, 0, 200, 2, 1, 0xfc, 0x9a];
    let up = PEER.up(LOCAL, false, None);
    let at = up.len() + 6 + 42 + 19 + 4 + 4 + 3;
    let stream = [up.clone(), PEER.route(&both)];
    assert_eq!(told(&stream), [guess(2, at), announced("64496 200 64666", "AS64666")]);
    // Once a path has shown it, it is no guess any more.
    let stream = [up, PEER.route(&two_octets(&[64496, 64502, 64503])), PEER.route(&both)];
    let expected = ["64496 64502 64503", "64496 200 64666"];
    let origins = ["AS64503", "AS64666"];
    assert_eq!(told(&stream), [0, 1].map(|n| announced(expected[n], origins[n])));
    // Neither OPEN nor flag say what the octets can be alone.
    let up = PEER.up(LOCAL, true, None);
    let at = up.len() + 6 + 42 + 19 + 4 + 4 + 3;
    let stream = [up, PEER.route(&two_octets(&[64496, 64502, 64503]))];
    assert_eq!(told(&stream), [guess(2, at), announced("64496 64502 64503", "AS64503")]);
}

#[test]
fn a_route_of_a_member_of_our_confederation_is_ours() {
    let confederation = |members: &[u32]| [&[3], &sequence(members)[1..]].concat();
    let member = Peer { asn: 65527, ..PEER };
    let of_member =
        |origin: &str| vec![format!("announce 192.0.2.10 AS65527 {PREFIX} [(65527)] {origin}")];
    // FRR has the AS of its own member in the OPEN between members, and shows the one of the whole to
    // others.
    let stream = [member.up(LOCAL, true, None), member.route(&confederation(&[65527]))];
    assert_eq!(told(&stream), of_member("AS64500"));
    let stream = [
        member.up(65526, true, None),
        PEER.up(LOCAL, true, None),
        member.route(&confederation(&[65527])),
    ];
    assert_eq!(told(&stream), of_member("AS64500"));
    // Behind it stands an AS, and that is the origin.
    let path = [confederation(&[65527]), sequence(&[64666])].concat();
    let stream = [member.up(LOCAL, true, None), member.route(&path)];
    let expected = format!("announce 192.0.2.10 AS65527 {PREFIX} [(65527) 64666] AS64666");
    assert_eq!(told(&stream), [expected]);
    // An external peer that is no member has its own confederation.
    let stream = [PEER.up(LOCAL, true, None), PEER.route(&confederation(&[65527]))];
    assert_eq!(told(&stream), [announced("(65527)", "AS64496")]);
}

/// 0:1 and 0:2.
const VRFS: [[u8; 8]; 2] = [[0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 2]];

fn of_vrfs() -> Vec<u8> {
    let [first, second] = VRFS.map(|vrf| Peer { vrf, ..PEER });
    let other = Peer { asn: 64497, ..first };
    let path = sequence(&[64496, 64666]);
    [
        first.up(LOCAL, true, Some("internet")),
        other.up(LOCAL, true, Some("internet")),
        second.up(LOCAL, true, None),
        first.route(&path),
        second.route(&path),
    ]
    .concat()
}

#[test]
fn a_vrf_that_is_left_out_is_told_once_and_how_many_peers_it_has() {
    let stream = of_vrfs();
    let mut session = Session::new(Config::default());
    let mut left_out = Vec::new();
    let (step, taken) = session.walk(&stream, None, &Everything, &mut |event| match event {
        Event::VrfLeftOut { vrf, .. } => left_out.push(vrf.distinguisher.to_string()),
        Event::Item(item) => panic!("{item:?}"),
        _ => (),
    });
    assert_eq!((step, taken), (Step::More(6), stream.len()));
    assert_eq!(left_out, ["0:1", "0:2"]);
    let known = |vrf: &parser::bmp::VrfLeftOut| (vrf.table_name.clone(), vrf.peers());
    let known: Vec<_> = session.vrfs_left_out().map(known).collect();
    assert_eq!(known, [(Some("internet".to_owned()), 2), (None, 1)]);
    assert_eq!((session.counters().vrf, session.statistics().skipped.vrfs), (2, 2));
}

#[test]
fn a_vrf_is_asked_for_by_distinguisher_or_name_and_its_vantage_points_bear_it() {
    let announced =
        |vrf: &str| format!("announce 192.0.2.10 AS64496 vrf {vrf} {PREFIX} [64496 64666] AS64666");
    let by_name = Config { vrf_names: vec!["internet".to_owned()], ..Config::default() };
    let by_number = Config { vrfs: vec![Distinguisher(VRFS[1])], ..Config::default() };
    for (config, vrf) in [(by_name.clone(), "0:1"), (by_number.clone(), "0:2")] {
        let story = Story::with(&of_vrfs(), config, None);
        assert_eq!(story.those(&["announce"]), [announced(vrf)]);
        assert_eq!((story.those(&["vrf left out"]).len(), story.counters.vrf), (1, 1));
    }
    let both = Config { vrfs: by_number.vrfs, ..by_name };
    let story = Story::with(&of_vrfs(), both, None);
    assert_eq!(story.those(&["announce"]), [announced("0:1"), announced("0:2")]);
    assert_eq!(story.those(&["vrf left out"]), [""; 0]);
}
