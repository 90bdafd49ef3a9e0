use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bgp::{Asn, Vantage, View};

use super::add_path::AddPath;
use super::as_size::AsNumbers;
use super::{Distinguisher, Peer, PeerKind, PeerUp};

/// The peers of one router that are up.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(HashMap<Key, Known>);

/// What tells peers apart (RFC 7854 section 4.2). With the AS, since routers that number their
/// interfaces link-local have many peers of one address.
type Key = (PeerKind, Distinguisher, IpAddr, Asn);

/// What is known of one peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The latest Peer Up; None where the router sends none for this peer.
    up: Option<PeerUp>,
    received: AddPath,
    sent: AddPath,
    as_numbers: AsNumbers,
    /// The views that something was told of, as vantage points.
    views: [Option<Vantage>; 5],
}

/// A router has thousands of peers at most. One that names more is broken or hostile.
const PEERS_MAX: usize = 1 << 14;

impl Peers {
    /// The peer, known from now on; None where there are too many.
    pub(super) fn get(&mut self, peer: &Peer) -> Option<&mut Known> {
        let key = key(peer);
        if self.0.len() >= PEERS_MAX && !self.0.contains_key(&key) {
            return None;
        }
        Some(self.0.entry(key).or_default())
    }

    /// Forgets the peer.
    pub(super) fn take(&mut self, peer: &Peer) -> Option<Known> {
        self.0.remove(&key(peer))
    }

    pub(super) fn vantages(&self) -> impl Iterator<Item = &Vantage> {
        self.0.values().flat_map(|known| known.views.iter().flatten())
    }
}

impl Known {
    /// Takes note of a Peer Up; gives the views of the session before, if that was another one.
    pub(super) fn come_up(&mut self, up: &PeerUp) -> impl Iterator<Item = Vantage> + use<> {
        let again = self.up.as_ref().is_some_and(|before| before.is_same_session(up));
        let stale = match &self.up {
            Some(_) if !again => std::mem::take(&mut self.views),
            _ => Default::default(),
        };
        let (received, sent, as_numbers) = match up.peer.kind {
            PeerKind::LocRib => (AddPath::of_table(up), AddPath::default(), AsNumbers::default()),
            PeerKind::Global
            | PeerKind::RdInstance
            | PeerKind::LocalInstance
            | PeerKind::Unknown(_) => {
                (AddPath::received(up), AddPath::sent(up), AsNumbers::agreed(up))
            }
        };
        if !again {
            self.as_numbers = as_numbers;
        }
        // Huawei tells of its Loc-RIB family by family, each with the capabilities of that one.
        let merged = |before: AddPath, now: AddPath| if again { before.or(now) } else { now };
        self.received = merged(self.received, received);
        self.sent = merged(self.sent, sent);
        self.up = Some(up.clone());
        stale.into_iter().flatten()
    }

    pub(super) const fn is_up(&self) -> bool {
        self.up.is_some()
    }

    /// The AS that the router has on this session. FRR sends a Peer Up of AS 0 for itself.
    pub(super) fn router_asn(&self) -> Option<Asn> {
        self.up.as_ref().map(|up| up.sent.asn).filter(|asn| *asn != Asn::new(0))
    }

    /// How wide the AS numbers of its paths are.
    pub(super) const fn as_numbers(&mut self) -> &mut AsNumbers {
        &mut self.as_numbers
    }

    /// How routes of one view have their path identifiers.
    pub(super) const fn add_path(&mut self, view: View) -> &mut AddPath {
        match view {
            View::AdjRibOutPre | View::AdjRibOutPost => &mut self.sent,
            View::AdjRibInPre | View::AdjRibInPost | View::LocRib => &mut self.received,
        }
    }

    /// The vantage point of one view of the peer, with this AS, and whether nothing was told of it before.
    pub(super) fn vantage(
        &mut self,
        router: &Arc<str>,
        peer: &Peer,
        (asn, view): (Asn, View),
    ) -> (&Vantage, bool) {
        let [in_pre, in_post, out_pre, out_post, table] = &mut self.views;
        let place = match view {
            View::AdjRibInPre => in_pre,
            View::AdjRibInPost => in_post,
            View::AdjRibOutPre => out_pre,
            View::AdjRibOutPost => out_post,
            View::LocRib => table,
        };
        let is_new = place.is_none();
        let (address, vrf) = (peer.address, peer.vrf());
        let vantage = || Vantage { collector: Arc::clone(router), address, asn, view, vrf };
        (place.get_or_insert_with(vantage), is_new)
    }

    pub(super) fn into_vantages(self) -> impl Iterator<Item = Vantage> {
        self.views.into_iter().flatten()
    }
}

const fn key(peer: &Peer) -> Key {
    (peer.kind, peer.distinguisher, peer.address, peer.asn)
}
