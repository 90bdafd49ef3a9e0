//! One block of bzip2, as J. Seward's bzip2 1.0 writes it: Huffman codes over a move-to-front list
//! over the Burrows-Wheeler transform over runs.

use super::bits::Bits;
use super::crc::Crc;
use super::inverse::Inverse;

/// Most octets that a block holds before its runs are written out (level 9).
const OCTETS_MAX: usize = 900_000;

/// Symbols that share a Huffman table.
const GROUP: usize = 50;

/// Why a block cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockError {
    /// It does not end where its bits end: what follows may belong to it.
    Short,
    /// It is damaged.
    Damaged,
    /// It is of the kind that bzip2 0.9.0 wrote: `randomised`.
    Randomised,
}

/// The memory that a block needs, to be used for the next one too.
#[derive(Default)]
pub(super) struct Block {
    /// Of each place in the last column: its octet, and above that the place that follows.
    links: Vec<u32>,
    start: u32,
    crc: u32,
    inverse: Inverse,
}

impl Block {
    /// Reads a block that fills exactly these `bits`, from behind its magic number on.
    pub(super) fn read(&mut self, mut bits: Bits<'_>, padding: u32) -> Result<(), BlockError> {
        let short = BlockError::Short;
        self.crc = bits.take(32).ok_or(short)?;
        if bits.flag().ok_or(short)? {
            return Err(BlockError::Randomised);
        }
        self.start = bits.take(24).ok_or(short)?;
        let alphabet = alphabet(&mut bits).ok_or(short)?;
        let tables = bits.take(3).ok_or(short)?;
        let selectors = bits.take(15).ok_or(short)?;
        if alphabet.is_empty() || !(2..=6).contains(&tables) || selectors == 0 {
            return Err(BlockError::Damaged);
        }
        let selectors = read_selectors(&mut bits, tables, selectors)?;
        let symbols = alphabet.len() + 2;
        let tables: Vec<Huffman> =
            (0..tables).map(|_| Huffman::read(&mut bits, symbols)).collect::<Result<_, _>>()?;
        let groups = selectors.iter().map(|selector| &tables[usize::from(*selector)]);
        let counts = self.read_symbols(&mut bits, groups, &alphabet)?;
        if bits.left() != u64::from(padding) {
            return Err(BlockError::Damaged);
        }
        self.link(counts);
        if self.start as usize >= self.links.len() { Err(BlockError::Damaged) } else { Ok(()) }
    }

