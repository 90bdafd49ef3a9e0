use std::time::Duration;

use alerter::channels::{Exec, ExecConfig, SendError};
use serde_json::Value;

use super::{events, name};

/// A shell is a program like any other; what runs in it is the test's.
fn shell(script: &str, timeout: Duration) -> Exec {
    let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
    Exec::new(&ExecConfig { command, timeout })
}

const LONG: Duration = Duration::from_secs(60);

async fn run(script: &str) -> Result<(), SendError> {
    let [opened, _, _] = events();
    shell(script, LONG).send(&opened).await
}

#[tokio::test]
async fn a_program_reads_the_event_and_says_that_it_has_it() {
    let folder = std::env::temp_dir().join(format!("originwatch-exec-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("event.json");
    let [opened, _, _] = events();
    let tee = ["tee", file.to_str().unwrap()].map(str::to_owned).to_vec();
    Exec::new(&ExecConfig { command: tee, timeout: LONG }).send(&opened).await.unwrap();
    let read: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(read, serde_json::to_value(&opened).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn each_end_has_its_name() {
    assert_eq!(run("exit 0").await, Ok(()));
    let error = run("echo 'no such\tpager' >&2; exit 75").await.unwrap_err();
    assert_eq!(error.to_string(), "sh defers: exit status: 75: no such pager");
    let error = run("kill -TERM $$").await.unwrap_err();
    assert_eq!(error.to_string(), "sh defers: signal: 15 (SIGTERM)");
    let command = vec!["/nowhere/pager".to_owned()];
    let missing = Exec::new(&ExecConfig { command, timeout: LONG });
    let [opened, _, _] = events();
    assert_eq!(name(&missing.send(&opened).await.unwrap_err()), "misconfigured");
}

#[tokio::test]
async fn one_that_talks_before_it_reads_does_not_hang() {
    // More than a pipe holds, both ways.
    let [mut opened, _, _] = events();
    opened.text = "x".repeat(300_000);
    let script = "head -c 300000 /dev/zero >&2; cat >/dev/null; exit 3";
    let error = shell(script, LONG).send(&opened).await.unwrap_err();
    assert!(error.to_string().len() < 300, "{error}");
    assert_eq!(name(&error), "deferred");
}

#[tokio::test]
async fn one_that_leaves_something_behind_has_ended_even_so() {
    assert_eq!(run("sleep 90 & exit 0").await, Ok(()));
}

#[tokio::test]
async fn one_that_hangs_is_killed_with_what_it_started() {
    let folder = std::env::temp_dir().join(format!("originwatch-group-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let pid = folder.join("pid");
    let script = format!("sleep 90 & echo $! > {}; wait", pid.display());
    let [opened, _, _] = events();
    let error = shell(&script, Duration::from_secs(2)).send(&opened).await.unwrap_err();
    assert_eq!(name(&error), "timed out", "{error}");
    let grandchild = std::fs::read_to_string(&pid).unwrap();
    let status = format!("/proc/{}/stat", grandchild.trim());
    // Gone, or dead and waiting for its new parent to notice.
    let dead = || std::fs::read_to_string(&status).is_ok_and(|stat| stat.contains(") Z"));
    let gone = || !std::path::Path::new(&status).exists();
    let end = async {
        while !gone() && !dead() {
            tokio::task::yield_now().await;
        }
    };
    // A signal takes a moment to arrive, but not the time that it would live.
    assert!(tokio::time::timeout(LONG, end).await.is_ok(), "{grandchild} lives");
    std::fs::remove_dir_all(&folder).unwrap();
}
