use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bgp::Timestamp;
use parser::{DamageKind, Everything, Item, Reader};

use crate::cache::{Cache, Keeping};
use crate::progress::ProgressCounter;
use crate::remote::Remote;
use crate::stream::{Source, Stream};

/// How many records of a file are looked at to see what it is: the first may be damaged, a peer
/// index table, or a line that was cut when the recording began.
const LOOK: usize = 10;

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub(crate) place: Place,
    /// What its vantage points are named after where it does not say.
    pub collector: String,
    /// Its size in bytes; none of a pipe.
    size: Option<u64>,
    /// When its first route was seen; none where that is not known.
    pub begins: Option<Timestamp>,
}

/// Where an input is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Stdin,
    File(PathBuf),
    /// Over HTTP or HTTPS; kept where a cache is given.
    Url(String, Option<Arc<Cache>>),
}

/// What the command line named.
#[derive(Debug, Default)]
pub struct Inputs {
    /// What is to be read, in the order of their first records, those of an unknown beginning first.
    pub inputs: Vec<Input>,
    /// How many files of folders are something else.
    pub passed_over: u64,
    /// What cannot be read, and why.
    pub unreadable: Vec<(String, String)>,
}

/// A file that may be one.
struct Candidate {
    path: PathBuf,
    /// Whether the command line names the file itself, and not its folder.
    named: bool,
}

impl Input {
    /// A file of this machine.
    pub fn file(path: &Path) -> Self {
        let (place, collector) = (Place::File(path.to_owned()), collector(path));
        Input { place, collector, size: None, begins: None }
    }

    /// A recording of an archive. Its name there does not matter, and what it says of itself does.
    pub fn remote(url: String, cache: Option<Arc<Cache>>) -> Self {
        let collector = collector(Path::new(&url));
        Input { place: Place::Url(url, cache), collector, size: None, begins: None }
    }

    pub(crate) fn beginning(self, begins: Timestamp, size: Option<u64>) -> Self {
        Input { begins: Some(begins), size, ..self }
    }

    /// What it is called in warnings.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Stdin => "standard input".to_owned(),
            Place::File(path) => path.display().to_string(),
            Place::Url(url, _) => url.clone(),
        }
    }

    /// Its octets, unpacked on this thread: for whoever reads one input alone.
    pub fn unpacked(&self) -> io::Result<impl Read + use<>> {
        Ok(Reader::new(self.open(&Arc::default())?, "").into_unpacked())
    }

    pub(crate) fn open(&self, progress: &Arc<ProgressCounter>) -> io::Result<Stream> {
        let source = match &self.place {
            Place::Stdin => Source::Stdin(io::stdin()),
            Place::File(path) => Source::File(File::open(path)?),
            Place::Url(url, None) => Source::Remote(Box::new(Remote::new(url)?)),
            Place::Url(url, Some(cache)) => match cache.get(url)? {
                Some(file) => Source::File(file),
                None => Source::Kept(Box::new(Keeping::new(Remote::new(url)?, cache, url)?)),
            },
        };
        Ok(Stream { source, progress: Arc::clone(progress) })
    }

    fn of(path: &Path) -> Self {
        let collector = collector(path);
        let place = match path.to_str() {
            Some("-") => Place::Stdin,
            Some(url) if is_url(url) => Place::Url(url.to_owned(), None),
            _ => return Input::file(path),
        };
        Input { place, collector, size: None, begins: None }
    }
}

impl Inputs {
    /// Looks into every folder, and into every file where it matters what begins first.
    ///
    /// What is named itself is taken as it is; of a folder only what looks like an input.
    pub fn find(named: &[PathBuf], cache: Option<&Arc<Cache>>) -> Self {
        let mut found = Inputs::default();
        let mut candidates = Vec::new();
        let mut folders = Vec::new();
        for path in named {
            let input = Input::of(path);
            match &input.place {
                Place::Url(url, _) => found.inputs.push(Input::remote(url.clone(), cache.cloned())),
                Place::File(path) if path.is_dir() => {
                    let from = candidates.len();
                    found.walk(path, &mut candidates);
                    folders.push((path.clone(), from..candidates.len()));
                }
                Place::File(path) if path.metadata().is_ok_and(|metadata| metadata.is_file()) => {
                    candidates.push(Candidate { path: path.clone(), named: true });
                }
                // What flows can be read only once.
                Place::File(_) | Place::Stdin => found.inputs.push(input),
            }
        }
        found.look_into(&candidates, &folders);
        let mut seen = HashSet::new();
        found.inputs.retain(|input| seen.insert(input.place.clone()));
        found.inputs.sort_by_key(|input| input.begins);
        found
    }

