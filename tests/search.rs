//! `originwatch search` on what is made here, against those who made it: the scenario itself, and bgpdump.

mod cuts;
mod reference;

use std::fmt::Write as _;
use std::fs;

use fixtures::internet::{self, Numbers};
use fixtures::mrt::{self, Form};
use fixtures::recordings::{self, MADE};
use fixtures::table::Shape;
use fixtures::{Scenario, ris_live};

use crate::play::search::{name, search};
use crate::play::{assert_golden, originwatch};
use reference::{Condition, Route, Vrp, found, of_scenario, of_table};

/// What Debian's `bgpdump -m` 1.6.2 printed of recordings that are made here, as the parser's own tests have it.
const BGPDUMP: &str = include_str!("../crates/parser/tests/golden/bgpdump.txt");

#[test]
fn every_line_is_what_bgpdump_printed() {
    let parts: Vec<_> = BGPDUMP.split("== ").skip(1).collect();
    assert_eq!(parts.len(), 12);
    for part in parts {
        let (file, expected) = part.split_once('\n').unwrap();
        let run = search([&name(&format!("mrt/{file}"))]);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), expected, ""));
    }
}

/// What is found in these octets, with these words behind `search`.
fn ask(octets: &[u8], words: &[&str]) -> Vec<Route> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording");
    fs::write(&file, octets).unwrap();
    let format = ["search", "--format", "json"];
    let run = originwatch(format.iter().chain(words).chain(&[file.to_str().unwrap()]));
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{words:?}");
    found(&run.stdout)
}

/// Each form writes down what the scenario says, and that is found.
#[test]
fn all_that_a_scenario_says_is_found_in_every_form_of_it() {
    let scenario = internet::updates(MADE, &internet::speakers(8), 400);
    let all = of_scenario(&scenario);
    let ([seconds, micros], form) =
        ([true, false].map(|whole| rounded(&all, whole)), Form::default());
    assert_eq!(ask(&mrt::bgp4mp(&scenario, form), &[]), seconds);
    let narrow = Form { two_octets: true, ..form };
    assert_eq!(ask(&mrt::bgp4mp(&scenario, narrow), &[]), seconds);
    let extended = Form { extended: true, ..form };
    assert_eq!(ask(&mrt::bgp4mp(&scenario, extended), &[]), micros);
    assert_eq!(ask(ris_live::lines(&scenario, "rrc21").as_bytes(), &[]), micros);
    let table = internet::table(MADE.try_into().unwrap(), &internet::speakers(8), 50);
    for shape in [Shape::Unicast, Shape::UnicastAddPath, Shape::Generic] {
        assert_eq!(ask(&table.v2(shape), &[]), of_table(&table), "{shape:?}");
    }
}

/// As those say it whose times are whole seconds.
fn rounded(routes: &[Route], whole: bool) -> Vec<Route> {
    let mut routes = routes.to_vec();
    for route in routes.iter_mut().filter(|_| whole) {
        route.at -= route.at.rem_euclid(1_000_000);
    }
    routes.sort();
    routes
}

/// Conditions as they come, alone and together, on updates and on a table.
#[test]
fn whatever_is_asked_is_what_the_plainest_filter_keeps() {
    let scenario = nested(internet::updates(MADE, &internet::speakers(8), 600));
    let updates = mrt::bgp4mp(&scenario, Form { extended: true, ..Form::default() });
    let table = internet::table(MADE.try_into().unwrap(), &internet::speakers(8), 60);
    let (all, rows) = (of_scenario(&scenario), of_table(&table));
    let rib = table.v2(Shape::Unicast);
    let folder = tempfile::tempdir().unwrap();
    let mut numbers = Numbers::new(23);
    let mut hits = 0;
    for turn in 0..60 {
        let (octets, routes) = if turn % 3 == 0 { (&rib, &rows) } else { (&updates, &all) };
        let (condition, vrps) =
            (Condition::any(&mut numbers, routes), Vrp::some(&mut numbers, routes));
        let path = folder.path().join("vrps.csv");
        let mut text = "ASN,IP Prefix,Max Length\n".to_owned();
        for Vrp { asn, prefix, max_length } in &vrps {
            writeln!(text, "AS{asn},{prefix},{max_length}").unwrap();
        }
        fs::write(&path, text).unwrap();
        let words = condition.words(path.to_str().unwrap());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let kept: Vec<Route> =
            routes.iter().filter(|route| condition.holds(route, &vrps)).cloned().collect();
        hits += kept.len();
        assert_eq!(ask(octets, &words), kept, "{words:?}");
    }
    assert!(hits > 1000, "{hits}");
}

