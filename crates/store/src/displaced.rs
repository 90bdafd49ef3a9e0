use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bgp::Timestamp;

use crate::inode::set_aside;

/// What happened to the file, so that it was written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Displaced {
    /// It was deleted while it was open, or the log beside it.
    Deleted,
    /// Another file took its name while it was open.
    Replaced {
        /// Where that lies now.
        aside: PathBuf,
    },
    /// Nobody could read it any more.
    Corrupt {
        /// Where it lies now.
        aside: PathBuf,
    },
    /// It could not be used for a while, and all that was to be written was kept in memory.
    Unusable {
        /// Where that lies now which had its name and was not known in memory, if anything had.
        aside: Option<PathBuf>,
    },
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    Deleted,
    Replaced,
    Corrupt,
    Unusable {
        /// Whether something lies there that is not known in memory.
        holds: bool,
    },
}

impl Harm {
    /// Makes room for the store that is written anew.
    pub(crate) fn set_aside(self, path: &Path, now: Timestamp) -> io::Result<Displaced> {
        Ok(match self {
            Harm::Deleted => Displaced::Deleted,
            Harm::Replaced => Displaced::Replaced { aside: set_aside(path, "replaced", now)? },
            Harm::Corrupt => Displaced::Corrupt { aside: set_aside(path, "corrupt", now)? },
            Harm::Unusable { holds } => {
                let aside = holds.then(|| set_aside(path, "replaced", now)).transpose()?;
                Displaced::Unusable { aside }
            }
        })
    }
}

impl fmt::Display for Displaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Displaced::Deleted => {
                f.write_str("the store was deleted while in use, and is written anew")
            }
            Displaced::Replaced { aside } => write!(
                f,
                "the store was replaced while in use, and is written anew; what replaced it is now {}",
                aside.display()
            ),
            Displaced::Corrupt { aside } => write!(
                f,
                "the store was corrupt and is now {}; it is written anew from memory, without the history",
                aside.display()
            ),
            Displaced::Unusable { aside: None } => {
                f.write_str("the store can be used, and holds what was kept in memory meanwhile")
            }
            Displaced::Unusable { aside: Some(aside) } => write!(
                f,
                "the store can be used, and holds what was kept in memory meanwhile; what lay there is now {}",
                aside.display()
            ),
        }
    }
}
