//! What is told of a replay.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use archive::{DamageReports, Event, Inputs};
use bgp::Timestamp;
use feeds::{Found, Recording};
use incidents::{Incidents, Notice, Reason, Rules};
use validator::{Classifier, IncidentKind, RpkiSnapshot, Severity, WatchList};

/// The incidents that opened, of how many watches in how long.
pub(crate) struct Noise {
    watches: usize,
    days: f64,
    incidents: BTreeMap<(Severity, IncidentKind), usize>,
    /// Each critical one, in a line.
    pub(crate) critical: Vec<String>,
}

impl Noise {
    /// Replays all of these inputs, of which `updates` say how long it lasts.
    pub(crate) fn of(inputs: &[PathBuf], updates: &[PathBuf], watches: WatchList) -> Self {
        let begins = Inputs::find(updates, None).begins();
        let count = watches.len();
        let classifier = Classifier::new(watches.into(), Arc::<RpkiSnapshot>::default());
        let mut incidents = Incidents::new(Rules::default(), Arc::default());
        let inputs = Inputs::find(inputs, None).inputs;
        let mut recording =
            Recording::new(inputs, DamageReports::default(), Arc::new(classifier), None);
        let mut offenders = recording.offender_filter();
        let mut noise =
            Noise { watches: count, days: 0.0, incidents: BTreeMap::new(), critical: Vec::new() };
        let mut reached = Timestamp::from_seconds(0);
        while let Some(event) = recording.next_event() {
            let Event::Units(units, count, until) = event else { continue };
            reached = reached.max(until);
            for Found(_, finding) in units.take(count) {
                let finding = match &mut offenders {
                    Some(offenders) => offenders.admit(finding),
                    None => Some(finding),
                };
                if let Some(finding) = finding {
                    incidents.handle(finding.at(), finding);
                    noise.drain(&mut incidents);
                }
            }
        }
        incidents.finish(reached);
        noise.drain(&mut incidents);
        let lasted = begins.map(|begins| reached.since(begins)).unwrap_or_default();
        noise.days = lasted.as_secs_f64() / 86_400.0;
        noise
    }

    fn drain(&mut self, incidents: &mut Incidents) {
        while let Some(notice) = incidents.poll() {
            if notice.reason == Reason::Opened {
                *self.incidents.entry((notice.severity, notice.kind)).or_default() += 1;
                self.critical
                    .extend((notice.severity == Severity::Critical).then(|| line(&notice)));
            }
        }
    }

    fn per_day_and_hundred(&self, incidents: usize) -> f64 {
        incidents as f64 / self.days.max(f64::MIN_POSITIVE) / self.watches as f64 * 100.0
    }
}

impl fmt::Display for Noise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (watches, minutes) = (self.watches, self.days * 1440.0);
        writeln!(f, "{watches} watches, {minutes:.0} minutes")?;
        writeln!(
            f,
            "{:>10} {:>20} {:>9} {:>22}",
            "severity", "kind", "incidents", "a day, 100 prefixes"
        )?;
        for ((severity, kind), count) in self.incidents.iter().rev() {
            let (severity, kind) = (severity.to_string(), kind.to_string());
            let rate = self.per_day_and_hundred(*count);
            writeln!(f, "{severity:>10} {kind:>20} {count:>9} {rate:>22.3}")?;
        }
        let all = self.incidents.values().sum();
        write!(f, "{:>10} {:>20} {all:>9} {:>22.3}", "all", "", self.per_day_and_hundred(all))
    }
}

fn line(notice: &Notice) -> String {
    let evidence = notice.evidence.first();
    let path = evidence.map(|seen| format!("{} {} by {}", seen.at, seen.prefix, seen.as_path));
    let watched = notice.prefixes.first().and_then(|prefix| prefix.watched);
    let watched = watched.map(|watched| watched.to_string()).unwrap_or_default();
    let (holding, total) = (notice.vantage.holding, notice.vantage.total);
    format!("{} in {watched}, {holding} of {total}: {}", notice.kind, path.unwrap_or_default())
}
