//! Incidents in the shapes of documented ones, told by messages of every format.

use std::fs;

use fixtures::mrt::{self, Form};
use fixtures::recordings::MADE;
use fixtures::{Scenario, Speaker, Update, internet, pack, ris_live};

use crate::play::short::replay_in_short;
use crate::play::{notices, originwatch};

/// When the trouble begins: half an hour after all is as it should be.
const START: i64 = MADE + 1800;

/// What is told of a scenario, which is the same whoever writes it down.
fn told(config: &str, scenario: &Scenario) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let lines = ris_live::lines(scenario, "rrc21").into_bytes();
    let messages = mrt::bgp4mp(scenario, Form { extended: true, ..Form::default() });
    let [first, second] = [lines, pack::gzip(&messages)].map(|octets| {
        let input = folder.path().join("rrc21.updates");
        fs::write(&input, octets).unwrap();
        replay_in_short(folder.path(), config, vec![input])
    });
    assert_eq!(first, second);
    first
}

/// What a vantage point says of some prefixes, by a path behind its own AS.
fn announce(prefixes: &[&str], speaker: Speaker, path: &str) -> Update {
    Update::announce(prefixes, &format!("{} {path}", speaker.asn))
}

/// Each of these says so, a second after the other.
fn each(
    mut scenario: Scenario,
    from: i64,
    speakers: &[Speaker],
    update: impl Fn(Speaker) -> Update,
) -> Scenario {
    for (second, speaker) in (from..).zip(speakers) {
        scenario = scenario.says(second, *speaker, update(*speaker));
    }
    scenario
}

/// All of them hold what we announce.
fn quiet(speakers: &[Speaker], prefixes: &[&str]) -> Scenario {
    each(Scenario::new(), MADE, speakers, |speaker| announce(prefixes, speaker, "64510 64500"))
}

/// Something of others, so that time goes on.
fn until(scenario: Scenario, at: i64, speaker: Speaker) -> Scenario {
    scenario.says(at, speaker, announce(&["203.0.113.0/24"], speaker, "64512"))
}

/// A country's network blackholes a part of ours and tells the world; we answer with the same prefix and with
/// its halves, which are our own right, and nobody holds the other any more.
#[test]
fn a_part_of_ours_is_one_sub_prefix_hijack_until_we_have_it_back() {
    let speakers = internet::speakers(20);
    let watch = "asns = [64500]\n[[watch]]\nprefix = \"198.18.152.0/22\"\nmax_length = 25";
    let part = &["198.18.153.0/24"];
    let halves = &["198.18.153.0/25", "198.18.153.128/25"];
    let mut scenario = quiet(&speakers, &["198.18.152.0/22"]);
    scenario = each(scenario, START, &speakers[..16], |s| announce(part, s, "3491 64666"));
    scenario = each(scenario, START + 60, &speakers[16..], |s| announce(part, s, "64510 64500"));
    scenario = each(scenario, START + 120, &speakers, |s| announce(halves, s, "64510 64500"));
    scenario = each(scenario, START + 3600, &speakers[..16], |s| announce(part, s, "64510 64500"));
    scenario = until(scenario, START + 7200, speakers[0]);
    assert_eq!(
        told(watch, &scenario),
        [
            "OW-20260101-AS64666-400f opened: sub-prefix-hijack of 198.18.153.0/24 by \
             AS64666 via AS3491",
            "OW-20260101-AS64666-400f update: sub-prefix-hijack of 198.18.153.0/24 by \
             AS64666 via AS3491",
            "OW-20260101-AS64666-400f resolved: sub-prefix-hijack of 198.18.153.0/24 by \
             AS64666 via AS3491",
        ]
    );
}
/// Somebody answers for four of our parts, to answer for whom they serve; later another network passes it on.
#[test]
fn four_parts_by_one_as_are_one_incident_and_another_accepting_as_is_an_update() {
    let speakers = internet::speakers(20);
    let watch = "asns = [64500]\n[[watch]]\nprefix = \"198.18.192.0/21\"\nmax_length = 24";
    let parts = &["198.18.192.0/24", "198.18.193.0/24", "198.18.195.0/24", "198.18.197.0/24"];
    let mut scenario = quiet(&speakers, &["198.18.192.0/21"]);
    scenario = each(scenario, START, &speakers[..4], |s| announce(parts, s, "6939 64667"));
    scenario = each(scenario, START + 1200, &speakers[4..6], |s| announce(parts, s, "19151 64667"));
    scenario = until(scenario, START + 3000, speakers[0]);
    assert_eq!(
        told(watch, &scenario),
        [
            "OW-20260101-AS64667-c121 opened: sub-prefix-hijack of 198.18.192.0/24 \
             198.18.193.0/24 198.18.195.0/24 198.18.197.0/24 by AS64667 via AS6939",
            "OW-20260101-AS64667-c121 update: sub-prefix-hijack of 198.18.192.0/24 \
             198.18.193.0/24 198.18.195.0/24 198.18.197.0/24 by AS64667 via AS6939 AS19151",
            "OW-20260101-AS64667-c121 update: sub-prefix-hijack of 198.18.192.0/24 \
             198.18.193.0/24 198.18.195.0/24 198.18.197.0/24 by AS64667 via AS6939 AS19151",
        ]
    );
}

