//! The engine: findings in, notices out. Owns all state; asks no clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bgp::{Asn, Prefix, Route, Timestamp, Vantage};
use validator::{Finding, Held, IncidentKind, OriginValidation, RouteFinding, RouteState, Watch};

use crate::due::Due;
use crate::group_key::{Breach, Class, GroupKey, breaches};
use crate::history::History;
use crate::incident::{Incident, Phase};
use crate::incident_id::IncidentId;
use crate::incident_view::IncidentView;
use crate::memory::{Memory, MemoryRef};
use crate::notice::{Notice, Reason};
use crate::offender_activity::OffenderActivity;
use crate::report::Reporter;
use crate::route_entry::{RouteEntry, RouteKey};
use crate::route_table::{Down, RouteTable};
use crate::timers::Timers;
use crate::visibility::Level;
use crate::{AsDirectory, Rules, Sources};

/// The incidents of one operator: a deterministic fold over findings.
///
/// After each call of [`handle`](Self::handle), [`handle_timeout`](Self::handle_timeout) and
/// [`finish`](Self::finish), drain [`poll`](Self::poll). `now` never goes back: an earlier one
/// counts as the latest that was given.
#[derive(Debug)]
pub struct Incidents {
    rules: Rules,
    directory: Arc<AsDirectory>,
    sources: Sources,
    now: Timestamp,
    routes: RouteTable,
    offender_activity: OffenderActivity,
    incidents: BTreeMap<GroupKey, Incident>,
    timers: Timers<GroupKey>,
    history: History,
    notices: VecDeque<Notice>,
}

impl Incidents {
    /// No incidents yet.
    pub fn new(rules: Rules, directory: Arc<AsDirectory>) -> Self {
        Incidents {
            rules,
            directory,
            sources: Sources::default(),
            now: Timestamp::from_micros(i64::MIN),
            routes: RouteTable::default(),
            offender_activity: OffenderActivity::default(),
            incidents: BTreeMap::new(),
            timers: Timers::default(),
            history: History::default(),
            notices: VecDeque::new(),
        }
    }

    /// What the engine knows, as JSON in gzip; config and undrained notices are not part of it.
    ///
    /// # Errors
    ///
    /// Only where the memory for it cannot be had.
    pub fn save(&self) -> Result<Vec<u8>, serde_json::Error> {
        let memory = MemoryRef {
            now: self.now,
            routes: &self.routes,
            offender_activity: &self.offender_activity,
            incidents: self.incidents.values().collect(),
            history: &self.history,
            first_salt: self.history.first_salt(),
        };
        memory.pack()
    }

    /// Goes on from what [`save`](Self::save) wrote, under rules that may have changed since.
    ///
    /// # Errors
    ///
    /// Where the bytes are not what `save` wrote.
    pub fn restore(
        rules: Rules,
        directory: Arc<AsDirectory>,
        saved: &[u8],
    ) -> Result<Self, serde_json::Error> {
        let memory = Memory::unpack(saved)?;
        let mut incidents = Incidents::new(rules, directory);
        incidents.now = memory.now;
        incidents.routes = memory.routes.reindexed(&incidents.directory);
        incidents.offender_activity = memory.offender_activity;
        incidents.history = memory.history.with_first_salt(memory.first_salt);
        for incident in memory.incidents {
            let group_key = incident.group_key.clone();
            incidents.incidents.insert(group_key.clone(), incident);
            incidents.schedule(&group_key);
        }
        Ok(incidents)
    }

