use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::{LIMIT, ended};

/// `originwatch run` as a process. It is killed if the test ends before it does.
pub(crate) struct Daemon {
    child: Child,
    log: Receiver<String>,
    said: Vec<String>,
}

impl Daemon {
    /// Starts it; it may fail at once.
    pub(crate) fn spawn(config: &Path) -> Self {
        Daemon::run(Daemon::command(config))
    }

    /// Starts it by a command of another kind.
    pub(crate) fn spawn_as(mut originwatch: Command, config: &Path) -> Self {
        originwatch.arg("run").arg("-c").arg(config).stdin(Stdio::null());
        Daemon::run(originwatch)
    }

    /// What starts it.
    pub(crate) fn command(config: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_originwatch"));
        command.arg("run").arg("-c").arg(config).stdin(Stdio::null());
        command
    }

    /// The same in a shell, which does this before. The shell becomes the daemon.
    pub(crate) fn shell(before: &str, config: &Path) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("{before} exec \"$0\" run -c \"$1\""));
        command.arg(env!("CARGO_BIN_EXE_originwatch")).arg(config).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Daemon { child, log, said: Vec::new() }
    }

    /// Starts it, and waits until it runs.
    pub(crate) fn start(config: &Path) -> Self {
        let mut daemon = Daemon::spawn(config);
        daemon.wait_for(" running ");
        daemon
    }

    /// Waits for a line of its log that holds this.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        loop {
            let line = self.log.recv_timeout(LIMIT);
            assert!(line.is_ok(), "never said '{text}':\n{}", self.said.join("\n"));
            let line = line.unwrap();
            self.said.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// All that it has said so far.
    pub(crate) fn so_far(&mut self) -> String {
        self.said.extend(self.log.try_iter());
        self.said.join("\n")
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let arguments = [&format!("-{name}"), &self.pid()];
        assert!(Command::new("kill").args(arguments).status().unwrap().success());
    }

    /// Waits for its end; all that it said.
    #[track_caller]
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let status = ended(&mut self.child);
        let mut said = std::mem::take(&mut self.said);
        said.extend(self.log.iter());
        (status, said.join("\n"))
    }

    /// Asks it to stop, and expects that it does as it should.
    #[track_caller]
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (status, said) = self.wait();
        assert_eq!(status.code(), Some(0), "{said}");
        said
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