/// Two minutes, and an hour later for good.
#[test]
fn what_comes_again_is_the_same_incident() {
    let speakers = internet::speakers(12);
    let watch = "asns = [64500]\n[[watch]]\nprefix = \"2001:db8:4000::/34\"";
    let part = &["2001:db8:5000::/36"];
    let mut scenario = quiet(&speakers, &["2001:db8:4000::/34"]);
    for from in [START, START + 3600] {
        scenario = each(scenario, from, &speakers[..6], |s| announce(part, s, "3491 64668"));
        if from == START {
            scenario = each(scenario, from + 120, &speakers[..6], |_| Update::withdraw(part));
        }
    }
    scenario = each(scenario, START + 6000, &speakers[6..], |s| announce(part, s, "3257 64668"));
    assert_eq!(
        told(watch, &scenario),
        [
            "OW-20260101-AS64668-49ed opened: sub-prefix-hijack of 2001:db8:5000::/36 by \
             AS64668 via AS3491",
            "OW-20260101-AS64668-49ed resolved: sub-prefix-hijack of 2001:db8:5000::/36 by \
             AS64668 via AS3491",
            "OW-20260101-AS64668-49ed reopened: sub-prefix-hijack of 2001:db8:5000::/36 by \
             AS64668 via AS3491",
            "OW-20260101-AS64668-49ed update: sub-prefix-hijack of 2001:db8:5000::/36 by \
             AS64668 via AS3491",
            "OW-20260101-AS64668-49ed update: sub-prefix-hijack of 2001:db8:5000::/36 by \
             AS64668 via AS3491 AS3257",
            "OW-20260101-AS64668-49ed update: sub-prefix-hijack of 2001:db8:5000::/36 by \
             AS64668 via AS3257 AS3491",
        ]
    );
}

/// A customer of a customer passes on what an optimizer has cut: the origin is right.
fn leak(speakers: &[Speaker]) -> Scenario {
    let parts = &["198.18.32.0/21", "198.18.40.0/21", "198.18.48.0/21"];
    let mut scenario = quiet(speakers, &["198.18.32.0/20", "198.18.48.0/20"]);
    for (number, part) in (0..).zip(parts) {
        let leaked = |s| announce(&[part], s, "3257 64396 64530 64510 64500");
        scenario = each(scenario, START + 5 * number, &speakers[..5], leaked);
    }
    scenario = each(scenario, START + 6000, &speakers[..5], |_| Update::withdraw(parts));
    until(scenario, START + 9000, speakers[0])
}

#[test]
fn a_leak_of_the_right_origin_is_no_hijack() {
    let watch = |prefix| format!("[[watch]]\nprefix = \"{prefix}\"\nvisibility = 0\n");
    let watches = ["198.18.32.0/21", "198.18.40.0/21", "198.18.48.0/21"].map(watch);
    let exactly = format!("asns = [64500]\n{}", watches.concat());
    assert_eq!(told(&exactly, &leak(&internet::speakers(12))), [""; 0]);
}

#[test]
fn a_leak_of_parts_is_a_new_more_specific_where_the_watch_is_shorter() {
    let shorter = "asns = [64500]\n[[watch]]\nprefix = \"198.18.0.0/16\"\nmax_length = 20";
    assert_eq!(
        told(shorter, &leak(&internet::speakers(12))),
        [
            "OW-20260101-AS64500-f3dc opened: new-more-specific of 198.18.32.0/21 by AS64500 \
             via AS64510",
            "OW-20260101-AS64500-f3dc update: new-more-specific of 198.18.32.0/21 \
             198.18.40.0/21 by AS64500 via AS64510",
            "OW-20260101-AS64500-f3dc update: new-more-specific of 198.18.32.0/21 \
             198.18.40.0/21 198.18.48.0/21 by AS64500 via AS64510",
            "OW-20260101-AS64500-f3dc resolved: new-more-specific of 198.18.32.0/21 \
             198.18.40.0/21 198.18.48.0/21 by AS64500 via AS64510",
        ]
    );
}

