//! An observer is not a speaker: whatever is wrong with an attribute that names neither prefix nor
//! origin, the route stays what it is, and nothing is ever withdrawn by damage.

use bgp::{Change, Event, Prefix};
use parser::{Everything, Filter, Item, Received, Walker};
use proptest::prelude::*;

use crate::play::encode::{self, attribute, nlri, sequence};
use crate::play::frame::message;

const HIJACK: &str = "198.51.100.0/24";
const HIJACK_V6: &str = "2001:db8:1000::/36";
const OFFENDER: u32 = 65541;

/// An attribute, and what a test does to it.
#[derive(Clone, Debug)]
struct Attribute {
    flags: u8,
    code: u8,
    value: Vec<u8>,
}

/// What a sender, a bug or a bit may do to one attribute.
#[derive(Clone, Debug)]
enum Mutation {
    Flip {
        at: prop::sample::Index,
        mask: u8,
    },
    Truncate(prop::sample::Index),
    Extend(Vec<u8>),
    Flags(u8),
    Twice,
    Remove,
    /// Its length says more than there is: nothing behind it can be read.
    Overrun(u8),
}

/// Where an UPDATE may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encapsulation {
    Mrt,
    MrtTwoOctets,
    Rib,
    Bmp,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let octets = prop::collection::vec(any::<u8>(), 1..20);
    prop_oneof![
        (any::<prop::sample::Index>(), 1..=255_u8)
            .prop_map(|(at, mask)| Mutation::Flip { at, mask }),
        any::<prop::sample::Index>().prop_map(Mutation::Truncate),
        octets.prop_map(Mutation::Extend),
        any::<u8>().prop_map(Mutation::Flags),
        Just(Mutation::Twice),
        Just(Mutation::Remove),
        (1..=200_u8).prop_map(Mutation::Overrun),
    ]
}

impl Attribute {
    fn new(flags: u8, code: u8, value: &[u8]) -> Self {
        Attribute { flags, code, value: value.to_vec() }
    }

    fn octets(&self) -> Vec<u8> {
        // The extended length is a matter of framing.
        attribute(self.flags & !0x10, self.code, &self.value)
    }

    fn mutated(mut self, mutation: &Mutation) -> Vec<u8> {
        match mutation {
            Mutation::Flip { at, mask } if !self.value.is_empty() => {
                let at = at.index(self.value.len());
                self.value[at] ^= mask;
            }
            Mutation::Truncate(at) if !self.value.is_empty() => {
                self.value.truncate(at.index(self.value.len()));
            }
            Mutation::Flip { .. } | Mutation::Truncate(_) => (),
            Mutation::Extend(octets) => self.value.extend(octets),
            Mutation::Flags(flags) => self.flags = *flags,
            Mutation::Twice => return self.octets().repeat(2),
            Mutation::Remove => return Vec::new(),
            Mutation::Overrun(more) => {
                let mut octets = self.octets();
                octets[2] = octets[2].saturating_add(*more);
                return octets;
            }
        }
        self.octets()
    }
}

/// What a route has beside AS_PATH, AS4_PATH and prefixes.
fn others() -> Vec<Attribute> {
    vec![
        Attribute::new(0x40, 1, &[0]),
        Attribute::new(0x40, 3, &[192, 0, 2, 1]),
        Attribute::new(0x80, 4, &[0, 0, 0, 7]),
        Attribute::new(0x40, 5, &[0, 0, 0, 100]),
        Attribute::new(0x40, 6, &[]),
        Attribute::new(0xc0, 8, &[0xfb, 0xf0, 2, 0x9a]),
        Attribute::new(0x80, 9, &[192, 0, 2, 9]),
        Attribute::new(0x80, 10, &[192, 0, 2, 10]),
        Attribute::new(0xc0, 16, &[0, 2, 0xfb, 0xf0, 0, 0, 0, 1]),
        Attribute::new(0xc0, 25, &[0; 20]),
        Attribute::new(0xc0, 32, &[0; 12]),
        Attribute::new(0xc0, 35, &[0, 0, 0xfb, 0xf6]),
        Attribute::new(0xc0, 99, &[1, 2, 3]),
    ]
}

/// AS_PATH, or AS_PATH and AS4_PATH.
fn path(encapsulation: Encapsulation) -> Vec<u8> {
    match encapsulation {
        Encapsulation::MrtTwoOctets => {
            let two = [2, 3, 0xfb, 0xf0, 0xfb, 0xf6, 0x5b, 0xa0];
            let four = sequence(&[64502, OFFENDER]);
            [attribute(0x40, 2, &two), attribute(0xc0, 17, &four)].concat()
        }
        Encapsulation::Mrt | Encapsulation::Rib | Encapsulation::Bmp => {
            attribute(0x40, 2, &sequence(&[64496, 64502, OFFENDER]))
        }
    }
}

