//! What both suites play with: the real binary, golden files, and the peers that are played here: a mail
//! relay, a web server, a RIS Live server, RTR.

pub(crate) mod bmp;
pub(crate) mod daemon;
pub(crate) mod place;
pub(crate) mod proxy;
pub(crate) mod relay;
pub(crate) mod ris_live;
pub(crate) mod ris_server;
pub(crate) mod rtr;
pub(crate) mod search;
pub(crate) mod short;
pub(crate) mod spool;
pub(crate) mod tables;
pub(crate) mod tunnel;
pub(crate) mod web;

use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What is waited for happens within seconds, or never: the limit only turns a test that hangs into
/// one that says so.
pub(crate) const LIMIT: Duration = Duration::from_mins(2);

/// What a run of `originwatch` left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs `originwatch` from the root of the repository.
#[track_caller]
pub(crate) fn originwatch<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_originwatch"));
    command.args(arguments).current_dir(root()).stdin(Stdio::null());
    run(&mut command)
}

/// The same with something to read on standard input.
#[track_caller]
pub(crate) fn originwatch_reading<S: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = S>,
    input: &str,
) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_originwatch"));
    command.args(arguments).current_dir(root());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end without having read all.
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    Run::of(finish(child))
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Run {
    Run::of(output(command))
}

/// What a command says; it is killed, and the test fails, where it does not come to an end.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> Output {
    finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// The same of a program that runs already.
#[track_caller]
pub(crate) fn finish(mut child: Child) -> Output {
    drop(child.stdin.take());
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let status = ended(&mut child);
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Waits for the end of a program, and kills it where that does not come.
#[track_caller]
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it has not ended within {} s, and was killed", LIMIT.as_secs());
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// What a command says, and the most memory that it had at once, in KiB, as the kernel counts it until its end.
#[track_caller]
pub(crate) fn peak_memory(command: &mut Command) -> (Run, u64) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watch = thread::spawn(move || {
        let mut most = 0;
        // At its end there is no more such line.
        while let Some(now) = resident_peak(&status) {
            most = most.max(now);
            thread::sleep(Duration::from_millis(1));
        }
        most
    });
    let run = Run::of(finish(child));
    (run, watch.join().unwrap())
}

/// `VmHWM` of `proc_pid_status(5)`.
fn resident_peak(status: &str) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes)).transpose().unwrap();
        bytes
    })
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The notices of `replay --format json`.
pub(crate) fn notices(stdout: &str) -> Vec<serde_json::Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Compares with `tests/golden/NAME`; `UPDATE_GOLDEN=1` writes it anew, and its diff is to be read.
#[track_caller]
pub(crate) fn assert_golden(name: &str, actual: &str) {
    let path = root().join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "differs from {name}");
}
