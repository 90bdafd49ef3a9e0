use crate::DamageKind;
use crate::cursor::Cursor;

/// Longest message that is read. RFC 7854 sets no limit; the longest that a router has a reason to
/// send are a Route Mirroring or a Peer Up of two messages of 64 KiB each. What claims more than
/// this is damaged or hostile, and must neither fill the memory nor be waited for.
pub const MESSAGE_MAX: usize = 1 << 20;

/// Octets of the common header (RFC 7854 section 4.1).
const HEADER: usize = 6;

/// One BMP message, framed and not yet decoded.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    /// None of a type that nobody has defined.
    pub(crate) kind: Option<MessageType>,
    /// What follows the common header.
    pub(crate) body: &'a [u8],
}

/// RFC 7854 section 4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageType {
    RouteMonitoring,
    StatisticsReport,
    PeerDown,
    PeerUp,
    Initiation,
    Termination,
    RouteMirroring,
}

/// What stands at the start of some bytes: a message of BMP, or an envelope around some.
pub(crate) enum Framing<M> {
    /// A message; it fills so many octets.
    Message(M, usize),
    /// The start of a message; so many octets are needed.
    More(usize),
    /// No message. There is nothing to find the next one by.
    Lost(DamageKind),
}

impl MessageType {
    const fn of(code: u8) -> Option<Self> {
        Some(match code {
            0 => MessageType::RouteMonitoring,
            1 => MessageType::StatisticsReport,
            2 => MessageType::PeerDown,
            3 => MessageType::PeerUp,
            4 => MessageType::Initiation,
            5 => MessageType::Termination,
            6 => MessageType::RouteMirroring,
            _ => return None,
        })
    }
}

impl<'a> Message<'a> {
    /// The version alone is enough to refuse: whoever speaks another protocol is not waited for.
    pub(crate) fn frame(bytes: &'a [u8]) -> Framing<Self> {
        const VERSION: u8 = 3;
        let mut cursor = Cursor::new(bytes);
        let Some(version) = cursor.u8() else { return Framing::More(HEADER) };
        if version != VERSION {
            return Framing::Lost(DamageKind::BmpVersion { version });
        }
        let (Some(octets), Some(code)) = (cursor.u32(), cursor.u8()) else {
            return Framing::More(HEADER);
        };
        let length = usize::try_from(octets).unwrap_or(usize::MAX);
        if !(HEADER..=MESSAGE_MAX).contains(&length) {
            return Framing::Lost(DamageKind::BmpLength { octets });
        }
        match bytes.get(HEADER..length) {
            Some(body) => Framing::Message(Message { kind: MessageType::of(code), body }, length),
            None => Framing::More(length),
        }
    }
}

/// Whether some bytes begin as a router's messages do: with its Initiation, or, where the capture
/// started late, with another message of a peer of a known type.
pub(crate) fn is_bmp(bytes: &[u8]) -> bool {
    let [3, length @ .., code, peer_type] = *bytes.first_chunk::<7>().unwrap_or(&[0; 7]) else {
        return false;
    };
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    let known = match MessageType::of(code) {
        Some(MessageType::Initiation) => true,
        Some(MessageType::Termination) | None => false,
        Some(_) => peer_type <= 3,
    };
    known && (HEADER..=MESSAGE_MAX).contains(&length)
}
