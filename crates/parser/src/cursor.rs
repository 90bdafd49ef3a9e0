use std::net::IpAddr;

use bgp::{Asn, Family};

use crate::as_size::AsSize;

/// What is left of some bytes. Reading past the end gives `None` and takes nothing.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Cursor(bytes)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[octet]| octet)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    #[inline]
    pub(crate) fn asn(&mut self, size: AsSize) -> Option<Asn> {
        match size {
            AsSize::Two => self.u16().map(u32::from),
            AsSize::Four => self.u32(),
        }
        .map(Asn::new)
    }

    #[inline]
    pub(crate) fn address(&mut self, family: Family) -> Option<IpAddr> {
        match family {
            Family::Ipv4 => self.array::<4>().map(Into::into),
            Family::Ipv6 => self.array::<16>().map(Into::into),
        }
    }

    /// A field with a two-octet length in front.
    #[inline]
    pub(crate) fn take_u16(&mut self) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let length = ahead.u16()?;
        let field = ahead.take(usize::from(length))?;
        *self = ahead;
        Some(field)
    }

    #[inline]
    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
