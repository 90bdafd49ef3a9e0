use bgp::Timestamp;
use serde::{Deserialize, Serialize};

use super::alerts::Alerts;
use super::command::{Refusal, line};
use super::rules::{Audience, DispatchRules};
use crate::receiver::Receiver;
use crate::summary::Row;
use crate::window::{Expected, Planned, Standing, Window, WindowKey};
use incidents::{IncidentId, Incidents, Notice};

/// The maintenance windows that are open or to come.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct MaintenanceWindows(Vec<Planned>);

/// What a window held, and who was not told of it.
pub(super) struct Released {
    pub(super) ids: Vec<IncidentId>,
    pub(super) rows: Vec<Row>,
    /// People, each once.
    pub(super) to: Vec<Receiver>,
}

impl MaintenanceWindows {
    /// One more by a command, or another one under a name that is taken; returns those that end so.
    pub(super) fn add(&mut self, now: Timestamp, window: Window) -> Result<Vec<Planned>, Refusal> {
        check(&window)?;
        if window.until <= now {
            return Err(Refusal::EndInThePast { until: window.until, now });
        }
        let mut windows = self.commanded();
        windows.retain(|known| known.name != line(&window.name));
        windows.push(window);
        self.set(now, "", windows)
    }

    /// The window of this name, which was added by a command, ends; returns it.
    pub(super) fn remove(&mut self, now: Timestamp, name: &str) -> Result<Vec<Planned>, Refusal> {
        let mut windows = self.commanded();
        let before = windows.len();
        windows.retain(|window| window.name != name);
        if windows.len() == before {
            return Err(Refusal::UnknownWindow(name.to_owned()));
        }
        self.set(now, "", windows)
    }

    /// The windows of one source, but for those that are over already; returns those that are not
    /// among them any more and end so.
    pub(super) fn set(
        &mut self,
        now: Timestamp,
        source: &str,
        windows: Vec<Window>,
    ) -> Result<Vec<Planned>, Refusal> {
        windows.iter().try_for_each(check)?;
        let planned = windows.into_iter().filter(|window| window.until > now).map(|window| {
            let name = line(&window.name);
            Planned { source: source.to_owned(), window: Window { name, ..window } }
        });
        let planned: Vec<Planned> = planned.collect();
        let keys: Vec<WindowKey> = planned.iter().map(Planned::key).collect();
        let of_source = |planned: &mut Planned| planned.source == source;
        let mut gone: Vec<Planned> = self.0.extract_if(.., of_source).collect();
        gone.retain(|planned| !keys.contains(&planned.key()));
        self.0.extend(planned);
        Ok(gone)
    }

    /// A window has come to its end.
    pub(super) fn take(&mut self, key: &WindowKey) -> Option<Planned> {
        let place = self.0.iter().position(|planned| planned.key() == *key)?;
        Some(self.0.remove(place))
    }

    /// When a window ends.
    pub(super) fn end(&self, key: &WindowKey) -> Option<Timestamp> {
        let planned = self.0.iter().find(|planned| planned.key() == *key);
        planned.map(|planned| planned.window.until)
    }

    /// The window that expects an incident.
    pub(super) fn of(&self, now: Timestamp, notice: &Notice) -> Option<WindowKey> {
        let mut open = self.0.iter().filter(|planned| planned.window.is_open(now));
        open.find(|planned| planned.window.expects_incident(notice)).map(Planned::key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Planned> {
        self.0.iter()
    }

    fn commanded(&self) -> Vec<Window> {
        let commanded = self.0.iter().filter(|planned| planned.source.is_empty());
        commanded.map(|planned| planned.window.clone()).collect()
    }
}

/// A window is over: nothing is held by it any more, and all of it counts as told.
pub(super) fn release_held(
    now: Timestamp,
    key: &WindowKey,
    alerts: &mut Alerts,
    rules: &DispatchRules,
) -> Released {
    let ids = alerts.held_by(key);
    let mut released = Released { ids: Vec::new(), rows: Vec::new(), to: Vec::new() };
    for id in &ids {
        let Some(alert) = alerts.get_mut(id) else { continue };
        let notices = alert.held.take().map_or(0, |held| held.notices);
        alert.annotations.expected = None;
        released.rows.push(Row::of(&alert.latest, &alert.annotations, notices));
        alert.notified = true;
        alert.wait_from(now);
        for person in alert.receivers.iter().filter(|to| rules.audience(to) == Audience::People) {
            if !released.to.contains(person) {
                released.to.push(person.clone());
            }
        }
    }
    Released { ids, ..released }
}

/// What should have happened in a window and did not.
pub(super) fn unmet(window: &Window, incidents: &Incidents) -> Vec<Expected> {
    let unmet = window.expects.iter().filter(|expected| {
        let stands = incidents.view().holders(expected.prefix, expected.origin) > 0;
        stands != (expected.stands == Standing::Announced)
    });
    unmet.copied().collect()
}

fn check(window: &Window) -> Result<(), Refusal> {
    if line(&window.name).is_empty() {
        return Err(Refusal::Empty("name of the maintenance window"));
    }
    if window.until <= window.from {
        return Err(Refusal::EmptyWindow(line(&window.name)));
    }
    Ok(())
}
