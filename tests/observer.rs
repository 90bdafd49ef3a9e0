//! An observer is not a speaker, from the octets to the incident: whatever a sender does to what names neither the
//! prefix nor the path of its hijack, the hijack is told and stays; and what it does to those two ends nothing.

use std::fs;
use std::sync::Arc;

use archive::{DamageReports, Event, Inputs};
use bgp::{Asn, Prefix, Timestamp};
use feeds::{Found, Recording};
use fixtures::bmp::{Router, View};
use fixtures::recordings::MADE;
use fixtures::{AsnLength, Speaker, Update, What, ris_live};
use incidents::{IncidentSummary, Incidents, Reason, Rules, State};
use proptest::prelude::*;
use validator::{Classifier, Origins, OwnPrefixes, RpkiSnapshot, Watch, WatchList};

const PREFIXES: [&str; 2] = ["198.18.0.0/21", "2001:db8:4000::/34"];
const OFFENDER: u32 = 64_666;
/// An hour after the last message, which is longer than an incident that nobody holds stays open.
const LATER: i64 = MADE + 3700;

/// Types of attributes.
const AS_PATH: u8 = 2;
const MP_REACH: u8 = 14;
const AS4_PATH: u8 = 17;

/// An attribute of an UPDATE.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    flags: u8,
    code: u8,
    value: Vec<u8>,
}

/// What a sender, a bug or a bit may do to one attribute.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(prop::sample::Index, u8),
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
    Table,
    Bmp,
}

const ENCAPSULATIONS: [Encapsulation; 4] =
    [Encapsulation::Mrt, Encapsulation::MrtTwoOctets, Encapsulation::Table, Encapsulation::Bmp];

/// The fields of an UPDATE but for its withdrawn routes: attributes and prefixes as octets.
type Fields = (Vec<u8>, Vec<u8>);

fn mutation() -> impl Strategy<Value = Mutation> {
    let octets = prop::collection::vec(any::<u8>(), 1..20);
    prop_oneof![
        (any::<prop::sample::Index>(), 1..=255_u8).prop_map(|(at, mask)| Mutation::Flip(at, mask)),
        any::<prop::sample::Index>().prop_map(Mutation::Truncate),
        octets.prop_map(Mutation::Extend),
        any::<u8>().prop_map(Mutation::Flags),
        Just(Mutation::Twice),
        Just(Mutation::Remove),
        (1..=200_u8).prop_map(Mutation::Overrun),
    ]
}

impl Attribute {
    fn octets(&self) -> Vec<u8> {
        // The extended length is a matter of framing.
        let length = u8::try_from(self.value.len()).unwrap();
        [&[self.flags & !0x10, self.code, length][..], &self.value].concat()
    }

