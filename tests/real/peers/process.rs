use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::play::LIMIT;

/// How often it is looked whether something has come about.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A program that runs until the test has done with it.
pub(super) struct Process {
    child: Child,
}

impl Process {
    /// Starts it; what it says goes into a file.
    pub(super) fn start(mut command: Command, log: &Path) -> Self {
        let file = File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Process { child }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until this is so. It is within seconds, or never: the limit only turns a test that hangs into
/// one that says what it waited for.
#[track_caller]
pub(super) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < LIMIT, "not within {} s: {what}", LIMIT.as_secs());
        thread::sleep(LOOK_EVERY);
    }
}

/// What a command prints; it must succeed.
#[track_caller]
pub(super) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
