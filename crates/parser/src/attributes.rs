use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bgp::{Asn, Community, Family, LargeCommunity, Route};

use crate::cursor::Cursor;
use crate::path::Segments;
use crate::{AsSize, DamageKind, Path, Treatment};

/// The attributes of one message or RIB entry, as they stand on the wire: found and checked
/// (RFC 7606), not yet decoded. Nothing is copied.
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
    faults: Vec<Fault<'a>>,
    routes: [OnceCell<Arc<Route>>; 2],
}

/// What MP_REACH_NLRI says beside its prefixes.
#[derive(Clone, Copy, Debug)]
struct Reach {
    family: Family,
    next_hop: Option<IpAddr>,
}

/// A malformed attribute and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault<'a> {
    pub(crate) at: &'a [u8],
    pub(crate) kind: DamageKind,
}

/// Whose next hop a route has: that of its own field (RFC 4271) or of MP_REACH_NLRI (RFC 4760).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Nlri,
    MpReach,
}

/// One attribute: flags, type code, value (RFC 4271 section 4.3).
#[derive(Clone, Copy)]
pub(crate) struct Attribute<'a> {
    pub(crate) code: u8,
    pub(crate) value: &'a [u8],
}

/// Bits of the flags octet.
const EXTENDED_LENGTH: u8 = 0x10;

/// More faults than this in one message are not told one by one.
const FAULTS_MAX: usize = 8;

pub(crate) mod code {
    pub(crate) const ORIGIN: u8 = 1;
    pub(crate) const AS_PATH: u8 = 2;
    pub(crate) const NEXT_HOP: u8 = 3;
    pub(crate) const MULTI_EXIT_DISC: u8 = 4;
    pub(crate) const LOCAL_PREF: u8 = 5;
    pub(crate) const ATOMIC_AGGREGATE: u8 = 6;
    pub(crate) const AGGREGATOR: u8 = 7;
    pub(crate) const COMMUNITIES: u8 = 8;
    pub(crate) const MP_REACH_NLRI: u8 = 14;
    pub(crate) const MP_UNREACH_NLRI: u8 = 15;
    pub(crate) const AS4_PATH: u8 = 17;
    pub(crate) const AS4_AGGREGATOR: u8 = 18;
    pub(crate) const LARGE_COMMUNITY: u8 = 32;
    pub(crate) const ONLY_TO_CUSTOMER: u8 = 35;
}

