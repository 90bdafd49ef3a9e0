//! What people want of the dispatcher.

use bgp::Timestamp;

use super::alert_state::AlertState;
use super::order::{Order, Refusal, What};
use super::{Dispatcher, Wake};
use crate::annotations::{Acknowledged, Note, Signed, Silence};
use crate::scope::Scope;
use crate::window::{Planned, Window};
use incidents::{IncidentId, Incidents, printable};

/// Notes of an incident that are kept, the latest.
const NOTES: usize = 50;
/// Characters of a note or a name that are kept: a line, not a notification.
const LINE: usize = 500;

impl Dispatcher {
    /// Does what somebody wants, after everything that was due before it.
    ///
    /// # Errors
    ///
    /// Where it makes no sense now; nothing has changed then.
    pub fn order(
        &mut self,
        now: Timestamp,
        order: Order,
        incidents: &Incidents,
    ) -> Result<(), Refusal> {
        self.handle_timeout(now, incidents);
        let by = line(&order.by);
        match order.what {
            What::Acknowledge { incident } => self.acknowledge(by, &incident)?,
            What::Mute { scope, until } => self.mute(by, scope, until, incidents)?,
            What::Unmute { scope } => self.unmute(&scope, incidents)?,
            What::Close { incident } => self.close(by, &incident, incidents)?,
            What::Note { incident, text } => self.note(by, &incident, &text)?,
            What::MaintenanceAdd { window } => self.add_window(window, incidents)?,
            What::MaintenanceRemove { name } => self.remove_window(&name, incidents)?,
            What::SetWindows { source, windows } => {
                self.set_windows(&source, windows, incidents)?
            }
            What::SetAddresses { receiver, addresses } => {
                self.memory.endangered.remove(&receiver);
                self.memory.addresses.insert(receiver, addresses);
                let ids: Vec<IncidentId> = self.memory.alerts.keys().cloned().collect();
                ids.iter().for_each(|id| self.note_endangered(id, incidents));
            }
        }
        Ok(())
    }

    /// A alert that is not over.
    fn open_alert(&mut self, id: &IncidentId) -> Result<&mut AlertState, Refusal> {
        match self.memory.alerts.get_mut(id) {
            Some(alert) if alert.is_over() => Err(Refusal::Over(id.clone())),
            Some(alert) => Ok(alert),
            None => Err(Refusal::UnknownIncident(id.clone())),
        }
    }

    fn acknowledge(&mut self, by: String, id: &IncidentId) -> Result<(), Refusal> {
        let at = self.memory.now;
        let alert = self.open_alert(id)?;
        let severity = alert.latest.severity;
        alert.annotations.acknowledged = Some(Acknowledged { by, at, severity });
        self.schedule_alert(id);
        Ok(())
    }

    fn close(&mut self, by: String, id: &IncidentId, incidents: &Incidents) -> Result<(), Refusal> {
        let at = self.memory.now;
        let alert = self.open_alert(id)?;
        alert.annotations.closed = Some(Signed { by, at });
        alert.held.take_if(|held| held.window.is_none());
        let storm = alert.storm.clone();
        self.schedule_alert(id);
        if let Some(group_key) = storm {
            self.change_storm(&group_key, false, incidents);
        }
        Ok(())
    }

    fn note(&mut self, by: String, id: &IncidentId, text: &str) -> Result<(), Refusal> {
        let at = self.memory.now;
        let alert = self.memory.alerts.get_mut(id);
        let alert = alert.ok_or_else(|| Refusal::UnknownIncident(id.clone()))?;
        let text = line(text);
        if text.is_empty() {
            return Err(Refusal::Empty("note"));
        }
        alert.annotations.notes.push(Note { by, at, text });
        let excess = alert.annotations.notes.len().saturating_sub(NOTES);
        alert.annotations.notes.drain(..excess);
        Ok(())
    }

    fn mute(
        &mut self,
        by: String,
        scope: Scope,
        until: Timestamp,
        incidents: &Incidents,
    ) -> Result<(), Refusal> {
        let now = self.memory.now;
        if until <= now {
            return Err(Refusal::EndInThePast { until, now });
        }
        if let Scope::Incident(id) = &scope {
            self.open_alert(id)?;
        }
        self.memory.silences.retain(|silence| silence.scope != scope);
        self.memory.silences.push(Silence { by, at: now, until, scope });
        self.schedule_silences();
        self.review_silences(incidents);
        Ok(())
    }

    fn unmute(&mut self, scope: &Scope, incidents: &Incidents) -> Result<(), Refusal> {
        let before = self.memory.silences.len();
        self.memory.silences.retain(|silence| silence.scope != *scope);
        if self.memory.silences.len() == before {
            return Err(Refusal::NotMuted(scope.clone()));
        }
        self.end_silences(incidents);
        Ok(())
    }

    fn add_window(&mut self, window: Window, incidents: &Incidents) -> Result<(), Refusal> {
        let now = self.memory.now;
        check(&window)?;
        if window.until <= now {
            return Err(Refusal::EndInThePast { until: window.until, now });
        }
        let kept = self.memory.windows.iter().filter(|planned| planned.source.is_empty());
        let mut windows: Vec<Window> = kept.map(|planned| planned.window.clone()).collect();
        windows.retain(|known| known.name != line(&window.name));
        windows.push(window);
        self.set_windows("", windows, incidents)
    }

    fn remove_window(&mut self, name: &str, incidents: &Incidents) -> Result<(), Refusal> {
        let ordered = self.memory.windows.iter().filter(|planned| planned.source.is_empty());
        let mut windows: Vec<Window> = ordered.map(|planned| planned.window.clone()).collect();
        let before = windows.len();
        windows.retain(|window| window.name != name);
        if windows.len() == before {
            return Err(Refusal::UnknownWindow(name.to_owned()));
        }
        self.set_windows("", windows, incidents)
    }

    /// What is open and not among the new ones ends now; those that are over already are left out.
    fn set_windows(
        &mut self,
        source: &str,
        windows: Vec<Window>,
        incidents: &Incidents,
    ) -> Result<(), Refusal> {
        windows.iter().try_for_each(check)?;
        let now = self.memory.now;
        let planned = windows.into_iter().filter(|window| window.until > now).map(|window| {
            let name = line(&window.name);
            Planned { source: source.to_owned(), window: Window { name, ..window } }
        });
        let planned: Vec<Planned> = planned.collect();
        let of_source = |planned: &mut Planned| planned.source == source;
        let gone: Vec<Planned> = self.memory.windows.extract_if(.., of_source).collect();
        let keys: Vec<_> = planned.iter().map(Planned::key).collect();
        self.memory.windows.extend(planned);
        for planned in gone.iter().filter(|planned| !keys.contains(&planned.key())) {
            self.timers.set(&Wake::Window(planned.key()), None);
            self.tell_window(planned, false, incidents);
        }
        self.schedule_windows();
        Ok(())
    }
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

/// What a person wrote, as one line that is safe everywhere.
fn line(text: &str) -> String {
    printable(text).trim().chars().take(LINE).collect()
}
