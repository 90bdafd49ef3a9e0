//! How a command ends.

use feeds::ListenError;
use std::io::{self, Write as _};
use std::path::Path;
use std::process;

use archive::ArchiveError;
use network::PasswordError;
use store::StoreError;

use crate::config::LoadError;
use rpki_sources::{LoadError as RpkiError, SourceError};

/// What the shell is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// 0: done.
    Done = 0,
    /// 1: done, but something needs attention: a fault, an invalid route, an unreadable input.
    Attention = 1,
    /// 2: the command line or the config is wrong; nothing was done.
    Usage = 2,
    /// 3: failed.
    Failed = 3,
}

/// Why a command cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// The config cannot be used.
    #[error(transparent)]
    Config(#[from] LoadError),
    /// The VRPs cannot be had.
    #[error(transparent)]
    Vrps(#[from] RpkiError),
    /// What is to be read cannot be read.
    #[error("cannot read {place}: {error}")]
    Read {
        /// File, URL or standard input.
        place: String,
        /// What the system answered.
        error: io::Error,
    },
    /// What is to be written cannot be written.
    #[error("cannot write {place}: {error}")]
    Write {
        /// The file or folder.
        place: String,
        /// What the system answered.
        error: io::Error,
    },
    /// The store cannot be used.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// The daemon cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The daemon cannot start, or does not stop.
    #[error("{what} cannot be had: {error}")]
    Start {
        /// What it needs.
        what: &'static str,
        /// Why it cannot be had.
        error: io::Error,
    },
    /// Standard output is gone or full.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Broker { url, error } => Failure::Read { place: url, error },
            ArchiveError::Cache { folder, error } => Failure::Write { place: folder, error },
        }
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Read { path, error } => Failure::read(&path, error),
            PasswordError::NotOneLine(_) => Failure::Usage(error.to_string()),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Failure::Usage(error.to_string())
    }
}

impl Failure {
    /// The file at `path` cannot be read.
    pub(crate) fn read(path: &Path, error: io::Error) -> Self {
        Failure::Read { place: path.display().to_string(), error }
    }

    /// The file at `path` cannot be written.
    pub(crate) fn write(path: &Path, error: io::Error) -> Self {
        Failure::Write { place: path.display().to_string(), error }
    }

    /// What the shell is told of it.
    pub fn code(&self) -> ExitCode {
        match self {
            Failure::Usage(_) | Failure::Config(_) => ExitCode::Usage,
            // What the user wrote is wrong, be it on the command line or in a file of exceptions.
            Failure::Vrps(RpkiError::Slurm(_)) => ExitCode::Usage,
            // `originwatch .. | head` has seen what it wanted.
            Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::Done,
            Failure::Vrps(_)
            | Failure::Read { .. }
            | Failure::Write { .. }
            | Failure::Store(_)
            | Failure::Listen(_)
            | Failure::Start { .. }
            | Failure::Output(_) => ExitCode::Failed,
        }
    }

    /// What is wrong, in as many lines as it needs.
    pub(crate) fn text(&self) -> String {
        if let Failure::Config(LoadError::Faults(error)) = self {
            return error.report();
        }
        self.to_string()
    }

    /// What the user is told of it; nothing where nobody listens any more.
    fn tell(&self) {
        let is_report = matches!(self, Failure::Config(LoadError::Faults(_)));
        let text = if is_report { self.text() } else { format!("originwatch: {self}\n") };
        if self.code() != ExitCode::Done {
            // With standard error gone there is nobody left to tell.
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }
}

/// Says what went wrong, and turns the end of a command into what the shell is told.
pub fn code(result: Result<ExitCode, Failure>) -> process::ExitCode {
    let code = result.unwrap_or_else(|failure| {
        failure.tell();
        failure.code()
    });
    process::ExitCode::from(code as u8)
}
