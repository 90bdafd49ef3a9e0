use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bgp::{Asn, Community, Family, LargeCommunity, Route, RouteOrigin};

use crate::attribute::{
    Attribute, Reach, aggregator, exactly, has_sound_length, is_list, path, reach,
};
use crate::cursor::Cursor;
use crate::{AsSize, DamageKind, Path, code};

/// The attributes of one message or RIB entry, as they stand on the wire: found and checked
/// (RFC 7606), not yet decoded. Nothing is copied.
///
/// An observer tells what a vantage point holds: a route is kept whatever is wrong with its attributes,
/// as long as AS_PATH can be read.
#[derive(Debug)]
pub struct Attributes<'a> {
    field: &'a [u8],
    size: AsSize,
    origin: Option<u8>,
    as_path: Option<&'a [u8]>,
    next_hop: Option<Ipv4Addr>,
    multi_exit_disc: Option<u32>,
    local_pref: Option<u32>,
    atomic_aggregate: bool,
    aggregator: Option<(Asn, Ipv4Addr)>,
    communities: &'a [u8],
    reach: Option<Reach>,
    as4_path: Option<&'a [u8]>,
    as4_aggregator: Option<(Asn, Ipv4Addr)>,
    large_communities: &'a [u8],
    only_to_customer: Option<Asn>,
    without_first_as: bool,
    /// AS_PATH is malformed, or missing where it must not.
    unreadable: bool,
    ends: Ends,
    faults: Vec<Fault<'a>>,
    routes: [OnceCell<Arc<Route>>; 2],
}

/// A malformed attribute and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault<'a> {
    pub(crate) at: &'a [u8],
    pub(crate) kind: DamageKind,
}

/// Whose next hop a route has: that of its own field (RFC 4271) or of MP_REACH_NLRI (RFC 4760).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NlriSource {
    Nlri,
    MpReach,
}

/// The two ends of the session that a route came over: who originates it where the path does not say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends {
    /// The AS of the vantage point; 0 where nobody knows.
    pub(crate) vantage: Asn,
    /// The AS of the router that tells the route, where that is known.
    pub(crate) local: Option<Asn>,
    /// Whether both are one AS: an internal session, or the router's own table.
    pub(crate) is_internal: bool,
}

/// More faults than this in one message are not told one by one.
const FAULTS_MAX: usize = 8;

impl<'a> Attributes<'a> {
    /// Finds the attributes in their field and checks them.
    ///
    /// Inlined, so that they are found where they are to stand and not copied there.
    #[inline]
    pub(crate) fn new(field: &'a [u8], size: AsSize) -> Self {
        let mut attributes = Attributes::empty(field, size);
        attributes.find();
        attributes
    }

    /// The same of a RIB entry of this vantage AS. A table does not say whose it is: BIRD and FRR write
    /// their own routes as those of AS 0, BIRD without an AS_PATH.
    #[inline]
    pub(crate) fn of_entry(field: &'a [u8], size: AsSize, vantage: Asn) -> Self {
        let mut attributes = Attributes::empty(field, size);
        attributes.find();
        attributes.ends.vantage = vantage;
        if vantage != Asn::ZERO {
            attributes.require_path();
        }
        attributes
    }

    fn find(&mut self) {
        let mut seen = 0_u64;
        let mut cursor = Cursor::new(self.field);
        while !cursor.is_empty() {
            let from = cursor.rest();
            let Some(attribute) = Attribute::read(&mut cursor) else {
                self.fault(from, DamageKind::AttributeList);
                break;
            };
            let bit = 1_u64.checked_shl(attribute.code.into()).unwrap_or(0);
            if seen & bit != 0 {
                let kind = DamageKind::RepeatedAttribute { attribute: attribute.code };
                self.fault(from, kind);
                continue;
            }
            seen |= bit;
            if attribute.has_wrong_flags() {
                let Attribute { code, flags, .. } = attribute;
                self.fault(from, DamageKind::AttributeFlags { attribute: code, flags });
            }
            if let Err(kind) = self.keep(attribute) {
                self.fault(from, kind);
            }
        }
    }

    #[inline]
    const fn empty(field: &'a [u8], size: AsSize) -> Self {
        Attributes {
            field,
            size,
            origin: None,
            as_path: None,
            next_hop: None,
            multi_exit_disc: None,
            local_pref: None,
            atomic_aggregate: false,
            aggregator: None,
            communities: &[],
            reach: None,
            as4_path: None,
            as4_aggregator: None,
            large_communities: &[],
            only_to_customer: None,
            without_first_as: false,
            unreadable: false,
            ends: Ends { vantage: Asn::ZERO, local: None, is_internal: false },
            faults: Vec::new(),
            routes: [const { OnceCell::new() }; 2],
        }
    }