/// Where the first hop is known, the same leak has none that we do not know; a forged origin has.
#[test]
fn a_forged_origin_is_told_by_its_first_hop() {
    let speakers = internet::speakers(12);
    let watch = "asns = [64500]\nupstreams = [64510]\n[[watch]]\nprefix = \"198.18.0.0/16\"\nmax_length = 24";
    assert_eq!(told(watch, &leak(&speakers)), [""; 0]);
    let mut scenario = quiet(&speakers, &["198.18.0.0/16"]);
    let forged = |s| announce(&["198.18.7.0/24"], s, "3491 64669 64500");
    scenario = each(scenario, START, &speakers[..5], forged);
    assert_eq!(
        told(watch, &scenario),
        [
            "OW-20260101-AS64669-284f opened: first-hop of 198.18.7.0/24 by AS64669 via AS3491",
            "OW-20260101-AS64669-284f update: first-hop of 198.18.7.0/24 by AS64669 via AS3491",
        ]
    );
}

/// Two sessions of one AS are one vantage AS: it is suspected, and not told before another AS has it.
#[test]
fn what_one_as_alone_sees_is_not_told() {
    let mut speakers = internet::speakers(12);
    speakers[1].asn = speakers[0].asn;
    let watch = "asns = [64500]\n[[watch]]\nprefix = \"198.18.0.0/21\"";
    let hijack = |s| announce(&["198.18.0.0/21"], s, "3491 64670");
    let quiet = quiet(&speakers, &["198.18.0.0/21"]);
    let alone = each(quiet, START, &speakers[..2], hijack);
    let over = until(alone.clone(), START + 7200, speakers[5]);
    assert_eq!(told(watch, &over), [""; 0]);
    let both = each(alone, START + 60, &speakers[2..3], hijack);
    assert_eq!(
        told(watch, &both),
        ["OW-20260101-AS64670-4494 opened: origin-hijack of 198.18.0.0/21 by AS64670 via AS3491",]
    );
}

/// Of twelve, ten lose what we announce: for less than two minutes, which is nothing, and for longer.
#[test]
fn a_loss_of_visibility_must_last() {
    let speakers = internet::speakers(12);
    let watch = "asns = [64500]\n[[watch]]\nprefix = \"198.18.0.0/21\"";
    let prefix = &["198.18.0.0/21"];
    let mut scenario = quiet(&speakers, prefix);
    for (from, lasting) in [(START, 60), (START + 1800, 600)] {
        scenario = each(scenario, from, &speakers[..10], |_| Update::withdraw(prefix));
        scenario =
            each(scenario, from + lasting, &speakers[..10], |s| announce(prefix, s, "64511 64500"));
    }
    scenario = until(scenario, START + 9000, speakers[11]);
    assert_eq!(
        told(watch, &scenario),
        [
            "OW-20260101-visibility-loss-9b44 opened: visibility-loss of 198.18.0.0/21 by  via ",
            "OW-20260101-visibility-loss-9b44 resolved: visibility-loss of 198.18.0.0/21 by  via ",
        ]
    );
}