    /// Adds what an archive has.
    pub fn add(&mut self, inputs: Vec<Input>) {
        self.inputs.extend(inputs);
        self.inputs.sort_by_key(|input| input.begins);
    }

    /// When the first of them begins, as far as that shows in files: what flows can be read only once.
    pub fn begins(&self) -> Option<Timestamp> {
        let begins = |input: &Input| match &input.place {
            Place::File(path) if input.begins.is_none() && path.is_file() => {
                Look::at(path).ok()?.begins
            }
            Place::File(_) | Place::Url(..) | Place::Stdin => input.begins,
        };
        self.inputs.iter().filter_map(begins).min()
    }

    /// The sum of the sizes; none if one is not known.
    pub fn size(&self) -> Option<u64> {
        self.inputs.iter().map(|input| input.size).sum()
    }

    fn walk(&mut self, folder: &Path, candidates: &mut Vec<Candidate>) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.refuse(folder, &format!("cannot be read: {error}")),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            // A link to a folder may lead back to it, so only links to files are followed.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                self.walk(&entry.path(), candidates);
            } else if entry.path().is_file() {
                candidates.push(Candidate { path: entry.path(), named: false });
            }
        }
    }

    fn look_into(
        &mut self,
        candidates: &[Candidate],
        folders: &[(PathBuf, std::ops::Range<usize>)],
    ) {
        // One alone comes first and last, whenever it begins; and of bzip2 a look costs a block.
        let alone = candidates.len() == 1 && self.inputs.is_empty();
        let looks = if alone && candidates.iter().all(|candidate| candidate.named) {
            candidates.iter().map(|candidate| Look::without(&candidate.path)).collect()
        } else {
            look_at_all(candidates)
        };
        let mut barren: Vec<_> = folders.iter().map(|_| true).collect();
        for (place, (candidate, look)) in candidates.iter().zip(looks).enumerate() {
            match look {
                Ok(look) if look.known || candidate.named => {
                    let Look { size, begins, .. } = look;
                    let input = Input::of(&candidate.path);
                    self.inputs.push(Input { size: Some(size), begins, ..input });
                    for (barren, (_, range)) in barren.iter_mut().zip(folders) {
                        *barren &= !range.contains(&place);
                    }
                }
                Ok(_) => self.passed_over += 1,
                Err(error) => self.refuse(&candidate.path, &format!("cannot be read: {error}")),
            }
        }
        for (_, (folder, _)) in barren.into_iter().zip(folders).filter(|(barren, _)| *barren) {
            self.refuse(folder, "holds no recording");
        }
    }

    fn refuse(&mut self, path: &Path, why: &str) {
        self.unreadable.push((path.display().to_string(), why.to_owned()));
    }
}

/// Whether the text is the address of something on the web.
fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// The collector that a path names: `rrc06` and `route-views.jinx` in the layouts of the archives.
/// Empty where it names none.
///
/// Two folders are no reason to call two collectors: a RIB and the updates that belong to it often
/// lie apart, and a RIB whose routes nobody ever replaces would hide every recovery.
fn collector(path: &Path) -> String {
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

/// Looks at all of them, on all cores.
fn look_at_all(candidates: &[Candidate]) -> Vec<io::Result<Look>> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let part = || {
        let mut looks = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(candidate) = candidates.get(place) else { return looks };
            looks.push((place, Look::at(&candidate.path)));
        }
    };
    let mut looks: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(part)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    looks.sort_by_key(|(place, _)| *place);
    looks.into_iter().map(|(_, look)| look).collect()
}

impl Look {
    fn without(path: &Path) -> io::Result<Self> {
        Ok(Look { size: path.metadata()?.len(), known: true, begins: None })
    }

    fn at(path: &Path) -> io::Result<Self> {
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
                    foreign |= matches!(
                        damage.kind,
                        DamageKind::UnknownFormat | DamageKind::UnknownPacking { .. }
                    );
                }
            });
            known |= more && !damaged;
            if !more || begins.is_some() {
                break;
            }
        }
        Ok(Look { size, known: (known || begins.is_some()) && !foreign, begins })
    }
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
            ("https://data.ris.ripe.net/rrc00/2014.04/updates.20140402.1825.gz", "rrc00"),
            ("rrc6/updates.gz", ""),
            ("spool/updates.20140402.1600.gz", ""),
            ("-", ""),
        ] {
            assert_eq!(collector(Path::new(path)), name, "{path}");
        }
    }
}