    /// The last column, and how often each octet stands in it.
    fn read_symbols<'t>(
        &mut self,
        bits: &mut Bits<'_>,
        groups: impl Iterator<Item = &'t Huffman>,
        alphabet: &[u8],
    ) -> Result<[u32; 256], BlockError> {
        let end = alphabet.len() + 1;
        let mut list = MoveToFront::new(alphabet);
        let mut counts = [0_u32; 256];
        self.links.clear();
        self.links.reserve(OCTETS_MAX);
        let (mut run, mut weight) = (0_usize, 1_usize);
        for table in groups {
            for _ in 0..GROUP {
                let symbol = usize::from(table.symbol(bits)?);
                if symbol < 2 {
                    // Digits 1 and 2 of a number to the base 2, the lowest first.
                    run += weight << symbol;
                    weight <<= 1;
                    if run > OCTETS_MAX {
                        return Err(BlockError::Damaged);
                    }
                    continue;
                }
                if run > 0 {
                    let octet = list.first();
                    counts[usize::from(octet)] += run as u32;
                    let length = self.links.len() + run;
                    self.links.resize(length.min(OCTETS_MAX + 1), octet.into());
                    (run, weight) = (0, 1);
                }
                if symbol == end {
                    return if self.links.len() > OCTETS_MAX {
                        Err(BlockError::Damaged)
                    } else {
                        Ok(counts)
                    };
                }
                let octet = list.take(symbol - 1);
                counts[usize::from(octet)] += 1;
                if self.links.len() >= OCTETS_MAX {
                    return Err(BlockError::Damaged);
                }
                self.links.push(octet.into());
            }
        }
        // More symbols than selectors.
        Err(BlockError::Damaged)
    }

    /// Writes into each place where the text goes on behind it.
    fn link(&mut self, counts: [u32; 256]) {
        let mut next = [0_u32; 256];
        let mut sum = 0;
        for (next, count) in next.iter_mut().zip(counts) {
            *next = sum;
            sum += count;
        }
        for place in 0..self.links.len() {
            let next = &mut next[usize::from(self.links[place] as u8)];
            self.links[*next as usize] |= (place as u32) << 8;
            *next += 1;
        }
    }

    /// Appends the block with its runs written out, and gives its CRC.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> Result<u32, BlockError> {
        let from = out.len();
        let first = self.links.get(self.start as usize).map_or(0, |link| link >> 8);
        let mut rest = self.inverse.text(&mut self.links, first as usize);
        out.reserve(rest.len());
        while let Some(end) = end_of_four(rest) {
            let (plain, behind) = rest.split_at(end);
            out.extend_from_slice(plain);
            let [count, behind @ ..] = behind else {
                rest = &[];
                break;
            };
            out.resize(out.len() + usize::from(*count), plain[end - 1]);
            rest = behind;
        }
        out.extend_from_slice(rest);
        let mut crc = Crc::new();
        crc.update(&out[from..]);
        if crc.value() == self.crc { Ok(self.crc) } else { Err(BlockError::Damaged) }
    }
}

/// The place behind the first four equal octets in a row.
fn end_of_four(bytes: &[u8]) -> Option<usize> {
    let mut at = 3;
    while let Some(octet) = bytes.get(at) {
        // Four in a row that are not all equal end at the last that differs from this one.
        if bytes[at - 1] != *octet {
            at += 3;
        } else if bytes[at - 2] != *octet {
            at += 2;
        } else if bytes[at - 3] != *octet {
            at += 1;
        } else {
            return Some(at + 1);
        }
    }
    None
}

/// The octets that the block uses.
fn alphabet(bits: &mut Bits<'_>) -> Option<Vec<u8>> {
    let rows = bits.take(16)?;
    let mut alphabet = Vec::with_capacity(256);
    for row in (0..16_u8).filter(|row| rows << row & 0x8000 != 0) {
        let columns = bits.take(16)?;
        let used = (0..16_u8).filter(|column| columns << column & 0x8000 != 0);
        alphabet.extend(used.map(|column| row << 4 | column));
    }
    Some(alphabet)
}

/// Which table each group of symbols uses.
fn read_selectors(bits: &mut Bits<'_>, tables: u32, count: u32) -> Result<Vec<u8>, BlockError> {
    let mut list = [0, 1, 2, 3, 4, 5];
    let mut selectors = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut place = 0;
        while bits.flag().ok_or(BlockError::Short)? {
            place += 1;
            if place >= tables as usize {
                return Err(BlockError::Damaged);
            }
        }
        list[..=place].rotate_right(1);
        selectors.push(list[0]);
    }
    Ok(selectors)
}

/// The list of octets, the one that was used last in front.
struct MoveToFront {
    /// The first sixteen, the foremost in the lowest octet: nearly all that is asked for is here.
    front: u128,
    back: [u8; 240],
}

impl MoveToFront {
    fn new(alphabet: &[u8]) -> Self {
        let mut all = [0; 256];
        all[..alphabet.len()].copy_from_slice(alphabet);
        let mut list = MoveToFront { front: 0, back: [0; 240] };
        let (front, back) = all.split_at(16);
        list.front = front.iter().rev().fold(0, |front, octet| front << 8 | u128::from(*octet));
        list.back.copy_from_slice(back);
        list
    }

    #[inline]
    const fn first(&self) -> u8 {
        self.front as u8
    }

