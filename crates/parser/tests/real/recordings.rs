//! The MRT files that every test reads (their README says who wrote them).

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use fixtures::real::recording;
use parser::Reader;

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
