//! What Debian's `bgpdump -m` 1.6.2 printed of recordings that are made here.
//!
//! Not of those with messages of the collector (it shows other peers), of type 5 (it shows the peer's address
//! in place of a withdrawn prefix, and no IPv6) and of RIB_GENERIC (it shows nothing).

/// Each recording's name, and the lines.
pub(crate) fn bgpdump() -> Vec<(&'static str, &'static str)> {
    let text = include_str!("../golden/bgpdump.txt");
    let parts = text.split("== ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap()).collect()
}
