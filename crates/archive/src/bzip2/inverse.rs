//! The inverse of the Burrows-Wheeler transform.
//!
//! Every octet of the text depends on the one before, at a random place of 3.6 MB, so that a
//! straight walk waits for the memory nearly all of its time. But the walk may begin anywhere: here
//! it begins at many places at once, each walk ends where another began, and their texts are put
//! together in the end. A few walks in turns keep the memory busy.

/// Walks that take turns. With more, their places no longer fit into registers.
const LANES: usize = 8;

/// Pieces of text in a block: enough that all lanes end nearly together.
const PIECES: usize = 128;

/// Shortest piece that is worth its trouble, in octets on average.
const PIECE_MIN: usize = 256;

/// Steps of all lanes before their octets are put away.
const STEPS: usize = 64;

/// Of a link: a walk begins here.
const BEGINS: u32 = 1 << 31;

/// Of a link: where the text goes on. Blocks have fewer than 2^20 octets.
const PLACE: u32 = (1 << 20) - 1;

/// The memory of the inverse, to be used again.
#[derive(Default)]
pub(super) struct Inverse {
    pieces: Vec<Piece>,
    text: Vec<u8>,
}

/// What one walk found.
#[derive(Default)]
struct Piece {
    text: Vec<u8>,
    /// The piece that follows.
    next: usize,
}

/// The places where walks begin: one that is given, and others at equal distances.
#[derive(Clone, Copy)]
struct Beginnings {
    first: usize,
    distance: usize,
    count: usize,
}

impl Inverse {
    /// The text of the links from `first` on: of each place, its octet, and above that the place
    /// where the text goes on. They are changed. `first` and all places are below their number.
    pub(super) fn text(&mut self, links: &mut Vec<u32>, first: usize) -> &[u8] {
        let length = links.len();
        let distance = (length / PIECES).max(PIECE_MIN);
        let beginnings = Beginnings { first, distance, count: 1 + length.div_ceil(distance) };
        for number in 0..beginnings.count {
            links[beginnings.place(number)] |= BEGINS;
        }
        // Where lanes go that have nothing to do.
        links.push((length as u32) << 8);
        self.pieces.resize_with(beginnings.count.max(self.pieces.len()), Piece::default);
        self.walk(links, beginnings);
        self.put_together(length);
        &self.text
    }

    fn walk(&mut self, links: &[u32], beginnings: Beginnings) {
        let idle = links.len() - 1;
        let mut waiting = 0..beginnings.count;
        let mut numbers = [None; LANES];
        let mut links_at = [links[idle]; LANES];
        let mut octets = [[0_u8; STEPS]; LANES];
        for (number, link) in numbers.iter_mut().zip(&mut links_at) {
            *number = self.begin(&mut waiting, beginnings, links, link);
        }
        while numbers.iter().any(Option::is_some) {
            let mut steps = 0;
            let mut places = [idle; LANES];
            let mut ended = 0;
            while steps < STEPS && ended == 0 {
                for lane in 0..LANES {
                    octets[lane][steps] = links_at[lane] as u8;
                    places[lane] = (links_at[lane] >> 8 & PLACE) as usize;
                    links_at[lane] = links[places[lane]];
                    ended |= links_at[lane] & BEGINS;
                }
                steps += 1;
            }
            for lane in 0..LANES {
                let Some(number) = numbers[lane] else { continue };
                let piece = &mut self.pieces[number];
                piece.text.extend_from_slice(&octets[lane][..steps]);
                if links_at[lane] & BEGINS != 0 {
                    piece.next = beginnings.number(places[lane]);
                    links_at[lane] = links[idle];
                    let link = &mut links_at[lane];
                    numbers[lane] = self.begin(&mut waiting, beginnings, links, link);
                }
            }
        }
    }

    /// Puts a lane at the next beginning.
    fn begin(
        &mut self,
        waiting: &mut std::ops::Range<usize>,
        beginnings: Beginnings,
        links: &[u32],
        link: &mut u32,
    ) -> Option<usize> {
        let mut number = waiting.next()?;
        if beginnings.number(beginnings.place(number)) != number {
            // The given one stands at the place of another.
            number = waiting.next()?;
        }
        self.pieces[number].text.clear();
        *link = links[beginnings.place(number)] & !BEGINS;
        Some(number)
    }

    /// Of a text that repeats itself, the pieces are gone through more than once.
    fn put_together(&mut self, length: usize) {
        self.text.clear();
        let mut number = 0;
        while self.text.len() < length {
            let piece = &self.pieces[number];
            let left = length - self.text.len();
            self.text.extend_from_slice(&piece.text[..left.min(piece.text.len())]);
            number = piece.next;
        }
    }
}

impl Beginnings {
    const fn place(self, number: usize) -> usize {
        match number {
            0 => self.first,
            number => (number - 1) * self.distance,
        }
    }

    /// Of a place where one is.
    const fn number(self, place: usize) -> usize {
        if place == self.first { 0 } else { place / self.distance + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(links: &[u32], first: usize) -> Vec<u8> {
        let mut place = first;
        let step = |_| {
            let link = links[place];
            place = (link >> 8) as usize;
            link as u8
        };
        (0..links.len()).map(step).collect()
    }

    proptest! {
        /// Of any permutation, one of many cycles too.
        #[test]
        fn many_walks_find_what_one_finds(
            octets in proptest::collection::vec(any::<u8>(), 1..4000),
            order in any::<u64>(),
            first in any::<prop::sample::Index>(),
        ) {
            let mut places: Vec<u32> = (0..octets.len() as u32).collect();
            places.sort_by_key(|place| u64::from(*place).wrapping_mul(order | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let links = octets.iter().zip(places).map(|(octet, place)| u32::from(*octet) | place << 8);
            let mut links: Vec<u32> = links.collect();
            let first = first.index(links.len());
            let expected = naive(&links, first);
            let mut inverse = Inverse::default();
            prop_assert_eq!(inverse.text(&mut links.clone(), first), &expected);
            // And with memory that was used before.
            prop_assert_eq!(inverse.text(&mut links, first), &expected);
        }
    }
}