fn reach() -> Vec<u8> {
    let prefix: Prefix = HIJACK_V6.parse().unwrap();
    let value = [&[0, 2, 1, 16][..], &[7; 16], &[0], &nlri(&[(None, prefix)])].concat();
    attribute(0x80, 14, &value)
}

fn stream(encapsulation: Encapsulation, attributes: &[u8]) -> Vec<u8> {
    let prefix: Prefix = HIJACK.parse().unwrap();
    let update = |attributes: &[u8]| {
        let attributes = [attributes, &reach()].concat();
        encode::update(&[], &attributes, &nlri(&[(None, prefix)]))
    };
    match encapsulation {
        Encapsulation::Mrt => encode::message(4, &update(attributes)),
        Encapsulation::MrtTwoOctets => encode::message(1, &update(attributes)),
        Encapsulation::Rib => [encode::peers(&[1]), encode::rib(prefix, &[0], attributes)].concat(),
        Encapsulation::Bmp => bmp(0, &[0; 8], 64496, &update(attributes)),
    }
}

/// A Route Monitoring message of 192.0.2.10.
fn bmp(flags: u8, distinguisher: &[u8; 8], asn: u32, update: &[u8]) -> Vec<u8> {
    let mut header = vec![u8::from(*distinguisher != [0; 8]), flags];
    header.extend(distinguisher);
    header.extend([0; 12]);
    header.extend([192, 0, 2, 10]);
    header.extend(asn.to_be_bytes());
    header.extend([192, 0, 2, 10]);
    header.extend([0x69, 0x27, 0x8e, 0x40, 0, 0, 0, 0]);
    header.extend([0xff; 16]);
    header.extend((19 + update.len() as u16).to_be_bytes());
    header.push(2);
    header.extend(update);
    message(0, &header)
}

/// What became of which prefix: its origin, `unreadable` or `withdrawn`.
fn changes(stream: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
    filtered(stream, &Everything)
}

fn filtered(stream: &[u8], filter: &impl Filter) -> (Vec<(String, String)>, Vec<String>) {
    let (mut changes, mut damages) = (Vec::new(), Vec::new());
    Walker::new("").walk(stream, true, filter, &mut |item| match item {
        Item::Element(element) => {
            let observation = element.observation().unwrap();
            let told = match &observation.event {
                Event::Route { prefix, change, .. } => {
                    let what = match change {
                        Change::Announce(_) => observation.origin().unwrap().to_string(),
                        Change::Unreadable => "unreadable".to_owned(),
                        Change::Withdraw => "withdrawn".to_owned(),
                    };
                    Some((prefix.to_string(), what))
                }
                Event::Unreadable => Some(("any".to_owned(), "unreadable".to_owned())),
                Event::SessionUp | Event::SessionDown => None,
            };
            changes.extend(told);
        }
        Item::Damage(damage) => damages.push(damage.to_string()),
    });
    (changes, damages)
}

fn hijack(encapsulation: Encapsulation) -> Vec<(String, String)> {
    let of = |prefix: &str| (prefix.to_owned(), format!("AS{OFFENDER}"));
    match encapsulation {
        Encapsulation::Rib => vec![of(HIJACK)],
        Encapsulation::Mrt | Encapsulation::MrtTwoOctets | Encapsulation::Bmp => {
            vec![of(HIJACK), of(HIJACK_V6)]
        }
    }
}

