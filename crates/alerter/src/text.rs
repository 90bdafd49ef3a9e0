//! The plain text of a notice: 72 columns, the answers in the order in which a NOC asks.

use std::fmt::Write;

use bgp::Timestamp;
use jiff::tz::TimeZone;
use validator::{Kind, ValidationState};

use crate::directory::printable;
use crate::draft;
use crate::extent::ExtentClass;
use crate::notice::{Acceptor, Evidence, Notice, Past, Reason, Upstream};
use crate::words::{
    changes, duration, grouped, headline, home_line, is_foreign, plural, prefix_line, verdict,
    vrps, who, words,
};

const WIDTH: usize = 72;
/// Where the answers begin, behind the labels.
const INDENT: usize = 14;
/// Prefixes, verdicts, earlier events that the text lists; the rest stands in the JSON.
const LISTED: usize = 12;

impl Notice {
    /// The plain text of the mail and of the terminal, with times in `zone` and in UTC.
    pub fn text(&self, zone: &TimeZone) -> String {
        let mut page = Page { text: format!("{}\n\n", self.title), zone };
        page.what(self);
        page.since(self);
        if !self.prefixes.is_empty() {
            page.reach(self);
            page.rpki(self);
        }
        page.record(self);
        page.sight(self);
        page.advice(self);
        if !self.evidence.is_empty() {
            page.evidence(self);
        }
        page.text.push_str(&format!("\nIncident {}, notice {}\n", self.incident, self.sequence));
        page.text
    }
}

struct Page<'a> {
    text: String,
    zone: &'a TimeZone,
}

