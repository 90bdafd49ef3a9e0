//! What a filter is asked, in words and in bits.

use bgp::{Family, Prefix};
use parser::Filter;

#[test]
fn raw_bits_are_those_of_the_prefix() {
    struct Same;
    impl Filter for Same {
        fn wants(&self, prefix: Prefix) -> bool {
            prefix == Prefix::from_bits(Family::Ipv4, 0xc612_0000 << 96, 15)
                || prefix == Prefix::from_bits(Family::Ipv6, 0x2001_0db8 << 96, 32)
        }
    }
    assert!(Same.wants_v4(0xc612_0000, 15) && !Same.wants_v4(0xc612_0000, 16));
    assert!(Same.wants_v6(0x2001_0db8 << 96, 32) && !Same.wants_v6(0x2001_0db8 << 96, 33));
}
