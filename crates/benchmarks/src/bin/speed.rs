//! How fast files are read, once they are unpacked and in memory: `speed FILE..`. The best of five
//! rounds, one thread: a filter that wants nothing, every element, every origin, every observation,
//! every line of bgpdump.

use std::io::{Read, Write, stdout};
use std::time::{Duration, Instant};

use bgp::Prefix;
use parser::{Everything, Filter, Item, Reader, Walker, bgpdump};

/// Wants one network that is in no table.
struct Nothing;

impl Filter for Nothing {
    fn wants(&self, prefix: Prefix) -> bool {
        prefix.length() > 128
    }

    fn wants_v4(&self, bits: u32, _: u8) -> bool {
        bits & 0xffff_f800 == 0xf012_0800
    }

    fn wants_v6(&self, bits: u128, _: u8) -> bool {
        bits >> 64 == 0x2001_0db8_0123
    }
}

fn main() -> std::io::Result<()> {
    for path in std::env::args().skip(1) {
        let bytes = unpacked(&path)?;
        let mut elements = 0_u64;
        report("nothing", &bytes, 0, || walk(&bytes, &Nothing, &mut |_| ()))?;
        walk(&bytes, &Everything, &mut |_| elements += 1);
        report("count", &bytes, elements, || {
            let mut count = 0_u64;
            walk(&bytes, &Everything, &mut |_| count += 1);
            std::hint::black_box(count);
        })?;
        report("origin", &bytes, elements, || {
            walk(&bytes, &Everything, &mut |item| {
                if let Item::Element(element) = item {
                    std::hint::black_box(element.origin());
                }
            });
        })?;
        report("observation", &bytes, elements, || {
            walk(&bytes, &Everything, &mut |item| {
                if let Item::Element(element) = item {
                    std::hint::black_box(element.observation());
                }
            });
        })?;
        let (mut writer, mut lines) = (bgpdump::Lines::default(), Vec::new());
        report("line", &bytes, elements, || {
            walk(&bytes, &Everything, &mut |item| {
                if let Item::Element(element) = item {
                    writer.write(&element, &mut lines);
                }
                if lines.len() > 1 << 16 {
                    lines.clear();
                }
            });
        })?;
    }
    Ok(())
}

fn walk(bytes: &[u8], filter: &impl Filter, sink: &mut impl FnMut(Item<'_>)) {
    Walker::new("").walk(bytes, true, filter, sink);
}

fn report(what: &str, bytes: &[u8], elements: u64, mut work: impl FnMut()) -> std::io::Result<()> {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed());
    }
    let seconds = best.as_secs_f64();
    let (rate, each) = (bytes.len() as f64 / seconds / 1e6, elements as f64 / seconds / 1e6);
    writeln!(stdout(), "{what:12} {:8.1} ms {rate:8.0} MB/s {each:6.1} M/s", seconds * 1e3)
}

/// The whole of a file, unpacked.
fn unpacked(path: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Reader::new(std::fs::File::open(path)?, "").into_unpacked().read_to_end(&mut bytes)?;
    Ok(bytes)
}
