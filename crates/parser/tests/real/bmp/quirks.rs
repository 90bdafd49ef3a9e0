//! Where routers differ from the RFCs, one test each, made from what real ones sent.

use bgp::{Asn, Timestamp};
use parser::Everything;
use parser::bmp::{Config, Distinguisher, Event, Session, Setting};

use super::captures::{made, stream, streams};
use crate::play::frame::{message, messages};
use crate::play::story::Story;

const IN_PRE: &str = "announce r1 127.0.0.1 AS4761 198.51.100.128/25";

#[test]
fn frr_puts_its_own_as_in_front() {
    let stream = made("frr84-pre-post-policy.bmp");
    let told = |own_as_in_path| {
        let config = Config { own_as_in_path, ..Config::default() };
        let story = Story::with(&stream, config, None);
        (story.those(&[IN_PRE]).join("\n"), story.counters.own_as)
    };
    assert_eq!(told(Setting::Auto), (format!("{IN_PRE} [4761 3356 64666] AS64666"), 7));
    assert_eq!(told(Setting::On), (format!("{IN_PRE} [4761 3356 64666] AS64666"), 7));
    assert_eq!(told(Setting::Off), (format!("{IN_PRE} [64500 4761 3356 64666] AS64666"), 0));
}

#[test]
fn frr_puts_its_own_as_in_front_without_peer_up_too() {
    let stream = without(&made("frr84-pre-post-policy.bmp"), 3);
    let story = Story::of(&stream);
    assert_eq!(story.those(&[IN_PRE]), [format!("{IN_PRE} [4761 3356 64666] AS64666")]);
}

#[test]
fn frr_puts_its_own_as_in_front_in_its_loc_rib() {
    let story = Story::of(&stream("205-BMP-6wind-FRR-peer_down__traffic-00.pcap"));
    let router = "daisy-ietf-ipf-zbl1843-r-daisy-58";
    let loc_rib = format!("announce {router} 0.0.0.0 AS4226809914 loc-rib");
    let first = story.those(&[&loc_rib])[0].to_owned();
    assert_eq!(first, format!("{loc_rib} 100.105.30.0/24 [64496] AS64496"));
    assert!(!story.lines.iter().any(|line| line.contains("[4226809914 ")));
}

#[test]
fn frr_8_0_leaves_out_the_next_hop() {
    let story = Story::of(&stream("205-BMP-6wind-FRR-peer_down__traffic-00.pcap"));
    let router = "daisy-ietf-ipf-zbl1843-r-daisy-58";
    let post = format!("announce {router} 198.51.100.86 AS64496 adj-rib-in-post 100.105.30.0/24");
    assert_eq!(story.those(&[&post]), [format!("{post} [64496] AS64496")]);
}

/// Nothing tells these withdrawals from real ones; they are counted.
#[test]
fn frr_withdraws_what_its_policy_denies() {
    let story = Story::of(&made("frr84-import-deny-small.bmp"));
    let denied = [
        "announce edge1 127.0.0.2 AS4761 198.51.100.0/24 [4761] AS4761",
        "withdraw edge1 127.0.0.2 AS4761 198.51.100.0/24",
        "withdraw edge1 127.0.0.2 AS4761 198.51.100.0/25",
    ];
    let pre = ["announce edge1 127.0.0.2 AS4761 198", "withdraw edge1 127.0.0.2 AS4761 198"];
    assert_eq!(story.those(&pre), denied);
    assert_eq!(story.counters.unconfirmed_withdrawals, 2);
    let story = Story::of(&made("frr84-import-deny-rib9k.bmp"));
    assert_eq!(story.counters.unconfirmed_withdrawals, 11);
    let story = Story::of(&made("gobgp310-import-reject.bmp"));
    assert_eq!(story.counters.unconfirmed_withdrawals, 0);
}

