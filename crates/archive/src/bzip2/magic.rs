/// In front of every block: pi.
pub(super) const BLOCK: u64 = 0x3141_5926_5359;

/// In front of the end of a stream: the root of pi.
pub(super) const END: u64 = 0x1772_4538_5090;

/// Bits of either.
pub(super) const BITS: u64 = 48;

/// Two octets that may stand in the midst of a magic number, of any alignment.
///
/// Magic numbers stand at any bit, so five whole octets of each are sure. Every fourth place of the
/// data is looked at, and one of these is sure to be the first of two such octets; one pair in a
/// thousand makes a closer look necessary. Looking at every bit costs eight times as much.
static SUSPECT: [u64; 1024] = suspects();

const STRIDE: usize = 4;

/// The first bit at or behind `from` where a magic number stands whole.
pub(super) fn find(bytes: &[u8], from: u64) -> Option<u64> {
    let first = usize::try_from(from / 8).ok()?.next_multiple_of(STRIDE);
    let mut at = first;
    while let Some([one, two, ..]) = bytes.get(at..at + 2) {
        let pair = usize::from(u16::from_be_bytes([*one, *two]));
        if SUSPECT[pair / 64] >> (pair % 64) & 1 == 1 {
            // From where the two octets are the last whole ones, to where they are the first.
            let nearest = (at as u64 * 8).saturating_sub(32).max(from);
            let found = (nearest..=at as u64 * 8).find(|bit| is_magic(bytes, *bit));
            if found.is_some() {
                return found;
            }
        }
        at += STRIDE;
    }
    None
}

/// How far [`find`] may have overlooked the start of a number that is not yet whole.
pub(super) const fn searched(octets: usize) -> u64 {
    (octets as u64 * 8).saturating_sub(BITS + 8 * STRIDE as u64)
}

/// The 48 bits that stand there.
pub(super) fn word(bytes: &[u8], bit: u64) -> Option<u64> {
    let from = usize::try_from(bit / 8).ok()?;
    let bytes = bytes.get(from..)?;
    let mut word = [0; 8];
    let length = bytes.len().min(7);
    word[1..=length].copy_from_slice(&bytes[..length]);
    let spare = length as u64 * 8;
    (bit % 8 + BITS <= spare).then(|| u64::from_be_bytes(word) >> (8 - bit % 8) & ((1 << BITS) - 1))
}

fn is_magic(bytes: &[u8], bit: u64) -> bool {
    matches!(word(bytes, bit), Some(BLOCK | END))
}

const fn suspects() -> [u64; 1024] {
    let mut suspects = [0; 1024];
    let mut shift = 0;
    while shift <= BITS - 16 {
        let mut number = 0;
        while number < 2 {
            let magic = if number == 0 { BLOCK } else { END };
            let pair = (magic >> shift & 0xffff) as usize;
            suspects[pair / 64] |= 1 << (pair % 64);
            number += 1;
        }
        shift += 1;
    }
    suspects
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every bit, one after the other.
    fn naive(bytes: &[u8], from: u64) -> Option<u64> {
        (from..bytes.len() as u64 * 8).find(|bit| {
            let bits = (*bit..bit + BITS).map(|bit| {
                let octet = bytes.get(usize::try_from(bit / 8).ok()?)?;
                Some(u64::from(octet >> (7 - bit % 8) & 1))
            });
            let word = bits
                .collect::<Option<Vec<_>>>()
                .map(|bits| bits.into_iter().fold(0, |word, bit| word << 1 | bit));
            matches!(word, Some(BLOCK | END))
        })
    }

    proptest! {
        #[test]
        fn every_magic_number_is_found(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..60),
            bit in 0_u64..480,
            is_end: bool,
            from in 0_u64..300,
        ) {
            let magic = if is_end { END } else { BLOCK };
            for place in 0..BITS {
                let at = bit + place;
                let Some(octet) = bytes.get_mut(usize::try_from(at / 8).unwrap()) else { break };
                let mask = 0x80 >> (at % 8);
                *octet = *octet & !mask | if magic >> (47 - place) & 1 == 1 { mask } else { 0 };
            }
            let expected = naive(&bytes, from);
            prop_assert_eq!(find(&bytes, from), expected);
            if let Some(found) = expected {
                // And no number is overlooked that becomes whole later.
                let cut = usize::try_from((found + BITS - 1) / 8).unwrap();
                prop_assert!(searched(cut) <= found);
            }
        }
    }
}
