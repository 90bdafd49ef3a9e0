//! What `originwatch search` is compared with.

use std::fs::File;
use std::io::Read as _;

use super::{Run, originwatch};
use crate::recordings;

pub(crate) fn search<const N: usize>(arguments: [&str; N]) -> Run {
    originwatch(["search"].into_iter().chain(arguments))
}

/// Where a recording lies, as a command line says it.
pub(crate) fn name(file: &str) -> String {
    recordings::path(file).to_str().unwrap().to_owned()
}

fn reader(file: &str) -> parser::Reader<File> {
    parser::Reader::new(File::open(recordings::path(file)).unwrap(), "")
}

pub(crate) fn unpacked(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader(file).into_unpacked().read_to_end(&mut bytes).unwrap();
    bytes
}

/// What the parser prints of a whole file, which its own tests compare with `bgpdump -m`.
pub(crate) fn lines(file: &str) -> String {
    let mut lines = Vec::new();
    let mut reader = reader(file);
    let mut sink = |item: parser::Item<'_>| {
        if let parser::Item::Element(element) = item {
            parser::bgpdump::write_line(&element, &mut lines);
        }
    };
    while reader.read_record(&parser::Everything, &mut sink) {}
    String::from_utf8(lines).unwrap()
}
