use bgp::{Family, Timestamp, Vantage};

use crate::attribute::Attribute;
use crate::attributes::{Attributes, Ends, NlriSource};
use crate::cursor::Cursor;
use crate::nlri::NlriField;
use crate::output::Output;
use crate::path::Segments;
use crate::{
    AsSize, DamageKind, Element, ElementKind, Filter, Item, RouteAttributes, Source, code,
};

/// What the two ends of a session agreed on and the UPDATE itself does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// How wide AS numbers are (RFC 6793).
    pub as_size: AsSize,
    /// Whether IPv4 unicast routes have path identifiers (RFC 7911).
    pub add_path_v4: bool,
    /// Whether IPv6 unicast routes have path identifiers.
    pub add_path_v6: bool,
}

/// Whose message it is.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) at: Timestamp,
    pub(crate) vantage: &'a Vantage,
    pub(crate) source: Source,
}

impl<'a> Origin<'a> {
    #[inline]
    const fn element(self, kind: ElementKind<'a>) -> Element<'a> {
        let Origin { at, vantage, source } = self;
        Element { at, vantage, kind, source }
    }
}

/// An UPDATE (RFC 4271 section 4.3) taken apart: its four fields of prefixes, and the attributes
/// unread.
#[derive(Clone, Copy)]
pub(crate) struct Update<'a> {
    as_size: AsSize,
    withdrawn: NlriField<'a>,
    attributes: &'a [u8],
    nlri: NlriField<'a>,
    reach: Option<NlriField<'a>>,
    unreach: Option<NlriField<'a>>,
    /// The value of AS_PATH.
    as_path: Option<&'a [u8]>,
    /// Prefixes that cannot be told apart; what else the message says is used.
    lost: Option<Lost<'a>>,
    /// Multiprotocol attributes of families that we do not read.
    pub(crate) skipped: u64,
}

/// The body of an UPDATE; None of another type of message (RFC 4271 section 4.1). The marker is not
/// looked at: it never says anything about the message, and old files have authentication data in it.
#[inline]
pub(crate) fn update_body<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, DamageKind> {
    const UPDATE: u8 = 2;
    const HEADER: usize = 19;
    cursor.take(16).ok_or(DamageKind::MessageLength)?;
    let length = cursor.u16().ok_or(DamageKind::MessageLength)?;
    if cursor.u8().ok_or(DamageKind::MessageLength)? != UPDATE {
        return Ok(None);
    }
    let body = usize::from(length).checked_sub(HEADER).and_then(|length| cursor.take(length));
    body.map(Some).ok_or(DamageKind::MessageLength)
}

/// What a neighbour has to say of a route (RFC 4271 section 5, RFC 4760 section 3).
pub(crate) const MANDATORY: &[u8] = &[code::AS_PATH, code::ORIGIN, code::NEXT_HOP];

/// Prefixes that cannot be read, or the whole message: where, and why.
#[derive(Clone, Copy)]
pub(crate) struct Lost<'a> {
    pub(crate) at: &'a [u8],
    pub(crate) kind: DamageKind,
}

impl Lost<'_> {
    /// Tells that something was lost, and that it may have been about any route of this vantage point.
    pub(crate) fn tell<S: FnMut(Item<'_>)>(self, origin: Origin<'_>, output: &mut Output<'_, S>) {
        output.damage(self.at, self.kind);
        output.element(origin.element(ElementKind::Unreadable));
    }
}