    /// Keeps what an attribute says, and tells what is wrong with it (RFC 7606 section 7; for the younger
    /// ones their RFC). Of a list its whole items are kept.
    fn keep(&mut self, Attribute { code, value, .. }: Attribute<'a>) -> Result<(), DamageKind> {
        let malformed = DamageKind::Attribute { attribute: code };
        let sound = |is_sound: bool| if is_sound { Ok(()) } else { Err(malformed) };
        let number = || exactly(value).map(u32::from_be_bytes).ok_or(malformed);
        match code {
            code::ORIGIN => {
                let origin = value.first().filter(|origin| **origin <= 2 && value.len() == 1);
                self.origin = Some(*origin.ok_or(malformed)?);
            }
            code::AS_PATH => return self.keep_as_path(value),
            code::NEXT_HOP => self.next_hop = Some(number()?.into()),
            code::MULTI_EXIT_DISC => self.multi_exit_disc = Some(number()?),
            code::LOCAL_PREF => self.local_pref = Some(number()?),
            code::ATOMIC_AGGREGATE => {
                // That it is there is all that it says, whatever its length.
                self.atomic_aggregate = true;
                return sound(value.is_empty());
            }
            code::AGGREGATOR => {
                self.aggregator = Some(aggregator(value, self.size).ok_or(malformed)?);
            }
            code::COMMUNITIES => {
                self.communities = value;
                return sound(is_list(value, 4));
            }
            code::MP_REACH_NLRI => {
                let (reach, is_sound) = reach(value);
                self.reach = reach;
                return sound(is_sound);
            }
            // RFC 6793 section 6: a malformed AS4_PATH is left out.
            code::AS4_PATH if self.size == AsSize::Two => {
                let found = path(value, AsSize::Four);
                self.as4_path = (found != Err(DamageKind::AsPath)).then_some(value);
                return found
                    .map_err(|kind| if kind == DamageKind::AsZero { kind } else { malformed });
            }
            code::AS4_AGGREGATOR if self.size == AsSize::Two => {
                self.as4_aggregator = Some(aggregator(value, AsSize::Four).ok_or(malformed)?);
            }
            code::LARGE_COMMUNITY => {
                self.large_communities = value;
                return sound(is_list(value, 12));
            }
            code::ONLY_TO_CUSTOMER => self.only_to_customer = Some(Asn::new(number()?)),
            code => return sound(has_sound_length(code, value)),
        }
        Ok(())
    }

    fn keep_as_path(&mut self, value: &'a [u8]) -> Result<(), DamageKind> {
        let found = path(value, self.size);
        self.unreadable = found == Err(DamageKind::AsPath);
        self.as_path = (!self.unreadable).then_some(value);
        found
    }

    pub(crate) fn fault(&mut self, at: &'a [u8], kind: DamageKind) {
        // One that costs a route must not get lost behind many that do not.
        if self.faults.len() < FAULTS_MAX || kind.scope() > crate::Scope::Attribute {
            self.faults.push(Fault { at, kind });
        }
    }

    /// A route must have an AS_PATH: where there is none, its origin cannot be read (RFC 7606 section
    /// 3.d). It is no empty path, which would make the vantage AS the origin.
    #[inline]
    pub(crate) fn require_path(&mut self) {
        if self.as_path.is_none() && !self.unreadable {
            self.unreadable = true;
            self.fault(self.field, DamageKind::MissingAttribute { attribute: code::AS_PATH });
        }
    }

    #[inline]
    pub(crate) fn faults(&self) -> &[Fault<'a>] {
        &self.faults
    }

    /// Whether AS_PATH is malformed, or missing where it must not: then [`Attributes::path`] is empty and
    /// says nothing.
    #[inline]
    pub const fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// Whether AS_PATH is there and malformed.
    pub(crate) fn has_broken_path(&self) -> bool {
        self.unreadable && self.faults.iter().any(|fault| fault.kind == DamageKind::AsPath)
    }

    /// Says over which session the route came.
    #[inline]
    pub(crate) const fn came_over(&mut self, ends: Ends) {
        self.ends = ends;
    }

    /// The Route Origin ASN (RFC 6811 section 2); NONE where the path cannot be read.
    #[inline]
    pub(crate) fn route_origin(&self) -> RouteOrigin {
        if self.unreadable {
            return RouteOrigin::None;
        }
        let speaker = || match self.local_asn().unwrap_or(self.ends.vantage) {
            Asn::ZERO => RouteOrigin::None,
            asn => RouteOrigin::As(asn),
        };
        self.path().named_origin().unwrap_or_else(speaker)
    }

    /// The AS of the router that tells the route, where that is the speaker and not the vantage AS: the
    /// path came over an internal session, or from another member of the confederation (RFC 5065).
    #[inline]
    fn local_asn(&self) -> Option<Asn> {
        let Ends { vantage, local, is_internal } = self.ends;
        let local = local.filter(|local| *local != vantage)?;
        (is_internal || self.path().has_member(vantage)).then_some(local)
    }

    /// ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE.
    pub const fn origin_code(&self) -> Option<u8> {
        self.origin
    }

