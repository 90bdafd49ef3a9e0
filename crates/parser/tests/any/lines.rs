//! Lines as `bgpdump -m` writes them.

use parser::{Everything, Item, Walker, bgpdump};

use crate::recordings;

#[test]
fn what_lines_have_in_common_may_be_remembered() {
    for name in recordings::mrt_files() {
        let (mut line, mut remembered) = (Vec::new(), Vec::new());
        let mut remembering = bgpdump::Lines::default();
        let bytes = recordings::unpacked(&name);
        Walker::new("").walk(&bytes, true, &Everything, &mut |item| {
            if let Item::Element(element) = item {
                line.clear();
                remembered.clear();
                bgpdump::write_line(&element, &mut line);
                remembering.write(&element, &mut remembered);
                assert!(line == remembered, "{name}: {}", String::from_utf8_lossy(&line));
            }
        });
    }
}
