//! Configs of BGPalerter and ARTEMIS as their projects ship and test them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use fixtures::real::recording;

use crate::play::{Run, originwatch};

const BGPALERTER: &str = "outside/bgpalerter/nttgin+BGPalerter";
const ARTEMIS: &str = "outside/artemis/FORTH-ICS-INSPIRE+artemis";

fn import(program: &str, files: &[&Path]) -> Run {
    let files = files.iter().map(|path| path.to_str().unwrap());
    originwatch(["import", program].into_iter().chain(files).chain(["--asn", "64500"]))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(recording(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// What became of each file: watches that were made, or why there are none.
fn became(program: &str, paths: &[PathBuf]) -> Vec<String> {
    let outcome = |path: &PathBuf| {
        let run = import(program, &[path]);
        let name = path.file_name().unwrap().to_str().unwrap();
        match run.code {
            Some(0 | 1) => {
                assert!(run.stdout.contains("\n[[watch]]"), "{name}: {}", run.stdout);
                format!("{name}: {}", run.stderr.lines().next().unwrap())
            }
            code => {
                assert_eq!((code, run.stdout.as_str()), (Some(2), ""), "{name}: {}", run.stderr);
                let said =
                    run.stderr.replace(&format!("{}/", path.parent().unwrap().display()), "");
                format!("{name}: {}", said.trim_end().trim_start_matches("originwatch: "))
            }
        }
    };
    paths.iter().map(outcome).collect()
}

const NO_PREFIX: &str =
    "no prefix is named there: nothing to import (`originwatch init --asn ..` finds yours)";

#[test]
fn every_config_of_artemis_is_imported_or_says_why_not() {
    let expected = [
        &format!("backend-services_configs_autoconf-config.yaml: {NO_PREFIX}"),
        "backend-services_configs_config.yaml: 5 watches for AS64500",
        &format!("poc_autoconf_configs_artemis_config.yaml: {NO_PREFIX}"),
        "poc_mitigate_deaggregate_configs_artemis_config.yaml: 3 watches for AS64500",
        &format!("testing_autoconf_configs_config.yaml: {NO_PREFIX}"),
        "testing_autoignore_configs_config.yaml: 1 watch for AS64500",
        "testing_benchmark_configs_config.yaml: 1 watch for AS64500",
        "testing_detection_configs_config.yaml: 21 watches for AS64500",
        "testing_detection_configs_config2.yaml: 1 watch for AS64500",
        "testing_detection_configs_config3.yaml: 17 watches for AS64500",
        "testing_rpki_configs_config.yaml: 5 watches for AS64500",
    ];
    assert_eq!(became("artemis", &files(ARTEMIS)), expected);
}

#[test]
fn every_prefix_list_of_bgpalerter_is_imported() {
    let lists: Vec<_> = files(BGPALERTER)
        .into_iter()
        .filter(|path| path.to_str().unwrap().contains("prefixes"))
        .collect();
    let expected = [
        "prefixes.yml.example: 3 watches for AS64500",
        "tests_dump_tests_prefixes.test.yml: 1 watch for AS64500",
        "tests_generate_tests_prefixes.final.append.yml: 8 watches for AS64500",
        "tests_generate_tests_prefixes.final.group.yml: 7 watches for AS64500",
        "tests_neighbor_tests_prefixes.test.yml: 2 watches for AS64500",
        "tests_prefixes.test.yml: 15 watches for AS64500",
    ];
    assert_eq!(became("bgpalerter", &lists), expected);
}

/// Keys that the written config has under a name of its own, that say what holds here anyway, that only lead to others,
/// or that the example leaves without a value.
const CARRIED: [&str; 44] = [
    "asn",
    "auth",
    "authorizationHeader",
    "carefulSubscription",
    "channel",
    "channels",
    "checkUncovered",
    "connectors",
    "default",
    "enableDeletedCheckTA",
    "enableDiffAlerts",
    "enableExpirationAlerts",
    "enableExpirationCheckTA",
    "file",
    "headers",
    "hooks",
    "host",
    "intervalSeconds",
    "ignoreTLS",
    "markDataAsStaleAfterMinutes",
    "method",
    "monitors",
    "name",
    "noc",
    "notificationIntervalSeconds",
    "notifiedEmails",
    "params",
    "port",
    "processMonitors",
    "rejectUnauthorized",
    "reports",
    "rest",
    "rpki",
    "secure",
    "smtp",
    "subscription",
    "thresholdMinPeers",
    "tls",
    "transport",
    "url",
    "urls",
    "senderEmail",
    "user",
    "vrpProvider",
];

/// What its users put in the place of what the example leaves open.
const FILLED_IN: [(&str, &str); 2] =
    [("bgpalerter@xxxx", "bgpalerter@example.net"), ("url_to_poll", "https://hc.example.net/ping")];

/// The example with all that it comments out, as it stands and filled in: every key is carried, or its line is named
/// with the reason. (Keys below one that is named are not named again.)
#[test]
fn every_key_of_the_example_is_carried_or_refused_by_name() {
    let example =
        fs::read_to_string(recording(&format!("{BGPALERTER}/config.yml.example"))).unwrap();
    let whole: Vec<String> = example.lines().map(|line| uncommented(line).to_owned()).collect();
    let filled = |line: &String| {
        let line = match line.split_once("_YOUR_") {
            Some((before, _)) => format!("{before}https://hooks.example.net/path"),
            None => line.clone(),
        };
        FILLED_IN.iter().fold(line, |line, (open, value)| line.replace(open, value))
    };
    let carried = "3 watches for AS64500, mail to admin@example.org, channels slack, slack-noc, syslog, alerta, alerta-noc, webhook, webhook-noc";
    for (lines, first) in [
        (whole.iter().map(filled).collect(), carried),
        (whole, "3 watches for AS64500, channels syslog"),
    ] {
        let said = keys_are_carried_or_named(&lines);
        assert_eq!(said.lines().next(), Some(first), "{said}");
        assert!(!said.contains("is not known here"), "{said}");
    }
}

/// What is said of a config of these lines.
fn keys_are_carried_or_named(lines: &[String]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yml");
    fs::write(&path, lines.join("\n")).unwrap();
    for name in ["prefixes.yml", "groups.yml.example"] {
        let theirs = format!("{BGPALERTER}/{}.example", name.trim_end_matches(".example"));
        fs::copy(recording(&theirs), folder.path().join(name)).unwrap();
    }
    let run = import("bgpalerter", &[&path]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let place = format!("{}:", path.display());
    let line = |said: &str| said.trim_start().strip_prefix(&place)?.split(':').next()?.parse().ok();
    let told: BTreeSet<usize> = run.stderr.lines().filter_map(line).collect();
    let bare = |line: &str| line.trim_start().trim_start_matches("- ").to_owned();
    let mut below: Option<usize> = None;
    for (number, line) in lines.iter().enumerate() {
        let bare = bare(line);
        let indent = line.len() - bare.len();
        let key = bare.split_once(':').map(|(key, _)| key);
        let Some(key) = key.filter(|key| key.chars().all(char::is_alphanumeric)) else { continue };
        if below.is_some_and(|named| indent > named) {
            continue;
        }
        let named = told.contains(&(number + 1));
        below = named.then_some(indent);
        assert!(named || CARRIED.contains(&key), "{}: {line}\n{}", number + 1, run.stderr);
    }
    run.stderr
}

/// What is commented out of the example, as its users do it: the `#` in front of `  - file` and below.
fn uncommented(line: &str) -> &str {
    let is_key = |rest: &str| {
        let rest = rest.trim_start();
        let key = rest.split_once(':').map(|(key, _)| key);
        rest.starts_with("- ") || key.is_some_and(|key| key.chars().all(char::is_alphanumeric))
    };
    match line.strip_prefix('#') {
        Some(rest) if rest.starts_with("  ") && is_key(rest) || rest == "processMonitors:" => rest,
        Some(rest) if rest.starts_with(" groupsFile:") => rest.trim_start(),
        Some(_) | None => line,
    }
}