    fn mutated(mut self, mutation: &Mutation) -> Vec<u8> {
        let length = self.value.len();
        match mutation {
            Mutation::Flip(at, mask) if length > 0 => self.value[at.index(length)] ^= mask,
            Mutation::Truncate(at) if length > 0 => self.value.truncate(at.index(length)),
            Mutation::Flip(..) | Mutation::Truncate(_) => (),
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

/// The two who hold the hijack.
fn speakers() -> [Speaker; 2] {
    [Speaker::new(3001, "203.0.113.1"), Speaker::new(3002, "203.0.113.2")]
}

/// The hijack of both prefixes with an attribute of every kind, of which the path has an AS that two octets cannot say.
fn hijack(speaker: Speaker) -> Update {
    Update::announce(&PREFIXES, &format!("{} 131072 {OFFENDER}", speaker.asn))
        .med(7)
        .aggregator(OFFENDER, "192.0.2.9".parse().unwrap())
        .community(64_496, 666)
        .large_community([64_496, 0, 1])
        .only_to_customer(3491)
        .raw(16, &[0, 2, 0xfb, 0xf0, 0, 0, 0, 1])
        .raw(99, &[1, 2, 3])
}

/// The attributes of the hijack, and its prefixes of IPv4.
fn parts(encapsulation: Encapsulation, speaker: Speaker) -> (Vec<Attribute>, Vec<u8>) {
    let asns = match encapsulation {
        Encapsulation::MrtTwoOctets => AsnLength::Bits16,
        Encapsulation::Mrt | Encapsulation::Table | Encapsulation::Bmp => AsnLength::Bits32,
    };
    let octets = hijack(speaker).octets(asns);
    // Behind the header and the length of no withdrawn routes.
    let (length, rest) = octets[21..].split_at(2);
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    let (mut fields, prefixes) = rest.split_at(length);
    let mut attributes = Vec::new();
    while let [flags, code, length, rest @ ..] = fields {
        let is_extended = flags & 0x10 != 0;
        let (length, rest) = match (is_extended, rest) {
            (true, [low, rest @ ..]) => (u16::from_be_bytes([*length, *low]), rest),
            _ => (u16::from(*length), rest),
        };
        let (value, rest) = rest.split_at(length.into());
        attributes.push(Attribute { flags: *flags, code: *code, value: value.to_vec() });
        fields = rest;
    }
    (attributes, prefixes.to_vec())
}

/// All of them, as they should be.
fn whole(encapsulation: Encapsulation, speaker: Speaker) -> Fields {
    let (attributes, prefixes) = parts(encapsulation, speaker);
    (joined(&attributes), prefixes)
}

/// Whether it says which route is meant.
fn is_of_route(attribute: &Attribute) -> bool {
    [AS_PATH, AS4_PATH, MP_REACH].contains(&attribute.code)
}

fn joined(attributes: &[Attribute]) -> Vec<u8> {
    attributes.iter().flat_map(Attribute::octets).collect()
}

/// A BGP message (RFC 4271 section 4.3).
fn message((attributes, prefixes): &Fields) -> Vec<u8> {
    let length = |octets: usize| u16::try_from(octets).unwrap().to_be_bytes();
    let body = [&[0, 0], &length(attributes.len())[..], attributes, prefixes].concat();
    [&[0xff; 16], &length(19 + body.len())[..], &[2], &body].concat()
}

/// An MRT record (RFC 6396 section 2).
fn record(at: i64, kind: u8, subtype: u8, body: &[u8]) -> Vec<u8> {
    let (at, length) = (u32::try_from(at).unwrap(), u32::try_from(body.len()).unwrap());
    [&at.to_be_bytes()[..], &[0, kind, 0, subtype], &length.to_be_bytes(), body].concat()
}

fn address(speaker: Speaker) -> [u8; 4] {
    match speaker.address {
        std::net::IpAddr::V4(address) => address.octets(),
        std::net::IpAddr::V6(_) => unreachable!("both have one of IPv4"),
    }
}

/// What both say at these times, as a recording of this kind.
fn recording(encapsulation: Encapsulation, told: &[(i64, Speaker, Fields)]) -> Vec<u8> {
    match encapsulation {
        Encapsulation::Mrt => told.iter().flat_map(|told| bgp4mp(4, told)).collect(),
        Encapsulation::MrtTwoOctets => told.iter().flat_map(|told| bgp4mp(1, told)).collect(),
        Encapsulation::Table => told.iter().flat_map(table).collect(),
        Encapsulation::Bmp => {
            let own = Speaker::new(64_500, "192.0.2.254");
            let mut router = Router::new(own).initiation("made for a test", "edge1");
            for (number, (at, speaker, fields)) in told.iter().enumerate() {
                let what = What::Up;
                let event = fixtures::Event { at: at * 1_000_000, speaker: *speaker, what };
                if told[..number].iter().all(|(_, other, _)| other != speaker) {
                    router = router.peer_up(&event, View::InPre);
                }
                router = router.monitor_octets(&event, View::InPre, &message(fields));
            }
            router.octets()
        }
    }
}

/// BGP4MP (RFC 6396 section 4.4).
fn bgp4mp(subtype: u8, (at, speaker, fields): &(i64, Speaker, Fields)) -> Vec<u8> {
    let octets = |asn: u32| match subtype {
        1 => u16::try_from(asn).unwrap().to_be_bytes().to_vec(),
        _ => asn.to_be_bytes().to_vec(),
    };
    let session = [octets(speaker.asn), octets(64_512), vec![0, 0, 0, 1]].concat();
    let addresses = [address(*speaker), [192, 0, 2, 254]].concat();
    record(*at, 16, subtype, &[session, addresses, message(fields)].concat())
}

/// TABLE_DUMP_V2 (RFC 6396 section 4.3) with the entry of one peer. Each prefix has a record, so MP_REACH_NLRI holds
/// none.
fn table((at, speaker, (attributes, prefixes)): &(i64, Speaker, Fields)) -> Vec<u8> {
    let peer = [&[2][..], &address(*speaker), &address(*speaker), &speaker.asn.to_be_bytes()];
    let peers = [&[192, 0, 2, 254, 0, 0, 0, 1][..], &peer.concat()].concat();
    let entry = [
        &[0, 0, 0, 0],
        &prefixes[..],
        &[0, 1, 0, 0],
        &u32::try_from(*at).unwrap().to_be_bytes(),
        &u16::try_from(attributes.len()).unwrap().to_be_bytes(),
        attributes,
    ];
    [record(*at, 13, 1, &peers), record(*at, 13, 2, &entry.concat())].concat()
}

/// Of a recording, what the engine makes of it up to `until`: the reasons of its notices, and what stands.
fn told(octets: &[u8], until: i64) -> (Vec<Reason>, Vec<IncidentSummary>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording");
    fs::write(&path, octets).unwrap();
    let own = || Origins::Only(vec![Asn::new(64_500)]);
    let watches = PREFIXES.map(|prefix| prefix.parse::<Prefix>().unwrap());
    let watches = watches.map(|prefix| Watch::new(prefix, own(), prefix.length()));
    let watches = WatchList::new(watches, [Asn::new(64_500)]).unwrap();
    let rpki = Arc::<RpkiSnapshot>::default();
    let classifier = Arc::new(Classifier::new(Arc::new(watches), rpki));
    let inputs = Inputs::find(&[path], None).inputs;
    let mut recording = Recording::new(inputs, DamageReports::default(), classifier.clone(), None);
    let mut incidents = Incidents::new(Rules::default(), Arc::default());
    let mut own = OwnPrefixes::default();
    while let Some(event) = recording.next_event() {
        let Event::Units(units, count, reached) = event else { continue };
        for Found(_, finding) in units.take(count) {
            if own.admit(&finding, &classifier) {
                incidents.handle(finding.at(), finding);
            }
        }
        incidents.handle_timeout(reached);
    }
    incidents.handle_timeout(Timestamp::from_seconds(until));
    let notices = std::iter::from_fn(|| incidents.poll());
    let reasons = notices.map(|notice| notice.reason).collect();
    (reasons, incidents.view().summaries())
}

/// The incident that the hijack is, whichever of its prefixes could be read.
#[track_caller]
fn the_hijack(summaries: &[IncidentSummary]) -> &IncidentSummary {
    let [summary] = summaries else { panic!("{summaries:?}") };
    let offenders: Vec<_> = summary.offenders.iter().map(|party| party.asn.number()).collect();
    assert_eq!(offenders, [OFFENDER]);
    summary
}

/// Both say so, a second after another.
fn both(from: i64, fields: impl Fn(Speaker) -> Fields) -> Vec<(i64, Speaker, Fields)> {
    (from..).zip(speakers()).map(|(at, speaker)| (at, speaker, fields(speaker))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn no_mutation_of_another_attribute_hides_a_hijack_or_ends_its_incident(
        which: prop::sample::Index,
        mutation in mutation(),
        in_front: bool,
        is_told_before: bool,
        encapsulation in prop::sample::select(&ENCAPSULATIONS[..]),
    ) {
        let mutated = |speaker| {
            let (attributes, prefixes) = parts(encapsulation, speaker);
            let (route, mut others): (Vec<_>, Vec<_>) =
                attributes.into_iter().partition(is_of_route);
            let one = others.remove(which.index(others.len())).mutated(&mutation);
            // Behind an overrun nothing can be read.
            let fields = match in_front && !matches!(mutation, Mutation::Overrun(_)) {
                true => [one, joined(&others), joined(&route)].concat(),
                false => [joined(&route), joined(&others), one].concat(),
            };
            (fields, prefixes)
        };
        let before = is_told_before.then(|| both(MADE, |speaker| whole(encapsulation, speaker)));
        let mut messages = before.unwrap_or_default();
        messages.extend(both(MADE + 60, mutated));
        let (reasons, summaries) = told(&recording(encapsulation, &messages), LATER);
        prop_assert_eq!(reasons, [Reason::Opened]);
        let hijack = the_hijack(&summaries);
        prop_assert_eq!((hijack.state, hijack.holding), (State::Open, 2));
        let prefixes = if encapsulation == Encapsulation::Table { 1 } else { 2 };
        prop_assert_eq!(hijack.prefixes.len(), prefixes);
    }

    #[test]
    fn no_damage_to_the_path_or_the_prefixes_ends_the_incident(
        damage in prop::sample::select(&DAMAGES[..]),
        many: u8,
        encapsulation in prop::sample::select(&ENCAPSULATIONS[..]),
    ) {
        // A table is no news of a route that it does not have.
        let of_a_table = (encapsulation, damage) == (Encapsulation::Table, Damage::Prefix);
        let state = if of_a_table { State::Open } else { State::Clearing };
        let mut messages = both(MADE, |speaker| whole(encapsulation, speaker));
        messages.extend(both(MADE + 60, |speaker| damage.done(encapsulation, speaker, many)));
        let (reasons, summaries) = told(&recording(encapsulation, &messages), LATER);
        prop_assert_eq!(reasons, [Reason::Opened], "{:?}", summaries);
        let hijack = the_hijack(&summaries);
        // Nobody knows whether it is there still.
        prop_assert_eq!((hijack.state, hijack.holding), (state, 2));
    }
}

/// What makes that a message does not say what became of its routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    /// The path has a segment of a type that there is not.
    Segment,
    /// Its last segment says more ASes than there are.
    Count,
    /// It is cut within an AS.
    Cut,
    /// There is none.
    NoPath,
    /// It says that it is longer than all that there is.
    Overrun,
    /// A prefix is longer than an address.
    Prefix,
}

const DAMAGES: [Damage; 6] =
    [Damage::Segment, Damage::Count, Damage::Cut, Damage::NoPath, Damage::Overrun, Damage::Prefix];

impl Damage {
    fn done(self, encapsulation: Encapsulation, speaker: Speaker, many: u8) -> Fields {
        let (mut attributes, mut prefixes) = parts(encapsulation, speaker);
        // What is left of it would say the origin.
        attributes.retain(|attribute| attribute.code != AS4_PATH);
        let place = attributes.iter().position(|attribute| attribute.code == AS_PATH).unwrap();
        let path = &mut attributes[place];
        match self {
            Damage::Segment => path.value[0] = many | 8,
            Damage::Count => path.value[1] = many | 4,
            Damage::Cut => path.value.truncate(path.value.len() - 1),
            Damage::NoPath => drop(attributes.remove(place)),
            Damage::Overrun => {
                let path = attributes.remove(place);
                let overrun = path.mutated(&Mutation::Overrun(many | 128));
                return ([joined(&attributes), overrun].concat(), prefixes);
            }
            Damage::Prefix => {
                prefixes[0] = many | 0x80;
                let reach = attributes.iter_mut().find(|attribute| attribute.code == MP_REACH);
                // Behind family, next hop and a reserved octet.
                reach.unwrap().value[21] = many | 0x81;
            }
        }
        (joined(&attributes), prefixes)
    }
}

/// What a RIS Live message says beside path and prefixes, and what may stand there instead.
#[test]
fn a_field_of_ris_live_that_is_not_of_its_kind_hides_no_hijack() {
    let line = |at: i64, speaker| {
        let what = What::Update(hijack(speaker));
        ris_live::line(&fixtures::Event { at: at * 1_000_000, speaker, what }, "rrc21") + "\n"
    };
    for field in [
        r#""origin":"igp""#,
        r#""community":[[64496,666]]"#,
        r#""next_hop":"192.0.2.1""#,
        r#""next_hop":"2001:db8::1""#,
    ] {
        for junk in ["7", "-1", "1e99", "null", r#""x""#, "[]", r#"[[1,"x"]]"#, r#"{"a":1}"#] {
            let (name, _) = field.split_once(':').unwrap();
            let broken = |at, speaker| {
                let line = line(at, speaker);
                assert!(line.contains(field), "{line}");
                line.replace(field, &format!("{name}:{junk}"))
            };
            for lines in [speakers().map(|s| broken(MADE + 60, s)).to_vec(), {
                let mut lines = speakers().map(|s| line(MADE, s)).to_vec();
                lines.extend(speakers().map(|s| broken(MADE + 60, s)));
                lines
            }] {
                let (reasons, summaries) = told(lines.concat().as_bytes(), LATER);
                assert_eq!(reasons, [Reason::Opened], "{name} {junk}");
                let hijack = the_hijack(&summaries);
                assert_eq!((hijack.state, hijack.holding), (State::Open, 2), "{name} {junk}");
                assert_eq!(hijack.prefixes.len(), 2, "{name} {junk}");
            }
        }
    }
}
