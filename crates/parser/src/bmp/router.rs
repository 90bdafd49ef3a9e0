use std::sync::Arc;

use bgp::{Asn, AsnKind, Family, Timestamp, Vantage, View};

use super::add_path::AddPath;
use super::clock::Clock;
use super::frame::MessageType;
use super::own_as::{Ends, stands_in_front};
use super::peer::PerPeerHeader;
use super::peers::{Known, Peers};
use super::vrfs::Vrfs;
use super::{
    Config, Counters, Event, Initiation, Message, Out, Peer, PeerDown, PeerKind, PeerUp, Setting,
    Termination, VrfLeftOut,
};
use crate::attributes;
use crate::cursor::Cursor;
use crate::element::ESTABLISHED;
use crate::update::{Lost, Origin, Update, update_body};
use crate::{AsSize, Attributes, DamageKind, Element, ElementKind, Filter, Session, Source, code};

/// One router: what it said of itself and of its peers, which decides how its messages are read.
#[derive(Clone, Debug)]
pub(crate) struct Router {
    config: Arc<Config>,
    name: Arc<str>,
    /// Its AS, as the operator, the first of its sessions or its Loc-RIB tells it. A public one is
    /// preferred: inside a confederation it shows the AS of its member.
    asn: Option<Asn>,
    is_frr: bool,
    peers: Peers,
    vrfs: Vrfs,
    clock: Clock,
    counters: Counters,
}

