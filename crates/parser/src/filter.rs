use bgp::{Family, Prefix};

/// Which prefixes are worth decoding. It is asked of every route before any attribute is read, so
/// it decides how fast a scan is.
///
/// A closure over [`Prefix`] is one; [`Everything`] is another. One that is to keep up with memory
/// answers [`Filter::wants_v4`] and [`Filter::wants_v6`] from the bits; all three must agree.
pub trait Filter {
    /// Whether routes of this prefix are to be decoded.
    fn wants(&self, prefix: Prefix) -> bool;

    /// The same of an IPv4 prefix in raw form; bits behind the length are zero, the length is at
    /// most 32.
    fn wants_v4(&self, bits: u32, length: u8) -> bool {
        self.wants(Prefix::from_bits(Family::Ipv4, u128::from(bits) << 96, length))
    }

    /// The same of an IPv6 prefix in raw form; bits behind the length are zero, the length is at
    /// most 128.
    fn wants_v6(&self, bits: u128, length: u8) -> bool {
        self.wants(Prefix::from_bits(Family::Ipv6, bits, length))
    }

    /// Whether it is enough to know how many routes are wanted. Then those of MRT messages and tables
    /// may be added to [`Statistics::counted`](crate::Statistics::counted) and not be pushed, and of
    /// attributes nothing is read that does not change the number.
    fn only_counts(&self) -> bool {
        false
    }

    /// Whether messages that the collector itself sent are wanted as well (the LOCAL subtypes of RFC 6396
    /// section 4.4.5). They are no vantage point's: what looks for routes leaves them out, and they are
    /// counted in [`Skipped::sent`](crate::Skipped::sent).
    fn wants_sent(&self) -> bool {
        true
    }
}

/// Wants every prefix of every vantage point, and nothing that the collector itself sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Received;

impl Filter for Received {
    fn wants(&self, _: Prefix) -> bool {
        true
    }

    fn wants_v4(&self, _: u32, _: u8) -> bool {
        true
    }

    fn wants_v6(&self, _: u128, _: u8) -> bool {
        true
    }

    fn wants_sent(&self) -> bool {
        false
    }
}

/// Wants every prefix.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everything;

impl Filter for Everything {
    fn wants(&self, _: Prefix) -> bool {
        true
    }

    fn wants_v4(&self, _: u32, _: u8) -> bool {
        true
    }

    fn wants_v6(&self, _: u128, _: u8) -> bool {
        true
    }
}

impl<F: Fn(Prefix) -> bool> Filter for F {
    fn wants(&self, prefix: Prefix) -> bool {
        self(prefix)
    }
}
