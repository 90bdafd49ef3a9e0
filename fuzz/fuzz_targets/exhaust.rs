use bgp::RouteOrigin;
use parser::{Everything, Item, Walker, bgpdump};

/// Walks some bytes and reads everything that comes out; what is read in two ways must agree.
pub fn exhaust(bytes: &[u8]) {
    let (mut line, mut same) = (Vec::new(), Vec::new());
    let mut lines = bgpdump::Lines::default();
    Walker::new("fuzz").walk(bytes, true, &Everything, &mut |item| match item {
        Item::Element(element) => {
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
}