impl<'a> Update<'a> {
    /// Takes the message apart. `body` is what follows the BGP header.
    #[inline]
    pub(crate) fn new(body: &'a [u8], session: Session) -> Result<Self, Lost<'a>> {
        let cut = || Lost { at: body, kind: DamageKind::MessageLength };
        let mut cursor = Cursor::new(body);
        let withdrawn = cursor.take_u16().ok_or_else(cut)?;
        let attributes = cursor.take_u16().ok_or_else(cut)?;
        let field =
            |bytes| NlriField { bytes, family: Family::Ipv4, add_path: session.add_path_v4 };
        let mut update = Update {
            as_size: session.as_size,
            withdrawn: field(withdrawn),
            attributes,
            nlri: field(cursor.rest()),
            reach: None,
            unreach: None,
            as_path: None,
            lost: None,
            skipped: 0,
        };
        update.find_fields(session);
        Ok(update)
    }

    /// Walks the headers of the attributes. Where they overrun their field, what stands before is used.
    /// Of what stands there twice the first counts.
    #[inline]
    fn find_fields(&mut self, session: Session) {
        let (mut reached, mut unreached) = (false, false);
        let mut cursor = Cursor::new(self.attributes);
        while let Some(attribute) = Attribute::read(&mut cursor) {
            let Attribute { code, value, .. } = attribute;
            let (seen, field) = match code {
                code::MP_REACH_NLRI => (&mut reached, &mut self.reach),
                code::MP_UNREACH_NLRI => (&mut unreached, &mut self.unreach),
                code::AS_PATH => {
                    self.as_path = self.as_path.or(Some(value));
                    continue;
                }
                _ => continue,
            };
            let again = std::mem::replace(seen, true);
            match multiprotocol(attribute, session).filter(|_| !again) {
                Some(Some(found)) => *field = Some(found),
                Some(None) => self.skipped += 1,
                None => {
                    self.lost = Some(Lost { at: value, kind: DamageKind::MultiprotocolNlri });
                }
            }
        }
    }

    /// How many of the prefixes the filter wants. It is the number of routes, whatever the attributes
    /// say. A field that cannot be told apart is lost as a whole, since any of it may be misread; see
    /// [`Update::lost`].
    pub(crate) fn wanted(&mut self, filter: &impl Filter) -> u64 {
        let Update { withdrawn, nlri, reach, unreach, lost, .. } = self;
        let mut wanted = 0;
        let fields = [
            (Some(withdrawn), DamageKind::NlriSyntax),
            (Some(nlri), DamageKind::NlriSyntax),
            (unreach.as_mut(), DamageKind::MultiprotocolNlri),
            (reach.as_mut(), DamageKind::MultiprotocolNlri),
        ];
        for (field, kind) in fields {
            let Some(field) = field else { continue };
            match field.wanted(filter) {
                Ok(count) => wanted += count,
                Err(at) => {
                    field.bytes = &[];
                    *lost = Some(Lost { at, kind });
                }
            }
        }
        wanted
    }

    /// Prefixes that could not be told apart; asked for after [`Update::wanted`].
    #[inline]
    pub(crate) const fn lost(&self) -> Option<Lost<'a>> {
        self.lost
    }

    /// Whether AS_PATH can be read with numbers of this width; none without an AS_PATH that says
    /// something.
    pub(crate) fn fits(&self, size: AsSize) -> Option<bool> {
        let bytes = self.as_path.filter(|bytes| !bytes.is_empty())?;
        Some(Segments { bytes, size }.are_whole())
    }

