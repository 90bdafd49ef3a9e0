use std::time::Duration;

use alerter::{grouped, plural};
use feeds::ElementCounts;
use parser::Statistics;

use crate::exit::ExitCode;

/// What a replay read and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Inputs that were read.
    pub inputs: u64,
    /// Inputs that could not be opened, or are empty.
    pub unreadable: u64,
    /// Files of folders that are something else.
    pub passed_over: u64,
    /// Records: MRT records, or lines.
    pub records: u64,
    /// Announced routes that were read, watched or not.
    pub announcements: u64,
    /// Withdrawn routes that were read, watched or not.
    pub withdrawals: u64,
    /// Routes in tables.
    pub rib_entries: u64,
    /// Changes of sessions.
    pub state_changes: u64,
    /// Of those above, how many lie behind the time that was asked for, and were left out.
    pub outside: u64,
    /// What holds no route of IPv4 or IPv6 unicast.
    pub skipped: u64,
    /// Messages that the collector itself sent, which are no vantage point's.
    pub sent_by_collector: u64,
    /// BMP messages of VRFs.
    pub vrfs: u64,
    /// Damages that cost a part of a message.
    pub damaged: u64,
    /// Damages that cost a whole message or record, or all that follows.
    pub lost: u64,
    /// Findings that went into the engine.
    pub findings: u64,
    /// Incidents that were told of.
    pub incidents: u64,
    /// Those that are still open.
    pub open: u64,
    /// Notices that were given.
    pub notices: u64,
    /// Mails that a relay took.
    pub sent: u64,
    /// Mails that no relay took, and that are kept on disk.
    pub kept: u64,
}

impl Summary {
    /// Adds the elements of one input.
    pub(super) const fn add_counts(&mut self, input: ElementCounts) {
        self.announcements += input.announcements;
        self.withdrawals += input.withdrawals;
        self.rib_entries += input.rib_entries;
        self.state_changes += input.state_changes;
        self.outside += input.outside;
    }

    /// Adds what the reader of one input counted.
    pub(super) const fn add(&mut self, statistics: &Statistics) {
        let parser::Skipped { types, subtypes, messages, families, sent, vrfs } =
            statistics.skipped;
        self.inputs += 1;
        self.records += statistics.records;
        self.skipped += types + subtypes + messages + families;
        self.sent_by_collector += sent;
        self.vrfs += vrfs;
        self.damaged += statistics.damaged.attributes;
        self.lost += statistics.damaged.lost();
    }

    /// What the shell is told.
    pub fn code(&self) -> ExitCode {
        if self.kept > 0 {
            ExitCode::Failed
        } else if self.unreadable > 0 || self.lost > 0 {
            ExitCode::Attention
        } else {
            ExitCode::Done
        }
    }

    /// The few lines that end a replay.
    pub(super) fn report(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let per_second = self.records.saturating_mul(1000) / millis;
        let read = format!(
            "read {} with {} in {seconds:.1} s, {} a second",
            plural(self.inputs, "input", "inputs"),
            plural(self.records, "record", "records"),
            grouped(per_second),
        );
        let routes = [
            plural(self.announcements, "announcement", "announcements"),
            plural(self.withdrawals, "withdrawal", "withdrawals"),
            plural(self.rib_entries, "RIB entry", "RIB entries"),
            plural(self.state_changes, "session change", "session changes"),
        ];
        let trouble = [
            (self.outside, "after the time asked for"),
            (self.skipped, "skipped (no route of IPv4 or IPv6 unicast)"),
            (self.sent_by_collector, "left out (sent by the collector itself, BGP4MP LOCAL)"),
            (self.vrfs, "left out (routes of a VRF, not of the global table)"),
            (self.damaged, "damaged in part"),
            (self.lost, "lost (a message or more)"),
            (self.unreadable, "unreadable"),
            (self.passed_over, "files passed over (not recordings)"),
        ];
        let trouble: Vec<_> = trouble
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", grouped(*count)))
            .collect();
        let made = format!(
            "{}, {} ({} still open), {}",
            plural(self.findings, "finding", "findings"),
            plural(self.incidents, "incident", "incidents"),
            grouped(self.open),
            plural(self.notices, "notice", "notices"),
        );
        let mut lines = vec![read, routes.join(", "), trouble.join(", "), made];
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_leaves_out_what_did_not_happen() {
        let summary = Summary { inputs: 1, records: 2000, announcements: 3, ..Summary::default() };
        assert_eq!(
            summary.report(Duration::from_millis(500)),
            "read 1 input with 2,000 records in 0.5 s, 4,000 a second\n\
             3 announcements, 0 withdrawals, 0 RIB entries, 0 session changes\n\
             0 findings, 0 incidents (0 still open), 0 notices"
        );
    }

    #[test]
    fn what_was_lost_needs_attention_and_mail_that_was_not_sent_is_a_failure() {
        let code = |summary: Summary| summary.code();
        assert_eq!(code(Summary::default()), ExitCode::Done);
        assert_eq!(code(Summary { damaged: 1, ..Summary::default() }), ExitCode::Done);
        assert_eq!(code(Summary { lost: 1, ..Summary::default() }), ExitCode::Attention);
        let of = |damaged| {
            let mut summary = Summary::default();
            summary.add(&Statistics { damaged, ..Statistics::default() });
            (summary.damaged, code(summary))
        };
        let cut = parser::Damaged { messages: 1, ..parser::Damaged::default() };
        assert_eq!(of(cut), (0, ExitCode::Attention));
        let attribute = parser::Damaged { attributes: 1, ..parser::Damaged::default() };
        assert_eq!(of(attribute), (1, ExitCode::Done));
        assert_eq!(code(Summary { unreadable: 1, ..Summary::default() }), ExitCode::Attention);
        assert_eq!(
            code(Summary { unreadable: 1, kept: 1, ..Summary::default() }),
            ExitCode::Failed
        );
    }
}