    /// What there is to read of the incidents as they stand now.
    pub fn view(&self) -> IncidentView<'_> {
        IncidentView::new(self.reporter(), self.now, &self.incidents)
    }

    fn reporter(&self) -> Reporter<'_> {
        Reporter {
            rules: &self.rules,
            directory: &self.directory,
            sources: &self.sources,
            routes: &self.routes,
            offender_activity: &self.offender_activity,
            history: &self.history,
        }
    }

    /// What was told before this time is lost: no incident gets a name from now on that it may have had then.
    pub fn lose_history(&mut self, now: Timestamp) {
        self.history.lose(now);
    }

    /// The data sources that the following notices name.
    pub fn set_sources(&mut self, sources: Sources) {
        self.sources = sources;
    }

    /// Takes a finding in, after everything that was due before it.
    pub fn handle(&mut self, now: Timestamp, finding: Finding) {
        self.handle_timeout(now);
        match finding {
            Finding::Route(finding) => self.route(finding),
            // It may hold what others hold, whatever it has told of so far.
            Finding::SessionUp { at, vantage } => {
                self.routes.vantage_up(&vantage, at, &self.directory);
            }
            Finding::SessionDown { at, vantage } => {
                let Down { taken, carried } = self.routes.vantage_down(&vantage);
                for (key, row) in taken {
                    let gone = breaches(key.prefix, &row.held, vantage.asn);
                    self.replace(at, key, gone, Vec::new());
                }
                carried.into_iter().for_each(|prefix| self.reassess_visibility(at, prefix));
            }
            Finding::Stale { at, vantage } => {
                let stale = self.routes.mark_stale(&vantage, at);
                self.reassess_breached(&stale);
            }
            Finding::EndOfRib { at, vantage, family } => {
                let stale = self.routes.stale_of(&vantage, family);
                stale.into_iter().for_each(|key| self.withdraw(at, key));
            }
            Finding::OffenderActivity { at, prefix, origin, holders } => {
                self.offender_activity.note(at, prefix, origin, &holders);
                self.reassess(&GroupKey::of(Class::Hijack, [origin]));
            }
            Finding::Condition { at, kind, subject, details, active } => {
                self.condition(at, kind, &subject, details, active, None);
            }
        }
    }

    /// A prefix of ours may be seen less far than before, or again as far.
    fn reassess_visibility(&mut self, at: Timestamp, prefix: Prefix) {
        let Some((change, ases)) = self.routes.visibility_change(prefix, at, &self.rules) else {
            return;
        };
        let (details, active) = (change.details(&ases), change.level != Level::Fine);
        let change_since = active.then_some(change.since);
        let about = Some((change.watch, change.rov));
        let subject = prefix.to_string();
        let at = change_since.unwrap_or(at);
        self.condition(at, IncidentKind::VisibilityLoss, &subject, details, active, about);
    }

    fn condition(
        &mut self,
        at: Timestamp,
        kind: IncidentKind,
        subject: &str,
        details: Vec<String>,
        active: bool,
        about: Option<(Arc<Watch>, OriginValidation)>,
    ) {
        let group_key = GroupKey::condition(kind, subject);
        if !active && !self.incidents.contains_key(&group_key) {
            return;
        }
        self.begin(&group_key, at);
        if let Some(incident) = self.incidents.get_mut(&group_key) {
            incident.set_condition(at, kind, details, active);
            if let Some((watch, rov)) = about {
                incident.concerns(watch, rov);
            }
        }
        self.reassess(&group_key);
        if kind.is_event() {
            // Told, and that is all: the next one is another incident.
            self.timers.set(&group_key, None);
            if let Some(incident) = self.incidents.remove(&group_key) {
                // Remembered for its name, which must not be given again.
                self.history.record(&group_key.offenders, incident.as_past());
            }
        }
    }

    /// Does what is due at `now`. Safe to call early or twice.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let next = |this: &Self| Due::next(&this.routes, &this.timers, &this.rules);
        while let Some((due, what)) = next(self).filter(|(due, _)| *due <= now) {
            self.now = self.now.max(due);
            match what {
                Due::GiveUp(key) => self.give_up(key),
                Due::Loss(prefix) => self.reassess_visibility(due, prefix),
                Due::Incident => {
                    if let Some((_, group_key)) = self.timers.take_due(now) {
                        self.expire(&group_key);
                    }
                }
            }
        }
        self.now = self.now.max(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to do; none while only a
    /// finding can change anything.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        Due::next(&self.routes, &self.timers, &self.rules).map(|(due, _)| due)
    }

    /// The next notice, in the order in which they were decided.
    pub fn poll(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    /// The input is at its end: what was being gathered is told now.
    pub fn finish(&mut self, now: Timestamp) {
        self.handle_timeout(now);
        let gathering = self.keys_where(|one| one.occurrence.gathering_since.is_some());
        gathering.iter().for_each(|group_key| self.open_gathered(group_key));
        let lasting = |incident: &Incident| matches!(incident.phase, Phase::Open | Phase::Stale);
        for group_key in self.keys_where(|one| lasting(one) && !one.changes().is_empty()) {
            self.tell(&group_key, Reason::Update);
            self.schedule(&group_key);
        }
    }

    fn keys_where(&self, is_asked: impl Fn(&Incident) -> bool) -> Vec<GroupKey> {
        let asked = self.incidents.iter().filter(|(_, incident)| is_asked(incident));
        asked.map(|(group_key, _)| group_key.clone()).collect()
    }

    /// A person says of an incident about an AS next to us that it belongs there: neither this route nor later ones
    /// are told, to whatever prefix of ours. Nothing of another incident.
    pub fn accept(&mut self, now: Timestamp, id: &IncidentId) {
        self.handle_timeout(now);
        let Some(incident) = self.incidents.values().find(|one| one.id == *id) else { return };
        let keys: BTreeSet<RouteKey> = incident.occurrence.held_at().collect();
        incident.first_hops().for_each(|hop| self.routes.accept_first_hop(hop));
        for key in keys {
            let row = self.routes.row(&key).cloned();
            if let Some((row, asn)) = row.zip(self.routes.asn(key.vantage)) {
                self.put(key, row, asn);
            }
        }
    }

    /// Judges every current route again, because the RPKI data or the watch list changed:
    /// incidents come and go without any BGP message.
    pub fn judge_again(
        &mut self,
        now: Timestamp,
        judge: impl Fn(Prefix, &Arc<Route>, &Vantage) -> Held,
    ) {
        let findings = self.view().judged_anew(now, judge);
        findings.into_iter().for_each(|finding| self.handle(now, finding));
    }

    fn route(&mut self, finding: RouteFinding) {
        let RouteFinding { at, vantage, prefix, path_id, state } = finding;
        let id = self.routes.vantage_up(&vantage, at, &self.directory);
        let key = RouteKey { vantage: id, prefix, path_id };
        let entry = |held, stale_since| RouteEntry { held, at, stale_since };
        match state {
            RouteState::Held(held) => self.put(key, entry(held, None), vantage.asn),
            RouteState::Restored(held) if self.routes.is_older(&key, at) => {
                self.put(key, entry(held, Some(at)), vantage.asn);
            }
            RouteState::Restored(_) => {}
            RouteState::Unreadable => {
                let stale = self.routes.mark_entry_stale(key, at);
                self.reassess_breached(stale.as_slice());
            }
            RouteState::Withdrawn => self.withdraw(at, key),
        }
    }

    fn withdraw(&mut self, at: Timestamp, key: RouteKey) {
        let Some((row, asn)) = self.routes.take(key).zip(self.routes.asn(key.vantage)) else {
            return;
        };
        let gone = breaches(key.prefix, &row.held, asn);
        self.replace(at, key, gone, Vec::new());
        self.reassess_super_prefixes(key.prefix);
        self.reassess_visibility(at, key.prefix);
    }

    /// A route that nobody has confirmed for so long is believed no more; what it was part of says
    /// so when it ends.
    fn give_up(&mut self, key: RouteKey) {
        let Some((row, asn)) = self.routes.forget(key).zip(self.routes.asn(key.vantage)) else {
            return;
        };
        for gone in breaches(key.prefix, &row.held, asn) {
            if let Some(incident) = self.incidents.get_mut(&gone.group_key) {
                incident.give_up(self.now, key, gone.part);
            }
            self.reassess(&gone.group_key);
        }
    }

    /// Decides anew on every incident that one of these routes is part of.
    fn reassess_breached(&mut self, keys: &[RouteKey]) {
        let breached = keys.iter().flat_map(|key| self.routes.breaches(key));
        let group_keys: BTreeSet<GroupKey> = breached.map(|breach| breach.group_key).collect();
        group_keys.iter().for_each(|group_key| self.reassess(group_key));
    }

    fn put(&mut self, key: RouteKey, mut row: RouteEntry, vantage: Asn) {
        let at = row.at;
        self.routes.judge_first_hop(key, &mut row);
        let after = breaches(key.prefix, &row.held, vantage);
        let before = self.routes.put(key, row);
        let before = before.map(|row| breaches(key.prefix, &row.held, vantage)).unwrap_or_default();
        self.replace(at, key, before, after);
        self.reassess_super_prefixes(key.prefix);
        self.reassess_visibility(at, key.prefix);
    }

    /// A less-specific over a prefix of ours is worse where our own route was lost.
    fn reassess_super_prefixes(&mut self, prefix: Prefix) {
        if !self.routes.is_lost(prefix) {
            return;
        }
        let over = Class::Other(IncidentKind::SuperPrefix);
        let group_keys = self.keys_where(|incident| incident.group_key.class == over);
        group_keys.iter().for_each(|group_key| self.reassess(group_key));
    }

    /// A vantage point broke the rules `before` and breaks the rules `after`. The new route
    /// stands in the table already.
    fn replace(&mut self, at: Timestamp, key: RouteKey, before: Vec<Breach>, after: Vec<Breach>) {
        let mut touched = BTreeSet::new();
        for gone in before {
            let stays = after.iter().any(|b| b.group_key == gone.group_key && b.part == gone.part);
            if let Some(incident) = self.incidents.get_mut(&gone.group_key).filter(|_| !stays) {
                incident.release(at, key, gone.part);
                touched.insert(gone.group_key);
            }
        }
        for breach in after {
            touched.insert(breach.group_key.clone());
            self.hold(key, breach);
        }
        touched.iter().for_each(|group_key| self.reassess(group_key));
    }

    fn hold(&mut self, key: RouteKey, breach: Breach) {
        let Some(at) = self.routes.row(&key).map(|row| row.at) else { return };
        self.begin(&breach.group_key, at);
        let Some(row) = self.routes.row(&key) else { return };
        let Some(vantage_point) = self.routes.vantage_point(key.vantage) else { return };
        if let Some(incident) = self.incidents.get_mut(&breach.group_key) {
            incident.hold(key, row, breach, vantage_point, &self.rules);
        }
    }

    /// There is an incident of this group key, under a name that no other has.
    fn begin(&mut self, group_key: &GroupKey, at: Timestamp) {
        if self.incidents.contains_key(group_key) {
            return;
        }
        let is_taken = |id: &IncidentId| {
            self.incidents.values().any(|incident| incident.id == *id) || self.history.contains(id)
        };
        let id = IncidentId::first_free(at, group_key, self.history.first_salt(), is_taken);
        self.incidents.insert(group_key.clone(), Incident::new(id, group_key.clone(), at));
    }

    /// Something about an incident changed: decides its state and whether to tell.
    fn reassess(&mut self, group_key: &GroupKey) {
        let Some(incident) = self.incidents.get_mut(group_key) else { return };
        incident.learn_from_tables(&self.routes, &self.offender_activity);
        let (held, certain) = (incident.lasts(), incident.is_certain(&self.routes));
        match incident.phase {
            Phase::Suspected | Phase::Resolved { .. } => {
                if incident.is_ripe(self.now, &self.routes, &self.rules) {
                    self.open_incident(group_key, certain);
                }
            }
            Phase::Open | Phase::Stale if !held => {
                incident.phase = Phase::Clearing { since: self.now };
            }
            Phase::Open | Phase::Stale | Phase::Clearing { .. } if certain => {
                if matches!(incident.phase, Phase::Clearing { .. }) {
                    incident.occurrence.returns += 1;
                }
                incident.phase = Phase::Open;
                self.tell_if_due(group_key);
            }
            Phase::Open | Phase::Clearing { .. } if held => incident.phase = Phase::Stale,
            Phase::Open | Phase::Stale | Phase::Clearing { .. } => {}
        }
        self.schedule(group_key);
    }

    /// One that only a table tells of is told as open, too, before it is stale.
    fn open_incident(&mut self, group_key: &GroupKey, certain: bool) {
        let Some(incident) = self.incidents.get_mut(group_key) else { return };
        let reopened = matches!(incident.phase, Phase::Resolved { .. });
        incident.phase = Phase::Open;
        incident.updates = 0;
        self.tell(group_key, if reopened { Reason::Reopened } else { Reason::Opened });
        if let Some(incident) = self.incidents.get_mut(group_key).filter(|_| !certain) {
            incident.phase = Phase::Stale;
        }
    }

    /// Holders have gathered for long enough. Also where it is over by then: enough held it at the same time.
    fn open_gathered(&mut self, group_key: &GroupKey) {
        let Some(incident) = self.incidents.get(group_key) else { return };
        let certain = !incident.lasts() || incident.is_certain(&self.routes);
        self.open_incident(group_key, certain);
        self.reassess(group_key);
    }

    fn tell_if_due(&mut self, group_key: &GroupKey) {
        let Some(incident) = self.incidents.get(group_key) else { return };
        let waited = incident.deadline(&self.rules).is_some_and(|due| due <= self.now);
        if waited || incident.is_more_serious_than_notified() {
            self.tell(group_key, Reason::Update);
        }
    }

    /// The time of an incident has come.
    fn expire(&mut self, group_key: &GroupKey) {
        let Some(incident) = self.incidents.get_mut(group_key) else { return };
        match incident.phase {
            Phase::Suspected | Phase::Resolved { .. }
                if incident.has_gathered(self.now, &self.rules) =>
            {
                return self.open_gathered(group_key);
            }
            // Whoever comes later belongs to what was seen first, but not for ever.
            Phase::Suspected => {
                self.incidents.remove(group_key);
            }
            Phase::Open | Phase::Stale => self.tell_if_due(group_key),
            Phase::Clearing { .. } => {
                incident.phase = Phase::Resolved { at: self.now };
                self.tell(group_key, Reason::Resolved);
                if let Some(incident) = self.incidents.get_mut(group_key) {
                    let past = incident.as_past();
                    incident.past.extend(past);
                }
            }
            Phase::Resolved { .. } => self.retire(group_key),
        }
        self.schedule(group_key);
    }

    /// The incident is over for good; what is held of it now, if anything, is a new one.
    fn retire(&mut self, group_key: &GroupKey) {
        let Some(incident) = self.incidents.remove(group_key) else { return };
        self.history.record(&group_key.offenders, incident.past);
        // Several of its parts may be of one route.
        let keys: BTreeSet<RouteKey> = incident.occurrence.held_at().collect();
        for key in keys {
            let breaches = self.routes.breaches(&key).into_iter();
            breaches.filter(|one| one.group_key == *group_key).for_each(|one| self.hold(key, one));
        }
        self.reassess(group_key);
    }

    fn tell(&mut self, group_key: &GroupKey, reason: Reason) {
        let Some(incident) = self.incidents.get_mut(group_key) else { return };
        let is_update = reason == Reason::Update;
        incident.updates += u32::from(is_update);
        let changes = if is_update { incident.changes() } else { Vec::new() };
        let sequence = incident.record_notified(self.now, is_update, &self.rules);
        let Some(incident) = self.incidents.get(group_key) else { return };
        let notice = self.reporter().report(incident, self.now, reason, sequence, changes);
        self.notices.extend(notice);
    }

    fn schedule(&mut self, group_key: &GroupKey) {
        let incident = self.incidents.get(group_key);
        self.timers.set(group_key, incident.and_then(|incident| incident.deadline(&self.rules)));
    }
}
