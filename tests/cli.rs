//! The command line: usage, help, exit codes, pipes.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{self, Stdio};

use clap::{Command, CommandFactory as _};
use originwatch::cli::Cli;

use crate::play::{Run, assert_golden, finish, originwatch, root, run};

/// The words behind `originwatch` that name each command, itself first: `["incidents", "list"]`.
fn commands(command: &Command, words: &[String]) -> Vec<Vec<String>> {
    let mut found = vec![words.to_vec()];
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        found.extend(commands(sub, &[words, &[sub.get_name().to_owned()]].concat()));
    }
    found
}

/// A page for each command, and no page without one.
#[test]
fn help_of_every_command_is_as_it_was_read_last() {
    let mut pages = BTreeSet::new();
    for command in commands(&Cli::command(), &[]) {
        let run = originwatch(command.iter().map(String::as_str).chain(["--help"]));
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{command:?}");
        let words = ["originwatch".to_owned()].into_iter().chain(command);
        let page = words.collect::<Vec<_>>().join("-") + ".txt";
        assert_golden(&format!("cli/help/{page}"), &run.stdout);
        pages.insert(page);
    }
    let folder = root().join("tests/golden/cli/help").read_dir().unwrap();
    let kept = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(pages, kept);
}

#[test]
fn the_version_is_that_of_the_package() {
    let run = originwatch(["--version"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.stdout, concat!("originwatch ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_shipped_config_is_shown_with_where_each_value_comes_from() {
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_originwatch"));
    command
        .args(["config", "--show", "-c", "config/originwatch.toml"])
        .current_dir(root())
        .env_clear();
    let shown = run(&mut command);
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""));
    assert_golden("config/in-force.txt", &shown.stdout);
    let defaults = originwatch(["config", "--defaults"]);
    assert_eq!(defaults.code, Some(0));
    assert_golden("config/defaults.txt", &defaults.stdout);
    let neither = originwatch(["config"]);
    assert_eq!(neither.code, Some(2));
}

#[test]
fn wrong_usage_is_2_and_says_what_is_wrong() {
    let watched = ["replay", "--prefix", "198.18.0.0/21", "--origin", "64500"];
    let with = |more: &[&'static str]| [&watched[..], more].concat();
    for (arguments, complaint) in [
        (vec![], "Usage: originwatch <COMMAND>"),
        (vec!["reply"], "a similar subcommand exists: 'replay'"),
        (vec!["replay"], "<FILE|DIR|URL>..."),
        (vec!["replay", "--prefix", "198.18.0.0/21", "x"], "--origin <ASN>"),
        (vec!["replay", "--prefix", "198.18.1.0/21", "x"], "the network is 198.18.0.0/21"),
        (vec!["replay", "--origin", "frog", "x"], "'frog' is not an AS number"),
        (with(&["-c", "originwatch.toml", "x"]), "cannot be used with"),
        (with(&["--mail", "x"]), "cannot be used with"),
        (with(&["--from", "tomorrow", "x"]), "'tomorrow' is not a time"),
        (with(&["--from", "2014", "x"]), "may be a year or seconds since 1970"),
        (with(&["--from", "20", "--until", "20", "x"]), "is not before --until"),
        (with(&["--prefix", "198.18.0.0/21", "x"]), "198.18.0.0/21 is watched twice"),
        (with(&["--vrps", "ftp://example.net/vrps", "x"]), "is not a VRP source"),
        (with(&["--vrps", "-", "-"]), "standard input cannot hold both"),
        (vec!["validate", "198.18.0.0/21", "64500"], "--vrps <SRC>"),
        (vec!["validate", "--vrps", "v", "198.18.0.0/21"], "expected a prefix and an AS number"),
        (vec!["validate", "--vrps", "-", "-"], "standard input cannot hold both"),
        (vec!["completions", "csh"], "invalid value 'csh'"),
    ] {
        let run = originwatch(&arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains(complaint), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn every_shell_gets_completions_for_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = originwatch(["completions", shell]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{shell}");
        for command in ["replay", "validate", "whatif", "roas", "check", "completions", "man"] {
            assert!(run.stdout.contains(command), "{shell} does not know {command}");
        }
    }
}

#[test]
fn the_manual_has_every_command_and_the_exit_codes() {
    let run = originwatch(["man"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for part in
        [".TH originwatch", ".SH REPLAY", ".SH VALIDATE", ".SH CHECK", "Exit codes:", "until"]
    {
        assert!(run.stdout.contains(part), "{part}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_success() {
    let mut child = process::Command::new(env!("CARGO_BIN_EXE_originwatch"))
        .args(["validate", "--vrps", "data/indosat-2014/vrps.json", "-"])
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // Once it has hung up, nobody reads these any more.
    while stdin.write_all(&b"198.18.0.0/21 AS64500\n".repeat(100)).is_ok() {}
    let output = finish(child);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn without_c_the_config_of_the_folder_is_taken() {
    assert!(!Path::new("/etc/originwatch/originwatch.toml").exists(), "this machine has its own");
    let folder = tempfile::tempdir().unwrap();
    let check = || -> Run {
        let mut command = process::Command::new(env!("CARGO_BIN_EXE_originwatch"));
        run(command.arg("check").current_dir(folder.path()))
    };
    let nowhere = check();
    assert_eq!(nowhere.code, Some(2));
    assert_eq!(
        nowhere.stderr,
        "originwatch: no config: neither /etc/originwatch/originwatch.toml nor ./originwatch.toml \
         exists; name one with -c\n"
    );
    std::fs::write(folder.path().join("originwatch.toml"), "[operator]\nname = 7\n").unwrap();
    let here = check();
    assert_eq!(here.code, Some(2));
    assert!(
        here.stderr.starts_with("originwatch.toml:1:1: [operator] has no 'asns'\n"),
        "{}",
        here.stderr
    );
}

#[test]
fn check_tries_the_files_that_the_config_names() {
    // It names no feed, so RIS Live is one.
    let shipped = originwatch(["check", "--offline", "-c", "data/indosat-2014/originwatch.toml"]);
    assert_eq!((shipped.code, shipped.stderr.as_str()), (Some(0), ""));
    let untried = shipped.stdout.lines().find(|line| line.starts_with("note   not checked"));
    assert!(untried.unwrap().ends_with(", wss://ris-live.ripe.net/v1/ws/"), "{}", shipped.stdout);
    assert!(shipped.stdout.ends_with("no fault found\n"), "{}", shipped.stdout);

    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("originwatch.toml");
    let text = "[operator]\nname = \"Example\"\nasns = [64500]\n\
                [rpki]\nsources = [ { json = \"gone.json\" } ]\nslurm = [\"slurm.json\"]\n\
                [data]\nas_names = \"names.csv\"\n[[feed]]\ntype = \"ris-live\"\n";
    std::fs::write(&config, text).unwrap();
    std::fs::write(folder.path().join("slurm.json"), "{}").unwrap();
    std::fs::write(folder.path().join("names.csv"), "64500,Example,GB\nfrog\n").unwrap();
    let bad = originwatch(["check", "--offline", "-c", config.to_str().unwrap()]);
    assert_eq!((bad.code, bad.stderr.as_str()), (Some(1), ""));
    let told = bad.stdout.replace(&format!("{}/", folder.path().display()), "");
    assert_golden("cli/check.txt", &told);
}
