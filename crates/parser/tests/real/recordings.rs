//! The MRT files that every test reads (their README says who wrote them).

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use fixtures::real::recording;
use parser::Reader;

/// One of each compression.
pub(crate) const PACKED: [&str; 2] = [
    "CAIDA+libbgpstream/ris.rrc06.updates.1401488100.gz",
    "bgpkit+bgpkit-parser/local_only__updates.bz2",
];

/// Sessions with ADD-PATH whose records do not say so. bgpkit-parser guesses, right in these files
/// and wrong elsewhere (a default route followed by others); we do not.
pub(crate) const NOT_FOR_BGPKIT: [&str; 5] = [
    "bgpfix+bgpipe/sample.mrt",
    "t2mune+mrtparse/bird6_bgp_h2",
    "t2mune+mrtparse/bird_bgp_h1",
    "t2mune+mrtparse/bird_bgp_h2",
    "t2mune+mrtparse/bird_bgp_h3",
];

/// Elements of bgpkit-parser know no SAFI: so many are multicast routes, which we leave out.
pub(crate) const MULTICAST: [(&str, usize); 3] = [
    ("CAIDA+libbgpstream/updates.example.bz2", 364),
    ("RIPE-NCC+bgpdump/updates.20070211.0141.gz", 151),
    ("cawka+bgpparser/updates.20090501.0000.bz2", 64),
];

/// Every MRT file, by its name below `mrt/`.
pub(crate) fn mrt_files() -> Vec<String> {
    let mut files = Vec::new();
    for project in fs::read_dir(recording("mrt")).unwrap() {
        let project = project.unwrap();
        for file in fs::read_dir(project.path()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if !name.starts_with("expect__") {
                files.push(format!("{}/{name}", project.file_name().to_str().unwrap()));
            }
        }
    }
    files.sort();
    assert_eq!(files.len(), 29, "{files:?}");
    files
}

pub(crate) fn path(name: &str) -> PathBuf {
    recording("mrt").join(name)
}

/// The file as it lies there.
pub(crate) fn packed(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

/// As much of the file as can be unpacked.
pub(crate) fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    // One of the files is cut, on purpose: what comes before is what we want.
    let _ = Reader::new(packed(name).as_slice(), "").into_unpacked().read_to_end(&mut bytes);
    bytes
}

/// RFC 6793 section 6: confederation segments in AS4_PATH are left out. bgpkit-parser keeps them.
pub(crate) fn repaired(word: String) -> String {
    word.replace("[13237 64600 65031 1103 1125 196613 12654]", "[13237 1103 1125 196613 12654]")
}
