//! Numbers as text, for lines of which millions are written.

/// The numbers below 1000 as digits, the first in the lowest octet, and in the highest how many there
/// are: without zeros in front, and with them.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it, and would refuse")]
const DIGITS: [[u32; 1000]; 2] = {
    let mut tables = [[0; 1000]; 2];
    let mut number = 0u16;
    while number < 1000 {
        let [_, hundreds] = (number / 100).to_be_bytes();
        let [_, tens] = (number / 10 % 10).to_be_bytes();
        let [_, ones] = (number % 10).to_be_bytes();
        let [a, b, c] = [b'0' + hundreds, b'0' + tens, b'0' + ones];
        let leading = match number {
            0..10 => [c, 0, 0, 1],
            10..100 => [b, c, 0, 2],
            _ => [a, b, c, 3],
        };
        tables[0][number as usize] = u32::from_le_bytes(leading);
        tables[1][number as usize] = u32::from_le_bytes([a, b, c, 3]);
        number += 1;
    }
    tables
};

/// Digits, the first in the lowest octet, and how many.
#[derive(Clone, Copy, Default)]
struct Digits(u64, u32);

impl Digits {
    /// Of a number below 1000, without zeros in front.
    #[inline]
    fn leading(number: u32) -> Self {
        Self::found(DIGITS[0].get(number as usize))
    }

    /// Of a number below 1000, with them.
    #[inline]
    fn three(number: u32) -> Self {
        Self::found(DIGITS[1].get(number as usize))
    }

    #[inline]
    fn found(digits: Option<&u32>) -> Self {
        let digits = digits.copied().unwrap_or_default();
        Digits((digits & 0xff_ffff).into(), digits >> 24)
    }

    /// With others behind.
    #[inline]
    fn and(self, Digits(digits, count): Digits) -> Self {
        Digits(self.0 | digits << (8 * self.1), self.1 + count)
    }

    /// All eight octets are stored and some cut off again, since a copy of variable length is a call.
    #[inline]
    fn append(self, out: &mut Vec<u8>) {
        let length = out.len() + self.1 as usize;
        out.extend_from_slice(&self.0.to_le_bytes());
        out.truncate(length);
    }
}

/// Three digits at a time: a division costs more than a look into a table in the nearest cache.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, number: u32) {
    match number {
        0..1_000 => Digits::leading(number).append(out),
        1_000..1_000_000 => thousands(number).append(out),
        _ => large(out, number),
    }
}

/// The number and a separator: most of a line.
#[inline]
pub(crate) fn number_before(out: &mut Vec<u8>, number: u32, separator: u8) {
    let separator = Digits(separator.into(), 1);
    match number {
        0..1_000 => Digits::leading(number).and(separator).append(out),
        1_000..1_000_000 => thousands(number).and(separator).append(out),
        _ => {
            large(out, number);
            separator.append(out);
        }
    }
}

/// Of a number from 1,000 to 999,999.
#[inline]
fn thousands(number: u32) -> Digits {
    Digits::leading(number / 1000).and(Digits::three(number % 1000))
}

/// A number from 1,000,000 on.
fn large(out: &mut Vec<u8>, number: u32) {
    let (millions, below) = (number / 1_000_000, number % 1_000_000);
    match millions {
        0..1_000 => Digits::leading(millions).append(out),
        _ => thousands(millions).append(out),
    }
    six(out, below);
}

/// A number below 1,000,000 with zeros in front.
pub(crate) fn six(out: &mut Vec<u8>, number: u32) {
    Digits::three(number / 1000).and(Digits::three(number % 1000)).append(out);
}
