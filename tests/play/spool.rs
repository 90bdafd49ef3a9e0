//! A folder of recordings that is followed, and those of 2014 to drop into it.

use std::fs;
use std::path::{Path, PathBuf};

use super::place::Place;
use super::relay::Relay;
use super::root;

pub(crate) const FEED: &str =
    "[[feed]]\ntype = \"mrt-dir\"\npath = \"spool\"\nrib = \"rib.mrt.gz\"\n";

/// The update files, in order.
pub(crate) fn updates() -> Vec<PathBuf> {
    let folder = root().join("data/indosat-2014");
    let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let is_update =
        |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("updates.");
    let mut files: Vec<_> = files.filter(is_update).collect();
    files.sort();
    files
}

/// A place whose spool is empty.
pub(crate) fn place(relay: &Relay) -> Place {
    place_with(relay.port)
}

/// The same with a relay that is somebody else's.
pub(crate) fn place_with(relay: u16) -> Place {
    let place = Place::new(relay, FEED);
    let rib = root().join("data/indosat-2014/rib.20140402.1600.mrt.gz");
    fs::copy(rib, place.path("rib.mrt.gz")).unwrap();
    place
}

/// Moves a file into the spool, as a collector does.
pub(crate) fn drop_in(place: &Place, file: &Path) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let hidden = place.path("spool").join(format!(".{name}"));
    fs::copy(file, &hidden).unwrap();
    fs::rename(hidden, place.path("spool").join(name)).unwrap();
}
