use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use bgp::{Asn, Distinguisher};

use super::{Config, Peer, PeerKind};

/// The VRFs of one router: which of them the operator asked for, and what is left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Vrfs {
    /// Those whose tables have a name that the operator asked for.
    named: BTreeSet<Distinguisher>,
    left_out: BTreeMap<Distinguisher, VrfLeftOut>,
}

/// A VRF whose routes are left out: nobody asked for it, and the same prefix may mean something else
/// there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VrfLeftOut {
    /// Route distinguisher of the VRF.
    pub distinguisher: Distinguisher,
    /// The name of its table, where a Peer Up tells it (RFC 9069 section 5.2.1).
    pub table_name: Option<String>,
    peers: HashSet<(PeerKind, IpAddr, Asn)>,
}

/// A router has hundreds of VRFs and thousands of peers at most; what is behind that is not counted.
const VRFS_MAX: usize = 1 << 12;
const PEERS_MAX: usize = 1 << 14;

impl VrfLeftOut {
    /// How many peers it has, as far as the router told.
    pub fn peers(&self) -> usize {
        self.peers.len()
    }
}

impl Vrfs {
    /// Takes note of the name that a Peer Up gives to the table of its peer.
    pub(super) fn name(&mut self, peer: &Peer, table_name: Option<&str>, config: &Config) {
        let Some((vrf, name)) = peer.vrf().zip(table_name) else { return };
        if config.vrf_names.iter().any(|wanted| wanted == name) && self.named.len() < VRFS_MAX {
            self.named.insert(vrf);
            self.left_out.remove(&vrf);
        }
    }

    /// Whether the routes of this peer are wanted: those of the global table, and of the VRFs that were
    /// asked for.
    pub(super) fn wants(&self, peer: &Peer, config: &Config) -> bool {
        peer.vrf().is_none_or(|vrf| config.vrfs.contains(&vrf) || self.named.contains(&vrf))
    }

    /// Counts a peer that is left out; gives its VRF where that is news.
    pub(super) fn leave_out(
        &mut self,
        peer: &Peer,
        table_name: Option<&str>,
    ) -> Option<&VrfLeftOut> {
        let distinguisher = peer.distinguisher;
        let is_new = !self.left_out.contains_key(&distinguisher);
        if is_new && self.left_out.len() >= VRFS_MAX {
            return None;
        }
        let vrf = self.left_out.entry(distinguisher).or_default();
        vrf.distinguisher = distinguisher;
        if vrf.table_name.is_none() {
            vrf.table_name = table_name.map(str::to_owned);
        }
        if vrf.peers.len() < PEERS_MAX {
            vrf.peers.insert((peer.kind, peer.address, peer.asn));
        }
        is_new.then_some(vrf)
    }

    pub(super) fn left_out(&self) -> impl Iterator<Item = &VrfLeftOut> {
        self.left_out.values()
    }
}