impl Router {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Router {
            name: Arc::from(config.router.as_str()),
            asn: config.asn,
            config,
            is_frr: false,
            peers: Peers::default(),
            vrfs: Vrfs::default(),
            clock: Clock::default(),
            counters: Counters::default(),
        }
    }

    pub(crate) fn decode<S: FnMut(Event<'_>)>(
        &mut self,
        message: Message<'_>,
        received: Option<Timestamp>,
        filter: &impl Filter,
        out: &mut Out<'_, S>,
    ) {
        let Some(kind) = message.kind else {
            self.counters.unknown += 1;
            out.statistics.skipped.types += 1;
            return;
        };
        self.counters.count(kind);
        let mut body = Cursor::new(message.body);
        match kind {
            MessageType::Initiation => return self.initiation(body, out),
            MessageType::Termination => return self.termination(body, out),
            MessageType::StatisticsReport | MessageType::RouteMirroring => {
                out.statistics.skipped.messages += 1;
                return;
            }
            MessageType::RouteMonitoring | MessageType::PeerUp | MessageType::PeerDown => (),
        }
        let Some(header) = PerPeerHeader::read(&mut body) else {
            return out.damage(message.body, DamageKind::RecordLength);
        };
        if let PeerKind::Unknown(_) = header.peer.kind {
            self.counters.unknown += 1;
            out.statistics.skipped.subtypes += 1;
            return;
        }
        let at = self.clock.tell(header.at, received);
        match kind {
            MessageType::PeerUp => self.peer_up(&header, at, body, out),
            MessageType::PeerDown => self.peer_down(&header, at, body, out),
            MessageType::RouteMonitoring => {
                self.route_monitoring(&header, at, body, filter, out);
            }
            // These have no per-peer header, or say nothing of routes: see above.
            MessageType::Initiation
            | MessageType::Termination
            | MessageType::StatisticsReport
            | MessageType::RouteMirroring => (),
        }
    }

    pub(crate) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn vantages(&self) -> impl Iterator<Item = &Vantage> {
        self.peers.vantages()
    }

    pub(crate) fn vrfs_left_out(&self) -> impl Iterator<Item = &VrfLeftOut> {
        self.vrfs.left_out()
    }

    pub(crate) const fn counters(&self) -> Counters {
        let Clock { behind: times_behind, ahead: times_ahead, .. } = self.clock;
        Counters { times_behind, times_ahead, ..self.counters }
    }

    fn initiation<S: FnMut(Event<'_>)>(&mut self, body: Cursor<'_>, out: &mut Out<'_, S>) {
        let (initiation, whole) = Initiation::read(body);
        if !whole {
            out.damage(body.rest(), DamageKind::RecordLength);
        }
        self.is_frr |= initiation.is_frr();
        // Its vantage points must not change their name, whatever it says later.
        if self.name.is_empty()
            && let Some(name) = &initiation.sys_name
        {
            self.name = Arc::from(name.as_str());
        }
        out.event(Event::Initiation { router: &self.name, initiation: &initiation });
    }

    fn termination<S: FnMut(Event<'_>)>(&self, body: Cursor<'_>, out: &mut Out<'_, S>) {
        let (termination, whole) = Termination::read(body);
        if !whole {
            out.damage(body.rest(), DamageKind::RecordLength);
        }
        out.event(Event::Termination { router: &self.name, termination: &termination });
    }

    fn peer_up<S: FnMut(Event<'_>)>(
        &mut self,
        header: &PerPeerHeader,
        at: Timestamp,
        body: Cursor<'_>,
        out: &mut Out<'_, S>,
    ) {
        let Some((peer_up, whole)) = PeerUp::read(header, body) else {
            return out.damage(body.rest(), DamageKind::PeerUpOpen);
        };
        if !whole {
            out.damage(body.rest(), DamageKind::RecordLength);
        }
        let (peer, table_name) = (&peer_up.peer, peer_up.table_name.as_deref());
        self.vrfs.name(peer, table_name, &self.config);
        if self.is_wanted(peer, table_name, out) {
            let Some(known) = self.peers.get(&peer_up.peer) else {
                return out.damage(body.rest(), DamageKind::TooMany);
            };
            for vantage in known.come_up(&peer_up) {
                out.element(session_down(at, &vantage));
            }
            let asn = known.router_asn();
            self.learn(asn);
        }
        out.event(Event::PeerUp { router: &self.name, at, peer_up: &peer_up });
    }

    fn peer_down<S: FnMut(Event<'_>)>(
        &mut self,
        header: &PerPeerHeader,
        at: Timestamp,
        body: Cursor<'_>,
        out: &mut Out<'_, S>,
    ) {
        let peer_down = PeerDown::read(header.peer, body);
        // The flags of the header say nothing here (RFC 7854 section 4.2, RFC 8671 section 6.3):
        // whatever the router told of this peer is gone.
        for vantage in self.peers.take(&header.peer).into_iter().flat_map(|it| it.into_vantages()) {
            out.element(session_down(at, &vantage));
        }
        out.event(Event::PeerDown { router: &self.name, at, peer_down: &peer_down });
    }

    fn route_monitoring<S: FnMut(Event<'_>)>(
        &mut self,
        header: &PerPeerHeader,
        at: Timestamp,
        mut body: Cursor<'_>,
        filter: &impl Filter,
        out: &mut Out<'_, S>,
    ) {
        if !self.is_wanted(&header.peer, None, out) {
            self.counters.vrf += 1;
            out.statistics.skipped.vrfs += 1;
            return;
        }
        if header.peer.kind == PeerKind::LocRib {
            self.learn(Some(header.peer.asn));
        }
        let from = body.rest();
        match update_body(&mut body) {
            Ok(Some(update)) => self.update(header, at, Ok(update), filter, out),
            Ok(None) => out.statistics.skipped.messages += 1,
            Err(kind) => self.update(header, at, Err(Lost { at: from, kind }), filter, out),
        }
        // What stands behind the UPDATE are TLVs of a draft that became BMP version 4: Huawei marks
        // paths with them.
    }

    fn update<S: FnMut(Event<'_>)>(
        &mut self,
        header: &PerPeerHeader,
        at: Timestamp,
        body: Result<&[u8], Lost<'_>>,
        filter: &impl Filter,
        out: &mut Out<'_, S>,
    ) {
        let Router { config, name, peers, counters, asn: router, is_frr, .. } = self;
        let Some(asn) = speaker(&header.peer, *router) else {
            counters.nameless += 1;
            out.statistics.skipped.messages += 1;
            return;
        };
        let Some(known) = peers.get(&header.peer) else {
            return out.damage(out.bytes, DamageKind::TooMany);
        };
        let view = header.view();
        let read = body.and_then(|bytes| read(bytes, header, known, config, counters));
        let own = Ends { view, peer: asn, router: known.router_asn() };
        let local = router.or(own.router);
        let (vantage, is_new) = known.vantage(name, &header.peer, (asn, view));
        if is_new {
            out.element(session_up(at, vantage));
        }
        let origin = Origin { at, vantage, source: Source::Bmp };
        let (mut update, guess) = match read {
            Ok(read) => read,
            Err(lost) => return out.lost(lost, origin),
        };
        let wanted = update.wanted(filter);
        out.statistics.skipped.families += update.skipped;
        if let Some(family) = update.end_of_rib() {
            out.statistics.end_of_rib += 1;
            out.event(Event::EndOfRib { at, vantage, family });
        }
        if wanted == 0 {
            return update.lost().into_iter().for_each(|lost| out.lost(lost, origin));
        }
        guess.iter().for_each(|size| out.damage(update.as_path(), DamageKind::guessed(*size)));
        let ends = attributes::Ends { vantage: asn, local, is_internal: own.are_one() };
        let mut attributes = update.attributes(mandatory(view), ends);
        counters.own_as += u64::from(leave_out_own_as(&mut attributes, own, config));
        let withdrawn = out.update(update, &attributes, origin, filter);
        if *is_frr && view == View::AdjRibInPre {
            counters.unconfirmed_withdrawals += withdrawn;
        }
    }

    /// Whether the routes of a peer are wanted; those of a VRF that nobody asked for are counted, and
    /// the VRF is told.
    fn is_wanted<S: FnMut(Event<'_>)>(
        &mut self,
        peer: &Peer,
        table_name: Option<&str>,
        out: &mut Out<'_, S>,
    ) -> bool {
        if self.vrfs.wants(peer, &self.config) {
            return true;
        }
        if let Some(vrf) = self.vrfs.leave_out(peer, table_name) {
            out.event(Event::VrfLeftOut { router: &self.name, vrf });
        }
        false
    }

    /// Takes note of an AS that the router shows as its own.
    fn learn(&mut self, asn: Option<Asn>) {
        let is_private = |asn: Asn| asn.kind() == AsnKind::Private;
        let Some(asn) = asn else { return };
        let is_better = |known| is_private(known) && !is_private(asn);
        if self.config.asn.is_none() && self.asn.is_none_or(is_better) {
            self.asn = Some(asn);
        }
    }
}

