use std::sync::Arc;

use bgp::{Family, Timestamp, Vantage};

use super::frame::MessageType;
use super::{Initiation, PeerDown, PeerUp, Termination, VrfLeftOut};
use crate::attributes::Attributes;
use crate::output::Output;
use crate::update::{Lost, Origin, Update};
use crate::{DamageKind, Element, ElementKind, Filter, Item, Statistics};

/// What a router tells, piece by piece. `router` is the name that its vantage points have as their
/// collector.
#[derive(Debug)]
pub enum Event<'a> {
    /// A route, a session change, or damage: what every other input gives too.
    ///
    /// A view of a peer comes up with the first message of it, and goes down with its peer.
    Item(Item<'a>),
    /// It introduces itself.
    Initiation {
        /// Name of the router.
        router: &'a Arc<str>,
        /// What it says of itself.
        initiation: &'a Initiation,
    },
    /// One of its sessions is up.
    PeerUp {
        /// Name of the router.
        router: &'a Arc<str>,
        /// When it happened, by the router's clock where that can be believed.
        at: Timestamp,
        /// Which, and what its ends agreed on.
        peer_up: &'a PeerUp,
    },
    /// One of its sessions is down. The views of it that are known have been told to be down.
    PeerDown {
        /// Name of the router.
        router: &'a Arc<str>,
        /// When it happened, by the router's clock where that can be believed.
        at: Timestamp,
        /// Which, and why.
        peer_down: &'a PeerDown,
    },
    /// The table of one family is complete (RFC 4724 section 2, RFC 7854 section 9). GoBGP never
    /// says so.
    EndOfRib {
        /// When; of a message without a time, when it came.
        at: Timestamp,
        /// Which view of which peer.
        vantage: &'a Vantage,
        /// Address family of the table.
        family: Family,
    },
    /// A VRF was seen that nobody asked for: its routes are left out. Told once for each; see
    /// [`Session::vrfs_left_out`](super::Session::vrfs_left_out) for how many peers it has by now.
    VrfLeftOut {
        /// Name of the router.
        router: &'a Arc<str>,
        /// The VRF, with the name of its table.
        vrf: &'a VrfLeftOut,
    },
    /// It says good-bye. FRR and GoBGP go without a word.
    Termination {
        /// Name of the router.
        router: &'a Arc<str>,
        /// What it gives as the reason.
        termination: &'a Termination,
    },
}

/// What a router sent, and what in it could not be taken as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Route Monitoring messages.
    pub route_monitoring: u64,
    /// Statistics Reports, which are not read.
    pub statistics_reports: u64,
    /// Peer Down messages.
    pub peer_down: u64,
    /// Peer Up messages.
    pub peer_up: u64,
    /// Initiation messages (RFC 7854 section 4.3).
    pub initiation: u64,
    /// Termination messages (RFC 7854 section 4.5).
    pub termination: u64,
    /// Route Mirroring messages, which are not read.
    pub route_mirroring: u64,
    /// Messages of an unknown type, or of a peer of an unknown type; they are passed over (RFC 7854
    /// section 3.2).
    pub unknown: u64,
    /// Route Monitoring messages of VRFs, which are not routes of the Internet and passed over.
    pub vrf: u64,
    /// Routes of the router itself that were passed over because its AS is not known yet.
    pub nameless: u64,
    /// Route Monitoring messages of peers that no Peer Up told of.
    pub without_peer_up: u64,
    /// Messages whose path lost the router's own AS.
    pub own_as: u64,
    /// Messages whose AS numbers were read as wider or narrower than the per-peer header says.
    pub as_size: u64,
    /// Messages that were read with path identifiers, or without, against what the router had said.
    pub add_path: u64,
    /// Pre-policy withdrawals of a router that runs FRR. FRR 8 withdraws a route pre-policy that its
    /// own policy has just refused, right after the peer announced it: a hijack that the router
    /// filters cannot be seen in them, and nothing in the bytes tells them from real ones.
    pub unconfirmed_withdrawals: u64,
    /// Messages whose time lay before what was told already; they were told as that.
    pub times_behind: u64,
    /// Messages whose time lay after their arrival: the router's clock is ahead of ours.
    pub times_ahead: u64,
}

/// Where one message's findings go, and where in the stream that message stands.
pub(crate) struct Out<'o, S> {
    pub(crate) sink: &'o mut S,
    pub(crate) statistics: &'o mut Statistics,
    /// The message's number and the offset of its first octet in the stream.
    pub(crate) record: u64,
    pub(crate) offset: u64,
    /// The message's octets: what a finding points into.
    pub(crate) bytes: &'o [u8],
}

impl<S: FnMut(Event<'_>)> Out<'_, S> {
    pub(super) fn event(&mut self, event: Event<'_>) {
        (self.sink)(event);
    }

    pub(super) fn element(&mut self, element: Element<'_>) {
        self.event(Event::Item(Item::Element(element)));
    }

    /// `at` is a part of the message.
    pub(super) fn damage(&mut self, at: &[u8], kind: DamageKind) {
        let Out { sink, statistics, record, offset, bytes } = self;
        let mut items = |item: Item<'_>| sink(Event::Item(item));
        let (record, offset) = (*record, *offset);
        Output { sink: &mut items, statistics, record, offset, bytes }.damage(at, kind);
    }

    /// Tells that something was lost, which may have been about any route of this vantage point.
    pub(super) fn lost(&mut self, lost: Lost<'_>, origin: Origin<'_>) {
        let Out { sink, statistics, record, offset, bytes } = self;
        let mut items = |item: Item<'_>| sink(Event::Item(item));
        let (record, offset) = (*record, *offset);
        lost.tell(origin, &mut Output { sink: &mut items, statistics, record, offset, bytes });
    }

    /// Tells every route that the filter wants, and how many of them were withdrawn.
    pub(super) fn update<'a>(
        &mut self,
        update: Update<'a>,
        attributes: &Attributes<'a>,
        origin: Origin<'_>,
        filter: &impl Filter,
    ) -> u64 {
        let Out { sink, statistics, record, offset, bytes } = self;
        let mut withdrawn = 0;
        let mut items = |item: Item<'_>| {
            if let Item::Element(Element { kind: ElementKind::Withdraw { .. }, .. }) = item {
                withdrawn += 1;
            }
            sink(Event::Item(item));
        };
        let (record, offset) = (*record, *offset);
        let mut output = Output { sink: &mut items, statistics, record, offset, bytes };
        update.tell(attributes, origin, filter, &mut output);
        withdrawn
    }
}

impl Counters {
    pub(super) const fn count(&mut self, kind: MessageType) {
        let counter = match kind {
            MessageType::RouteMonitoring => &mut self.route_monitoring,
            MessageType::StatisticsReport => &mut self.statistics_reports,
            MessageType::PeerDown => &mut self.peer_down,
            MessageType::PeerUp => &mut self.peer_up,
            MessageType::Initiation => &mut self.initiation,
            MessageType::Termination => &mut self.termination,
            MessageType::RouteMirroring => &mut self.route_mirroring,
        };
        *counter += 1;
    }
}
