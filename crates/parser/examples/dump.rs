//! Prints files as `bgpdump -m` does, what was lost on stderr: `dump FILE..`.

#![expect(clippy::disallowed_methods, reason = "files are named on the command line")]

use std::io::{Read, Write, stderr, stdout};

use parser::{Everything, Item, Reader, bgpdump};

fn main() -> std::io::Result<()> {
    let mut lines = Vec::new();
    for path in std::env::args().skip(1) {
        let input: Box<dyn Read> = Box::new(std::fs::File::open(path)?);
        let mut reader = Reader::new(input, "");
        let mut sink = |item: Item<'_>| match item {
            Item::Element(element) => bgpdump::write_line(&element, &mut lines),
            // Nothing is left to tell where stderr is closed.
            Item::Damage(damage) => drop(writeln!(stderr(), "{damage}")),
        };
        while reader.read_record(&Everything, &mut sink) {}
        writeln!(stderr(), "{:?}", reader.statistics())?;
    }
    stdout().write_all(&lines)
}