impl Page<'_> {
    /// What happened to which of our prefixes.
    fn what(&mut self, notice: &Notice) {
        self.paragraph(&headline(notice));
        self.text.push('\n');
        for affected in notice.prefixes.iter().take(LISTED) {
            self.wrapped("  ", "      ", &prefix_line(affected));
        }
        self.more(notice.prefix_count, LISTED, "prefixes");
        for detail in notice.details.iter().take(LISTED) {
            self.wrapped("  * ", "    ", detail);
        }
        self.more(notice.details.len(), LISTED, "points");
        if !notice.prefixes.is_empty() || !notice.details.is_empty() {
            self.text.push('\n');
        }
        if !notice.changes.is_empty() {
            self.answer("New", &format!("{}.", changes(&notice.changes).join("; ")));
        }
        self.answer("Severity", &notice.severity.to_string().to_uppercase());
    }

    /// Since when.
    fn since(&mut self, notice: &Notice) {
        self.answer("First seen", &self.moment(notice.since));
        if notice.since > notice.first_seen {
            self.answer("", &format!("(first of all: {})", self.moment(notice.first_seen)));
        }
        match notice.reason {
            Reason::Resolved => {
                self.answer("Gone since", &self.moment(notice.last_seen));
                let lasted = duration(notice.last_seen.since(notice.since));
                let quiet = duration(notice.at.since(notice.last_seen));
                self.answer("Lasted", &format!("{lasted}; no sight of it for {quiet} now"));
            }
            Reason::Opened | Reason::Update | Reason::Reopened => {
                self.answer("Last seen", &self.moment(notice.last_seen));
            }
        }
    }

    /// How far, what is not affected, who let it in, targeted or mass.
    fn reach(&mut self, notice: &Notice) {
        let vantage = &notice.vantage;
        let over = notice.reason == Reason::Resolved;
        let countries: Vec<String> = vantage
            .by_country
            .iter()
            .map(|(country, count)| format!("{country}\u{a0}{count}"))
            .collect();
        let by = if countries.is_empty() {
            String::new()
        } else {
            format!(" ({})", countries.join(", "))
        };
        if over {
            let reach = format!(
                "{} vantage points held it in all{by}; now none of {}",
                vantage.ever, vantage.total
            );
            self.answer("How far", &reach);
        } else {
            let ases = plural(vantage.holding_ases, "AS", "ASes");
            let reach = format!(
                "{} of {} vantage points hold it, in {ases}{by}",
                vantage.holding, vantage.total
            );
            self.answer("How far", &reach);
        }
        if let Some(home) = &vantage.home {
            self.answer("", &home_line(home, over));
        }
        self.upstreams(&notice.upstreams, over);
        let share = |a: &Acceptor| format!("{} ({:.0}\u{a0}%)", a.party.label(), a.share * 100.0);
        let accepted: Vec<String> = notice.accepted_by.iter().take(LISTED).map(share).collect();
        if !accepted.is_empty() {
            let label = if is_foreign(notice) { "Let in by" } else { "Through" };
            let of = if accepted.len() > 1 { ", of the vantage points that held it" } else { "" };
            self.answer(label, &format!("{}{of}", accepted.join("; ")));
        }
        self.extent(notice);
    }

    fn upstreams(&mut self, upstreams: &[Upstream], over: bool) {
        let list = |affected: bool| {
            let some = upstreams.iter().filter(|u| u.affected == affected);
            some.map(|u| u.party.label()).collect::<Vec<_>>().join("; ")
        };
        let (bad, good) = (list(true), list(false));
        if !bad.is_empty() {
            let verb = if over { "passed it on" } else { "pass it on" };
            self.answer("", &format!("our upstreams that {verb}: {bad}"));
        }
        if !good.is_empty() {
            self.answer("", &format!("not seen behind our upstreams {good}"));
        }
    }

    fn extent(&mut self, notice: &Notice) {
        if !is_foreign(notice) {
            return;
        }
        let extent = &notice.extent;
        let count = if extent.at_least { " or more" } else { "" };
        let others = format!(
            "{}{count} other {} of {} hit by the same AS",
            grouped(extent.prefixes),
            if extent.prefixes == 1 { "prefix" } else { "prefixes" },
            plural(extent.origins, "other network", "other networks"),
        );
        let usual = match extent.usual {
            0 => "none before".to_owned(),
            usual => format!("{} before", grouped(usual)),
        };
        self.answer(
            "Aim",
            &match extent.class {
                ExtentClass::Mass => format!("mass: {others} ({usual})"),
                ExtentClass::Targeted if extent.prefixes == 0 => {
                    format!("targeted: no other network's prefix seen ({usual})")
                }
                ExtentClass::Targeted => format!("targeted: only {others} ({usual})"),
            },
        );
    }

    /// What RPKI says and which VRPs say so.
    fn rpki(&mut self, notice: &Notice) {
        let mut lines: Vec<String> = Vec::new();
        for affected in &notice.prefixes {
            let line = format!("{} {}", verdict(&affected.rov), vrps(&affected.rov));
            let line = format!("{}: {}", affected.announced, line.trim_end());
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        for (index, line) in lines.iter().take(LISTED).enumerate() {
            self.answer(if index == 0 { "RPKI" } else { "" }, line);
        }
        self.more(lines.len(), LISTED, "verdicts");
    }

    /// Whether this offender has a record here.
    fn record(&mut self, notice: &Notice) {
        if notice.record.is_empty() {
            if is_foreign(notice) {
                self.answer("Record", "nothing known of this AS here");
            }
            return;
        }
        for (index, past) in notice.record.iter().take(LISTED).enumerate() {
            let line = self.past(past);
            self.answer(if index == 0 { "Record" } else { "" }, &line);
        }
    }

    fn past(&self, past: &Past) -> String {
        format!(
            "{}, {}, {}, for {} ({})",
            past.first_seen.to_jiff().to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M"),
            words(past.kind),
            plural(past.prefixes, "prefix", "prefixes"),
            duration(past.last_seen.since(past.first_seen)),
            past.incident,
        )
    }

    /// What our sight was worth.
    fn sight(&mut self, notice: &Notice) {
        let down: Vec<&str> =
            notice.feeds.iter().filter(|feed| !feed.up).map(|feed| feed.name.as_str()).collect();
        let mut sight = plural(notice.feeds.len(), "feed", "feeds");
        if !down.is_empty() {
            let _ = write!(sight, ", without {}", printable(&down.join(", ")));
        }
        let _ = match &notice.rpki {
            None => write!(sight, "; no RPKI data: nothing could be validated"),
            Some(rpki) => {
                let stale = if rpki.stale { "STALE " } else { "" };
                let made = rpki.generated.map(|at| format!(" made {at}")).unwrap_or_default();
                write!(sight, "; {stale}RPKI data{made}, {} VRPs", grouped(rpki.vrps))
            }
        };
        self.answer("Our sight", &sight);
    }

    /// What to do.
    fn advice(&mut self, notice: &Notice) {
        let points = if notice.reason == Reason::Resolved { vec![] } else { points(notice) };
        if points.is_empty() {
            return;
        }
        self.text.push_str("\nWhat to do\n");
        for point in points {
            self.wrapped("  * ", "    ", &point);
        }
        if let Some(draft) = draft::draft(notice) {
            self.text.push_str("\nDraft\n");
            for line in draft.lines() {
                self.wrapped("  | ", "  | ", line);
            }
        }
    }

    fn evidence(&mut self, notice: &Notice) {
        let shown = notice.evidence.len();
        let of = if shown < notice.evidence_count {
            format!(
                " (the first {} and the last {} of {})",
                shown / 2,
                shown / 2,
                notice.evidence_count
            )
        } else {
            String::new()
        };
        let _ = writeln!(self.text, "\nEvidence, times in UTC{of}");
        for sight in &notice.evidence {
            self.sight_line(sight);
        }
    }

    fn sight_line(&mut self, sight: &Evidence) {
        let time = sight.at.to_jiff().strftime("%m-%d %H:%M:%S");
        let country = sight.country.map(|c| format!(" {c}")).unwrap_or_default();
        let collector = if sight.collector.is_empty() {
            String::new()
        } else {
            format!(" {}", sight.collector)
        };
        let _ = writeln!(
            self.text,
            "  {time}{collector} {}{country} {}",
            sight.peer_asn, sight.peer_ip
        );
        self.wrapped("    ", "      ", &format!("{} path {}", sight.prefix, sight.as_path));
    }

    /// `2014-04-02 19:26:05 BST (18:26:05 UTC)`; once where the zone is UTC.
    fn moment(&self, at: Timestamp) -> String {
        let utc = at.to_jiff();
        let local = utc.to_zoned(self.zone.clone());
        if local.offset() == jiff::tz::Offset::UTC {
            return utc.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        }
        let day = if local.date() == utc.to_zoned(TimeZone::UTC).date() { "" } else { "%Y-%m-%d " };
        let utc = utc.strftime(&format!("{day}%H:%M:%S UTC")).to_string();
        format!("{} ({utc})", local.strftime("%Y-%m-%d %H:%M:%S %Z"))
    }

    fn answer(&mut self, label: &str, text: &str) {
        let label = if label.is_empty() { String::new() } else { format!("{label}:") };
        self.wrapped(&format!("{label:INDENT$}"), &" ".repeat(INDENT), text);
    }

    fn more(&mut self, count: usize, listed: usize, what: &str) {
        if count > listed {
            self.line(&format!("  and {} more {what}, in the attached JSON", count - listed));
        }
    }

    fn paragraph(&mut self, text: &str) {
        self.wrapped("", "", text);
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(&text.trim_end().replace('\u{a0}', " "));
        self.text.push('\n');
    }

    /// Breaks at spaces, but for no-break ones, so that lines stay within the width; a longer word
    /// stands alone.
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        let mut line = first.to_owned();
        let mut empty = true;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line = rest.to_owned();
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.line(&line);
    }
}