#[test]
fn frr_tells_its_own_routes_as_of_peer_0_of_as_0() {
    let stream = made("frr84-pre-post-policy.bmp");
    let own = "announce r1 0.0.0.0 AS64500 adj-rib-in-post 192.0.2.0/24 [] AS64500";
    assert_eq!(Story::of(&stream).those(&["announce r1 0.0.0.0"]), [own]);
    // Before it told of any session nobody knows its AS but the operator.
    let stream = without(&stream, 3);
    let story = Story::of(&stream);
    assert_eq!(story.those(&["announce r1 0.0.0.0"]), [""; 0]);
    assert_eq!(story.counters.nameless, 1);
    let config = Config { asn: Some(Asn::new(64500)), ..Config::default() };
    let story = Story::with(&stream, config, None);
    assert_eq!(story.those(&["announce r1 0.0.0.0"]), [own]);
}

#[test]
fn frr_tells_its_as_in_its_loc_rib_too() {
    let stream = without(&stream("205-BMP-6wind-FRR-peer_down__traffic-00.pcap"), 3);
    let story = Story::of(&stream);
    let own = "announce daisy-ietf-ipf-zbl1843-r-daisy-58 0.0.0.0 AS4226809914 adj-rib-in-post";
    assert_eq!(story.those(&[own]), [format!("{own} 203.0.113.58/32 [] AS4226809914")]);
    assert_eq!(story.counters.nameless, 0);
}

#[test]
fn frr_ends_a_rib_at_time_zero() {
    let stream = made("frr84-pre-post-policy.bmp");
    let received = Timestamp::from_seconds(4_000_000_000);
    let story = Story::with(&stream, Config::default(), Some(received));
    let ends = [
        "end of rib r1 127.0.0.1 AS4761 adj-rib-in-post, Ipv4",
        "end of rib r1 127.0.0.1 AS4761, Ipv4",
        "end of rib r1 127.0.0.1 AS4761 adj-rib-in-post, Ipv6",
        "end of rib r1 127.0.0.1 AS4761, Ipv6",
    ];
    assert_eq!(story.those(&["end of rib"]), ends);
    // The first four come before it and have a time of their own.
    let at: Vec<i64> = story.times.iter().map(|at| at.seconds()).collect();
    let first = 0x6b02_018f;
    assert_eq!(at[..7], [first; 7]);
    assert_eq!(at[7], received.seconds());
    assert!(Story::of(&stream).times.iter().all(|at| at.seconds() < first + 60));
}

#[test]
fn gobgp_sends_neither_end_of_rib_nor_a_loc_rib_peer_up() {
    let story = Story::of(&made("gobgp310-all-policies.bmp"));
    assert_eq!((story.end_of_rib, story.counters.without_peer_up), (0, 7));
    let loc_rib = [
        "announce GoBGP 0.0.0.0 AS64500 loc-rib 198.51.100.0/24 [4761] AS4761",
        "announce GoBGP 0.0.0.0 AS64500 loc-rib 198.51.100.128/25 [4761 3356 64666] AS64666",
        "announce GoBGP 0.0.0.0 AS64500 loc-rib 2001:db8:4761::/48 [4761] AS4761",
        // Without an AS_PATH: its own.
        "announce GoBGP 0.0.0.0 AS64500 loc-rib 192.0.2.0/24 [] AS64500",
    ];
    assert_eq!(story.those(&["announce GoBGP 0.0.0.0"]), loc_rib);
}

/// A withdrawal has the time of its announcement, twenty seconds before.
#[test]
fn gobgp_withdraws_from_its_loc_rib_with_an_old_time() {
    let story = Story::of(&made("gobgp310-all-policies.bmp"));
    assert_eq!(story.counters.times_behind, 5);
    assert!(story.times.is_sorted());
    let last = story.times.last().unwrap().seconds();
    assert_eq!(last, 0x6b02_01e0);
}

