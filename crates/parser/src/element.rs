use std::net::IpAddr;
use std::sync::Arc;

use bgp::{Change, Event, Observation, Prefix, Route, RouteOrigin, Timestamp, Vantage};

use crate::attributes::NlriSource;
use crate::{Attributes, Damage, Nlri};

/// What reading gives, piece by piece.
#[derive(Debug)]
pub enum Item<'a> {
    /// One route or one session change.
    Element(Element<'a>),
    /// Something was lost.
    Damage(Damage),
}

/// One route of one vantage point at one time, or a change of its session. It borrows the bytes it
/// was read from, and decodes them when asked.
#[derive(Debug)]
pub struct Element<'a> {
    /// When the collector saw it; of a RIB, when the RIB was written.
    pub at: Timestamp,
    /// Where it was seen.
    pub vantage: &'a Vantage,
    /// What was seen.
    pub kind: ElementKind<'a>,
    /// What kind of record it stands in.
    pub source: Source,
}

/// What was seen.
#[derive(Debug)]
pub enum ElementKind<'a> {
    /// The route stands in a table.
    Rib {
        /// Prefix and path identifier.
        nlri: Nlri,
        /// When the vantage point's route last changed, as far as the writer knows.
        originated: Timestamp,
        /// Path attributes, decoded when asked for.
        attributes: RouteAttributes<'a>,
    },
    /// The route was announced. Where [`Attributes::is_unreadable`] says so, what it is cannot be read.
    Announce {
        /// Prefix and path identifier.
        nlri: Nlri,
        /// Path attributes, decoded when asked for.
        attributes: RouteAttributes<'a>,
    },
    /// The route was withdrawn.
    Withdraw {
        /// Prefix and path identifier.
        nlri: Nlri,
    },
    /// A message, or a part of one, whose prefixes cannot be read: it may have been about any route.
    Unreadable,
    /// The session changed its state (RFC 4271 section 8.2.2): 1 Idle to 6 Established; 7 and 8
    /// are Quagga's Clearing and Deleted; 0 where the source does not say.
    State {
        /// State before.
        old: u16,
        /// State after.
        new: u16,
    },
}

/// The attributes of one route: those of its message, and which of the two next hops is its own.
#[derive(Clone, Copy, Debug)]
pub struct RouteAttributes<'a> {
    attributes: &'a Attributes<'a>,
    pub(crate) source: NlriSource,
}

/// What kind of record an element stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// MRT TABLE_DUMP (RFC 6396 section 4.2).
    TableDump,
    /// MRT TABLE_DUMP_V2 (RFC 6396 section 4.3, RFC 8050 section 4).
    TableDumpV2 {
        /// Whether routes have path identifiers.
        add_path: bool,
    },
    /// MRT BGP4MP or BGP4MP_ET (RFC 6396 section 4.4, RFC 8050 section 3).
    Bgp4mp {
        /// Whether the time has microseconds.
        extended: bool,
        /// Whether the collector itself sent the message.
        local: bool,
        /// Whether routes have path identifiers.
        add_path: bool,
    },
    /// MRT BGP, deprecated (RFC 6396 appendix B.2).
    Bgp,
    /// A RIS Live message.
    RisLive,
    /// A BMP message (RFC 7854).
    Bmp,
}

/// `Established` (RFC 4271 section 8.2.2).
pub(crate) const ESTABLISHED: u16 = 6;

impl Element<'_> {
    /// Prefix and path identifier; none of a session change and of what cannot be read.
    #[inline]
    pub const fn nlri(&self) -> Option<Nlri> {
        match self.kind {
            ElementKind::Rib { nlri, .. }
            | ElementKind::Announce { nlri, .. }
            | ElementKind::Withdraw { nlri } => Some(nlri),
            ElementKind::Unreadable | ElementKind::State { .. } => None,
        }
    }

    /// The prefix; none of a session change and of what cannot be read.
    #[inline]
    pub fn prefix(&self) -> Option<Prefix> {
        self.nlri().map(|nlri| nlri.prefix)
    }

    /// The path identifier; zero without ADD-PATH.
    #[inline]
    pub fn path_id(&self) -> u32 {
        self.nlri().map_or(0, |nlri| nlri.path_id)
    }

    /// The attributes of what is announced or stands in a table.
    #[inline]
    pub const fn attributes(&self) -> Option<RouteAttributes<'_>> {
        match self.kind {
            ElementKind::Rib { attributes, .. } | ElementKind::Announce { attributes, .. } => {
                Some(attributes)
            }
            ElementKind::Withdraw { .. } | ElementKind::Unreadable | ElementKind::State { .. } => {
                None
            }
        }
    }

    /// The Route Origin ASN (RFC 6811 section 2), from AS_PATH alone. Of a path that names none it is
    /// that of the speaker: the vantage AS, or the router's own of what it or its confederation
    /// originates. NONE of a withdrawal or session change, and where the path cannot be read. No
    /// allocation except for an AS_SET.
    #[inline]
    pub fn origin(&self) -> RouteOrigin {
        self.attributes().map_or(RouteOrigin::None, |attributes| attributes.route_origin())
    }

    /// The whole in words; the prefixes of one message share one [`Route`]. None of a state change
    /// that neither establishes the session nor takes it down.
    pub fn observation(&self) -> Option<Observation> {
        let change = match self.kind {
            ElementKind::Rib { attributes, .. } | ElementKind::Announce { attributes, .. } => {
                match attributes.is_unreadable() {
                    true => Change::Unreadable,
                    false => Change::Announce(attributes.route()),
                }
            }
            ElementKind::Withdraw { .. } => Change::Withdraw,
            ElementKind::Unreadable => return Some(self.of_session(Event::Unreadable)),
            ElementKind::State { old, new } => {
                return session_event(old, new).map(|event| self.of_session(event));
            }
        };
        let Nlri { prefix, path_id } = self.nlri()?;
        let event = Event::Route { prefix, path_id, change };
        Some(Observation { at: self.at, vantage: self.vantage.clone(), event })
    }

    #[inline]
    fn of_session(&self, event: Event) -> Observation {
        Observation { at: self.at, vantage: self.vantage.clone(), event }
    }
}

const fn session_event(old: u16, new: u16) -> Option<Event> {
    match (old, new) {
        (ESTABLISHED, ESTABLISHED) => None,
        (_, ESTABLISHED) => Some(Event::SessionUp),
        (ESTABLISHED, _) => Some(Event::SessionDown),
        _ => None,
    }
}

impl<'a> RouteAttributes<'a> {
    #[inline]
    pub(crate) const fn new(attributes: &'a Attributes<'a>, source: NlriSource) -> Self {
        RouteAttributes { attributes, source }
    }

    /// The next hop of this route: NEXT_HOP, or the first one of MP_REACH_NLRI.
    pub fn route_next_hop(&self) -> Option<IpAddr> {
        self.attributes.next_hop_for(self.source)
    }

    /// The attributes in words, decoded once per message.
    pub fn route(&self) -> Arc<Route> {
        self.attributes.route(self.source)
    }
}

impl<'a> std::ops::Deref for RouteAttributes<'a> {
    type Target = Attributes<'a>;

    #[inline]
    fn deref(&self) -> &Attributes<'a> {
        self.attributes
    }
}
