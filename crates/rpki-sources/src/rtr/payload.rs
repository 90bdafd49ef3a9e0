//! What a cache has sent: the whole of it as of one serial, and what is coming in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bgp::Asn;
use rpki::rtr::payload::Action;
use rpki::rtr::pdu::ErrorCode;
use validator::{AspaTable, RpkiSnapshot, Vrp, VrpTable};

use super::pdu::Scope;

/// The most payloads that one answer may bring: five times all there are, so that a cache gone mad
/// costs some hundred megabytes and not the machine. Each provider of an ASPA counts.
pub(super) const MAX_PAYLOADS: usize = 4_000_000;

/// All that a cache has said, as of one serial. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    pub(super) snapshot: Arc<RpkiSnapshot>,
    aspas: Arc<BTreeMap<(Asn, Scope), Vec<Asn>>>,
}

/// The payloads of an answer that has not ended yet.
#[derive(Debug)]
pub(super) struct Intake {
    /// What the answer changes; none if it is a whole new set.
    base: Option<Holdings>,
    /// The VRPs of a whole new set.
    vrps: Vec<Vrp>,
    /// The last word about each VRP that changes.
    changes: HashMap<Vrp, Action>,
    /// The same for ASPAs; withdrawn where there is none.
    aspas: BTreeMap<(Asn, Scope), Option<Vec<Asn>>>,
    announced_keys: usize,
    withdrawn_keys: usize,
    payloads: usize,
}

/// Payloads that cannot be (RFC 8210 section 12).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PayloadError {
    #[error("more than {MAX_PAYLOADS} payloads")]
    TooMany,
    #[error("{0} is announced twice")]
    Duplicate(String),
    #[error("{0} is withdrawn, but was never announced")]
    Unknown(String),
}

impl PayloadError {
    /// The code of the Error Report that answers it.
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            PayloadError::TooMany => ErrorCode::INTERNAL_ERROR,
            PayloadError::Unknown(_) => ErrorCode::WITHDRAWAL_OF_UNKNOWN_RECORD,
            PayloadError::Duplicate(_) => ErrorCode::DUPLICATE_ANNOUNCEMENT_RECEIVED,
        }
    }
}

impl Intake {
    /// For a whole new set.
    pub(super) fn whole() -> Self {
        Intake {
            base: None,
            vrps: Vec::new(),
            changes: HashMap::new(),
            aspas: BTreeMap::new(),
            announced_keys: 0,
            withdrawn_keys: 0,
            payloads: 0,
        }
    }

    /// For what changes these.
    pub(super) fn changes(base: Holdings) -> Self {
        Intake { base: Some(base), ..Self::whole() }
    }

    /// Takes one VRP.
    ///
    /// In a whole set a VRP that comes twice does no harm and is taken once. A change that does not
    /// fit what we have means that cache and router have lost each other, and only a whole new set
    /// helps.
    pub(super) fn vrp(&mut self, action: Action, vrp: Vrp) -> Result<(), PayloadError> {
        self.count(1)?;
        match (&self.base, action) {
            (None, Action::Announce) => self.vrps.push(vrp),
            (None, Action::Withdraw) => return Err(PayloadError::Unknown(vrp.to_string())),
            (Some(base), action) => {
                let held = match self.changes.get(&vrp) {
                    Some(last) => *last == Action::Announce,
                    None => base.snapshot.vrps.contains(&vrp),
                };
                fits(held, action, || vrp.to_string())?;
                self.changes.insert(vrp, action);
            }
        }
        Ok(())
    }

    /// Takes one ASPA. An announcement replaces what the customer said before (8210bis section
    /// 5.12).
    pub(super) fn aspa(
        &mut self,
        action: Action,
        key: (Asn, Scope),
        providers: Vec<Asn>,
    ) -> Result<(), PayloadError> {
        self.count(1 + providers.len())?;
        match action {
            Action::Announce => drop(self.aspas.insert(key, Some(providers))),
            Action::Withdraw => {
                let base = self.base.as_ref();
                let held = match self.aspas.get(&key) {
                    Some(last) => last.is_some(),
                    None => base.is_some_and(|base| base.aspas.contains_key(&key)),
                };
                fits(held, action, || format!("the ASPA of {}", key.0))?;
                self.aspas.insert(key, None);
            }
        }
        Ok(())
    }

    /// Counts one router key, which is of no use to us.
    pub(super) fn router_key(&mut self, action: Action) -> Result<(), PayloadError> {
        self.count(1)?;
        match action {
            Action::Announce => self.announced_keys += 1,
            Action::Withdraw => self.withdrawn_keys += 1,
        }
        Ok(())
    }

    /// What the cache says now. Takes some 100 ms for all of RPKI, and nothing where nothing has
    /// changed: StayRTR with ASPAs counts its serial up for nothing.
    pub(super) fn finish(self, source: &str) -> Holdings {
        if self.payloads == 0
            && let Some(base) = self.base
        {
            return base;
        }
        let base = self.base.unwrap_or_default();
        let kept = |vrp: &Vrp| !self.changes.contains_key(vrp);
        let added = self.changes.iter().filter(|(_, action)| **action == Action::Announce);
        let added = added.map(|(vrp, _)| *vrp);
        let vrps = match (self.vrps.is_empty(), self.changes.is_empty()) {
            (false, _) => VrpTable::new(self.vrps),
            (true, true) => base.snapshot.vrps.clone(),
            (true, false) => VrpTable::new(base.snapshot.vrps.iter().filter(kept).chain(added)),
        };
        let router_keys = base.snapshot.router_keys + self.announced_keys;
        let mut aspas = (*base.aspas).clone();
        for (key, change) in self.aspas {
            match change {
                Some(providers) => drop(aspas.insert(key, providers)),
                None => drop(aspas.remove(&key)),
            }
        }
        let mut table = AspaTable::default();
        for ((customer, _), providers) in &aspas {
            table.add(*customer, providers.iter().copied());
        }
        let snapshot = RpkiSnapshot {
            vrps,
            aspas: table,
            router_keys: router_keys.saturating_sub(self.withdrawn_keys),
            source: source.to_owned(),
            ..RpkiSnapshot::default()
        };
        Holdings { snapshot: Arc::new(snapshot), aspas: Arc::new(aspas) }
    }

    fn count(&mut self, payloads: usize) -> Result<(), PayloadError> {
        self.payloads += payloads;
        if self.payloads > MAX_PAYLOADS { Err(PayloadError::TooMany) } else { Ok(()) }
    }
}

fn fits(held: bool, action: Action, what: impl Fn() -> String) -> Result<(), PayloadError> {
    match (held, action) {
        (true, Action::Announce) => Err(PayloadError::Duplicate(what())),
        (false, Action::Withdraw) => Err(PayloadError::Unknown(what())),
        _ => Ok(()),
    }
}
