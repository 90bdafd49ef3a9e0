/// Reads bits, the most significant first. Behind the end there are none.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    /// What is read ahead, at the top of the word.
    window: u64,
    ahead: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Bits { rest: bytes, window: 0, ahead: 0 }
    }

    /// Reads ahead: at least 56 bits, unless the end is nearer.
    #[inline]
    pub(super) fn refill(&mut self) {
        if let Some(chunk) = self.rest.first_chunk::<8>() {
            self.window |= u64::from_be_bytes(*chunk) >> self.ahead;
            let octets = (63 - self.ahead) / 8;
            self.rest = self.rest.get(octets as usize..).unwrap_or_default();
            self.ahead += octets * 8;
            return;
        }
        while let (true, [octet, rest @ ..]) = (self.ahead <= 56, self.rest) {
            self.window |= u64::from(*octet) << (56 - self.ahead);
            self.rest = rest;
            self.ahead += 8;
        }
    }

    /// The next 32 bits of what was read ahead, zeros behind the end.
    #[inline]
    pub(super) const fn peek(&self) -> u32 {
        (self.window >> 32) as u32
    }

    /// How many bits are read ahead.
    #[inline]
    pub(super) const fn ahead(&self) -> u32 {
        self.ahead
    }

    /// Passes over bits that were read ahead; false where there are not so many.
    #[inline]
    pub(super) const fn pass(&mut self, bits: u32) -> bool {
        if bits > self.ahead {
            return false;
        }
        self.window <<= bits;
        self.ahead -= bits;
        true
    }

    /// Up to 32 bits.
    pub(super) fn take(&mut self, bits: u32) -> Option<u32> {
        if self.ahead < bits {
            self.refill();
        }
        let value = (self.window >> 32 >> (32 - bits)) as u32;
        self.pass(bits).then_some(value)
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// How many bits are left.
    pub(super) fn left(&self) -> u64 {
        self.rest.len() as u64 * 8 + u64::from(self.ahead)
    }
}