/// What a NOC can do about it, the quickest first.
fn points(notice: &Notice) -> Vec<String> {
    let mut points = Vec::new();
    for (allowed, note) in [(true, "your ROA allows it"), (false, "needs a ROA first")] {
        let list = notice.advice.announce.iter().filter(|m| m.allowed == allowed);
        let list: Vec<String> = list.take(LISTED).map(|m| m.prefix.to_string()).collect();
        if !list.is_empty() {
            let list = list.join(", ");
            points.push(format!("Announce more-specifics while it lasts: {list} ({note})."));
        }
    }
    for roa in notice.advice.roas.iter().take(LISTED) {
        let (prefix, asn, length) = (roa.prefix, roa.asn, roa.max_length);
        points.push(format!("Create the missing ROA: {prefix}, {asn}, max length {length}."));
    }
    if draft::draft(notice).is_some() {
        let accepted: Vec<String> =
            notice.accepted_by.iter().take(LISTED).map(|a| a.party.asn.to_string()).collect();
        let filter = match accepted.as_slice() {
            [] => String::new(),
            some => format!(" and {} to filter it", some.join(", ")),
        };
        let offender = who(&notice.offenders);
        points.push(format!("Ask {offender} to withdraw{filter}; a draft is below."));
    }
    points.extend(config_point(notice).map(str::to_owned));
    points
}

/// What to change in the config if what was seen is as it should be.
fn config_point(notice: &Notice) -> Option<&'static str> {
    let valid = notice.prefixes.iter().any(|p| p.rov.state() == ValidationState::Valid);
    match notice.kind {
        Kind::OriginHijack | Kind::SubPrefixHijack if valid => {
            Some("RPKI entitles this origin: if it is right, add it to `origins` of the watch.")
        }
        Kind::SuperPrefix => {
            Some("If this aggregate is rightful, list it under `aggregates` of the watch.")
        }
        Kind::NewMoreSpecific => {
            Some("If it is meant, raise `max_length` of the watch; else find out who leaks it.")
        }
        Kind::OwnAsNewPrefix => {
            Some("If it is meant, add a watch for it; else withdraw it: it may be a leak of ours.")
        }
        Kind::FirstHop => Some("If it is an upstream of ours, add it to `upstreams`."),
        Kind::FeedSilent | Kind::RouterDown => {
            Some("Until it is back, no news from there is no good news.")
        }
        Kind::RpkiStale => Some("Verdicts are the last known ones: look at the validator."),
        _ => None,
    }
}
