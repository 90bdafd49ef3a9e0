use bgp::{Family, Timestamp, Vantage};

use crate::attributes::{Attribute, Attributes, Carrier, code};
use crate::cursor::Cursor;
use crate::nlri::NlriField;
use crate::output::Output;
use crate::{AsSize, DamageKind, Element, ElementKind, Filter, Item, Source};

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
    /// Multiprotocol attributes of families that we do not read.
    pub(crate) skipped: u64,
}

/// The body of an UPDATE; None of another type of message (RFC 4271 section 4.1). The marker is not
/// looked at: it never says anything about the message, and old files have authentication data in it.
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

/// Nothing of the message can be used: where, and why.
pub(crate) struct Lost<'a> {
    pub(crate) at: &'a [u8],
    pub(crate) kind: DamageKind,
}

impl<'a> Update<'a> {
    /// Takes the message apart. `body` is what follows the BGP header.
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
            skipped: 0,
        };
        update.find_multiprotocol(session)?;
        Ok(update)
    }

    /// Walks the headers of the attributes. Where they overrun their field, what stands before is
    /// used, and what is announced counts as withdrawn (RFC 7606 section 4).
    fn find_multiprotocol(&mut self, session: Session) -> Result<(), Lost<'a>> {
        let (mut reached, mut unreached) = (false, false);
        let mut cursor = Cursor::new(self.attributes);
        while let Some(attribute) = Attribute::read(&mut cursor) {
            let Attribute { code, value } = attribute;
            if !matches!(code, code::MP_REACH_NLRI | code::MP_UNREACH_NLRI) {
                continue;
            }
            let broken = || Lost { at: value, kind: DamageKind::MultiprotocolNlri };
            let seen = if code == code::MP_REACH_NLRI { &mut reached } else { &mut unreached };
            if std::mem::replace(seen, true) {
                return Err(broken());
            }
            match multiprotocol(attribute, session).ok_or_else(broken)? {
                None => self.skipped += 1,
                Some(field) if code == code::MP_REACH_NLRI => self.reach = Some(field),
                Some(field) => self.unreach = Some(field),
            }
        }
        Ok(())
    }

    /// How many of the prefixes the filter wants; Lost where they cannot be told apart. It is the number
    /// of routes, whatever the attributes say: at worst an announcement counts as a withdrawal
    /// (RFC 7606 section 2).
    pub(crate) fn wanted(&self, filter: &impl Filter) -> Result<u64, Lost<'a>> {
        let mut wanted = 0;
        for field in [self.withdrawn, self.nlri] {
            let lost = |at| Lost { at, kind: DamageKind::NlriSyntax };
            wanted += field.wanted(filter).map_err(lost)?;
        }
        for field in [self.unreach, self.reach].into_iter().flatten() {
            let lost = |at| Lost { at, kind: DamageKind::MultiprotocolNlri };
            wanted += field.wanted(filter).map_err(lost)?;
        }
        Ok(wanted)
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
        let is_end =
            alone && self.withdrawn.is_empty() && self.nlri.is_empty() && empty(self.reach);
        is_end.then(|| self.unreach.map_or(Family::Ipv4, |field| field.family))
    }

    /// The attributes. Of a message that announces something, those of `mandatory` have to be there
    /// (RFC 7606 section 3.d).
    pub(crate) fn attributes(&self, mandatory: &[u8]) -> Attributes<'a> {
        let mut attributes = Attributes::new(self.attributes, self.as_size);
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
        output.faults(attributes.faults());
        let Update { withdrawn, unreach, nlri, reach, .. } = self;
        let mut withdraw = |field: NlriField<'_>| {
            for nlri in field.routes().filter(|nlri| filter.wants(nlri.prefix)) {
                output.element(origin.element(ElementKind::Withdraw { nlri }));
            }
        };
        withdraw(withdrawn);
        unreach.into_iter().for_each(&mut withdraw);
        if attributes.are_withdrawn() {
            withdraw(nlri);
            return reach.into_iter().for_each(&mut withdraw);
        }
        let mut announce = |field: NlriField<'_>, carrier| {
            let attributes = attributes.of(carrier);
            for nlri in field.routes().filter(|nlri| filter.wants(nlri.prefix)) {
                output.element(origin.element(ElementKind::Announce { nlri, attributes }));
            }
        };
        announce(nlri, Carrier::Nlri);
        reach.into_iter().for_each(|field| announce(field, Carrier::MpReach));
    }

    fn check_mandatory(&self, mandatory: &[u8], attributes: &mut Attributes<'a>) {
        let announced = [Some(self.nlri), self.reach].into_iter().flatten();
        if attributes.are_withdrawn() || announced.clone().all(|field| field.is_empty()) {
            return;
        }
        let is_missing = |attribute: &&u8| match **attribute {
            code::AS_PATH => !attributes.has_path(),
            code::ORIGIN => attributes.origin_code().is_none(),
            code::NEXT_HOP => !self.nlri.is_empty() && attributes.next_hop().is_none(),
            _ => false,
        };
        if let Some(missing) = mandatory.iter().find(is_missing) {
            let kind = DamageKind::MissingAttribute { attribute: *missing };
            attributes.fault(self.attributes, kind);
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
