//! Records as a collector writes them (RFC 6396): a peer index table, RIB entries, messages and
//! state changes with 4-octet AS numbers.

use std::net::Ipv4Addr;

use bgp::Prefix;

/// The collector's AS and address, as BGP4MP records name them.
const LOCAL_AS: u32 = 64499;
const LOCAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 254);
const VIEW_NAME: &str = "example-collector";

/// States of a session (RFC 4271 section 8.2.2) that a collector logs.
pub(crate) const IDLE: u16 = 1;
pub(crate) const OPEN_CONFIRM: u16 = 5;
pub(crate) const ESTABLISHED: u16 = 6;

/// One neighbour of the collector.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) asn: u32,
    pub(crate) address: Ipv4Addr,
}

/// PEER_INDEX_TABLE (RFC 6396 section 4.3.1).
pub(crate) fn peer_index_table(at: u32, peers: &[Peer]) -> Vec<u8> {
    let mut body = LOCAL_ADDRESS.octets().to_vec();
    body.extend(u16_of(VIEW_NAME.len()));
    body.extend(VIEW_NAME.bytes());
    body.extend(u16_of(peers.len()));
    for peer in peers {
        body.push(2); // IPv4 address, 4-octet AS
        body.extend(peer.address.octets());
        body.extend(peer.address.octets());
        body.extend(peer.asn.to_be_bytes());
    }
    record(at, 13, 1, &body)
}

/// RIB_IPV4_UNICAST (RFC 6396 section 4.3.2): one prefix, and the path of every peer by its index.
pub(crate) fn rib(at: u32, sequence: u32, prefix: Prefix, entries: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut body = sequence.to_be_bytes().to_vec();
    body.extend(nlri(prefix));
    body.extend(u16_of(entries.len()));
    for (peer, attributes) in entries {
        body.extend(u16_of(*peer));
        body.extend(at.to_be_bytes());
        body.extend(u16_of(attributes.len()));
        body.extend(attributes);
    }
    record(at, 13, 2, &body)
}

/// ORIGIN IGP, AS_PATH and NEXT_HOP (RFC 4271 section 5.1) of a route that `peer` sends.
pub(crate) fn attributes(peer: Peer, path: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0x40, 1, 1, 0];
    bytes.extend([0x40, 2, u8_of(2 + 4 * path.len()), 2, u8_of(path.len())]);
    bytes.extend(path.iter().flat_map(|asn| asn.to_be_bytes()));
    bytes.extend([0x40, 3, 4]);
    bytes.extend(peer.address.octets());
    bytes
}

/// An UPDATE that announces `prefixes` with one path, as BGP4MP_MESSAGE_AS4.
pub(crate) fn announce(at: u32, peer: Peer, path: &[u32], prefixes: &[Prefix]) -> Vec<u8> {
    let attributes = attributes(peer, path);
    let mut update = u16_of(0).to_vec();
    update.extend(u16_of(attributes.len()));
    update.extend(attributes);
    update.extend(prefixes.iter().flat_map(|prefix| nlri(*prefix)));
    message(at, peer, &update)
}

/// An UPDATE that withdraws `prefixes`, as BGP4MP_MESSAGE_AS4.
pub(crate) fn withdraw(at: u32, peer: Peer, prefixes: &[Prefix]) -> Vec<u8> {
    let withdrawn: Vec<u8> = prefixes.iter().flat_map(|prefix| nlri(*prefix)).collect();
    let mut update = u16_of(withdrawn.len()).to_vec();
    update.extend(withdrawn);
    update.extend(u16_of(0));
    message(at, peer, &update)
}

/// BGP4MP_STATE_CHANGE_AS4 (RFC 6396 section 4.4.4).
pub(crate) fn state_change(at: u32, peer: Peer, old: u16, new: u16) -> Vec<u8> {
    let mut body = session(peer);
    body.extend(old.to_be_bytes());
    body.extend(new.to_be_bytes());
    record(at, 16, 5, &body)
}

fn message(at: u32, peer: Peer, update: &[u8]) -> Vec<u8> {
    let mut body = session(peer);
    body.extend([0xff; 16]);
    body.extend(u16_of(19 + update.len()));
    body.push(2); // UPDATE
    body.extend(update);
    record(at, 16, 4, &body)
}

/// What BGP4MP records of 4-octet sessions begin with.
fn session(peer: Peer) -> Vec<u8> {
    let mut bytes = peer.asn.to_be_bytes().to_vec();
    bytes.extend(LOCAL_AS.to_be_bytes());
    bytes.extend([0, 0, 0, 1]); // interface 0, IPv4
    bytes.extend(peer.address.octets());
    bytes.extend(LOCAL_ADDRESS.octets());
    bytes
}

fn record(at: u32, kind: u16, subtype: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = at.to_be_bytes().to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend(subtype.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(u16_of(body.len()));
    bytes.extend(body);
    bytes
}

fn nlri(prefix: Prefix) -> Vec<u8> {
    let octets = usize::from(prefix.length().div_ceil(8));
    let mut bytes = vec![prefix.length()];
    bytes.extend(prefix.bits().to_be_bytes().into_iter().take(octets));
    bytes
}

#[expect(clippy::cast_possible_truncation, reason = "what is written here is below 64 KiB")]
fn u16_of(length: usize) -> [u8; 2] {
    (length as u16).to_be_bytes()
}

#[expect(clippy::cast_possible_truncation, reason = "a path here has at most seven ASes")]
fn u8_of(length: usize) -> u8 {
    length as u8
}
