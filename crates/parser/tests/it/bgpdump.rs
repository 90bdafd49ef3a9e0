//! Lines against what `bgpdump` printed.

use crate::play::golden;
use crate::play::reading::read;
use crate::recordings;

#[test]
fn every_line_is_what_bgpdump_printed() {
    for (name, expected) in golden::bgpdump() {
        let ours = String::from_utf8(read(&recordings::packed(name)).lines).unwrap();
        assert_eq!(ours, expected, "{name}");
    }
}