/// gobgp#3499: path identifiers in the Loc-RIB that no Peer Up announced.
#[test]
fn gobgp_sends_path_identifiers_it_never_announced() {
    let plain = made("gobgp310-all-policies.bmp");
    let add_path = with_path_identifiers(&plain);
    let told = |stream: &[u8], add_path| {
        let config = Config { add_path, ..Config::default() };
        let story = Story::with(stream, config, None);
        let lines = story.those(&["announce GoBGP 0.0.0.0", "withdraw GoBGP 0.0.0.0"]).join("\n");
        (lines, story.counters.add_path, story.damages)
    };
    let (expected, ..) = told(&plain, Setting::Auto);
    let marked: Vec<String> = expected
        .lines()
        .map(|line| {
            let (start, end) = line.split_at(line.find('/').unwrap());
            let length = end.find(' ').unwrap_or(end.len());
            format!("{start}{}#7{}", &end[..length], &end[length..])
        })
        .collect();
    assert_eq!(told(&add_path, Setting::Auto), (marked.join("\n"), 7, 0));
    assert_eq!(told(&plain, Setting::Off), (expected, 0, 0));
    let (_, corrected, damages) = told(&add_path, Setting::Off);
    assert_eq!((corrected, damages > 0), (0, true));
}

#[test]
fn cisco_peers_of_a_vrf_are_kept_out_unless_asked_for() {
    let stream = stream("201-BMP-CISCO-rd_instance__traffic-00.pcap");
    let story = Story::of(&stream);
    assert_eq!(
        (story.counters.vrf, story.those(&["announce", "withdraw", "state"]).len()),
        (251, 0)
    );
    assert_eq!(story.those(&["peer up ipf-zbl1843-r-daisy-55 RdInstance 64499:"]).len(), 42);
    let vrf = Distinguisher([0, 0, 0xfb, 0xf3, 0, 0, 0, 0x36]);
    let story = Story::with(&stream, Config { vrfs: vec![vrf], ..Config::default() }, None);
    assert_eq!(story.counters.vrf, 251 - 28);
    assert_eq!(story.those(&["state 0 6"]).len(), 4);
}

#[test]
fn huawei_loc_ribs_of_vrfs_are_told_family_by_family() {
    let stream = stream("200-BMP-HUAWEI-locrib_instance__traffic-00.pcap");
    let story = Story::of(&stream);
    assert_eq!(story.counters.vrf, 18);
    let vrf = Distinguisher([0, 0, 0xfb, 0xf3, 0, 0, 0, 11]);
    let story = Story::with(&stream, Config { vrfs: vec![vrf], ..Config::default() }, None);
    assert_eq!((story.counters.vrf, story.damages), (0, 0));
    let of_the_table = " LocRib 64499:11 0.0.0.0 AS65537, AS65537 to AS65537";
    assert_eq!(story.lines.iter().filter(|line| line.ends_with(of_the_table)).count(), 2);
}

/// The capture starts behind the Peer Ups. As plain prefixes, the path identifier 0 in front of
/// 192.0.2.15/32 is four default routes.
#[test]
fn huawei_path_identifiers_show_without_a_peer_up() {
    let name = "208-BMP-mem-leak-test__bmp-multi-sources-route-monitoring.pcap";
    let told = |add_path| {
        let vrfs = vec![Distinguisher([0, 2, 0xfb, 0xf0, 0, 0x17, 0, 15])];
        let config = Config { vrfs, add_path, ..Config::default() };
        let stories = streams(name).into_iter().map(|it| Story::with(&it, config.clone(), None));
        let of_vrf =
            |story: &Story| story.lines.iter().any(|it| it.contains("AS4226809879 loc-rib"));
        let [story] = <[Story; 1]>::try_from(stories.filter(of_vrf).collect::<Vec<_>>()).unwrap();
        let announced = story.those(&["announce 0.0.0.0 AS4226809879 loc-rib"]).join("\n");
        (announced, story.counters.add_path)
    };
    let routes = "announce 0.0.0.0 AS4226809879 loc-rib vrf 4226809879:15 192.0.2.15/32 [65000] AS65000\n\
        announce 0.0.0.0 AS4226809879 loc-rib vrf 4226809879:15 192.0.2.23/32 [] AS4226809879\n\
        announce 0.0.0.0 AS4226809879 loc-rib vrf 4226809879:15 2001:db8::15/128 [65000] AS65000\n\
        announce 0.0.0.0 AS4226809879 loc-rib vrf 4226809879:15 2001:db8::23/128 [] AS4226809879";
    assert_eq!(told(Setting::Auto), (routes.to_owned(), 4));
    assert_eq!(told(Setting::On), (routes.to_owned(), 0));
    let (wrong, _) = told(Setting::Off);
    assert_eq!(wrong.matches(" 0.0.0.0/0 ").count(), 8);
}