/// With announcements of prefixes that lie in others.
fn nested(mut scenario: Scenario) -> Scenario {
    let speakers = internet::speakers(8);
    for (number, prefix) in (0..).zip([
        "10.0.0.0/8",
        "10.0.4.0/22",
        "10.0.4.0/25",
        "0.0.0.0/0",
        "2001:db8::/32",
        "::/0",
    ]) {
        let speaker = speakers[usize::try_from(number).unwrap()];
        let update = fixtures::Update::announce(&[prefix], &format!("{} 64510 64496", speaker.asn));
        scenario = scenario.says(MADE + 900 + number, speaker, update);
    }
    scenario
}

#[test]
fn objects_and_columns_are_as_they_were_read_last() {
    let file = name("mrt/bgp4mp-et-as4-addpath");
    let name = |format| format!("search/{format}.txt");
    for format in ["json", "table"] {
        let run = search(["--format", format, &file]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert_golden(&name(format), &run.stdout);
    }
    let table = search(["--format", "table", &crate::play::search::name("mrt/table-dump")]);
    assert_golden(&name("table-dump"), &table.stdout);
}

/// One story, of which each file has a part that somebody drew: in order of time it is one again.
#[test]
fn a_story_that_is_spread_over_files_is_merged() {
    let scenario = internet::updates(MADE, &internet::speakers(8), 600);
    let mut numbers = Numbers::new(5);
    let mut parts = vec![Scenario::new(); 7];
    for event in &scenario.events {
        parts[numbers.below(7) as usize].events.push(event.clone());
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, scenario: &Scenario| {
        let octets = mrt::bgp4mp(scenario, Form { extended: true, ..Form::default() });
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // The first has none of a fifth of the time, and the last is empty.
    for (number, part) in parts.iter().enumerate() {
        write(&format!("parts/{number}"), part);
    }
    let whole = write("whole", &scenario);
    let merged = search([folder.path().join("parts").to_str().unwrap()]);
    // No two messages are of the same microsecond.
    assert_eq!((merged.code, merged.stdout), (Some(0), search([&whole]).stdout));
    let backwards: Vec<_> =
        (0..7).rev().map(|number| folder.path().join(format!("parts/{number}"))).collect();
    let backwards =
        originwatch([std::path::Path::new("search").to_owned()].into_iter().chain(backwards));
    assert_eq!(backwards.stdout, search([&whole]).stdout);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let files = ["mrt/ris.rrc06.updates.gz", "mrt/route-views.made.rib.bz2"].map(name);
    let ask = |more: &[&str]| {
        let words = ["search", "--prefix", "10.0.0.0/8", "--covered"];
        let words = words.into_iter().chain(more.iter().copied());
        originwatch(words.chain(files.iter().map(String::as_str)))
    };
    let run = ask(&[]);
    assert!(!run.stdout.is_empty());
    for threads in ["1", "7"] {
        let with = ask(&["--threads", threads]);
        assert_eq!((with.code, &with.stdout), (run.code, &run.stdout), "{threads}");
    }
}

#[test]
fn a_recording_of_each_kind_is_there() {
    let made: Vec<_> =
        recordings::mrt().into_iter().map(|(name, _)| format!("mrt/{name}")).collect();
    let kept = crate::recordings::mrt();
    assert!(made.iter().all(|name| kept.contains(name)), "{kept:?}");
}

#[test]
fn a_file_of_prefixes_asks_as_they_would_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let list = file("list", "# ours\n198.18.0.0/21 Broadband\n\n198.18.8.0/21\n");
    let count = |asked: &[&str]| {
        let search = ["search", "--covered", "--count"].iter().chain(asked);
        originwatch(search.chain(&["data/indosat-2014"]))
    };
    let listed = count(&["--prefix-list", &list]);
    let named = count(&["--prefix", "198.18.0.0/21,198.18.8.0/21"]);
    let both = count(&["--prefix-list", &list, "--prefix", "198.18.0.0/21"]);
    assert_eq!((listed.code, listed.stderr.as_str()), (Some(0), ""));
    assert!(listed.stdout.trim().parse::<u32>().unwrap() > 0, "{}", listed.stdout);
    assert_eq!((&listed.stdout, &listed.stdout), (&named.stdout, &both.stdout));
    let (wrong, empty) = (file("wrong", "198.18.0.0/21\nfrog\n"), file("empty", "# none\n"));
    for (path, said) in
        [(&wrong, ":2: 'frog' is not a prefix"), (&empty, ": no prefix stands in it")]
    {
        let run = count(&["--prefix-list", path]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(&format!("{path}{said}")), "{}", run.stderr);
    }
}
