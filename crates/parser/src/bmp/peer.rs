use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bgp::{Asn, Distinguisher, Timestamp, View};

use crate::AsSize;
use crate::cursor::Cursor;

/// Whose message it is: what the per-peer header says (RFC 7854 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The kind of table that the peer feeds.
    pub kind: PeerKind,
    /// In which VRF; zero of the global table.
    pub distinguisher: Distinguisher,
    /// Its address; 0.0.0.0 of a Loc-RIB, and of what the router itself originates.
    pub address: IpAddr,
    /// Its AS; of a Loc-RIB that of the router.
    pub asn: Asn,
    /// Its BGP identifier; of a Loc-RIB that of the router.
    pub bgp_id: Ipv4Addr,
}

/// The peer type (RFC 7854 section 4.2, RFC 9069 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PeerKind {
    /// Global Instance Peer.
    Global,
    /// RD Instance Peer: one of a VRF.
    RdInstance,
    /// Local Instance Peer: one of a table that the router knows by a number of its own.
    LocalInstance,
    /// Loc-RIB Instance Peer.
    LocRib,
    /// A type that none of the RFCs has.
    Unknown(u8),
}

/// The per-peer header.
#[derive(Clone, Copy)]
pub(super) struct PerPeerHeader {
    pub(super) peer: Peer,
    flags: u8,
    /// None where the router does not say.
    pub(super) at: Option<Timestamp>,
}

/// IPv6; of a Loc-RIB peer the same bit says that the table is filtered (RFC 9069 section 4.2).
const V_FLAG: u8 = 0x80;
/// Post-policy.
const L_FLAG: u8 = 0x40;
/// AS_PATH of two-octet numbers.
const A_FLAG: u8 = 0x20;
/// Adj-RIB-Out (RFC 8671 section 4).
const O_FLAG: u8 = 0x10;

impl PerPeerHeader {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<Self> {
        let kind = PeerKind::of(cursor.u8()?);
        let flags = cursor.u8()?;
        let distinguisher = Distinguisher(cursor.array()?);
        let is_v6 = kind != PeerKind::LocRib && flags & V_FLAG != 0;
        let address = address(cursor, is_v6)?;
        let asn = cursor.asn(AsSize::Four)?;
        let bgp_id = Ipv4Addr::from(cursor.u32()?);
        let (seconds, micros) = (cursor.u32()?, cursor.u32()?);
        let peer = Peer { kind, distinguisher, address, asn, bgp_id };
        Some(PerPeerHeader { peer, flags, at: time(seconds, micros) })
    }

    pub(super) const fn view(&self) -> View {
        let is_post = self.flags & L_FLAG != 0;
        match (self.peer.kind, self.flags & O_FLAG != 0) {
            (PeerKind::LocRib, _) => View::LocRib,
            (_, false) if is_post => View::AdjRibInPost,
            (_, false) => View::AdjRibInPre,
            (_, true) if is_post => View::AdjRibOutPost,
            (_, true) => View::AdjRibOutPre,
        }
    }

    pub(super) const fn is_v6(&self) -> bool {
        self.peer.address.is_ipv6()
    }

    /// How wide AS numbers are, as the flags have it. A Loc-RIB always has four octets (RFC 9069 section
    /// 5.4.1).
    pub(super) fn as_size(&self) -> AsSize {
        match self.flags & A_FLAG {
            0 => AsSize::Four,
            _ if self.peer.kind == PeerKind::LocRib => AsSize::Four,
            _ => AsSize::Two,
        }
    }
}

impl Peer {
    /// Whether its routes are those of a VRF and not of the global table. The distinguisher decides,
    /// not the type: Loc-RIBs of VRFs share theirs with the global one, and a distinguisher of zero
    /// is the global table's.
    pub fn is_vrf(&self) -> bool {
        self.kind != PeerKind::Global && self.distinguisher != Distinguisher::default()
    }

    /// In which VRF; none of the global table.
    pub fn vrf(&self) -> Option<Distinguisher> {
        self.is_vrf().then_some(self.distinguisher)
    }

    /// Whether it stands for what the router itself originates: FRR tells its own routes as those of
    /// a peer 0.0.0.0 of AS 0.
    pub(super) fn is_router_itself(&self) -> bool {
        self.kind == PeerKind::Global && self.address.is_unspecified() && self.asn == Asn::new(0)
    }
}

impl PeerKind {
    const fn of(code: u8) -> Self {
        match code {
            0 => PeerKind::Global,
            1 => PeerKind::RdInstance,
            2 => PeerKind::LocalInstance,
            3 => PeerKind::LocRib,
            code => PeerKind::Unknown(code),
        }
    }
}

/// Sixteen octets; an IPv4 address stands in the last four.
pub(super) fn address(cursor: &mut Cursor<'_>, is_v6: bool) -> Option<IpAddr> {
    let octets: [u8; 16] = cursor.array()?;
    Some(match (is_v6, octets) {
        (true, octets) => Ipv6Addr::from(octets).into(),
        (false, [.., a, b, c, d]) => Ipv4Addr::new(a, b, c, d).into(),
    })
}

/// None where there is none. FRR of some years has put its uptime there, and so does a router whose
/// clock was never set: what lies before the first draft of BMP (2005) is no time.
pub(super) fn time(seconds: u32, micros: u32) -> Option<Timestamp> {
    const FIRST_DRAFT: u32 = 1_104_537_600;
    (seconds >= FIRST_DRAFT).then(|| {
        Timestamp::from_micros(i64::from(seconds) * 1_000_000 + i64::from(micros.min(999_999)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_follow_the_flags() {
        let view = |kind: u8, flags: u8| {
            let mut octets = vec![kind, flags];
            octets.resize(42, 0);
            PerPeerHeader::read(&mut Cursor::new(&octets)).map(|header| header.view())
        };
        assert_eq!(view(0, 0x00), Some(View::AdjRibInPre));
        assert_eq!(view(1, 0xc0), Some(View::AdjRibInPost));
        assert_eq!(view(0, 0x90), Some(View::AdjRibOutPre));
        assert_eq!(view(0, 0x50), Some(View::AdjRibOutPost));
        assert_eq!(view(3, 0xd0), Some(View::LocRib));
    }
}