const ENCAPSULATIONS: [Encapsulation; 4] =
    [Encapsulation::Mrt, Encapsulation::MrtTwoOctets, Encapsulation::Rib, Encapsulation::Bmp];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_mutation_of_another_attribute_hides_a_hijack(
        which: prop::sample::Index,
        mutation in mutation(),
        behind: bool,
        encapsulation in prop::sample::select(&ENCAPSULATIONS[..]),
    ) {
        let mut all = others();
        let one = all.remove(which.index(all.len()));
        let mutated = one.mutated(&mutation);
        let rest: Vec<u8> = all.iter().flat_map(Attribute::octets).collect();
        // Behind an overrun nothing can be read, so it comes last; MP_REACH_NLRI is lost by it then.
        let overruns = matches!(mutation, Mutation::Overrun(_));
        let attributes = match behind || overruns {
            true => [path(encapsulation), rest, mutated].concat(),
            false => [mutated, rest, path(encapsulation)].concat(),
        };
        let (changes, _) = changes(&stream(encapsulation, &attributes));
        let mut expected = hijack(encapsulation);
        if overruns {
            expected.truncate(1);
        }
        prop_assert_eq!(changes, expected);
    }

    #[test]
    fn no_mutation_of_as_path_withdraws(
        mutation in mutation(),
        encapsulation in prop::sample::select(&ENCAPSULATIONS[..]),
    ) {
        let as_path = Attribute::new(0x40, 2, &sequence(&[64496, 64502, OFFENDER]));
        let rest: Vec<u8> = others().iter().flat_map(Attribute::octets).collect();
        let attributes = [rest, as_path.mutated(&mutation)].concat();
        let (changes, damages) = changes(&stream(encapsulation, &attributes));
        prop_assert!(!changes.is_empty());
        prop_assert!(changes.iter().all(|(_, what)| what != "withdrawn"), "{:?}", changes);
        if changes.iter().any(|(_, what)| what == "unreadable") {
            prop_assert!(!damages.is_empty());
        }
    }

    #[test]
    fn a_stream_cut_anywhere_withdraws_nothing(
        cut: prop::sample::Index,
        encapsulation in prop::sample::select(&ENCAPSULATIONS[..]),
    ) {
        let rest: Vec<u8> = others().iter().flat_map(Attribute::octets).collect();
        let stream = stream(encapsulation, &[path(encapsulation), rest].concat());
        let (changes, _) = changes(&stream[..cut.index(stream.len())]);
        prop_assert_eq!(changes, []);
    }
}

fn plain(attributes: &[u8], prefix: &str) -> Vec<u8> {
    encode::update(&[], attributes, &nlri(&[(None, prefix.parse().unwrap())]))
}

fn one(prefix: &str, what: &str) -> Vec<(String, String)> {
    vec![(prefix.to_owned(), what.to_owned())]
}

#[test]
fn prefixes_that_cannot_be_read_make_the_routes_of_the_vantage_point_stale_and_leave_the_other_field()
 {
    let attributes = [path(Encapsulation::Mrt), reach()].concat();
    let broken = encode::message(4, &encode::update(&[], &attributes, &[24, 198, 51]));
    let (told, damages) = changes(&broken);
    assert_eq!(told[0], ("any".to_owned(), "unreadable".to_owned()));
    assert_eq!(told[1..], one(HIJACK_V6, &format!("AS{OFFENDER}")));
    assert!(damages[0].ends_with("prefixes are malformed, their routes are lost"), "{damages:?}");
    // MP_REACH_NLRI of EVPN, cut in its next hop, says nothing about IPv4.
    let evpn = attribute(0x80, 14, &[0, 25, 70, 16, 1]);
    let attributes = [path(Encapsulation::Mrt), evpn].concat();
    let (told, _) = changes(&encode::message(4, &plain(&attributes, HIJACK)));
    assert_eq!(told[1..], one(HIJACK, &format!("AS{OFFENDER}")));
}

#[test]
fn a_message_that_is_cut_makes_the_routes_of_the_vantage_point_stale() {
    // The attributes claim more than there is.
    let mut update = plain(&path(Encapsulation::Mrt), HIJACK);
    update[2] = 0x10;
    assert_eq!(changes(&encode::message(4, &update)).0, one("any", "unreadable"));
    assert_eq!(changes(&bmp(0, &[0; 8], 64496, &update)).0, one("any", "unreadable"));
}

#[test]
fn a_rib_entry_without_as_path_has_no_origin_and_an_own_one_is_nobodys() {
    let prefix: Prefix = HIJACK.parse().unwrap();
    let bare = attribute(0x40, 1, &[0]);
    let rib = |peer, attributes: &[u8]| {
        changes(&[encode::peers(&[peer]), encode::rib(prefix, &[0], attributes)].concat())
    };
    let (told, damages) = rib(1, &bare);
    assert_eq!((told, damages.len()), (one(HIJACK, "unreadable"), 1));
    // FRR writes its own routes as those of AS 0 with an empty AS_PATH, BIRD with none at all.
    let empty = [bare.clone(), attribute(0x40, 2, &[])].concat();
    for attributes in [bare, empty] {
        assert_eq!(rib(0, &attributes), (one(HIJACK, "NONE"), vec![]));
    }
}

#[test]
fn a_path_of_a_confederation_alone_is_our_own() {
    let confederation = |members: &[u32]| {
        let segment = [&[3], &sequence(members)[1..]].concat();
        [attribute(0x40, 1, &[0]), attribute(0x40, 2, &segment)].concat()
    };
    // The record says peer AS64500 and local AS64501: a collector, and the peer's confederation.
    let record = encode::message(4, &plain(&confederation(&[65527]), HIJACK));
    assert_eq!(changes(&record).0, one(HIJACK, "AS64500"));
    // The peer is a member itself, so the local AS is that of the confederation.
    let record = encode::message(4, &plain(&confederation(&[64500, 65527]), HIJACK));
    assert_eq!(changes(&record).0, one(HIJACK, "AS64501"));
}

