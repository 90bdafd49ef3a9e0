//! The plain text of a notice: 72 columns, the answers in the order in which a NOC asks.

use std::fmt::Write;
use std::time::Duration;

use bgp::Timestamp;
use jiff::tz::TimeZone;
use validator::{InvalidReason, Kind, OriginValidation, ValidationState, Vrp};

use crate::directory::printable;
use crate::extent::ExtentClass;
use crate::news::News;
use crate::notice::{AffectedPrefix, Evidence, Home, Notice, Past, Reason, Upstream};
use crate::{Party, draft};

const WIDTH: usize = 72;
/// Where the answers begin, behind the labels.
const INDENT: usize = 14;
/// Prefixes, VRPs, countries that the text lists; the rest stands in the JSON.
const LISTED: usize = 12;

/// `LON01 - BGP origin hijack - 19:26 - 02/04/2014 - OPEN`.
pub(crate) fn title(notice: &Notice, zone: &TimeZone) -> String {
    let at = notice.at.to_jiff().to_zoned(zone.clone());
    let (kind, status) = (words(notice.kind), notice.status());
    format!("{} - BGP {kind} - {} - {status}", notice.site, at.strftime("%H:%M - %d/%m/%Y"))
}

/// The kind in words: `origin hijack`.
pub(crate) fn words(kind: Kind) -> String {
    kind.name().replace('-', " ").replace("sub prefix", "sub-prefix").replace("rpki", "RPKI")
}

impl Notice {
    /// The plain text of the mail and of the terminal, with times in `zone` and in UTC.
    pub fn text(&self, zone: &TimeZone) -> String {
        let mut page = Page { text: format!("{}\n\n", self.title), zone };
        page.what(self);
        page.since(self);
        page.reach(self);
        page.rpki(self);
        page.record(self);
        page.sight(self);
        page.advice(self);
        page.evidence(self);
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
            self.line(&format!("  {}", prefix_line(affected)));
        }
        self.more(notice.prefix_count, LISTED, "prefixes");
        self.text.push('\n');
        if !notice.changes.is_empty() {
            let changes: Vec<String> = notice.changes.iter().map(change).collect();
            self.answer("New", &format!("{}.", changes.join("; ")));
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
            .map(|(country, count)| format!("{country} {count}"))
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
        let accepted = notice.accepted_by.iter().take(LISTED);
        let accepted: Vec<String> = accepted
            .map(|a| {
                format!("{} ({:.0} % of those that held it)", a.party.label(), a.share * 100.0)
            })
            .collect();
        if !accepted.is_empty() {
            self.answer("Let in by", &accepted.join("; "));
        }
        self.extent(notice);
    }

