use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;

use tokio::task::block_in_place;

use super::reader::{LARGEST, LEFT, Reader, Undone};

/// A folder with `new`, into which somebody delivers, and `cur`, where mails lie that were seen.
#[derive(Debug)]
pub(super) struct Maildir {
    folder: PathBuf,
    /// The names in `new` that cannot be read or moved, and were told.
    left: HashSet<OsString>,
}

/// Why a folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum MaildirError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error(transparent)]
    Undone(#[from] Undone),
}

/// Why a mail stays where it is.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error("it has more than {LARGEST} octets")]
    Large,
    #[error("it is no file")]
    NoFile,
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Maildir {
    pub(super) fn new(folder: PathBuf) -> Self {
        Maildir { folder, left: HashSet::new() }
    }

    pub(super) async fn look(&mut self, reader: &mut Reader) -> Result<(), MaildirError> {
        for name in block_in_place(|| self.fresh())? {
            let Some(mail) = block_in_place(|| self.read(&name)) else { continue };
            reader.take(&mail).await?;
            block_in_place(|| self.mark(&name));
        }
        Ok(())
    }

    /// The names of what nobody has seen, as they begin with the time, in the order of their arrival.
    fn fresh(&mut self) -> io::Result<Vec<OsString>> {
        let entries = fs::read_dir(self.folder.join("new"))?;
        let mut names =
            entries.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<OsString>>>()?;
        self.left.retain(|name| names.contains(name));
        names
            .retain(|name| !self.left.contains(name) && !name.as_encoded_bytes().starts_with(b"."));
        names.sort();
        Ok(names)
    }

    fn read(&mut self, name: &OsStr) -> Option<Vec<u8>> {
        match self.bytes(name) {
            Ok(mail) => Some(mail),
            // Somebody else has taken it.
            Err(Unread::Io(error)) if error.kind() == io::ErrorKind::NotFound => None,
            Err(why) => {
                self.leave(name, &why);
                None
            }
        }
    }

    fn bytes(&self, name: &OsStr) -> Result<Vec<u8>, Unread> {
        let path = self.folder.join("new").join(name);
        // What is not a plain file could be endless, or lead elsewhere.
        if !path.symlink_metadata()?.is_file() {
            return Err(Unread::NoFile);
        }
        let mut mail = Vec::new();
        File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut mail)?;
        if mail.len() > LARGEST { Err(Unread::Large) } else { Ok(mail) }
    }

    /// Moves it to where mails lie that were seen.
    fn mark(&mut self, name: &OsStr) {
        let mut seen = name.to_owned();
        seen.push(":2,S");
        let (from, to) = (self.folder.join("new").join(name), self.folder.join("cur").join(seen));
        match fs::rename(from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound || !self.has_cur() => {
                self.leave(name, &Unread::Io(error));
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn has_cur(&self) -> bool {
        self.folder.join("cur").is_dir()
    }

    /// Says so once.
    fn leave(&mut self, name: &OsStr, why: &Unread) {
        tracing::warn!(name = %name.display(), %why, "{LEFT}");
        self.left.insert(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_or_no_file_is_left_and_the_rest_is_read_in_order_and_moved() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["new", "cur", "tmp", "new/3.folder"] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::write(path("new/2.b"), "two").unwrap();
        fs::write(path("new/1.a"), "one").unwrap();
        fs::write(path("new/.hidden"), "nothing").unwrap();
        fs::write(path("new/4.large"), vec![b'x'; LARGEST + 1]).unwrap();
        fs::write(path("new/5.most"), vec![b'x'; LARGEST]).unwrap();
        std::os::unix::fs::symlink(path("new/1.a"), path("new/6.link")).unwrap();
        let mut maildir = Maildir::new(folder.path().to_owned());
        let names = maildir.fresh().unwrap();
        let read =
            |maildir: &mut Maildir, name: &OsString| maildir.read(name).map(|mail| mail.len());
        let sizes: Vec<_> = names.iter().map(|name| read(&mut maildir, name)).collect();
        assert_eq!(names, ["1.a", "2.b", "3.folder", "4.large", "5.most", "6.link"]);
        assert_eq!(sizes, [Some(3), Some(3), None, None, Some(LARGEST), None]);
        maildir.mark(OsStr::new("2.b"));
        assert_eq!(fs::read_to_string(path("cur/2.b:2,S")).unwrap(), "two");
        // What was left is not tried again, and what has gone is forgotten.
        assert_eq!(maildir.fresh().unwrap(), ["1.a", "5.most"]);
        fs::remove_file(path("new/4.large")).unwrap();
        assert_eq!(maildir.read(OsStr::new("4.large")), None);
        maildir.fresh().unwrap();
        assert_eq!(maildir.left, ["3.folder", "6.link"].map(OsString::from).into());
        // What cannot be moved is left too.
        fs::remove_dir_all(path("cur")).unwrap();
        maildir.mark(OsStr::new("1.a"));
        assert_eq!(maildir.fresh().unwrap(), ["5.most"]);
    }
}