impl Attribute<'_> {
    /// The next attribute; None where the bytes left are not one (RFC 7606 section 4).
    pub(crate) fn read<'a>(cursor: &mut Cursor<'a>) -> Option<Attribute<'a>> {
        let [flags, code] = cursor.array()?;
        let length = match flags & EXTENDED_LENGTH {
            0 => cursor.u8().map(usize::from)?,
            _ => cursor.u16().map(usize::from)?,
        };
        Some(Attribute { code, value: cursor.take(length)? })
    }
}

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
            if let Err(treatment) = self.keep(attribute) {
                self.malformed(from, attribute.code, treatment);
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
            faults: Vec::new(),
            routes: [const { OnceCell::new() }; 2],
        }
    }

    /// Keeps what a sound attribute says: RFC 7606 section 7, attribute by attribute; for the younger
    /// ones what their RFC says.
    fn keep(&mut self, Attribute { code, value }: Attribute<'a>) -> Result<(), Treatment> {
        const WITHDRAWN: Treatment = Treatment::Withdrawn;
        const DISCARDED: Treatment = Treatment::Discarded;
        let path = |size| Some(value).filter(|bytes| Segments { bytes, size }.are_sound());
        let number = || exactly(value).map(u32::from_be_bytes);
        let list = |item| Some(value).filter(|value| is_list(value, item));
        match code {
            code::ORIGIN => {
                let origin = value.first().filter(|origin| **origin <= 2 && value.len() == 1);
                self.origin = Some(*origin.ok_or(WITHDRAWN)?);
            }
            code::AS_PATH => self.as_path = Some(path(self.size).ok_or(WITHDRAWN)?),
            code::NEXT_HOP => self.next_hop = Some(number().ok_or(WITHDRAWN)?.into()),
            code::MULTI_EXIT_DISC => self.multi_exit_disc = Some(number().ok_or(WITHDRAWN)?),
            // A collector's sessions are external, where LOCAL_PREF does not belong at all.
            code::LOCAL_PREF => self.local_pref = Some(number().ok_or(DISCARDED)?),
            code::ATOMIC_AGGREGATE => {
                // That it is there is all that it says, whatever its length.
                self.atomic_aggregate = true;
                if !value.is_empty() {
                    return Err(DISCARDED);
                }
            }
            code::AGGREGATOR => {
                self.aggregator = Some(aggregator(value, self.size).ok_or(DISCARDED)?);
            }
            code::COMMUNITIES => self.communities = list(4).ok_or(WITHDRAWN)?,
            code::MP_REACH_NLRI => self.reach = reach(value)?,
            // RFC 6793 section 6: a malformed AS4_PATH is left out.
            code::AS4_PATH if self.size == AsSize::Two => {
                self.as4_path = Some(path(AsSize::Four).ok_or(DISCARDED)?);
            }
            code::AS4_AGGREGATOR if self.size == AsSize::Two => {
                self.as4_aggregator = Some(aggregator(value, AsSize::Four).ok_or(DISCARDED)?);
            }
            code::LARGE_COMMUNITY => self.large_communities = list(12).ok_or(WITHDRAWN)?,
            code::ONLY_TO_CUSTOMER => {
                self.only_to_customer = Some(Asn::new(number().ok_or(WITHDRAWN)?));
            }
            _ => (),
        }
        Ok(())
    }

    fn malformed(&mut self, at: &'a [u8], attribute: u8, treatment: Treatment) {
        self.fault(at, DamageKind::Attribute { attribute, treatment });
    }

    pub(crate) fn fault(&mut self, at: &'a [u8], kind: DamageKind) {
        // One that withdraws must not get lost behind many that do not.
        if self.faults.len() < FAULTS_MAX || !self.are_withdrawn() {
            self.faults.push(Fault { at, kind });
        }
    }

    pub(crate) fn faults(&self) -> &[Fault<'a>] {
        &self.faults
    }

    /// Whether the routes count as withdrawn (RFC 7606 "treat-as-withdraw").
    pub(crate) fn are_withdrawn(&self) -> bool {
        self.faults.iter().any(|fault| fault.kind.scope() > crate::Scope::Attribute)
    }

    /// ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE.
    pub const fn origin_code(&self) -> Option<u8> {
        self.origin
    }

    /// AS_PATH, merged with AS4_PATH where that belongs to it (RFC 6793 section 4.2.3). Of BMP, without
    /// the router's own AS where the router put that in front of what it received.
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

    /// NEXT_HOP.
    pub const fn next_hop(&self) -> Option<Ipv4Addr> {
        self.next_hop
    }

    /// The first next hop of MP_REACH_NLRI.
    pub fn multiprotocol_next_hop(&self) -> Option<IpAddr> {
        self.reach.and_then(|reach| reach.next_hop)
    }

    /// MULTI_EXIT_DISC.
    pub const fn multi_exit_disc(&self) -> Option<u32> {
        self.multi_exit_disc
    }

    /// LOCAL_PREF.
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

    /// Whether an AS_PATH is there, be it empty.
    pub(crate) const fn has_path(&self) -> bool {
        self.as_path.is_some()
    }

    /// Which next hop a route of a table has, where nothing but its family tells.
    pub(crate) fn table_carrier(&self, family: Family) -> Carrier {
        match self.reach {
            Some(reach) if reach.family == family || self.next_hop.is_none() => Carrier::MpReach,
            _ => Carrier::Nlri,
        }
    }

    pub(crate) fn next_hop_for(&self, carrier: Carrier) -> Option<IpAddr> {
        match carrier {
            Carrier::Nlri => self.next_hop.map(IpAddr::V4),
            Carrier::MpReach => self.multiprotocol_next_hop(),
        }
    }

    /// Everything that a route is asked for, decoded once and shared by the prefixes of a message.
    pub(crate) fn route(&self, carrier: Carrier) -> Arc<Route> {
        let [nlri, reach] = &self.routes;
        let cell = match carrier {
            Carrier::Nlri => nlri,
            Carrier::MpReach => reach,
        };
        let route = || Route {
            path: self.path().to_as_path(),
            next_hop: self.next_hop_for(carrier),
            communities: self.communities().collect(),
            large_communities: self.large_communities().collect(),
            only_to_customer: self.only_to_customer,
        };
        Arc::clone(cell.get_or_init(|| Arc::new(route())))
    }

    /// Where AGGREGATOR was set anew by a speaker of two-octet numbers, AS4_AGGREGATOR and AS4_PATH
    /// are older than it and ignored (RFC 6793 section 4.2.3).
    fn is_aggregator_newer(&self) -> bool {
        self.as4_aggregator.is_some() && self.aggregator.is_some_and(|(asn, _)| asn != Asn::TRANS)
    }
}

/// The value, if it has exactly this length.
fn exactly<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    value.try_into().ok()
}

/// Whether it holds at least one item of this length and no part of one.
const fn is_list(value: &[u8], item: usize) -> bool {
    !value.is_empty() && value.len().is_multiple_of(item)
}

fn aggregator(value: &[u8], size: AsSize) -> Option<(Asn, Ipv4Addr)> {
    let mut cursor = Cursor::new(value);
    let asn = cursor.asn(size)?;
    Some((asn, Ipv4Addr::from(exactly(cursor.rest())?)))
}

/// The next hop of MP_REACH_NLRI in its full form (RFC 4760 section 3) or in that of TABLE_DUMP_V2,
/// a next hop with its length (RFC 6396 section 4.3.4). Writers use both, and the lengths tell
/// which. None where it is of a family that we do not read.
fn reach(value: &[u8]) -> Result<Option<Reach>, Treatment> {
    if let Some((length, next_hop)) = value.split_first()
        && usize::from(*length) == next_hop.len()
    {
        let family = Family::Ipv6;
        return Ok(Some(Reach { family, next_hop: next_hop_of(next_hop) }));
    }
    let mut cursor = Cursor::new(value);
    let [_, afi, safi, length] = cursor.array().ok_or(Treatment::Withdrawn)?;
    let octets = cursor.take(length.into()).ok_or(Treatment::Withdrawn)?;
    let family = match (afi, safi) {
        (1, 1) => Family::Ipv4,
        (2, 1) => Family::Ipv6,
        _ => return Ok(None),
    };
    let next_hop = next_hop_of(octets).ok_or(Treatment::Withdrawn)?;
    Ok(Some(Reach { family, next_hop: Some(next_hop) }))
}

/// IPv4, or IPv6 with or without a link-local address behind it (RFC 2545 section 3).
fn next_hop_of(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => exactly::<4>(octets).map(IpAddr::from),
        16 | 32 => octets.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into()),
        _ => None,
    }
}