/// Huawei and Cisco tell of one session once for each view and family.
#[test]
fn a_peer_up_that_comes_again_takes_no_routes_away() {
    let stream = made("frr84-pre-post-policy.bmp");
    let up = messages(&stream).find(|(kind, _)| *kind == 3).unwrap().1.to_vec();
    let head: usize = messages(&stream).take(6).map(|(_, body)| 6 + body.len()).sum();
    let again = [&stream[..head], &message(3, &up)].concat();
    assert_eq!(Story::of(&again).those(&["state 6 1"]), [""; 0]);
    // Another port is another session, and what the old one had told is gone.
    let mut other = up;
    other[42 + 17] ^= 1;
    let again = [&stream[..head], &message(3, &other)].concat();
    let down = ["state 6 1 r1 127.0.0.1 AS4761", "state 6 1 r1 127.0.0.1 AS4761 adj-rib-in-post"];
    assert_eq!(Story::of(&again).those(&["state 6 1"]), down);
}

#[test]
fn peers_of_different_capabilities_are_read_each_by_its_own() {
    let story = Story::of(&stream("bmp__peers-with-different-caps__example.pcap"));
    let session = "ipf-zbl1312-r-daisy-44 169.254.0.1 AS65000";
    assert_eq!(
        story.those(&["announce", "withdraw", "end of rib"]),
        [
            format!("announce {session} 203.0.113.81/32 [65000] AS65000"),
            format!("end of rib {session}, Ipv4")
        ]
    );
    // The others carry VPN routes alone.
    assert_eq!(story.those(&["state 0 6"]).len(), 6);
}

#[test]
fn a_session_goes_down_with_all_its_views_for_every_reason() {
    let stream = made("frr84-pre-post-policy.bmp");
    let down = messages(&stream).find(|(kind, _)| *kind == 2).unwrap().1[..42].to_vec();
    let alive = &stream[..stream.len() - down.len() - 7];
    let notification = [&[0xff; 16][..], &[0, 21, 3, 6, 2]].concat();
    let table = [
        (vec![1], "LocalNotification(None)"),
        (
            [&[1], &notification[..]].concat(),
            "LocalNotification(Some(Notification { code: 6, subcode: 2 }))",
        ),
        (vec![2, 0, 18], "LocalEvent(18)"),
        (
            [&[3], &notification[..]].concat(),
            "RemoteNotification(Some(Notification { code: 6, subcode: 2 }))",
        ),
        (vec![4], "Remote"),
        (vec![5], "NotMonitored"),
        (vec![6, 0, 3, 0, 6, b'g', b'l', b'o', b'b', b'a', b'l'], "LocalSystem"),
        (vec![9], "Unknown(Some(9))"),
        (vec![], "Unknown(None)"),
    ];
    for (reason, text) in table {
        let end = message(2, &[&down[..], &reason].concat());
        let story = Story::of(&[alive, &end].concat());
        let expected = [
            "state 6 1 r1 127.0.0.1 AS4761".to_owned(),
            "state 6 1 r1 127.0.0.1 AS4761 adj-rib-in-post".to_owned(),
            format!("peer down r1 127.0.0.1 AS4761, {text}"),
        ];
        assert_eq!(story.those(&["state 6 1", "peer down"]), expected, "{reason:?}");
    }
}

