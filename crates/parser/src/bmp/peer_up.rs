use std::net::IpAddr;

use super::information::{Information, text};
use super::open::Open;
use super::peer::{Peer, PerPeerHeader, address};
use crate::cursor::Cursor;

/// A session of the router came up, or was up when the router began to tell (RFC 7854 section 4.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerUp {
    /// The peer whose session came up.
    pub peer: Peer,
    /// The router's end; unspecified of a Loc-RIB.
    pub local_address: IpAddr,
    /// Its TCP port.
    pub local_port: u16,
    /// The peer's TCP port.
    pub remote_port: u16,
    /// The OPEN that the router sent.
    pub sent: Open,
    /// The OPEN that it received; of a Loc-RIB the same again (RFC 9069 section 5.2).
    pub received: Open,
    /// The name of the VRF or table (RFC 9069 section 5.2.1).
    pub table_name: Option<String>,
}

impl PeerUp {
    /// The body behind the per-peer header, and whether all of it could be read. None where an OPEN
    /// is broken.
    pub(super) fn read(header: &PerPeerHeader, mut cursor: Cursor<'_>) -> Option<(Self, bool)> {
        let mut peer_up = PeerUp {
            peer: header.peer,
            local_address: address(&mut cursor, header.is_v6())?,
            local_port: cursor.u16()?,
            remote_port: cursor.u16()?,
            sent: Open::read(&mut cursor)?,
            received: Open::read(&mut cursor)?,
            table_name: None,
        };
        let whole = Information(cursor).each(|code, value| {
            if code == 3 {
                peer_up.table_name = Some(text(value));
            }
        });
        Some((peer_up, whole))
    }

    /// Whether both tell of the same TCP connection. Routers repeat a Peer Up for every view and
    /// family that they are told to report; routes told in between still stand.
    pub(super) fn is_same_session(&self, other: &Self) -> bool {
        let ends = |up: &PeerUp| {
            let bgp_ids = (up.sent.bgp_id, up.received.bgp_id);
            (up.local_address, up.local_port, up.remote_port, bgp_ids)
        };
        ends(self) == ends(other)
    }
}
