//! Recordings of others that every test may read, and what it needs to know of them.

use std::fs;
use std::path::{Path, PathBuf};

use fixtures::real::recording;

pub(crate) const MRT_FILES: usize = 29;
/// As `originwatch search` counts.
pub(crate) const RIB_LINES: usize = 503_590;
pub(crate) const UPDATES_LINES: usize = 3833;
pub(crate) const PLAIN_LINES: usize = 99;

pub(crate) const RIB: &str =
    "mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2";
pub(crate) const UPDATES: &str = "mrt/CAIDA+libbgpstream/ris.rrc06.updates.1401488100.gz";
/// It begins when all of the former is over.
pub(crate) const LATER_UPDATES: &str =
    "mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.updates.1401493500.bz2";
/// Not compressed.
pub(crate) const PLAIN: &str = "mrt/t2mune+mrtparse/quagga_bgp";
/// Its last record, and where that begins.
pub(crate) const PLAIN_END: (usize, usize) = (90, 6570);
/// Two small tables, not compressed.
pub(crate) const TABLES: [&str; 2] =
    ["mrt/t2mune+mrtparse/quagga_rib", "mrt/t2mune+mrtparse/quagga_rib_h1"];
/// A session with ADD-PATH whose records do not say so, and how many of them are damaged therefore.
pub(crate) const DAMAGED: (&str, usize) = ("mrt/t2mune+mrtparse/bird_bgp_h1", 33);
/// A RIB whose copies behind each other, so many, are larger than a search may be.
pub(crate) const LARGE: (&str, usize) = (RIB, 8);
/// So many files are many.
pub(crate) const MANY: u32 = 10_000;
/// A prefix of the RIB, with what the RIB has of it, around it, and its origin.
pub(crate) const PREFIX: &str = "103.28.112.0/22";
pub(crate) const AROUND: [&str; 2] = ["0.0.0.0/0", PREFIX];
pub(crate) const ORIGIN_OF_PREFIX: &str = "AS45305";
/// A part of it and its length: AS64500 does not originate it.
pub(crate) const PART_OF_PREFIX: &str = "103.28.114.0/23,23";
/// What the updates have: a peer, an origin, two neighbours on paths, and a minute.
pub(crate) const PEER: &str = "25152";
pub(crate) const ORIGIN: &str = "4761";
pub(crate) const NEIGHBOURS: &str = "3356 1299";
pub(crate) const MINUTE: (&str, i64) = ("2014-05-30T22:16:00Z", 1_401_488_160);
/// A router that tells of a hijack, of another inside, and of a prefix of its own.
pub(crate) const ROUTER: &str = "bmp/made/gobgp310-all-policies.bmp";

/// The MRT files, with all that is wrong with some: cut, damaged, of two members.
pub(crate) fn mrt() -> Vec<String> {
    below("mrt", |name| !name.starts_with("expect__"))
}

/// Streams of BMP.
pub(crate) fn bmp() -> Vec<String> {
    below("bmp/made", |name| name.ends_with(".bmp"))
}

/// Messages of RIS Live, one a line.
pub(crate) fn ris_live() -> Vec<String> {
    [
        "rislive/CAIDA+libbgpstream/ris-live-stream.2k.json",
        "rislive/morrowc+rislive/testdata__10-msg",
        "rislive/morrowc+rislive/testdata__1k-msgs",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Where a recording lies.
pub(crate) fn path(name: &str) -> PathBuf {
    recording(name)
}

fn below(folder: &str, is_meant: impl Fn(&str) -> bool + Copy) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(recording(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let inside = Path::new(folder).join(name).to_str().unwrap().to_owned();
        match path.is_dir() {
            true => found.extend(below(&inside, is_meant)),
            false if is_meant(name) => found.push(inside),
            false => {}
        }
    }
    found.sort();
    found
}
