use crate::cursor::Cursor;

/// How a router introduces itself (RFC 7854 section 4.3). Texts are what could be read of them: what
/// is not UTF-8 and what would move a cursor is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Initiation {
    /// sysName: the router's name.
    pub sys_name: Option<String>,
    /// sysDescr: what it is and runs.
    pub sys_descr: Option<String>,
    /// What else it says, the first sixteen of it.
    pub strings: Vec<String>,
}

/// How a router says good-bye (RFC 7854 section 4.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Termination {
    /// 0 administratively closed, 1 unspecified, 2 out of resources, 3 redundant connection, 4
    /// permanently administratively closed.
    pub reason: Option<u16>,
    /// What else it says, the first sixteen of it.
    pub strings: Vec<String>,
}

/// More free texts than this are not kept: they may be empty and fill a message.
const STRINGS_MAX: usize = 16;

/// Longest text that is kept, in characters. sysName and sysDescr are at most 255 (RFC 1213).
const TEXT_MAX: usize = 1024;

/// Information TLVs (RFC 7854 section 4.4).
#[derive(Clone, Copy)]
pub(super) struct Information<'a>(pub(super) Cursor<'a>);

impl Initiation {
    /// What could be read, and whether that is all.
    pub(super) fn read(body: Cursor<'_>) -> (Self, bool) {
        let mut initiation = Initiation::default();
        let whole = Information(body).each(|code, value| match code {
            0 => keep(&mut initiation.strings, value),
            1 => initiation.sys_descr = Some(text(value)),
            2 => initiation.sys_name = Some(text(value)),
            _ => (),
        });
        (initiation, whole)
    }

    /// Whether the router runs FRRouting, whose pre-policy withdrawals prove nothing: see
    /// [`Counters`](super::Counters).
    pub fn is_frr(&self) -> bool {
        self.sys_descr.as_ref().is_some_and(|text| text.starts_with("FRRouting"))
    }
}

impl Termination {
    pub(super) fn read(body: Cursor<'_>) -> (Self, bool) {
        let mut termination = Termination::default();
        let whole = Information(body).each(|code, value| match code {
            0 => keep(&mut termination.strings, value),
            1 => termination.reason = Cursor::new(value).u16(),
            _ => (),
        });
        (termination, whole)
    }
}

impl Information<'_> {
    /// Hands over every TLV; false where the bytes end within one.
    pub(super) fn each(self, mut take: impl FnMut(u16, &[u8])) -> bool {
        let Information(mut cursor) = self;
        while !cursor.is_empty() {
            let (Some(code), Some(value)) = (cursor.u16(), cursor.take_u16()) else {
                return false;
            };
            take(code, value);
        }
        true
    }
}

/// Cisco counts a terminating zero into its texts.
pub(super) fn text(value: &[u8]) -> String {
    let characters = String::from_utf8_lossy(value);
    let characters = characters.trim_end_matches('\0').chars();
    let seen = |c: char| if bgp::is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c };
    characters.take(TEXT_MAX).map(seen).collect()
}

fn keep(strings: &mut Vec<String>, value: &[u8]) {
    if strings.len() < STRINGS_MAX {
        strings.push(text(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_whatever_they_hold() {
        let body =
            b"\x00\x01\x00\x03a\xffb\x00\x02\x00\x04r\x0a1\x00\x00\x09\x00\x01x\x00\x00\x00\x00";
        let expected = Initiation {
            sys_name: Some("r\u{fffd}1".to_owned()),
            sys_descr: Some("a\u{fffd}b".to_owned()),
            strings: vec![String::new()],
        };
        assert_eq!(Initiation::read(Cursor::new(body)), (expected, true));
    }

    #[test]
    fn what_is_cut_gives_what_stands_before() {
        let (termination, whole) = Termination::read(Cursor::new(b"\x00\x01\x00\x02\x00\x03\x00"));
        assert_eq!(termination, Termination { reason: Some(3), strings: Vec::new() });
        assert!(!whole);
    }
}