#[test]
fn as_trans_alone_is_no_as() {
    let two = [2, 2, 0xfb, 0xf0, 0x5b, 0xa0];
    let attributes = [attribute(0x40, 1, &[0]), attribute(0x40, 2, &two)].concat();
    let mut origins = Vec::new();
    let record = encode::message(1, &plain(&attributes, HIJACK));
    Walker::new("").walk(&record, true, &Everything, &mut |item| {
        if let Item::Element(element) = item {
            origins.push(element.origin());
        }
    });
    assert_eq!(origins, [bgp::RouteOrigin::Trans]);
}

#[test]
fn what_the_collector_sent_is_left_out_and_counted_where_it_is_not_wanted() {
    for subtype in [6, 7, 10, 11] {
        let as_path = match subtype {
            6 | 10 => vec![2, 1, 0xfb, 0xf0],
            _ => sequence(&[64496]),
        };
        let attributes = [attribute(0x40, 1, &[0]), attribute(0x40, 2, &as_path)].concat();
        let add_path = (subtype > 7).then_some(7);
        let field = nlri(&[(add_path, HIJACK.parse().unwrap())]);
        let record = encode::message(subtype, &encode::update(&[], &attributes, &field));
        assert_eq!(changes(&record).0, one(HIJACK, "AS64496"), "{subtype}");
        assert_eq!(filtered(&record, &Received), (vec![], vec![]), "{subtype}");
        let mut walker = Walker::new("");
        walker.walk(&record, true, &Received, &mut |_| ());
        assert_eq!(walker.statistics().skipped.sent, 1, "{subtype}");
    }
}

#[test]
fn stray_octets_behind_a_reduced_mp_reach_keep_the_next_hop() {
    let next_hop = [&[16][..], &[7; 16], &[0xab, 0xcd]].concat();
    let attributes = [encode::mandatory(&[64500]), attribute(0x80, 14, &next_hop)].concat();
    let prefix: Prefix = HIJACK_V6.parse().unwrap();
    let mut record = encode::rib(prefix, &[0], &attributes);
    record[7] = 4; // RIB_IPV6_UNICAST
    let mut next_hops = Vec::new();
    Walker::new("").walk(&[encode::peers(&[1]), record].concat(), true, &Everything, &mut |item| {
        if let Item::Element(element) = item {
            next_hops.extend(element.attributes().and_then(|it| it.route_next_hop()));
        }
    });
    assert_eq!(next_hops, [std::net::IpAddr::from([7; 16])]);
}

/// A RIS Live message with this in place of the path and of the communities.
fn line(path: &str, community: &str, prefixes: &str) -> Vec<u8> {
    format!(
        r#"{{"type":"ris_message","data":{{"timestamp":1,"peer":"192.0.2.1","peer_asn":"64496","host":"rrc01","type":"UPDATE","path":{path},"community":{community},"announcements":[{{"next_hop":"192.0.2.1","prefixes":{prefixes}}}]}}}}"#
    )
    .into_bytes()
}

#[test]
fn a_field_of_a_ris_live_message_that_is_not_of_its_kind_costs_itself() {
    let one_prefix = format!(r#"["{HIJACK}"]"#);
    let hijack = one(HIJACK, "AS65541");
    let (path, none) = ("[64496,65541]", "[]");
    assert_eq!(changes(&line(path, none, &one_prefix)), (hijack.clone(), vec![]));
    for community in [r#""x""#, r#"[[1,"x"]]"#, "7", r#"{"a":1}"#] {
        let told =
            "record 0 at byte 0: community of a ris live message is malformed, it is left out";
        let found = changes(&line(path, community, &one_prefix));
        assert_eq!(found, (hijack.clone(), vec![told.to_owned()]));
    }
    for path in [r#"["x"]"#, "7", "null", "[-1]"] {
        let (found, damages) = changes(&line(path, none, &one_prefix));
        assert_eq!(found, one(HIJACK, "unreadable"), "{path}");
        assert!(!damages.is_empty(), "{path}");
    }
    let both = format!(r#"["198.51.100.0/33","{HIJACK}"]"#);
    let (found, damages) = changes(&line(path, none, &both));
    assert_eq!(found, [one("any", "unreadable"), hijack].concat());
    assert_eq!(damages.len(), 1, "{damages:?}");
}