    /// AS_PATH, merged with AS4_PATH where that belongs to it (RFC 6793 section 4.2.3). Of BMP, without
    /// the router's own AS where the router put that in front of what it received.
    #[inline]
    pub fn path(&self) -> Path<'a> {
        let as_path = self.as_path.unwrap_or_default();
        let path = match self.as4_path {
            Some(as4) if self.as_path.is_some() && !self.is_aggregator_newer() => {
                Path::merged(as_path, as4)
            }
            _ => Path::new(as_path, self.size),
        };
        if self.without_first_as { path.behind_first() } else { path }
    }

    /// Leaves the first AS out of the path.
    pub(crate) const fn leave_out_first_as(&mut self) {
        self.without_first_as = true;
    }

    /// NEXT_HOP (RFC 4271 section 5.1.3); none where only MP_REACH_NLRI has one.
    pub const fn next_hop(&self) -> Option<Ipv4Addr> {
        self.next_hop
    }

    /// The first next hop of MP_REACH_NLRI.
    pub fn multiprotocol_next_hop(&self) -> Option<IpAddr> {
        self.reach.and_then(|reach| reach.next_hop)
    }

    /// MULTI_EXIT_DISC (RFC 4271 section 5.1.4).
    pub const fn multi_exit_disc(&self) -> Option<u32> {
        self.multi_exit_disc
    }

    /// LOCAL_PREF (RFC 4271 section 5.1.5).
    pub const fn local_pref(&self) -> Option<u32> {
        self.local_pref
    }

    /// Whether ATOMIC_AGGREGATE is there.
    pub const fn atomic_aggregate(&self) -> bool {
        self.atomic_aggregate
    }

    /// AGGREGATOR, or AS4_AGGREGATOR where that stands for it (RFC 6793 section 4.2.3).
    pub fn aggregator(&self) -> Option<(Asn, Ipv4Addr)> {
        match (self.aggregator, self.as4_aggregator) {
            (Some((Asn::TRANS, _)), Some(as4)) => Some(as4),
            (old, _) => old,
        }
    }

    /// COMMUNITIES (RFC 1997), in the order of the wire.
    pub fn communities(&self) -> impl Iterator<Item = Community> + 'a {
        let mut cursor = Cursor::new(self.communities);
        std::iter::from_fn(move || cursor.u32().map(Community))
    }

    /// LARGE_COMMUNITY (RFC 8092), in the order of the wire.
    pub fn large_communities(&self) -> impl Iterator<Item = LargeCommunity> + 'a {
        let mut cursor = Cursor::new(self.large_communities);
        std::iter::from_fn(move || {
            Some(LargeCommunity([cursor.u32()?, cursor.u32()?, cursor.u32()?]))
        })
    }

    /// Only to Customer (RFC 9234 section 5).
    pub const fn only_to_customer(&self) -> Option<Asn> {
        self.only_to_customer
    }

    /// What everything said of the attributes is a function of: their octets, how AS numbers are
    /// read, whether the first AS is left out.
    pub(crate) const fn made_of(&self) -> (&'a [u8], AsSize, bool) {
        (self.field, self.size, self.without_first_as)
    }

    /// Which next hop a route of a table has, where nothing but its family tells.
    pub(crate) fn table_source(&self, family: Family) -> NlriSource {
        match self.reach {
            Some(reach) if reach.family == family || self.next_hop.is_none() => NlriSource::MpReach,
            _ => NlriSource::Nlri,
        }
    }

    #[inline]
    pub(crate) fn next_hop_for(&self, source: NlriSource) -> Option<IpAddr> {
        match source {
            NlriSource::Nlri => self.next_hop.map(IpAddr::V4),
            NlriSource::MpReach => self.multiprotocol_next_hop(),
        }
    }

    /// Everything that a route is asked for, decoded once and shared by the prefixes of a message.
    pub(crate) fn route(&self, source: NlriSource) -> Arc<Route> {
        let [nlri, reach] = &self.routes;
        let cell = match source {
            NlriSource::Nlri => nlri,
            NlriSource::MpReach => reach,
        };
        let route = || Route {
            path: self.path().to_as_path(),
            next_hop: self.next_hop_for(source),
            communities: self.communities().collect(),
            large_communities: self.large_communities().collect(),
            only_to_customer: self.only_to_customer,
            local_asn: match self.path().named_origin() {
                Some(_) => None,
                None => self.local_asn(),
            },
        };
        Arc::clone(cell.get_or_init(|| Arc::new(route())))
    }

    /// Where AGGREGATOR was set anew by a speaker of two-octet numbers, AS4_AGGREGATOR and AS4_PATH
    /// are older than it and ignored (RFC 6793 section 4.2.3).
    #[inline]
    fn is_aggregator_newer(&self) -> bool {
        self.as4_aggregator.is_some() && self.aggregator.is_some_and(|(asn, _)| asn != Asn::TRANS)
    }
}