/// RFC 7854 section 4.2: the header, and not the session, says how wide AS numbers are.
#[test]
fn the_a_flag_makes_as_numbers_two_octets_wide() {
    let stream = made("gobgp310-import-reject.bmp");
    let mut body = messages(&stream).find(|(kind, _)| *kind == 0).unwrap().1.to_vec();
    let path = [0x40, 2, 6, 2, 1, 0, 0, 0x12, 0x99];
    let at = body.windows(path.len()).position(|window| window == path).unwrap();
    body.splice(at..at + path.len(), [0x40, 2, 6, 2, 2, 0x12, 0x99, 0xfc, 0x9a]);
    body[1] |= 0x20;
    let story = Story::of(&message(0, &body));
    let told = "announce 127.0.0.2 AS4761 198.51.100.0/24 [4761 64666] AS64666";
    assert_eq!(story.those(&["announce", "damage"]), [told]);
}

#[test]
fn the_operators_name_goes_before_the_routers_own() {
    let config = Config { router: "edge7".to_owned(), ..Config::default() };
    let mut session = Session::new(config);
    let mut routers = Vec::new();
    session.walk(&made("gobgp310-import-reject.bmp")[..400], None, &Everything, &mut |event| {
        if let Event::Initiation { router, .. } = event {
            routers.push(router.to_string());
        }
    });
    assert_eq!(routers, ["edge7"]);
    let vantages: Vec<String> = session.vantages().map(ToString::to_string).collect();
    assert_eq!(vantages, ["edge7 127.0.0.2 AS4761"]);
}

#[test]
fn what_is_not_read_is_passed_over_by_its_length() {
    let stream = made("gobgp310-import-reject.bmp");
    let plain = Story::of(&stream);
    let odd = [message(6, &[0; 70]), message(200, &[1, 2, 3]), message(7, &[])].concat();
    let mut mixed = Vec::new();
    for (kind, body) in messages(&stream) {
        mixed.extend(message(kind, body));
        mixed.extend(&odd);
    }
    let story = Story::of(&mixed);
    assert_eq!(story.lines, plain.lines);
    assert_eq!((story.counters.route_mirroring, story.counters.unknown), (6, 12));
}

fn without(stream: &[u8], unwanted: u8) -> Vec<u8> {
    let kept = messages(stream).filter(|(kind, _)| *kind != unwanted);
    kept.flat_map(|(kind, body)| message(kind, body)).collect()
}

/// Puts path identifier 7 in front of every prefix of the Loc-RIB: there is one a message.
fn with_path_identifiers(stream: &[u8]) -> Vec<u8> {
    messages(stream)
        .flat_map(|(kind, body)| {
            if kind != 0 || body[0] != 3 {
                return message(kind, body);
            }
            let mut body = body.to_vec();
            let update = 42 + 19;
            let withdrawn = usize::from(body[update + 1]);
            let attributes = update + 2 + withdrawn;
            let length = usize::from(body[attributes + 1]);
            let nlri = attributes + 2 + length;
            body[42 + 17] += 4;
            if withdrawn > 0 {
                body[update + 1] += 4;
                body.splice(update + 2..update + 2, [0, 0, 0, 7]);
            } else if nlri < body.len() {
                body.splice(nlri..nlri, [0, 0, 0, 7]);
            } else {
                body[attributes + 1] += 4;
                multiprotocol(&mut body, attributes + 2);
            }
            message(kind, &body)
        })
        .collect()
}

fn multiprotocol(body: &mut Vec<u8>, mut at: usize) {
    while !matches!(body[at + 1], 14 | 15) {
        at += 3 + usize::from(body[at + 2]);
    }
    body[at + 2] += 4;
    let behind =
        if body[at + 1] == 14 { at + 3 + 4 + usize::from(body[at + 6]) + 1 } else { at + 6 };
    body.splice(behind..behind, [0, 0, 0, 7]);
}
