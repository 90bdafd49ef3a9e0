//! Incidents that are over: the history of their offenders.

use std::collections::VecDeque;

use bgp::{Asn, Timestamp};
use serde::{Deserialize, Serialize};
use validator::IncidentKind;

use crate::incident_id::IncidentId;

/// Ended incidents that are remembered; beyond, the oldest are forgotten.
const REMEMBERED: usize = 10_000;

/// An earlier event by the same offender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Its name: the same as the notice's for an earlier time of the same incident.
    pub incident: IncidentId,
    /// What it was.
    pub kind: IncidentKind,
    /// First sight at that time.
    pub first_seen: Timestamp,
    /// Last sight at that time.
    pub last_seen: Timestamp,
    /// How many prefixes of ours.
    pub prefixes: usize,
}

/// How often it was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flapping {
    /// With this time.
    pub times: usize,
    /// The first sight of the first of them.
    pub since: Timestamp,
}

/// What is over, with the ASes that did it, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct History {
    events: VecDeque<(Box<[Asn]>, Past)>,
    /// Zero but where what was told before was lost. Stores were made without it, so it is written beside.
    #[serde(skip)]
    first_salt: u32,
}

impl History {
    /// The same, with [this](Self::first_salt).
    pub(crate) fn with_first_salt(self, first_salt: u32) -> Self {
        History { first_salt, ..self }
    }

    /// What was before this time is not known any more.
    pub(crate) fn lose(&mut self, now: Timestamp) {
        *self =
            History::default().with_first_salt(u32::try_from(now.seconds()).unwrap_or(u32::MAX));
    }

    /// Names of incidents are made with this and what follows: the same evidence may have had those before.
    pub(crate) const fn first_salt(&self) -> u32 {
        self.first_salt
    }

    /// Remembers what these ASes did.
    pub(crate) fn record(&mut self, offenders: &[Asn], past: impl IntoIterator<Item = Past>) {
        self.events.extend(past.into_iter().map(|past| (offenders.into(), past)));
        let excess = self.events.len().saturating_sub(REMEMBERED);
        self.events.drain(..excess);
    }

    /// Whether an incident of this name is remembered.
    pub(crate) fn contains(&self, id: &IncidentId) -> bool {
        self.events.iter().any(|(_, past)| past.incident == *id)
    }

    /// What any of these ASes did, the latest first.
    pub(crate) fn of(&self, offenders: &[Asn]) -> impl Iterator<Item = &Past> {
        let same = |asns: &[Asn]| asns.iter().any(|asn| offenders.contains(asn));
        self.events.iter().rev().filter(move |(asns, _)| same(asns)).map(|(_, past)| past)
    }
}
