//! The fast path (look at the prefix, leave the rest unread) against reading everything: they must
//! agree on every record of every file.

use bgp::Prefix;
use parser::{Everything, Filter, Item, Walker, bgpdump};

use crate::recordings;

/// Wants one prefix in seven, asked in words.
struct Words;

/// The same, asked in bits.
struct Bits;

fn picks(bits: u128, length: u8) -> bool {
    ((bits >> 64 ^ bits) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(7) % 7
        == u64::from(length % 7)
}

impl Filter for Words {
    fn wants(&self, prefix: Prefix) -> bool {
        picks(prefix.bits(), prefix.length())
    }
}

impl Filter for Bits {
    fn wants(&self, prefix: Prefix) -> bool {
        picks(prefix.bits(), prefix.length())
    }

    fn wants_v4(&self, bits: u32, length: u8) -> bool {
        picks(u128::from(bits) << 96, length)
    }

    fn wants_v6(&self, bits: u128, length: u8) -> bool {
        picks(bits, length)
    }
}

/// The lines of all elements that `keep` keeps.
fn lines(bytes: &[u8], filter: &impl Filter, keep: impl Fn(Prefix) -> bool) -> Vec<u8> {
    let mut lines = Vec::new();
    Walker::new("").walk(bytes, true, filter, &mut |item| match item {
        Item::Element(element) if element.prefix().is_none_or(&keep) => {
            bgpdump::write_line(&element, &mut lines);
        }
        _ => (),
    });
    lines
}

#[test]
fn a_filter_gives_what_reading_everything_gives_and_keeping_some() {
    for name in recordings::mrt_files() {
        let bytes = recordings::unpacked(&name);
        let kept = lines(&bytes, &Everything, |prefix| Words.wants(prefix));
        let words = lines(&bytes, &Words, |_| true);
        let in_bits = lines(&bytes, &Bits, |_| true);
        // Not assert_eq!: nobody can read a million lines.
        assert!(kept == words && kept == in_bits, "{name}");
    }
}

/// Wants what another wants, and only its number.
struct Number<F>(F);

impl<F: Filter> Filter for Number<F> {
    fn wants(&self, prefix: Prefix) -> bool {
        self.0.wants(prefix)
    }

    fn only_counts(&self) -> bool {
        true
    }
}

/// How many elements are pushed, and how many are counted.
fn number(bytes: &[u8], filter: &impl Filter) -> (u64, u64) {
    let mut pushed = 0;
    let mut walker = Walker::new("");
    walker.walk(bytes, true, filter, &mut |item| {
        pushed += u64::from(matches!(item, Item::Element(_)));
    });
    (pushed, walker.statistics().counted)
}

/// Of whole files, and of the same with an octet in a few hundred damaged: many attributes, and some
/// records.
#[test]
fn what_is_counted_and_not_pushed_is_the_same_number() {
    for name in recordings::mrt_files() {
        let mut bytes = recordings::unpacked(&name);
        let (pushed, counted) = number(&bytes, &Number(Everything));
        assert_eq!((pushed + counted, 0), number(&bytes, &Everything), "{name}");
        bytes.iter_mut().skip(500).step_by(331).for_each(|octet| *octet ^= 0x24);
        let (pushed, counted) = number(&bytes, &Number(Bits));
        assert_eq!((pushed + counted, 0), number(&bytes, &Bits), "{name}, damaged");
    }
}
