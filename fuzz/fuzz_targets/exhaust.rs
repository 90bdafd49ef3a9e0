use bgp::{Prefix, RouteOrigin};
use parser::{Everything, Filter, Item, Walker, bgpdump};

/// Walks some bytes and reads everything that comes out; what is read in two ways must agree.
pub fn exhaust(bytes: &[u8]) {
    let (mut line, mut same) = (Vec::new(), Vec::new());
    let mut lines = bgpdump::Lines::default();
    let mut elements = 0;
    Walker::new("fuzz").walk(bytes, true, &Everything, &mut |item| match item {
        Item::Element(element) => {
            elements += 1;
            let origin = element.origin();
            if let Some(observation) = element.observation() {
                assert_eq!(observation.origin().unwrap_or(RouteOrigin::None), origin);
            }
            line.clear();
            bgpdump::write_line(&element, &mut line);
            same.clear();
            lines.write(&element, &mut same);
            assert_eq!(line, same);
        }
        Item::Damage(damage) => {
            let _ = damage.to_string();
        }
    });
    assert_eq!(counted(bytes), elements);
}

/// How many elements a walk finds that reads no attributes.
fn counted(bytes: &[u8]) -> u64 {
    let mut walker = Walker::new("fuzz");
    let mut pushed = 0;
    let count = &mut |item: Item<'_>| pushed += u64::from(matches!(item, Item::Element(_)));
    walker.walk(bytes, true, &OnlyCounts, count);
    pushed + walker.statistics().counted
}

struct OnlyCounts;

impl Filter for OnlyCounts {
    fn wants(&self, _: Prefix) -> bool {
        true
    }

    fn only_counts(&self) -> bool {
        true
    }
}
