//! Notifications that tell of many incidents.

use std::collections::BTreeMap;

use bgp::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use validator::Severity;

use super::{Dispatcher, Wake};
use crate::content::title;
use crate::notification::{Content, Notification};
use crate::receiver::Receiver;
use crate::summary::{Cause, LISTED_ROWS, Row, Summary, SummaryId};
use incidents::{IncidentId, IncidentSummary, Incidents, Reason};

impl Dispatcher {
    /// A summary of these rows as they stand now, the first of its thread.
    pub(super) fn summary(
        &self,
        id: SummaryId,
        cause: Cause,
        rows: Vec<Row>,
        incidents: &Incidents,
    ) -> Summary {
        let (now, sources) = (self.memory.now, incidents.view().sources());
        let rows = freshened(rows, incidents);
        let since = rows.iter().map(|row| row.since).min().unwrap_or(now);
        let severity = rows.iter().map(|row| row.severity).max().unwrap_or(Severity::Notice);
        let open_count = rows.iter().filter(|row| row.is_open()).count();
        let row_count = rows.len();
        let rows = rows.into_iter().take(LISTED_ROWS).collect();
        let mut summary = Summary {
            summary: id,
            sequence: 0,
            cause,
            at: now,
            since,
            over: false,
            severity,
            rows,
            row_count,
            open_count,
            unmet: Vec::new(),
            feeds: sources.feeds_since(since),
            rpki: sources.rpki.clone(),
            queue: None,
            dispatch_notes: Vec::new(),
            message_id: String::new(),
            title: String::new(),
            site: self.rules.operator.site.clone(),
            operator: self.rules.operator.name.clone(),
        };
        self.number(&mut summary, 0);
        summary
    }

    /// Gives it its place in the thread, and what follows from that.
    pub(super) fn number(&self, summary: &mut Summary, sequence: u32) {
        summary.sequence = sequence;
        summary.message_id = summary.summary.message_id(sequence);
        summary.title = title::of_summary(summary, self.rules.operator.time_zone());
    }

    /// What the notification_limit held back of one receiver.
    pub(super) fn tell_held_back(&mut self, to: &Receiver, incidents: &Incidents) {
        let now = self.memory.now;
        let Some(per_hour) = self.rules.notification_limit else { return };
        let Some(limit_of) = self.memory.limits.get_mut(to) else { return };
        let since = limit_of.since.unwrap_or(now);
        let mut rows = limit_of.take(now);
        for row in &mut rows {
            // Of one that has reopened and is muted since, that it was over is all there is to tell.
            let told = self.memory.alerts.get(&row.incident).filter(|alert| alert.told);
            if let Some(alert) = told {
                *row = Row::of(&alert.latest, &alert.annotations, row.held);
            }
        }
        let id = SummaryId::of("ceiling", &to.to_string(), since);
        let mut summary = self.summary(id, Cause::NotificationLimit { per_hour }, rows, incidents);
        summary.since = since;
        let at = now;
        let urgent = summary.severity == Severity::Critical && summary.open_count > 0;
        let content = Content::Summary(Box::new(summary));
        self.notifications.push_back(Notification { to: vec![to.clone()], urgent, at, content });
        self.schedule_limit(to);
    }

    /// The notification that comes every day, for the last day that was missed if there were several.
    pub(super) fn tell_day(&mut self, now: Timestamp, incidents: &Incidents) {
        let Some(digest) = self.rules.digest.clone() else { return };
        while let Some(next) = next_at(self.memory.now, digest.at, self.rules.operator.time_zone())
            && next <= now
        {
            self.memory.now = next;
        }
        let open = self.memory.alerts.values().filter(|alert| !alert.is_over());
        let rows = open.map(|alert| Row::of(&alert.latest, &alert.annotations, 0)).collect();
        let id = SummaryId::of("daily", "", self.memory.now);
        let mut summary = self.summary(id, Cause::Daily, rows, incidents);
        summary.queue = Some(self.queue);
        self.post(digest.to, Content::Summary(Box::new(summary)));
        self.schedule_digest();
    }

    pub(super) fn schedule_digest(&mut self) {
        let now = self.memory.now;
        let digest = self.rules.digest.as_ref();
        let due =
            digest.and_then(|digest| next_at(now, digest.at, self.rules.operator.time_zone()));
        self.timers.set(&Wake::Digest, due);
    }
}

/// Rows as the engine sees them now, the most serious first.
fn freshened(mut rows: Vec<Row>, incidents: &Incidents) -> Vec<Row> {
    let summaries = incidents.view().summaries();
    let by_id: BTreeMap<&IncidentId, &IncidentSummary> =
        summaries.iter().map(|summary| (&summary.incident, summary)).collect();
    for row in rows.iter_mut().filter(|row| row.reason != Reason::Resolved) {
        if let Some(now) = by_id.get(&row.incident) {
            (row.state, row.last_seen) = (now.state, now.last_seen);
            (row.holding, row.total) = (now.holding, now.total);
        }
    }
    rows.sort_by(|a, b| {
        let rank = |row: &Row| (std::cmp::Reverse(row.severity), row.since);
        (rank(a), &a.incident).cmp(&(rank(b), &b.incident))
    });
    rows
}

/// When this time of day comes next. A time that a change of the clock leaves out is the one after it.
fn next_at(now: Timestamp, at: Time, zone: &TimeZone) -> Option<Timestamp> {
    let today = now.to_jiff().to_zoned(zone.clone()).date();
    let days = [Some(today), today.tomorrow().ok()];
    let at = |day: jiff::civil::Date| day.to_datetime(at).to_zoned(zone.clone()).ok();
    let mut moments = days.into_iter().flatten().filter_map(at).map(|at| at.timestamp().into());
    moments.find(|moment: &Timestamp| *moment > now)
}
