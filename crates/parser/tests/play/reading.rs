//! Reads a whole stream.

use bgp::Observation;
use parser::{Everything, Item, Reader, Statistics, Walker, bgpdump};

/// What reading a whole file gives.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) lines: Vec<u8>,
    pub(crate) damages: Vec<String>,
    pub(crate) statistics: Statistics,
}

pub(crate) fn read(bytes: &[u8]) -> Reading {
    let mut reader = Reader::new(bytes, "");
    let (mut lines, mut damages) = (Vec::new(), Vec::new());
    let mut sink = |item: Item<'_>| match item {
        Item::Element(element) => bgpdump::write_line(&element, &mut lines),
        Item::Damage(damage) => damages.push(damage.to_string()),
    };
    while reader.read_record(&Everything, &mut sink) {}
    Reading { lines, damages, statistics: reader.statistics() }
}

/// Reads everything that an element has, so that nothing stays unread.
pub(crate) fn exhaust(bytes: &[u8]) -> u64 {
    let mut elements = 0;
    let mut line = Vec::new();
    Walker::new("").walk(bytes, true, &Everything, &mut |item| match item {
        Item::Element(element) => {
            elements += 1;
            let origin = element.origin();
            if let Some(observation) = element.observation() {
                assert_eq!(observation.origin().unwrap_or(bgp::RouteOrigin::None), origin);
            }
            line.clear();
            bgpdump::write_line(&element, &mut line);
        }
        Item::Damage(damage) => assert!(!damage.to_string().is_empty()),
    });
    elements
}

/// What the lines of RIS Live say, of a collector that is called `named`.
pub(crate) fn observations(lines: &str) -> (Vec<Observation>, Vec<String>) {
    let (mut seen, mut damages) = (Vec::new(), Vec::new());
    Walker::new("named").walk(lines.as_bytes(), true, &Everything, &mut |item| match item {
        Item::Element(element) => seen.extend(element.observation()),
        Item::Damage(damage) => damages.push(damage.to_string()),
    });
    (seen, damages)
}
