use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Recordings of archives, kept on disk: an archive never changes what it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cache {
    folder: PathBuf,
    /// Most octets that are kept; what was not used for the longest time goes first.
    limit: u64,
}

/// The longest name that file systems take.
const NAME_MAX: usize = 200;

/// What a process that was killed left behind is taken away after this time.
const ABANDONED: Duration = Duration::from_hours(24);

/// The limit is seen to when so many files more are kept, or a file as large as such a part of it:
/// each time costs a look at every file.
const PARTS: u64 = 64;

const PARTIAL: &str = ".part";

impl Cache {
    /// In `folder`, or where the XDG rules say.
    pub(crate) fn new(folder: Option<&Path>, limit: u64) -> io::Result<Self> {
        let folder = match folder {
            Some(folder) => folder.to_owned(),
            None => default_folder().ok_or_else(|| {
                io::Error::other("neither XDG_CACHE_HOME nor HOME is set: give --cache DIR")
            })?,
        };
        fs::create_dir_all(&folder)?;
        Ok(Cache { folder, limit })
    }

    /// The file of this URL, if it is here, and whole.
    pub(crate) fn get(&self, url: &str) -> io::Result<Option<File>> {
        let Some(path) = self.path(url) else { return Ok(None) };
        match File::open(&path) {
            Ok(file) => {
                // Used last now. That it cannot be said does not make the file worse.
                let _ = file.set_modified(SystemTime::now());
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// None where the URL is too long for a name.
    fn path(&self, url: &str) -> Option<PathBuf> {
        let name: String = url.bytes().map(escaped).collect();
        (name.len() <= NAME_MAX).then(|| self.folder.join(name))
    }

    /// Takes away what is too much.
    fn trim(&self) -> io::Result<()> {
        let mut files = Vec::new();
        let now = SystemTime::now();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another thread, or another process, may have taken it away or given it its name.
            let Ok(metadata) = entry.metadata() else { continue };
            let used = metadata.modified()?;
            if !entry.path().to_string_lossy().ends_with(PARTIAL) {
                files.push((used, metadata.len(), entry.path()));
            } else if now.duration_since(used).is_ok_and(|age| age > ABANDONED) {
                fs::remove_file(entry.path())?;
            }
        }
        files.sort();
        let mut sum: u64 = files.iter().map(|(_, octets, _)| octets).sum();
        for (_, octets, path) in files {
            if sum <= self.limit {
                break;
            }
            fs::remove_file(path)?;
            sum -= octets;
        }
        Ok(())
    }
}

/// A source whose octets are kept. They get their name when all are there, so that half a file is
/// never taken for a whole one.
pub(crate) struct Keeping<R> {
    source: R,
    cache: Arc<Cache>,
    part: Option<Part>,
}

/// What is there so far.
struct Part {
    file: File,
    at: PathBuf,
    to: PathBuf,
    number: u64,
    octets: u64,
}

impl<R: Read> Keeping<R> {
    pub(crate) fn new(source: R, cache: &Arc<Cache>, url: &str) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let part = cache.path(url).map(|to| {
            let at = cache.folder.join(format!("{}-{number}{PARTIAL}", process::id()));
            File::create(&at).map(|file| Part { file, at, to, number, octets: 0 })
        });
        Ok(Keeping { source, cache: Arc::clone(cache), part: part.transpose()? })
    }
}

impl<R: Read> Read for Keeping<R> {
    /// A full disk costs the copy and not the reading.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = self.source.read(buffer)?;
        let Some(part) = &mut self.part else { return Ok(octets) };
        if octets > 0 {
            if part.file.write_all(buffer.get(..octets).unwrap_or_default()).is_err() {
                self.part = None;
            } else {
                part.octets += octets as u64;
            }
        } else if !buffer.is_empty() {
            let many = part.number.is_multiple_of(PARTS) || part.octets > self.cache.limit / PARTS;
            // Whatever goes wrong here, the reading has gone well.
            let kept = fs::rename(&part.at, &part.to);
            let _ = kept.and_then(|()| if many { self.cache.trim() } else { Ok(()) });
            self.part = None;
        }
        Ok(octets)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Where it has its name already, this one is gone.
        let _ = fs::remove_file(&self.at);
    }
}

/// <https://specifications.freedesktop.org/basedir-spec/latest/>
fn default_folder() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    Some(base?.join("originwatch"))
}

/// Two URLs never have the same name.
fn escaped(octet: u8) -> String {
    match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => char::from(octet).to_string(),
        _ => format!("_{octet:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(cache: &Arc<Cache>, url: &str, bytes: &[u8]) {
        let mut out = Vec::new();
        Keeping::new(bytes, cache, url).unwrap().read_to_end(&mut out).unwrap();
        assert_eq!(out, bytes);
    }

    fn kept(cache: &Cache, url: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        cache.get(url).unwrap()?.read_to_end(&mut out).unwrap();
        Some(out)
    }

    #[test]
    fn what_was_read_to_its_end_is_there_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Arc::new(Cache::new(Some(folder.path()), 100).unwrap());
        assert_eq!(kept(&cache, "http://a/b"), None);
        keep(&cache, "http://a/b", b"one");
        keep(&cache, "http://a_b", b"two");
        assert_eq!(kept(&cache, "http://a/b").as_deref(), Some(&b"one"[..]));
        assert_eq!(kept(&cache, "http://a_b").as_deref(), Some(&b"two"[..]));
    }

    #[test]
    fn half_a_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Arc::new(Cache::new(Some(folder.path()), 100).unwrap());
        let mut keeping = Keeping::new(&b"half of it"[..], &cache, "http://a/b").unwrap();
        keeping.read_exact(&mut [0; 4]).unwrap();
        drop(keeping);
        assert_eq!(kept(&cache, "http://a/b"), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Arc::new(Cache::new(Some(folder.path()), 10).unwrap());
        let age = |url, seconds| {
            let file = File::open(cache.path(url).unwrap()).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        keep(&cache, "http://a", b"1234");
        keep(&cache, "http://b", b"1234");
        age("http://a", 2);
        age("http://b", 1);
        keep(&cache, "http://c", b"1234");
        let all = ["http://a", "http://b", "http://c"].map(|url| kept(&cache, url).is_some());
        assert_eq!(all, [true, false, true]);
    }
}
