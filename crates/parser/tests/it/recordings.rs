//! The MRT files that are made here.

use std::io::Read as _;
use std::sync::LazyLock;

use fixtures::{pack, recordings};
use parser::Reader;

/// One of each compression.
pub(crate) const PACKED: [&str; 2] = ["updates.gz", "rib.bz2"];

/// bgpkit-parser does not read RIB_GENERIC.
pub(crate) const NOT_FOR_BGPKIT: [&str; 2] =
    ["table-dump-v2-generic", "table-dump-v2-genericaddpath"];

/// Elements of bgpkit-parser know no SAFI: so many are multicast routes, which we leave out.
pub(crate) const MULTICAST: [(&str, usize); 2] =
    [("table-dump-v2-multicast", 8), ("table-dump-v2-multicastaddpath", 8)];

/// Every MRT file as an archive would have it.
static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let [updates, rib] = PACKED.map(str::to_owned);
    let mut files = recordings::mrt();
    files.push((updates, pack::gzip(&recordings::updates())));
    files.push((rib, pack::bzip2(&recordings::rib())));
    files
});

/// Every MRT file, by its name.
pub(crate) fn mrt_files() -> Vec<String> {
    FILES.iter().map(|(name, _)| name.clone()).collect()
}

/// The file as an archive would have it.
pub(crate) fn packed(name: &str) -> Vec<u8> {
    FILES.iter().find(|(file, _)| file == name).unwrap().1.clone()
}

/// The file, unpacked.
pub(crate) fn unpacked(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packed = packed(name);
    Reader::new(packed.as_slice(), "").into_unpacked().read_to_end(&mut bytes).unwrap();
    bytes
}

/// Of TABLE_DUMP, bgpkit-parser merges no AS4_PATH, and reads no next hop where MP_REACH_NLRI has nothing else.
pub(crate) fn repaired(word: String) -> String {
    word.replace("[64500 23456]", "[64500 4200000001]")
        .replace("[64502 64510 64496] None", "[64502 64510 64496] Some(2001:db8::1)")
}
