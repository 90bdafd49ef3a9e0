use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bgp::Timestamp;
use parser::{DamageKind, Everything, Item, Reader};

use super::desk::Desk;

/// How many records of a file are looked at to see what it is: the first may be damaged, a peer
/// index table, or a line that was cut when the recording began.
const LOOK: usize = 10;

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    /// What it is called.
    pub(super) path: PathBuf,
    /// Its size in bytes; none of a pipe.
    pub(super) size: Option<u64>,
    /// When its first route was seen; none where it cannot be looked at twice, or has none.
    pub(super) begins: Option<Timestamp>,
}

/// What the command line named.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// What is to be read, in the order of their first records, those of an unknown beginning first.
    pub(super) inputs: Vec<Input>,
    /// How many files of folders are something else.
    pub(super) passed_over: u64,
    /// Folders that hold nothing to read.
    pub(super) barren: Vec<PathBuf>,
    /// What cannot be opened.
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

/// Bytes from a file or from standard input.
#[derive(Debug)]
pub(super) enum Stream {
    File(File),
    Stdin(io::Stdin),
}

impl Input {
    /// What it is called in remarks.
    pub(super) fn name(&self) -> String {
        if is_stdin(&self.path) {
            "standard input".to_owned()
        } else {
            self.path.display().to_string()
        }
    }
}

impl Inputs {
    /// Looks into every file and every folder, in the order of their names.
    ///
    /// What is named itself is taken as it is; of a folder only what looks like an input.
    pub(super) fn find(named: &[PathBuf]) -> Self {
        let mut found = Inputs::default();
        for path in named {
            if is_stdin(path) || !path.is_dir() {
                found.take(path, true);
            } else {
                let before = found.inputs.len();
                found.walk(path);
                if found.inputs.len() == before {
                    found.barren.push(path.clone());
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        found.inputs.retain(|input| seen.insert(input.path.clone()));
        found.inputs.sort_by_key(|input| input.begins);
        found
    }

    /// Tells the desk what cannot be read; gives what can.
    pub(super) fn admit(self, desk: &mut Desk<'_>) -> Vec<Input> {
        for (path, error) in &self.unreadable {
            desk.unreadable(&path.display().to_string(), &format!("cannot be read: {error}"));
        }
        for folder in &self.barren {
            desk.unreadable(&folder.display().to_string(), "holds no recording");
        }
        desk.summary.passed_over += self.passed_over;
        self.inputs
    }

    /// The sum of the sizes; none if one is not known.
    pub(super) fn size(&self) -> Option<u64> {
        self.inputs.iter().map(|input| input.size).sum()
    }

    fn walk(&mut self, folder: &Path) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unreadable.push((folder.to_owned(), error)),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            // A link to a folder may lead back to it, so only links to files are followed.
            let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if folder {
                self.walk(&entry.path());
            } else if entry.path().is_file() {
                self.take(&entry.path(), false);
            }
        }
    }

    fn take(&mut self, path: &Path, named: bool) {
        let regular = !is_stdin(path) && path.metadata().is_ok_and(|metadata| metadata.is_file());
        if !regular {
            // What flows can be read only once.
            return self.inputs.push(Input { path: path.to_owned(), size: None, begins: None });
        }
        match look(path) {
            Ok(look) if look.known || named => {
                let input =
                    Input { path: path.to_owned(), size: Some(look.size), begins: look.begins };
                self.inputs.push(input);
            }
            Ok(_) => self.passed_over += 1,
            Err(error) => self.unreadable.push((path.to_owned(), error)),
        }
    }
}

impl Stream {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if is_stdin(path) {
            Ok(Stream::Stdin(io::stdin()))
        } else {
            File::open(path).map(Stream::File)
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::File(file) => file.read(buffer),
            Stream::Stdin(stdin) => stdin.read(buffer),
        }
    }
}

/// The collector that a path names: `rrc06` and `route-views.jinx` in the layouts of the archives.
/// Empty where it names none.
///
/// Two folders are no reason to call two collectors: a RIB and the updates that belong to it often
/// lie apart, and a RIB whose routes nobody ever replaces would hide every recovery.
pub(super) fn collector(path: &Path) -> String {
    let parts = path.iter().filter_map(|part| part.to_str());
    let named = parts.rev().find_map(|part| {
        let words: Vec<_> = part.split(['.', '_']).collect();
        let ris = |word: &&&str| {
            let number = word.strip_prefix("rrc");
            number.is_some_and(|n| n.len() == 2 && n.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if let Some(rrc) = words.iter().find(ris) {
            return Some((*rrc).to_owned());
        }
        let start = words.iter().position(|word| word.starts_with("route-views"))?;
        let end =
            words.iter().position(|word| matches!(*word, "rib" | "ribs" | "updates" | "bgpdata"));
        Some(words.get(start..end.unwrap_or(words.len()))?.join("."))
    });
    named.unwrap_or_default()
}

struct Look {
    size: u64,
    known: bool,
    begins: Option<Timestamp>,
}

fn look(path: &Path) -> io::Result<Look> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut reader = Reader::new(file, "");
    let (mut known, mut begins, mut foreign) = (false, None, false);
    for _ in 0..LOOK {
        let mut damaged = false;
        let more = reader.read_record(&Everything, &mut |item| match item {
            Item::Element(element) => begins = begins.or(Some(element.at)),
            Item::Damage(damage) => {
                damaged = true;
                foreign |= damage.kind == DamageKind::UnknownFormat;
            }
        });
        known |= more && !damaged;
        if !more || begins.is_some() {
            break;
        }
    }
    Ok(Look { size, known: (known || begins.is_some()) && !foreign, begins })
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_name_their_collector() {
        for (path, name) in [
            ("/data/rrc06/2014.05/updates.20140530.2215.gz", "rrc06"),
            ("ris.rrc06.updates.1401488100.gz", "rrc06"),
            ("routeviews.route-views.jinx.ribs.1401487200.bz2", "route-views.jinx"),
            ("route-views.amsix/bgpdata/2014.04/RIBS/rib.20140402.1600.bz2", "route-views.amsix"),
            ("archive/route-views2/updates.20140402.1600.bz2", "route-views2"),
            ("rrc6/updates.gz", ""),
            ("spool/updates.20140402.1600.gz", ""),
            ("-", ""),
        ] {
            assert_eq!(collector(Path::new(path)), name, "{path}");
        }
    }
}