    /// The value of AS_PATH; empty where there is none.
    pub(crate) fn as_path(&self) -> &'a [u8] {
        self.as_path.unwrap_or_default()
    }

    /// The same octets read with AS numbers of this width.
    pub(crate) const fn with_as_size(self, as_size: AsSize) -> Self {
        Update { as_size, ..self }
    }

    /// The same octets read with path identifiers in one family, or without.
    pub(crate) fn with_add_path(mut self, family: Family, add_path: bool) -> Self {
        let Update { withdrawn, nlri, reach, unreach, .. } = &mut self;
        let fields = [Some(withdrawn), Some(nlri), reach.as_mut(), unreach.as_mut()];
        for field in fields.into_iter().flatten().filter(|field| field.family == family) {
            field.add_path = add_path;
        }
        self
    }

    /// The path identifiers of what is withdrawn.
    #[cfg(test)]
    pub(crate) fn path_ids(&self) -> Vec<u32> {
        self.withdrawn.routes().map(|nlri| nlri.path_id).collect()
    }

    /// Whether it says anything of one family.
    pub(crate) fn has_routes(&self, family: Family) -> bool {
        let fields = [Some(self.withdrawn), Some(self.nlri), self.reach, self.unreach];
        fields.into_iter().flatten().any(|field| field.family == family && !field.is_empty())
    }

    /// Whether the prefixes of one family can be what they seem to be.
    pub(crate) fn is_sound(&self, family: Family) -> bool {
        let fields = [Some(self.withdrawn), Some(self.nlri), self.reach, self.unreach];
        let mut fields = fields.into_iter().flatten().filter(|field| field.family == family);
        fields.all(NlriField::is_sound)
    }

    /// The family whose table it says to be complete, if it says nothing else (RFC 4724 section 2).
    pub(crate) fn end_of_rib(&self) -> Option<Family> {
        let empty = |field: Option<NlriField<'_>>| field.is_none_or(|field| field.is_empty());
        let alone = match self.unreach {
            None => self.attributes.is_empty(),
            // Flags, type, length, AFI and SAFI.
            Some(field) => field.is_empty() && self.attributes.len() <= 7,
        };
        let is_end = alone
            && self.lost.is_none()
            && self.withdrawn.is_empty()
            && self.nlri.is_empty()
            && empty(self.reach);
        is_end.then(|| self.unreach.map_or(Family::Ipv4, |field| field.family))
    }

    /// The attributes of routes that came over this session. Of a message that announces something, those
    /// of `mandatory` have to be there (RFC 7606 section 3.d).
    pub(crate) fn attributes(&self, mandatory: &[u8], ends: Ends) -> Attributes<'a> {
        let mut attributes = Attributes::new(self.attributes, self.as_size);
        attributes.came_over(ends);
        self.check_mandatory(mandatory, &mut attributes);
        attributes
    }

    /// Tells every route that the filter wants: withdrawals first, as the order of the fields has it.
    pub(crate) fn tell<S: FnMut(Item<'_>)>(
        self,
        attributes: &Attributes<'a>,
        origin: Origin<'_>,
        filter: &impl Filter,
        output: &mut Output<'_, S>,
    ) {
        // First, so that what can be read is certain again.
        if let Some(lost) = self.lost {
            lost.tell(origin, output);
        }
        output.faults(attributes.faults());
        let Update { withdrawn, unreach, nlri, reach, .. } = self;
        let mut withdraw = |field: NlriField<'_>| {
            for nlri in field.routes().filter(|nlri| filter.wants(nlri.prefix)) {
                output.element(origin.element(ElementKind::Withdraw { nlri }));
            }
        };
        withdraw(withdrawn);
        unreach.into_iter().for_each(&mut withdraw);
        let mut announce = |field: NlriField<'_>, source| {
            let attributes = RouteAttributes::new(attributes, source);
            for nlri in field.routes().filter(|nlri| filter.wants(nlri.prefix)) {
                output.element(origin.element(ElementKind::Announce { nlri, attributes }));
            }
        };
        announce(nlri, NlriSource::Nlri);
        reach.into_iter().for_each(|field| announce(field, NlriSource::MpReach));
    }

    fn check_mandatory(&self, mandatory: &[u8], attributes: &mut Attributes<'a>) {
        let announced = [Some(self.nlri), self.reach].into_iter().flatten();
        if announced.clone().all(|field| field.is_empty()) {
            return;
        }
        for attribute in mandatory {
            let is_missing = match *attribute {
                code::AS_PATH => {
                    attributes.require_path();
                    false
                }
                code::ORIGIN => attributes.origin_code().is_none(),
                code::NEXT_HOP => !self.nlri.is_empty() && attributes.next_hop().is_none(),
                _ => false,
            };
            if is_missing {
                let kind = DamageKind::MissingAttribute { attribute: *attribute };
                attributes.fault(self.attributes, kind);
            }
        }
    }
}

/// The prefixes of MP_REACH_NLRI or MP_UNREACH_NLRI (RFC 4760): `Some(None)` of a family that we
/// do not read, None of one that is broken.
#[expect(clippy::option_option, reason = "broken and not ours are two things")]
fn multiprotocol(attribute: Attribute<'_>, session: Session) -> Option<Option<NlriField<'_>>> {
    let mut cursor = Cursor::new(attribute.value);
    let afi = cursor.u16()?;
    let safi = cursor.u8()?;
    if attribute.code == code::MP_REACH_NLRI {
        let next_hop = cursor.u8()?;
        cursor.take(next_hop.into())?;
        // RFC 2858 had a list of subnetwork points of attachment here; RFC 4760 a reserved octet
        // that is ignored.
        cursor.u8()?;
    }
    let (family, add_path) = match (afi, safi) {
        (1, 1) => (Family::Ipv4, session.add_path_v4),
        (2, 1) => (Family::Ipv6, session.add_path_v6),
        _ => return Some(None),
    };
    Some(Some(NlriField { bytes: cursor.rest(), family, add_path }))
}
