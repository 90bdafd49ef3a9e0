use std::fs;

use bgp::Asn;
use tempfile::TempDir;
use validator::{Vrp, VrpTable};

use super::*;
use crate::{Health, load_once};

const STALE_AFTER: Duration = Duration::from_secs(7_200);

/// VRPs of these ASes, as a file of now.
fn document(asns: &[u32]) -> String {
    let vrp = |asn: &u32| format!(r#"{{"asn":{asn},"prefix":"198.18.0.0/21"}}"#);
    let roas = asns.iter().map(vrp).collect::<Vec<_>>().join(",");
    format!(r#"{{"metadata":{{"generated":{}}},"roas":[{roas}]}}"#, now().seconds())
}

/// Takes out what this AS has, and adds one of that AS.
fn exceptions(filtered: u32, added: u32) -> String {
    format!(
        r#"{{"slurmVersion":1,"validationOutputFilters":{{"prefixFilters":[{{"asn":{filtered}}}]}},
            "locallyAddedAssertions":{{"prefixAssertions":[
                {{"asn":{added},"prefix":"198.18.0.0/21"}}]}}}}"#
    )
}

/// A folder with files, and the sources made of them.
struct Lab(TempDir);

impl Lab {
    fn new(files: &[(&str, &str)]) -> Self {
        let lab = Lab(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, content)| lab.write(name, content));
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn sources(&self, list: &[&str], policy: Policy, slurm: &[&str]) -> Sources {
        Sources {
            list: list.iter().map(|name| Source::File(self.path(name))).collect(),
            policy,
            slurm: slurm.iter().map(|name| self.path(name)).collect(),
            stale_after: STALE_AFTER,
            ..Sources::default()
        }
    }
}

fn asns(rpki: &Rpki) -> Vec<u32> {
    rpki.snapshot.vrps.iter().map(|vrp| vrp.asn().number()).collect()
}

