//! `originwatch import`: from a config of another program to one of ours.

use std::fs;

use crate::play::originwatch;

#[test]
fn what_a_config_names_is_read_beside_it_and_nothing_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let config =
        "monitors: [{file: monitorHijack, name: h}]\nmonitoredPrefixesFiles: [lists/ours.yml]\n";
    fs::write(path("config.yml"), config).unwrap();
    fs::create_dir(path("lists")).unwrap();
    fs::write(path("lists/ours.yml"), "198.18.0.0/21: {description: Pool, asn: '64500'}\n")
        .unwrap();
    let (theirs, ours) = (path("config.yml"), path("originwatch.toml"));
    let import = ["import", "bgpalerter", &theirs, "--name", "Example \"Networks\"", "-o", &ours];
    let run = originwatch(import);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{}", run.stderr);
    let said = format!(
        "1 watch for AS64500\nNothing to do about these:\n  {theirs}:2: monitoredPrefixesFiles: the lists are read\n"
    );
    assert_eq!(run.stderr, said);
    let written = fs::read_to_string(&ours).unwrap();
    assert!(
        written
            .contains("\nprefix = \"198.18.0.0/21\"\norigins = [64500]\ndescription = \"Pool\"\n"),
        "{written}"
    );
    let again = originwatch(import);
    assert_eq!(again.code, Some(2));
    assert_eq!(
        again.stderr,
        format!("originwatch: {ours} is there already: --force replaces it\n")
    );
    assert_eq!(originwatch(import.into_iter().chain(["--force"])).code, Some(0));
    assert!(written.contains("\nsources = [\n    { json = \"https://"), "{written}");
    // It loads; nobody is told yet, and `check` says so.
    let check = originwatch(["check", "--offline", "-c", &ours]);
    assert_eq!(check.code, Some(1), "{}", check.stderr);
    assert!(check.stdout.contains("there is no [mail]: nobody will be told"), "{}", check.stdout);
}

#[test]
fn a_file_that_is_not_there_or_of_something_else_is_named() {
    let missing = originwatch(["import", "artemis", "/nowhere/config.yaml"]);
    assert_eq!(missing.code, Some(3));
    assert!(missing.stderr.contains("cannot read /nowhere/config.yaml: "), "{}", missing.stderr);
    let other = originwatch(["import", "bgpalerter", "deny.toml"]);
    assert_eq!(other.code, Some(2));
    assert!(
        other.stderr.starts_with("originwatch: deny.toml: line 6: not YAML: "),
        "{}",
        other.stderr
    );
}
