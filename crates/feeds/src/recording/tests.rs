//! Inputs that meet in a prefix that was learned: whichever thread is faster, the findings are those
//! of reading everything in the order of time.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};

use archive::{DamageReports, Event, Inputs, Order, Scan};
use bgp::{Asn, Observation, Prefix, Timestamp};
use parser::{Item, Reader, Received};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};
use tempfile::TempDir;
use validator::{
    Finding, Origins, OwnPrefixes, RouteFinding, RouteState, RpkiSnapshot, Watch, WatchList,
};

use super::*;

const OWN: u32 = 64_500;

/// One watched prefix and three outside: 198.18.0.0/24 and the next ones.
const PREFIXES: u8 = 4;

/// What one of two vantage points says of one of the prefixes, seconds after what stands before.
#[derive(Clone, Debug)]
struct Said {
    after: i64,
    vantage: u8,
    prefix: u8,
    /// None withdraws.
    origin: Option<u32>,
}

/// That we and another AS originate them, or others alone.
fn said(after: Range<i64>, ours: bool) -> impl Strategy<Value = Said> + Clone {
    let origin =
        prop_oneof![Just(None), Just(Some(if ours { OWN } else { 64_501 })), Just(Some(4761))];
    (after, 1..3_u8, 0..PREFIXES, origin).prop_map(|(after, vantage, prefix, origin)| Said {
        after,
        vantage,
        prefix,
        origin,
    })
}

/// A BGP4MP_MESSAGE_AS4 record (RFC 6396 section 4.4.3), so long that a file has several blocks.
fn record(second: i64, said: &Said) -> Vec<u8> {
    const PADDING: u16 = 8000;
    let nlri = [24, 198, 18, said.prefix];
    let mut body = Vec::new();
    for asn in [100 + u32::from(said.vantage), 64_999] {
        body.extend(asn.to_be_bytes());
    }
    body.extend([0, 0, 0, 1, 192, 0, 2, said.vantage, 192, 0, 2, 255]);
    let mut attributes = Vec::new();
    let (withdrawn, announced): (&[u8], &[u8]) = match said.origin {
        None => (&nlri, &[]),
        Some(origin) => {
            attributes.extend([0x40, 1, 1, 0, 0x40, 2, 6, 2, 1]);
            attributes.extend(origin.to_be_bytes());
            attributes.extend([0x40, 3, 4, 192, 0, 2, said.vantage]);
            // Of a type that nobody gave away.
            attributes.extend([0xd0, 200]);
            attributes.extend(PADDING.to_be_bytes());
            attributes.resize(attributes.len() + usize::from(PADDING), 0);
            (&[], &nlri)
        }
    };
    let mut update = Vec::new();
    for field in [withdrawn, &attributes] {
        update.extend(u16::try_from(field.len()).unwrap().to_be_bytes());
        update.extend(field);
    }
    update.extend(announced);
    body.extend([0xff; 16]);
    body.extend(u16::try_from(update.len() + 19).unwrap().to_be_bytes());
    body.push(2);
    body.extend(update);
    let mut record = u32::try_from(second).unwrap().to_be_bytes().to_vec();
    record.extend([0, 16, 0, 4]);
    record.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    record.extend(body);
    record
}

/// Lets the threads of the inputs take their elements in a certain order.
#[derive(Debug, Default)]
struct Gate {
    /// Whose turn it is, the next one last.
    turns: Mutex<Vec<PathBuf>>,
    moved: Condvar,
}

impl Gate {
    fn pass(&self, who: &PathBuf) {
        let mut turns = self.turns.lock().unwrap();
        while turns.last().is_some_and(|next| next != who) {
            turns = self.moved.wait(turns).unwrap();
        }
        turns.pop();
        self.moved.notify_all();
    }
}

/// A filter that waits for its turn, but for the thread that makes batches again.
#[derive(Clone)]
struct Paced {
    visitor: FindingVisitor,
    gate: Arc<Gate>,
    input: PathBuf,
    merging: ThreadId,
}

impl RecordVisitor for Paced {
    type Unit = Found;

    fn filter(&self) -> impl Filter + use<> {
        self.visitor.filter()
    }

