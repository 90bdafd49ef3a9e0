use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::error::{SendError, excerpt, one_line};
use super::event::Event;

/// How much of what a program says is kept: the last thing counts, and it is one line in a log.
const SAID: usize = 1024;

/// How long what a program leaves behind may hold its output open once it has ended itself.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What to run.
#[derive(Clone, Debug)]
pub struct ExecConfig {
    /// The program, with a full path, and its arguments. No shell reads them.
    pub command: Vec<String>,
    /// When it is killed, with everything that it started.
    pub timeout: Duration,
}

/// A program that takes an event as JSON on its standard input, and says with its exit status
/// whether it has: 0 is taken, anything else is tried again.
#[derive(Clone, Debug)]
pub struct Exec {
    config: ExecConfig,
    place: String,
}

impl Exec {
    /// A program; whether it is there shows when it is started.
    pub fn new(config: &ExecConfig) -> Self {
        let name = config.command.first().map(Path::new).and_then(Path::file_name);
        let place = name.unwrap_or_default().to_string_lossy().into_owned();
        Exec { config: config.clone(), place }
    }

    /// What may be shown of where it goes: arguments may be secrets.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Runs it once.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub async fn send(&self, event: &Event) -> Result<(), SendError> {
        let place = self.place.clone();
        let json = serde_json::to_vec(event).unwrap_or_default();
        let mut child = match self.start() {
            Ok(child) => child,
            Err(error) => {
                return Err(SendError::Misconfigured { place, answer: one_line(&error) });
            }
        };
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let mut said = Vec::new();
        let ended = tokio::time::timeout(self.config.timeout, run(&mut child, &json, &mut said));
        match ended.await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => {
                let answer = format!("{status}: {}", excerpt(&said));
                let answer = answer.trim_end_matches([':', ' ']).to_owned();
                Err(SendError::Deferred { place, answer, retry_after: None })
            }
            Ok(Err(error)) => Err(SendError::Unreachable { place, reason: one_line(&error) }),
            Err(_) => {
                if let Some(group) = group {
                    // It may have ended just now.
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = child.wait().await;
                Err(SendError::TimedOut { place, after: self.config.timeout })
            }
        }
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = self.config.command.iter();
        Command::new(command.next().map_or("", String::as_str))
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A group of its own, so that all of it can be killed, and so that a signal to us from a
            // terminal does not reach it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }
}

/// Feeds it and hears it at the same time: one that talks before it reads would else wait for us
/// while we wait for it. It has ended when it has ended, whoever still holds its output.
async fn run(child: &mut Child, json: &[u8], said: &mut Vec<u8>) -> std::io::Result<ExitStatus> {
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program need not read what it does not want.
            let _ = stdin.write_all(json).await;
        }
    };
    let hear = async {
        if let Some(stderr) = stderr {
            hear(stderr, said).await;
        }
    };
    let talk = async { tokio::join!(feed, hear) };
    tokio::pin!(talk);
    tokio::select! {
        status = child.wait() => {
            let _ = tokio::time::timeout(LAST_WORDS, talk).await;
            status
        }
        _ = &mut talk => child.wait().await,
    }
}

/// Reads to the end and keeps the last of it.
async fn hear(mut from: impl AsyncRead + Unpin, said: &mut Vec<u8>) {
    let mut piece = [0; SAID];
    while let Ok(octets @ 1..) = from.read(&mut piece).await {
        said.extend_from_slice(piece.get(..octets).unwrap_or_default());
        let over = said.len().saturating_sub(SAID);
        said.drain(..over);
    }
}
