//! Whatever the bytes are: no panic, no hang, no memory without bound, and the same from a slice as
//! from a reader that gives little at a time.

use std::io::{self, Read};

use parser::{Everything, Format, Item, Reader};

use crate::play::reading::{exhaust, read};
use crate::recordings::{self, PACKED};

/// The first records of a file are of every kind that it has; enough for a test of every cut.
const HEAD: usize = 20_000;

/// Each file's head, plain.
fn heads() -> Vec<(String, Vec<u8>)> {
    let head = |name: String| {
        let mut bytes = Vec::new();
        let packed = recordings::packed(&name);
        let unpacked = Reader::new(packed.as_slice(), "").into_unpacked();
        unpacked.take(HEAD as u64).read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    recordings::mrt_files().into_iter().map(head).collect()
}

#[test]
fn a_plain_file_cut_anywhere_gives_what_stands_before_and_says_so() {
    for (name, bytes) in heads() {
        let whole = read(&bytes);
        let step = (bytes.len() / 200).max(1);
        for cut in (0..bytes.len()).step_by(step).chain(0..60.min(bytes.len())) {
            let reading = read(&bytes[..cut]);
            assert!(whole.lines.starts_with(&reading.lines), "{name} at {cut}");
            assert!(reading.damages.len() <= whole.damages.len() + 1, "{name} at {cut}");
            // What is shorter than a header is nothing that is known.
            let taken = if cut < 12 { 0 } else { cut as u64 };
            assert_eq!(reading.statistics.octets, taken, "{name} at {cut}");
        }
    }
}

#[test]
fn a_packed_file_cut_anywhere_gives_what_stands_before_and_says_so() {
    for name in PACKED {
        let packed = recordings::packed(name);
        let whole = read(&packed);
        for cut in (12..packed.len()).step_by(packed.len() / 40) {
            let reading = read(&packed[..cut]);
            assert!(whole.lines.starts_with(&reading.lines), "{name} at {cut}");
            let kind =
                name.rsplit_once('.').unwrap().1.replace("gz", "gzip").replace("bz2", "bzip2");
            let told = format!("{kind} data is damaged or cut, the rest of the file is lost");
            assert_eq!(reading.damages.len(), 1, "{name} at {cut}: {:?}", reading.damages);
            assert!(reading.damages[0].ends_with(&told), "{name} at {cut}: {:?}", reading.damages);
        }
    }
}

#[test]
fn members_of_gzip_and_streams_of_bzip2_follow_each_other() {
    for name in PACKED {
        let packed = recordings::packed(name);
        let once = read(&packed);
        let twice = read(&packed.repeat(2));
        assert_eq!(twice.lines, once.lines.repeat(2));
        assert_eq!(twice.damages, Vec::<String>::new());
        assert_eq!(twice.statistics.packed_octets, 2 * packed.len() as u64);
    }
}

#[test]
fn a_reader_that_gives_little_at_a_time_gives_the_same() {
    struct Drip<'a>(&'a [u8]);
    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let octets = buffer.len().min(7);
            self.0.read(&mut buffer[..octets])
        }
    }
    for (name, bytes) in heads() {
        let mut lines = Vec::new();
        let mut reader = Reader::new(Drip(&bytes), "");
        let mut sink = |item: Item<'_>| {
            if let Item::Element(element) = item {
                parser::bgpdump::write_line(&element, &mut lines);
            }
        };
        while reader.read_record(&Everything, &mut sink) {}
        assert_eq!(lines, read(&bytes).lines, "{name}");
        assert_eq!(reader.format(), Some(Format::Mrt));
    }
}

#[test]
fn damaged_files_never_panic_and_never_invent() {
    // A small generator of our own: the same damage in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for (name, bytes) in heads() {
        for _ in 0..40 {
            let mut broken = bytes.clone();
            for _ in 0..=random(8) {
                let at = random(broken.len());
                broken[at] = random(256) as u8;
            }
            // An octet for each element at least: nothing is made of nothing.
            assert!(exhaust(&broken) <= broken.len() as u64, "{name}");
        }
    }
}
