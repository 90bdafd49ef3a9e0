//! The SLURM files of the config, read again when they change (RFC 8416).

use std::path::PathBuf;

use validator::{Slurm, SlurmConflict};

use crate::file::{FileError, Watched};
use crate::slurm::{self, SlurmError};

/// Why the files are not used as they are.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SlurmTrouble {
    #[error("{path}: {error}")]
    Read { path: String, error: FileError },
    #[error("{path}: not local exceptions (RFC 8416): {error}")]
    Syntax { path: String, error: SlurmError },
    #[error("local exceptions: {0}")]
    Conflict(#[from] SlurmConflict),
}

/// All of the files, as they are now.
#[derive(Debug)]
pub(crate) struct SlurmFiles {
    files: Vec<(Watched, Option<Slurm>)>,
    /// The last that were all right and did not contradict each other.
    applied: Slurm,
}

impl SlurmFiles {
    pub(crate) fn new(paths: &[PathBuf]) -> Self {
        let files = paths.iter().map(|path| (Watched::new(path.clone()), None)).collect();
        SlurmFiles { files, applied: Slurm::default() }
    }

    /// Looks at every file; true if what is applied has changed. After an error that stays as it
    /// was: exceptions that vanish could turn an operator's routes invalid.
    pub(crate) fn poll(&mut self) -> Result<bool, SlurmTrouble> {
        for (watched, slurm) in &mut self.files {
            let path = watched.path().display().to_string();
            match watched.read_if_changed() {
                Ok(None) => {}
                Ok(Some(bytes)) => match slurm::parse(&bytes) {
                    Ok(parsed) => *slurm = Some(parsed),
                    Err(error) => {
                        watched.forget();
                        return Err(SlurmTrouble::Syntax { path, error });
                    }
                },
                Err(error) => return Err(SlurmTrouble::Read { path, error }),
            }
        }
        let named = self.files.iter().filter_map(|(watched, slurm)| {
            Some((watched.path().display().to_string(), slurm.clone()?))
        });
        let combined = Slurm::combine(named.collect())?;
        let changed = combined != self.applied;
        self.applied = combined;
        Ok(changed)
    }

    /// What is to be applied.
    pub(crate) fn applied(&self) -> &Slurm {
        &self.applied
    }
}
