use std::net::Ipv4Addr;

use bgp::{Asn, Family};

use crate::AsSize;
use crate::cursor::Cursor;

/// One of the two OPEN messages of a Peer Up (RFC 4271 section 4.2), with the capabilities that
/// decide how UPDATEs are read (RFC 5492).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The AS, from the four-octet capability where there is one (RFC 6793).
    pub asn: Asn,
    /// Proposed hold time, in seconds.
    pub hold_time: u16,
    /// The BGP identifier.
    pub bgp_id: Ipv4Addr,
    /// Whether four-octet AS numbers are offered (RFC 6793, capability 65).
    pub four_octet_as: bool,
    /// Whether messages up to 64 KiB are offered (RFC 8654, capability 6).
    pub extended_message: bool,
    /// ADD-PATH of IPv4 unicast (RFC 7911, capability 69).
    pub add_path_v4: AddPathDirections,
    /// ADD-PATH of IPv6 unicast.
    pub add_path_v6: AddPathDirections,
}

/// In which directions a speaker offers ADD-PATH (RFC 7911 section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddPathDirections {
    /// It can take several paths.
    pub receive: bool,
    /// It can send several paths.
    pub send: bool,
}

/// Optional parameter of type 2 (RFC 5492 section 4).
const CAPABILITIES: u8 = 2;

impl Open {
    /// Reads a whole BGP message; None of one that is not an OPEN or contradicts its own lengths.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        const HEADER: usize = 19;
        const OPEN: u8 = 1;
        cursor.take(16)?;
        let length = usize::from(cursor.u16()?).checked_sub(HEADER)?;
        let code = cursor.u8()?;
        let mut body = Cursor::new(cursor.take(length)?);
        if code != OPEN {
            return None;
        }
        let [_version] = body.array()?;
        let mut open = Open {
            asn: body.asn(AsSize::Two)?,
            hold_time: body.u16()?,
            bgp_id: Ipv4Addr::from(body.u32()?),
            four_octet_as: false,
            extended_message: false,
            add_path_v4: AddPathDirections::default(),
            add_path_v6: AddPathDirections::default(),
        };
        open.parameters(body)?;
        Some(open)
    }

    /// ADD-PATH of one family.
    pub const fn add_path(&self, family: Family) -> AddPathDirections {
        match family {
            Family::Ipv4 => self.add_path_v4,
            Family::Ipv6 => self.add_path_v6,
        }
    }

    /// The optional parameters, plain or extended. The type 255 alone says that they are extended; then
    /// the octet in front of it is to be ignored, unless it is 0 (RFC 9072 section 2).
    fn parameters(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        let length = cursor.u8()?;
        let extended = length != 0 && cursor.rest().first() == Some(&255);
        let length = if extended {
            cursor.u8()?;
            usize::from(cursor.u16()?)
        } else {
            usize::from(length)
        };
        let mut parameters = Cursor::new(cursor.take(length)?);
        while !parameters.is_empty() {
            let code = parameters.u8()?;
            let value = if extended {
                parameters.take_u16()?
            } else {
                let length = parameters.u8()?;
                parameters.take(length.into())?
            };
            if code == CAPABILITIES {
                self.capabilities(Cursor::new(value))?;
            }
        }
        Some(())
    }

    fn capabilities(&mut self, mut cursor: Cursor<'_>) -> Option<()> {
        while !cursor.is_empty() {
            let [code, length] = cursor.array()?;
            let mut value = Cursor::new(cursor.take(length.into())?);
            match code {
                6 => self.extended_message = true,
                65 => {
                    self.asn = value.asn(AsSize::Four)?;
                    self.four_octet_as = true;
                }
                69 => self.add_paths(value),
                _ => (),
            }
        }
        Some(())
    }

    fn add_paths(&mut self, mut cursor: Cursor<'_>) {
        while let (Some(afi), Some([safi, mode])) = (cursor.u16(), cursor.array()) {
            let directions = match (afi, safi) {
                (1, 1) => &mut self.add_path_v4,
                (2, 1) => &mut self.add_path_v6,
                _ => continue,
            };
            // Another value is to be ignored (RFC 7911 section 4).
            if let 1..=3 = mode {
                *directions = AddPathDirections { receive: mode & 1 != 0, send: mode & 2 != 0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(parameters: &[u8]) -> Vec<u8> {
        let mut message = vec![0xff; 16];
        let length = u16::try_from(19 + 9 + parameters.len()).unwrap();
        message.extend(length.to_be_bytes());
        message.extend([1, 4, 0x5b, 0xa0, 0, 180, 192, 0, 2, 1]);
        message.extend(parameters);
        message
    }

    fn read(parameters: &[u8]) -> Option<Open> {
        Open::read(&mut Cursor::new(&open(parameters)))
    }

    #[test]
    fn capabilities_stand_in_one_parameter_or_in_many_plain_or_extended() {
        let four = [65, 4, 0xfb, 0xf0, 0, 0x5a];
        let paths = [69, 8, 0, 1, 1, 3, 0, 2, 1, 1];
        let large = [6, 0];
        let one = [[18].as_slice(), &[2, 16 + 2], &four, &paths, &large].concat();
        let one = [&[20], one.get(1..).unwrap()].concat();
        let many = [[24].as_slice(), &[2, 6], &four, &[2, 10], &paths, &[2, 2], &large].concat();
        let extended = [[255, 255, 0, 21, 2, 0, 18].as_slice(), &four, &paths, &large].concat();
        let expected = Open {
            asn: Asn::new(0xfbf0_005a),
            hold_time: 180,
            bgp_id: Ipv4Addr::new(192, 0, 2, 1),
            four_octet_as: true,
            extended_message: true,
            add_path_v4: AddPathDirections { receive: true, send: true },
            add_path_v6: AddPathDirections { receive: true, send: false },
        };
        assert_eq!(read(&one), Some(expected.clone()));
        assert_eq!(read(&many), Some(expected.clone()));
        assert_eq!(read(&extended), Some(expected.clone()));
        for ignored in [1, 21, 254] {
            let other = [&[ignored], &extended[1..]].concat();
            assert_eq!(read(&other), Some(expected.clone()), "{ignored}");
        }
    }

    #[test]
    fn what_contradicts_its_lengths_is_no_open() {
        assert!(read(&[0]).is_some());
        assert_eq!(read(&[1]), None);
        assert_eq!(read(&[2, 2, 1]), None);
        assert_eq!(read(&[4, 2, 2, 65, 4]), None);
        assert_eq!(read(&[]), None);
    }
}