    #[inline]
    fn take(&mut self, place: usize) -> u8 {
        if place < 16 {
            let octet = (self.front >> (8 * place)) as u8;
            let moved = u128::MAX >> (120 - 8 * place);
            self.front = self.front & !moved | self.front << 8 & moved | u128::from(octet);
            return octet;
        }
        let octet = self.back[place - 16];
        self.back.copy_within(..place - 16, 1);
        self.back[0] = (self.front >> 120) as u8;
        self.front = self.front << 8 | u128::from(octet);
        octet
    }
}

/// Codes of 1 to 20 bits.
struct Huffman {
    /// By the first bits: the symbol and its length; length 0 where the code is longer.
    short: Vec<(u16, u8)>,
    /// By length: the first code that is longer, at the top of a word; the last is beyond all.
    limits: [u64; CODE_MAX + 1],
    /// By length: what added to a code gives the place of its symbol.
    offsets: [i64; CODE_MAX + 1],
    sorted: Vec<u16>,
}

const CODE_MAX: usize = 20;

/// The tables of six of these fit into the first-level cache.
const SHORT: u32 = 10;

impl Huffman {
    fn read(bits: &mut Bits<'_>, symbols: usize) -> Result<Self, BlockError> {
        let mut lengths = Vec::with_capacity(symbols);
        let mut length = bits.take(5).ok_or(BlockError::Short)? as usize;
        for _ in 0..symbols {
            loop {
                if !(1..=CODE_MAX).contains(&length) {
                    return Err(BlockError::Damaged);
                }
                if !bits.flag().ok_or(BlockError::Short)? {
                    break;
                }
                if bits.flag().ok_or(BlockError::Short)? { length -= 1 } else { length += 1 }
            }
            lengths.push(length);
        }
        Ok(Huffman::new(&lengths))
    }

    fn new(lengths: &[usize]) -> Self {
        let mut table = Huffman {
            short: vec![(0, 0); 1 << SHORT],
            limits: [0; CODE_MAX + 1],
            offsets: [0; CODE_MAX + 1],
            sorted: Vec::with_capacity(lengths.len()),
        };
        let mut code = 0_u64;
        for length in 1..=CODE_MAX {
            table.offsets[length] = table.sorted.len() as i64 - code as i64;
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, of)| **of == length) {
                table.sorted.push(symbol as u16);
                if length <= SHORT as usize {
                    let spread = 1_usize << (SHORT as usize - length);
                    let from = code as usize * spread;
                    // More codes than there can be: what has no place is never found.
                    if let Some(places) = table.short.get_mut(from..from + spread) {
                        places.fill((symbol as u16, length as u8));
                    }
                }
                code += 1;
            }
            table.limits[length] = code << (32 - length);
            code <<= 1;
        }
        table
    }

    #[inline]
    fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16, BlockError> {
        if bits.ahead() < CODE_MAX as u32 {
            bits.refill();
        }
        let word = bits.peek();
        let (symbol, length) = self.short[(word >> (32 - SHORT)) as usize];
        if length == 0 {
            return self.long(word, bits);
        }
        if bits.pass(length.into()) { Ok(symbol) } else { Err(BlockError::Short) }
    }

    #[cold]
    fn long(&self, word: u32, bits: &mut Bits<'_>) -> Result<u16, BlockError> {
        for length in SHORT as usize + 1..=CODE_MAX {
            if u64::from(word) < self.limits[length] {
                let place = i64::from(word >> (32 - length)) + self.offsets[length];
                if !bits.pass(length as u32) {
                    return Err(BlockError::Short);
                }
                let symbol = usize::try_from(place).ok().and_then(|place| self.sorted.get(place));
                return symbol.copied().ok_or(BlockError::Damaged);
            }
        }
        // Behind the end there are zeros, so it may be the end that is missing.
        Err(if bits.ahead() < CODE_MAX as u32 { BlockError::Short } else { BlockError::Damaged })
    }
}