/// Waits for this; time is not real here, so a minute of it is soon over.
async fn until(rpki: &mut watch::Receiver<Rpki>, so: impl Fn(&Rpki) -> bool) -> Rpki {
    let waited = tokio::time::timeout(Duration::from_mins(1), rpki.wait_for(|rpki| so(rpki))).await;
    let found = waited.map(|found| found.unwrap().clone()).ok();
    assert!(found.is_some(), "never came: {:?}", rpki.borrow());
    found.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_file_is_followed_and_kept_while_it_is_broken() {
    let lab = Lab::new(&[("a", &document(&[1]))]);
    let mut rpki = follow(lab.sources(&["a"], Policy::First, &[]));
    assert_eq!(rpki.borrow().health, Health::Waiting);
    let first = until(&mut rpki, |rpki| rpki.health == Health::Fresh).await;
    assert_eq!((asns(&first), first.snapshot.source.clone()), (vec![1], path_text(&lab, "a")));
    lab.write("a", "<html>");
    let broken = until(&mut rpki, |rpki| !rpki.remarks.is_empty()).await;
    let complaint = "looks like HTML, not VRPs: it starts with '<html>'";
    assert_eq!(broken.remarks, [format!("{}: {complaint}", path_text(&lab, "a"))]);
    assert!(Arc::ptr_eq(&broken.snapshot, &first.snapshot));
    lab.write("a", &document(&[1, 2]));
    let whole = until(&mut rpki, |rpki| rpki.remarks.is_empty()).await;
    assert_eq!((asns(&whole), whole.health), (vec![1, 2], Health::Fresh));
    fs::remove_file(lab.path("a")).unwrap();
    let gone = until(&mut rpki, |rpki| !rpki.remarks.is_empty()).await;
    assert_eq!((asns(&gone), gone.health), (vec![1, 2], Health::Fresh));
}

fn path_text(lab: &Lab, name: &str) -> String {
    lab.path(name).display().to_string()
}

#[tokio::test(start_paused = true)]
async fn the_next_source_takes_over_and_gives_back() {
    let lab = Lab::new(&[("b", &document(&[2]))]);
    let mut rpki = follow(lab.sources(&["a", "b"], Policy::First, &[]));
    let second = until(&mut rpki, |rpki| rpki.health == Health::Fresh).await;
    assert_eq!(asns(&second), [2]);
    lab.write("a", &document(&[1]));
    until(&mut rpki, |rpki| asns(rpki) == [1] && rpki.remarks.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn exceptions_are_read_again_and_a_conflict_keeps_the_old() {
    let (one, two) = (exceptions(1, 8), exceptions(2, 9));
    let lab = Lab::new(&[("a", &document(&[1, 2, 3])), ("x", &one), ("y", "{")]);
    let mut rpki = follow(lab.sources(&["a"], Policy::First, &["x", "y"]));
    // At the start there is nothing old to keep.
    let broken = until(&mut rpki, |rpki| rpki.health == Health::Fresh).await;
    let complaint = "not local exceptions (RFC 8416): line 1, column 1: EOF while parsing an object; the local exceptions stay as \
                     they were";
    assert_eq!(broken.remarks, [format!("{}: {complaint}", path_text(&lab, "y"))]);
    assert_eq!(asns(&broken), [1, 2, 3]);
    let nothing = r#"{"slurmVersion":1,"validationOutputFilters":{},"locallyAddedAssertions":{}}"#;
    lab.write("y", nothing);
    until(&mut rpki, |rpki| asns(rpki) == [2, 3, 8] && rpki.remarks.is_empty()).await;
    // Both speak of 198.18.0.0/21.
    lab.write("y", &two);
    let conflict = until(&mut rpki, |rpki| !rpki.remarks.is_empty()).await;
    let both = "contradict: 198.18.0.0/21 and 198.18.0.0/21";
    assert!(conflict.remarks[0].contains(both), "{:?}", conflict.remarks);
    assert_eq!(asns(&conflict), [2, 3, 8]);
    lab.write("x", nothing);
    until(&mut rpki, |rpki| asns(rpki) == [1, 3, 9] && rpki.remarks.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn sources_that_disagree_are_told() {
    let lab = Lab::new(&[("a", &document(&[1])), ("b", &document(&[1]))]);
    let mut rpki = follow(lab.sources(&["a", "b"], Policy::Agree, &[]));
    until(&mut rpki, |rpki| rpki.health == Health::Fresh).await;
    lab.write("a", &document(&[2]));
    let disputed = |rpki: &Rpki| matches!(rpki.health, Health::Disputed { .. });
    let dispute = until(&mut rpki, disputed).await;
    assert_eq!(asns(&dispute), [1]);
    lab.write("b", &document(&[2]));
    let settled = until(&mut rpki, |rpki| rpki.health == Health::Fresh).await;
    assert_eq!((asns(&settled), settled.remarks), (vec![2], vec![]));
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_last_receiver() {
    let lab = Lab::new(&[("a", &document(&[1]))]);
    let (sender, receiver) = watch::channel(Rpki::default());
    let following = tokio::spawn(follow_into(lab.sources(&["a"], Policy::First, &[]), sender));
    drop(receiver);
    following.await.unwrap();
}

#[test]
fn what_expires_leaves_in_its_time_and_nothing_is_made_anew_without_need() {
    let at = Timestamp::from_seconds;
    let vrp = |asn| Vrp::new("198.18.0.0/21".parse().unwrap(), 21, Asn::new(asn)).unwrap();
    let vrps = [(vrp(1), Some(at(10))), (vrp(2), Some(at(20))), (vrp(3), None)];
    let snapshot = Some(Arc::new(RpkiSnapshot::of(VrpTable::with_expiry(vrps))));
    let source = SourceState { snapshot, as_of: Some(at(0)), ..SourceState::default() };
    let mut blender = Blender {
        beliefs: Beliefs::new(25, Duration::from_mins(30)),
        faults: Faults::new(Duration::from_mins(10)),
        chooser: Chooser::new(Policy::First, STALE_AFTER),
        slurm: SlurmFiles::new(&[]),
        blend: None,
        nothing: Arc::default(),
    };
    let mut blend = |now| blender.blend(at(now), vec![source.clone()]);
    let first = blend(5);
    assert!(Arc::ptr_eq(&first.snapshot, source.snapshot.as_ref().unwrap()));
    assert!(first.is_same(&blend(9)));
    let second = blend(10);
    assert_eq!((asns(&second), asns(&blend(20))), (vec![2, 3], vec![3]));
    assert!(Arc::ptr_eq(&blend(25).snapshot, &blend(99).snapshot));
}

#[tokio::test(start_paused = true)]
async fn a_set_of_nothing_is_held_back_and_told() {
    let lab = Lab::new(&[("a", &document(&[1]))]);
    let mut rpki = follow(lab.sources(&["a"], Policy::First, &[]));
    let first = until(&mut rpki, |rpki| rpki.data().is_some()).await;
    lab.write("a", &document(&[]));
    let held = until(&mut rpki, |rpki| rpki.held_back().count() == 1).await;
    assert!(Arc::ptr_eq(&held.snapshot, &first.snapshot));
    let (name, held_back) = held.held_back().next().unwrap();
    assert_eq!((name, held_back.losses[0].before), (path_text(&lab, "a").as_str(), 1));
    assert!(held.remarks[0].contains("0 VRPs where there were 1; not believed before"));
    lab.write("a", &document(&[1, 2]));
    until(&mut rpki, |rpki| asns(rpki) == [1, 2] && rpki.remarks.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn a_first_set_of_nothing_is_no_data() {
    let lab = Lab::new(&[("a", &document(&[]))]);
    let mut rpki = follow(lab.sources(&["a"], Policy::First, &[]));
    let empty = until(&mut rpki, |rpki| !rpki.remarks.is_empty()).await;
    assert_eq!((empty.health, empty.data().is_none()), (Health::Waiting, true));
    assert_eq!(
        empty.remarks,
        [format!("{}: it has 0 VRPs, which is no data", path_text(&lab, "a"))]
    );
    lab.write("a", &document(&[1]));
    until(&mut rpki, |rpki| rpki.data().is_some()).await;
}

#[tokio::test(start_paused = true)]
async fn what_breaks_is_a_fault_with_its_beginning_and_is_counted() {
    let lab = Lab::new(&[("a", &document(&[1])), ("x", &exceptions(7, 8))]);
    let mut rpki = follow(lab.sources(&["a"], Policy::First, &["x"]));
    until(&mut rpki, |rpki| rpki.health == Health::Fresh).await;
    lab.write("a", "");
    lab.write("x", "{");
    let both = |rpki: &Rpki| rpki.exceptions.is_some() && rpki.sources[0].fault.is_some();
    let broken = until(&mut rpki, both).await;
    let fault = broken.sources[0].fault.clone().unwrap();
    assert_eq!(
        (fault.reason.as_str(), broken.sources[0].failures > 0),
        ("empty: expected VRPs as JSON or CSV", true)
    );
    let names = |now| {
        let faults = broken.lasting_faults(now).into_iter();
        faults.map(|(name, fault)| (name.to_owned(), fault.is_some())).collect::<Vec<_>>()
    };
    let (a, x) = (path_text(&lab, "a"), "local exceptions".to_owned());
    assert_eq!(names(fault.since), [(a.clone(), false), (x.clone(), false)]);
    let later = fault.since + Duration::from_mins(11);
    assert_eq!(names(later), [(a, true), (x, true)]);
    lab.write("a", &document(&[1]));
    lab.write("x", &exceptions(7, 8));
    until(&mut rpki, |rpki| !both(rpki) && rpki.remarks.is_empty()).await;
}

/// The case `expired`: what has ended is left out, ASPAs too, and how much that is is told.
#[tokio::test(start_paused = true)]
async fn what_has_expired_is_left_out_and_told() {
    let vrp =
        |asn, expires| format!(r#"{{"asn":{asn},"prefix":"198.18.0.0/21","expires":{expires}}}"#);
    let aspa = r#"{"customer_asid":64500,"expires":1600000000,"providers":[64510]}"#;
    let roas = |first| {
        format!(r#"{{"roas":[{},{}],"aspas":[{aspa}]}}"#, vrp(1, first), vrp(2, 4_102_444_799_u64))
    };
    let lab = Lab::new(&[("a", &roas(1_600_000_000)), ("b", &format!("[{}]", vrp(1, 0)))]);
    let mut rpki = follow(lab.sources(&["a"], Policy::First, &[]));
    let found = until(&mut rpki, |rpki| rpki.health == Health::Fresh).await;
    assert_eq!((asns(&found), found.snapshot.aspas.len()), (vec![2], 0));
    let told = "1 VRP and 1 ASPA have expired and are left out";
    assert_eq!(found.remarks, [told]);

    let sources = |name: &str| Sources::one(Source::File(lab.path(name)), &[]);
    let limit = Duration::from_secs(5);
    let (snapshot, notes) = load_once(&sources("a"), Some(now()), limit).await.unwrap();
    assert_eq!((snapshot.vrps.len(), snapshot.aspas.len()), (1, 0));
    assert_eq!(notes, [format!("{}: {told}", path_text(&lab, "a"))]);
    // A replay asks about its own time.
    let then = Some(Timestamp::from_seconds(1_500_000_000));
    let (snapshot, notes) = load_once(&sources("a"), then, limit).await.unwrap();
    assert_eq!((snapshot.vrps.len(), snapshot.aspas.len(), notes), (2, 1, vec![]));

    let error = load_once(&sources("b"), Some(now()), limit).await.unwrap_err().to_string();
    assert!(error.ends_with("all of its 1 VRPs have expired, which is no data"), "{error}");
    let mut rpki = follow(lab.sources(&["b"], Policy::First, &[]));
    let ended = until(&mut rpki, |rpki| rpki.health != Health::Waiting).await;
    assert_eq!(ended.health, Health::Expired { since: Timestamp::from_seconds(0) });
    assert!(ended.data().is_none());
}