/// Marked events among messages that nobody watches: each of the origin's is told, and nothing else.
#[test]
fn a_feed_with_marked_events_gives_exactly_those_of_the_origin() {
    let speakers = internet::speakers(12);
    let (ours, theirs) = (&["198.18.0.0/21"], &["198.51.100.0/22"]);
    let mut scenario =
        each(quiet(&speakers, ours), MADE + 20, &speakers, |s| announce(theirs, s, "64511 64501"));
    let hijack = |prefix: &'static str, asn: u32| {
        move |s: Speaker| announce(&[prefix], s, &format!("3491 {asn}"))
    };
    // H1: exact. H2: inside. H3: two vantage ASes where three are asked for. H4: ours, too
    // long. F1: the same behind an AS that never stood next to us. H5: the other
    // watch. H6: around. H7: ours, outside every watch. V1: nobody but two carries the other any more.
    scenario = each(scenario, START, &speakers[..5], hijack("198.18.0.0/21", 64666));
    scenario = each(scenario, START + 20, &speakers[..4], hijack("198.18.4.0/24", 64667));
    scenario = each(scenario, START + 40, &speakers[..2], hijack("198.18.5.0/24", 64668));
    let too_long = |s: Speaker| announce(&["198.18.2.0/24"], s, "64510 64500");
    scenario = each(scenario, START + 60, &speakers[..3], too_long);
    scenario = each(scenario, START + 70, &speakers[..3], hijack("198.18.3.0/24", 64500));
    scenario = each(scenario, START + 80, &speakers[..3], hijack("198.51.100.0/22", 64670));
    scenario = each(scenario, START + 100, &speakers[..3], hijack("198.18.0.0/16", 64671));
    scenario = each(scenario, START + 120, &speakers[..3], hijack("192.0.2.0/24", 64500));
    scenario = each(scenario, START + 400, &speakers[..10], |_| Update::withdraw(theirs));
    scenario = each(scenario, START + 700, &speakers, |s| announce(ours, s, "64510 64500"));
    scenario = each(scenario, START + 720, &speakers, |s| announce(theirs, s, "64511 64501"));
    scenario.events.extend(internet::updates(START, &internet::speakers(20), 1200).events);
    scenario.events.sort_by_key(|event| event.at);
    scenario = until(scenario, START + 1500, speakers[0]);
    let config = "asns = [64500]
        [[watch]]\nprefix = \"198.18.0.0/21\"
        [[watch]]\nprefix = \"198.51.100.0/22\"\norigins = [64501]
        [incident]\nmin_vantage_ases = 3\nresolve_after = \"4m\"\nvisibility_after = \"10s\"";
    assert_eq!(
        told(config, &scenario),
        [
            "OW-20260101-AS64666-400f opened: origin-hijack of 198.18.0.0/21 by AS64666 via AS3491",
            "OW-20260101-AS64667-edaa opened: sub-prefix-hijack of 198.18.4.0/24 by AS64667 \
             via AS3491",
            "OW-20260101-AS64500-b8dc opened: new-more-specific of 198.18.2.0/24 by AS64500 \
             via AS64510",
            "OW-20260101-AS3491-4ae8 opened: first-hop of 198.18.3.0/24 by AS3491 \
             via AS3001 AS3002 AS3003",
            "OW-20260101-AS64670-8fcf opened: origin-hijack of 198.51.100.0/22 by AS64670 \
             via AS3491",
            "OW-20260101-AS64671-a3d5 opened: super-prefix of 198.18.0.0/16 by AS64671 via AS3491",
            "OW-20260101-AS64500-eb66 opened: own-as-new-prefix of 192.0.2.0/24 by AS64500 \
             via AS3491",
            "OW-20260101-visibility-loss-108c opened: visibility-loss of 198.51.100.0/22 by  via ",
            "OW-20260101-AS64670-8fcf resolved: origin-hijack of 198.51.100.0/22 by AS64670 \
             via AS3491",
            "OW-20260101-AS64666-400f resolved: origin-hijack of 198.18.0.0/21 by AS64666 \
             via AS3491",
            "OW-20260101-visibility-loss-108c resolved: visibility-loss of 198.51.100.0/22 \
             by  via ",
        ]
    );
}

/// Without RPKI data whose the space of others is has to be learned, and ten minutes are not enough for it: after a
/// start nobody is said to aim at us alone, however many others are hit.
#[test]
fn without_rpki_data_the_scope_is_not_known_before_the_holders_of_others_are() {
    let speakers = internet::speakers(12);
    let ours = &["198.18.0.0/21"];
    let others: Vec<String> = (0..20).map(|n| format!("198.51.{n}.0/24")).collect();
    let mut begun = quiet(&speakers, ours);
    for (asn, other) in (65_550..).zip(&others) {
        let path = format!("64511 {asn}");
        begun = each(begun, MADE + 60, &speakers[..2], |s| announce(&[other], s, &path));
    }
    let folder = tempfile::tempdir().unwrap();
    let [config, input] =
        ["originwatch.toml", "rrc21.updates"].map(|name| folder.path().join(name));
    let watch =
        "[operator]\nname = \"Test\"\nasns = [64500]\n[[watch]]\nprefix = \"198.18.0.0/21\"\n";
    fs::write(&config, watch).unwrap();
    for (after, class, hit) in [(300, "unknown", 0), (1800, "mass", 20)] {
        let mut scenario = begun.clone();
        for taken in others.iter().map(String::as_str).chain(["198.18.0.0/21"]) {
            let hijack = |s| announce(&[taken], s, "3491 64666");
            scenario = each(scenario, MADE + after, &speakers[..2], hijack);
        }
        scenario.events.sort_by_key(|event| event.at);
        fs::write(&input, ris_live::lines(&scenario, "rrc21")).unwrap();
        let words = ["replay", "--format", "json", "-c"].map(std::path::Path::new);
        let run = originwatch(words.into_iter().chain([config.as_path(), &input]));
        let told = notices(&run.stdout);
        assert_eq!(told[0]["extent"]["class"], class, "{after} {}", run.stderr);
        assert_eq!(told[0]["extent"]["prefixes"], hit, "{after}");
    }
}