    fn upstreams(&mut self, upstreams: &[Upstream], over: bool) {
        let list = |affected: bool| {
            let some = upstreams.iter().filter(|u| u.affected == affected);
            some.map(|u| u.party.label()).collect::<Vec<_>>().join(", ")
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
        if !is_foreign(notice.kind) {
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
        let usual = format!("it had {} before", grouped(extent.usual));
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
            if is_foreign(notice.kind) {
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
        if notice.reason == Reason::Resolved {
            return;
        }
        let mut points = Vec::new();
        for allowed in [true, false] {
            let list = notice.advice.announce.iter().filter(|m| m.allowed == allowed);
            let list: Vec<String> = list.take(LISTED).map(|m| m.prefix.to_string()).collect();
            let note = if allowed { "your ROA allows it" } else { "needs a ROA first" };
            if !list.is_empty() {
                points.push(format!(
                    "Announce more-specifics while it lasts: {} ({note}).",
                    list.join(", ")
                ));
            }
        }
        for roa in notice.advice.roas.iter().take(LISTED) {
            points.push(format!(
                "Create the missing ROA: {}, {}, max length {}.",
                roa.prefix, roa.asn, roa.max_length
            ));
        }
        let draft = draft::draft(notice);
        if draft.is_some() {
            let asked: Vec<String> =
                notice.accepted_by.iter().take(LISTED).map(|a| a.party.asn.to_string()).collect();
            let filter = if asked.is_empty() {
                String::new()
            } else {
                format!(" and {} to filter it", asked.join(", "))
            };
            points.push(format!(
                "Ask {} to withdraw{filter}; a draft is below.",
                who(&notice.offenders)
            ));
        }
        if points.is_empty() {
            return;
        }
        self.text.push_str("\nWhat to do\n");
        for point in points {
            self.wrapped("  * ", "    ", &point);
        }
        if let Some(draft) = draft {
            self.text.push_str("\nDraft\n");
            for line in draft.lines() {
                self.wrapped("  | ", "  | ", line);
            }
        }
    }

    fn evidence(&mut self, notice: &Notice) {
        let shown = notice.evidence.len();
        let of = if shown < notice.evidence_count {
            format!(" (first and last {shown} of {})", notice.evidence_count)
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
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    /// Breaks at spaces so that lines stay within the width; a longer word stands alone.
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

/// Whether somebody else is at fault: only then it matters whom else they hit.
pub(crate) const fn is_foreign(kind: Kind) -> bool {
    matches!(kind, Kind::OriginHijack | Kind::SubPrefixHijack | Kind::Squatting | Kind::SuperPrefix)
}

fn headline(notice: &Notice) -> String {
    let who = who(&notice.offenders);
    let ours = plural(notice.prefix_count, "prefix", "prefixes");
    let over = notice.reason == Reason::Resolved;
    let (now, before) = match notice.kind {
        Kind::OriginHijack | Kind::SubPrefixHijack => {
            (format!("{who} originates {ours} of our address space"), "It is over: ")
        }
        Kind::Squatting => {
            (format!("{who} originates {ours} of ours that nobody may announce"), "It is over: ")
        }
        Kind::SuperPrefix => (format!("{who} originates {ours} that cover ours"), "It is over: "),
        Kind::NewMoreSpecific => (
            format!("{who} originates {ours} more specific than the watch list allows"),
            "No longer so: ",
        ),
        Kind::OwnAsNewPrefix => {
            (format!("our {who} originates {ours} outside every watch"), "No longer so: ")
        }
        Kind::RpkiInvalid => (
            format!(
                "our own announcement of {ours} by {who} is RPKI-invalid: networks that validate drop it"
            ),
            "No longer so: ",
        ),
    };
    match (over, notice.reason) {
        (true, _) => format!("{before}{now}")
            .replace("originates", "originated")
            .replace("is RPKI", "was RPKI"),
        (false, Reason::Reopened) => format!("Again: {now}:"),
        (false, _) => format!("{now}:"),
    }
}

/// The offenders with their names.
pub(crate) fn who(offenders: &[Party]) -> String {
    let labels: Vec<String> = offenders.iter().map(Party::label).collect();
    if labels.len() > 1 { format!("one of {}", labels.join(" / ")) } else { labels.join("") }
}

fn prefix_line(affected: &AffectedPrefix) -> String {
    let mut line = match affected.watched {
        Some(watched) if watched == affected.announced => watched.to_string(),
        Some(watched) if watched.covers(&affected.announced) => {
            format!("{} in {watched}", affected.announced)
        }
        Some(watched) => format!("{} over {watched}", affected.announced),
        None => affected.announced.to_string(),
    };
    line = format!("{line:<20} {}, RPKI {}", words(affected.kind), verdict(&affected.rov));
    if affected.description.is_empty() {
        line
    } else {
        format!("{line} - {}", printable(&affected.description))
    }
}

fn verdict(rov: &OriginValidation) -> String {
    match (rov.state(), rov.reason()) {
        (ValidationState::Invalid, Some(InvalidReason::As)) => "invalid (wrong AS)".to_owned(),
        (ValidationState::Invalid, Some(InvalidReason::Length)) => "invalid (too long)".to_owned(),
        (state, _) => state.name().to_owned(),
    }
}

fn vrps(rov: &OriginValidation) -> String {
    let deciding: &[&[Vrp]] = match rov.state() {
        ValidationState::Valid => &[&rov.matched],
        _ => &[&rov.unmatched_length, &rov.unmatched_as],
    };
    let all: Vec<&Vrp> = deciding.iter().copied().flatten().collect();
    let shown = all.iter().take(LISTED).map(|vrp| {
        if vrp.max_length() == vrp.prefix().length() {
            format!("{} {}", vrp.prefix(), vrp.asn())
        } else {
            format!("{}-{} {}", vrp.prefix(), vrp.max_length(), vrp.asn())
        }
    });
    match shown.collect::<Vec<_>>() {
        list if list.is_empty() => "(no VRP covers it)".to_owned(),
        list => format!("by VRP {}", list.join(", ")),
    }
}

fn home_line(home: &Home, over: bool) -> String {
    let hold = if over { "held it" } else { "hold it" };
    format!("{} of {} vantage points in {} {hold}", home.holding, home.total, home.country)
}

fn change(news: &News) -> String {
    match news {
        News::Severity(severity) => format!("it is {severity} now"),
        News::Prefix(prefix) => format!("{prefix} too"),
        News::AcceptedBy(asn) => format!("{asn} lets it in as well"),
        News::SpreadPast(percent) => format!("more than {percent} % of the vantage points"),
        News::SeenIn(country) => format!("first sight in {country}"),
        News::Upstream(asn) => format!("seen behind our upstream {asn}"),
        News::Mass => "it hits many other networks too".to_owned(),
    }
}

/// `2 h 49 min`: two units, enough to talk about it.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, m) => format!("{m} min"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

pub(crate) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// `417,038`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations_read_as_people_write_them() {
        assert_eq!(
            [0, 999, 1000, 417_038, 1_234_567].map(grouped),
            ["0", "999", "1,000", "417,038", "1,234,567"]
        );
        let of = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(
            [of(5), of(60), of(10_140), of(90_000)],
            ["5 s", "1 min", "2 h 49 min", "1 d 1 h"]
        );
    }
}
