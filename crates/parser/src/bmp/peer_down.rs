use super::peer::Peer;
use crate::cursor::Cursor;

/// A session of the router went down, or is not told of any more (RFC 7854 section 4.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerDown {
    /// The peer whose session ended.
    pub peer: Peer,
    /// Why the session ended, as the router says.
    pub reason: PeerDownReason,
}

/// Why a session is gone (RFC 7854 section 4.9, RFC 9069 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerDownReason {
    /// 1: the router closed it with this NOTIFICATION; None where that cannot be read.
    LocalNotification(Option<Notification>),
    /// 2: the router closed it without one, on this event of its state machine (RFC 4271 section
    /// 8.1); zero where none fits.
    LocalEvent(u16),
    /// 3: the peer closed it with this NOTIFICATION; None where that cannot be read.
    RemoteNotification(Option<Notification>),
    /// 4: the peer closed it without one, or the connection broke.
    Remote,
    /// 5: the router was told to report it no more. The session itself may well be up.
    NotMonitored,
    /// 6: the router closed a table of its own; of a Loc-RIB.
    LocalSystem,
    /// A reason that none of the RFCs has; None where even that is missing.
    Unknown(Option<u8>),
}

/// A NOTIFICATION (RFC 4271 section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The error code.
    pub code: u8,
    /// The error subcode.
    pub subcode: u8,
}

impl PeerDown {
    pub(super) fn read(peer: Peer, mut cursor: Cursor<'_>) -> Self {
        let reason = match cursor.u8() {
            Some(1) => PeerDownReason::LocalNotification(Notification::read(cursor)),
            Some(2) => PeerDownReason::LocalEvent(cursor.u16().unwrap_or(0)),
            Some(3) => PeerDownReason::RemoteNotification(Notification::read(cursor)),
            Some(4) => PeerDownReason::Remote,
            Some(5) => PeerDownReason::NotMonitored,
            Some(6) => PeerDownReason::LocalSystem,
            code => PeerDownReason::Unknown(code),
        };
        PeerDown { peer, reason }
    }
}

impl Notification {
    fn read(mut cursor: Cursor<'_>) -> Option<Self> {
        const NOTIFICATION: u8 = 3;
        cursor.take(16)?;
        cursor.u16()?;
        if cursor.u8()? != NOTIFICATION {
            return None;
        }
        let [code, subcode] = cursor.array()?;
        Some(Notification { code, subcode })
    }
}