    fn visit(&mut self, element: &Element<'_>, units: &mut Vec<Found>) {
        if thread::current().id() != self.merging {
            self.gate.pass(&self.input);
        }
        self.visitor.visit(element, units);
    }

    fn knowledge(&self) -> Option<u64> {
        self.visitor.knowledge()
    }

    fn number(kept: &Found) -> u64 {
        FindingVisitor::number(kept)
    }
}

fn classifier() -> Arc<Classifier> {
    let watch =
        Watch::new("198.18.0.0/24".parse().unwrap(), Origins::Only(vec![Asn::new(OWN)]), 24);
    let watches = WatchList::new([watch], [Asn::new(OWN)]).unwrap();
    Arc::new(Classifier::new(Arc::new(watches), Arc::new(RpkiSnapshot::default())))
}

/// The files of two inputs; `apart`: never both within one second.
fn files(inputs: &[Vec<Said>; 2], apart: bool) -> (TempDir, [PathBuf; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    for (number, (path, all)) in (0_i64..).zip(paths.iter().zip(inputs)) {
        let mut second = 1_400_000_000_i64 + if apart { number } else { 0 };
        let mut bytes = Vec::new();
        for said in all {
            second += if apart { 2 * said.after } else { said.after };
            bytes.extend(record(second, said));
        }
        fs::write(path, bytes).unwrap();
    }
    (folder, paths)
}

/// Reads everything, sorts it by time, and sifts it. Of equals, what begins first comes first. Each input says once
/// of each vantage point that it is there.
fn naive(paths: &[PathBuf]) -> Vec<Finding> {
    let mut all: BTreeMap<(Timestamp, usize), Vec<(bool, Observation)>> = BTreeMap::new();
    for (number, input) in Inputs::find(paths, None).inputs.iter().enumerate() {
        let mut reader = Reader::new(File::open(input.name()).unwrap(), &input.collector);
        let mut heard = HashSet::new();
        while reader.read_record(&Received, &mut |item| {
            let Item::Element(element) = item else { panic!("{item:?}") };
            let is_new = heard.insert(element.vantage.clone());
            let observation = element.observation().map(|observation| (is_new, observation));
            all.entry((element.at, number)).or_default().extend(observation);
        }) {}
    }
    let (classifier, mut own) = (classifier(), OwnPrefixes::default());
    let (mut first, mut offenders) = (BTreeMap::new(), BTreeMap::new());
    let classify = |(is_new, observation): &(bool, Observation)| {
        let bgp::Event::Route { prefix, .. } = observation.event else { panic!("{observation:?}") };
        let (at, vantage) = (observation.at, observation.vantage.clone());
        let up = is_new.then_some(Finding::SessionUp { at, vantage });
        let finding = classifier.classify(observation, own.contains(prefix));
        let finding = finding.filter(|finding| own.admit(finding, &classifier));
        let finding = finding.or_else(|| taken(&mut first, &offenders, &classifier, observation));
        if let Some(Finding::Route(RouteFinding { state: RouteState::Held(held), .. })) = &finding {
            let asn = held.origin.asn().filter(|asn| *asn != Asn::new(OWN));
            if let Some(asn) = asn {
                offenders.entry(asn).or_insert(at);
            }
        }
        up.into_iter().chain(finding).collect::<Vec<_>>()
    };
    all.values().flatten().flat_map(classify).collect()
}

/// Whose a prefix outside of every watch was that somebody took who has hit us by then.
fn taken(
    first: &mut BTreeMap<Prefix, BTreeMap<Asn, Timestamp>>,
    offenders: &BTreeMap<Asn, Timestamp>,
    classifier: &Classifier,
    observation: &Observation,
) -> Option<Finding> {
    let Observation { at, vantage, event: bgp::Event::Route { prefix, change, .. } } = observation
    else {
        panic!("{observation:?}")
    };
    let bgp::Change::Announce(route) = change else { return None };
    let origin = route.origin(vantage.asn);
    if classifier.matches_announcement(*prefix, &origin) {
        return None;
    }
    let origin = origin.asn().unwrap();
    let known = first.entry(*prefix).or_default();
    let begun = *known.entry(origin).or_insert(*at);
    let seconds = |since: Timestamp, until: Timestamp| until.since(since).as_secs();
    let is_holder =
        |(asn, since): &(&Asn, &Timestamp)| **asn != origin && seconds(**since, begun) >= 600;
    let since = offenders.get(&origin)?;
    if begun < *since && seconds(begun, *since) > 3600 {
        return None;
    }
    let holders: Vec<Asn> = known.iter().filter(is_holder).map(|(asn, _)| *asn).collect();
    let (at, prefix) = (*at, *prefix);
    (!holders.is_empty()).then_some(Finding::OffenderActivity { at, prefix, origin, holders })
}

/// The same with a thread for each input, which take their elements in the order of `turns`.
fn scanned(paths: &[PathBuf], turns: &[usize]) -> Vec<Finding> {
    let (classifier, mut own) = (classifier(), OwnPrefixes::default());
    let visitor = FindingVisitor::new(classifier.clone(), None);
    let turns = turns.iter().map(|number| paths[*number].clone()).collect();
    let mut offenders = OffenderFilter::new(visitor.known.clone());
    let gate = Arc::new(Gate { turns: Mutex::new(turns), ..Gate::default() });
    let merging = thread::current().id();
    let inputs = Inputs::find(paths, None).inputs;
    let mut scan = Scan::new(inputs, Order::Time, DamageReports::default(), move |input| {
        let (visitor, gate, input) = (visitor.clone(), Arc::clone(&gate), input.name().into());
        Paced { visitor, gate, input, merging }
    });
    // All inputs are open from the start.
    scan.set_threads(std::num::NonZeroUsize::new(8));
    let mut findings = Vec::new();
    while let Some(event) = scan.next_event() {
        match event {
            Event::Units(units, count, _) => {
                let found = units.take(count).map(|Found(_, finding)| finding);
                let admitted = found.filter(|finding| own.admit(finding, &classifier));
                findings.extend(admitted.filter_map(|finding| offenders.admit(finding)));
            }
            Event::Done(_) => (),
            Event::Warning(text) => panic!("{text}"),
            Event::Unreadable(name, why) => panic!("{name}: {why}"),
        }
    }
    findings
}

/// What two inputs say, and whose turn it is, the last one first.
type Case = ([Vec<Said>; 2], Vec<usize>);

/// One of them is done before the other begins, or they take turns.
fn cases(after: Range<i64>, ours: bool) -> impl Strategy<Value = Case> {
    let said = proptest::collection::vec(said(after, ours), 1..100);
    [said.clone(), said].prop_flat_map(|inputs| {
        let [a, b] = [inputs[0].len(), inputs[1].len()];
        let turns: Vec<_> = std::iter::repeat_n(0, a).chain(std::iter::repeat_n(1, b)).collect();
        let other: Vec<_> = turns.iter().rev().copied().collect();
        let turns = prop_oneof![Just(turns.clone()), Just(other), Just(turns).prop_shuffle()];
        (Just(inputs), turns)
    })
}

fn run(cases: impl Strategy<Value = Case>, test: impl Fn(Case) -> TestCaseResult) {
    let config = Config { failure_persistence: None, ..Config::with_cases(64) };
    TestRunner::new(config).run(&cases, test).unwrap();
}

#[test]
fn what_is_learned_does_not_depend_on_which_thread_is_faster() {
    run(cases(0..3, true), |(inputs, turns)| {
        let (_folder, paths) = files(&inputs, false);
        prop_assert_eq!(scanned(&paths, &turns), naive(&paths));
        Ok(())
    });
}

#[test]
fn nor_does_whose_the_prefixes_of_others_were() {
    run(cases(1..100, false), |(inputs, turns)| {
        let (_folder, paths) = files(&inputs, true);
        prop_assert_eq!(scanned(&paths, &turns), naive(&paths));
        Ok(())
    });
}

/// Where in the order a record that lags behind comes is not said anywhere, but it is always the same.
#[test]
fn nor_does_it_where_records_lag_behind() {
    run(cases(-2..4, true), |(inputs, turns)| {
        let (_folder, paths) = files(&inputs, false);
        let mut sorted = turns.clone();
        sorted.sort_unstable();
        prop_assert_eq!(scanned(&paths, &turns), scanned(&paths, &sorted));
        Ok(())
    });
}