/// Takes an UPDATE apart as its session and its octets tell to. With the width of AS numbers where that is
/// a guess.
fn read<'a>(
    bytes: &'a [u8],
    header: &PerPeerHeader,
    known: &mut Known,
    config: &Config,
    counters: &mut Counters,
) -> Result<(Update<'a>, Option<AsSize>), Lost<'a>> {
    counters.without_peer_up += u64::from(!known.is_up());
    let add_path = known.add_path(header.view());
    let mut update = Update::new(bytes, facts(header, *add_path, config.add_path))?;
    if config.add_path == Setting::Auto {
        counters.add_path += u64::from(add_path.settle(&mut update));
    }
    let (size, is_guess) = known.as_numbers().settle(&update, header.as_size());
    counters.as_size += u64::from(size != header.as_size());
    Ok((update.with_as_size(size), is_guess.then_some(size)))
}

/// Whether the router's own AS stood in front of the path, where it does not belong.
fn leave_out_own_as(attributes: &mut Attributes<'_>, own: Ends, config: &Config) -> bool {
    let is_in_front = stands_in_front(attributes.path(), own, config.own_as_in_path);
    if is_in_front {
        attributes.leave_out_first_as();
    }
    is_in_front
}

/// Whose routes these are: the peer's, or, of what the router itself originates, its own. The AS of
/// the header would be 0 then, and an empty path would make that the origin.
fn speaker(peer: &Peer, router: Option<Asn>) -> Option<Asn> {
    if peer.is_router_itself() { router } else { Some(peer.asn) }
}

/// A router tells what stands in its tables; whether a route is one, it has decided before. So a
/// route is not withdrawn for what its report lacks, as long as it tells its origin: FRR 8.0 leaves
/// out NEXT_HOP, and GoBGP the AS_PATH of its own routes in the Loc-RIB, where that means an empty one.
const fn mandatory(view: View) -> &'static [u8] {
    match view {
        View::LocRib => &[],
        View::AdjRibInPre | View::AdjRibInPost | View::AdjRibOutPre | View::AdjRibOutPost => {
            &[code::AS_PATH]
        }
    }
}

fn facts(header: &PerPeerHeader, add_path: AddPath, setting: Setting) -> Session {
    Session {
        as_size: header.as_size(),
        add_path_v4: add_path.has(Family::Ipv4, setting),
        add_path_v6: add_path.has(Family::Ipv6, setting),
    }
}

const fn session_up(at: Timestamp, vantage: &Vantage) -> Element<'_> {
    let kind = ElementKind::State { old: 0, new: ESTABLISHED };
    Element { at, vantage, kind, source: Source::Bmp }
}

const fn session_down(at: Timestamp, vantage: &Vantage) -> Element<'_> {
    const IDLE: u16 = 1;
    let kind = ElementKind::State { old: ESTABLISHED, new: IDLE };
    Element { at, vantage, kind, source: Source::Bmp }
}
