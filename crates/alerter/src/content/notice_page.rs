//! The page of a notice: the answers in the order in which a NOC asks.

use bgp::Timestamp;
use jiff::tz::TimeZone;
use validator::{Area, IncidentKind, KindSpec};

use crate::content::draft;
use crate::content::page::{Answer, Badge, Block, EvidenceRow, Page, moment};
use crate::content::phrase::{duration, grouped, plural, spelled_out};
use crate::content::text::render_text;
use crate::content::timeline::timeline;
use crate::content::words::{
    annotations, changes, clock_step, data_sources, headline, home_line, is_foreign, prefix_row,
    verdict, vrps, who,
};
use crate::notice::AnnotatedNotice;
use incidents::{
    Acceptor, Evidence, ExtentClass, Notice, Party, Past, Reason, Upstream, VantageCounts,
};

/// Verdicts, earlier events that the page lists; the rest stands in the JSON.
const LISTED: usize = 12;
/// What those are asked for who accepted it.
const FILTER: &str = "to filter it";
/// Prefixes that stand in front of everything else: what to do first must be seen without scrolling.
const LISTED_FIRST: usize = 5;

/// The plain text of the mail and of the terminal, 72 columns wide, with times in `zone` and in UTC.
pub fn notice_text(notice: &AnnotatedNotice, zone: &TimeZone) -> String {
    render_text(&page(notice, zone))
}

/// The page of a notice, with times in `zone` and in UTC.
pub(crate) fn page(notice: &AnnotatedNotice, zone: &TimeZone) -> Page {
    let over = notice.reason == Reason::Resolved;
    let badge = Badge { severity: notice.severity, over, status: notice.status() };
    let mut page = Page::new(notice.title.clone(), badge);
    let dispatch_notes =
        notice.dispatch_notes.iter().map(|note| Block::Paragraph(note.to_string()));
    page.section(None, dispatch_notes.collect());
    page.section(None, vec![Block::Paragraph(headline(notice))]);
    page.section(None, what(notice));
    let draft = if over { None } else { draft::draft(notice) };
    let points = if over { vec![] } else { points(notice, draft.is_some()) };
    let happened = happened(notice, points.first(), zone);
    page.section(None, vec![Block::Timeline(timeline(notice)), Block::Answers(happened)]);
    if points.len() > 1 {
        page.section(Some("What to do"), vec![Block::Points(points.clone())]);
    }
    page.section(None, vec![Block::Answers(background(notice, zone))]);
    page.section(Some("Draft"), draft.map(Block::Draft).into_iter().collect());
    if !notice.evidence.is_empty() {
        let rows = notice.evidence.iter().map(evidence_row).collect();
        page.section(Some(&evidence_heading(notice)), vec![Block::Evidence(rows)]);
    }
    let number = notice.sequence + 1;
    let reference = format!("Incident {}, notice {number} of this incident", notice.incident);
    page.section(None, vec![Block::Paragraph(reference)]);
    page
}

/// What to do first, what is new, how serious, since when, by whom, accepted by whom, how far, at whom.
fn happened(notice: &AnnotatedNotice, first: Option<&String>, zone: &TimeZone) -> Vec<Answer> {
    let mut answers = Answers { zone, list: Vec::new() };
    if let Some(first) = first {
        answers.answer("Do first", first);
    }
    answers.since(notice);
    if !notice.offenders.is_empty() {
        answers.answer("By", &who(&notice.offenders));
    }
    if !notice.prefixes.is_empty() {
        answers.accepted_by(notice);
        answers.visibility(notice);
        answers.scope(notice);
    }
    answers.list
}

/// What RPKI says, what was before, where we know it from, what people said.
fn background(notice: &AnnotatedNotice, zone: &TimeZone) -> Vec<Answer> {
    let mut answers = Answers { zone, list: Vec::new() };
    if !notice.prefixes.is_empty() {
        answers.rpki(notice);
    }
    answers.history(notice);
    let sources = data_sources(&notice.feeds, notice.rpki.as_ref(), notice.at);
    answers.answer("Data sources", &sources);
    if let Some(step) = notice.clock {
        answers.answer("Clock", &clock_step(step, zone));
    }
    answers.annotations(notice);
    answers.list
}

/// What happened to which of our prefixes.
fn what(notice: &Notice) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !notice.prefixes.is_empty() {
        let rows = notice
            .prefixes
            .iter()
            .take(LISTED_FIRST)
            .map(|affected| prefix_row(affected, notice.rpki.is_some()));
        blocks.push(Block::Prefixes(rows.collect()));
        let more = more(notice.prefix_count, LISTED_FIRST, "prefixes");
        blocks.extend(more.map(Block::More));
    }
    if !notice.details.is_empty() {
        blocks.push(Block::Points(notice.details.iter().take(LISTED).cloned().collect()));
        blocks.extend(more(notice.details.len(), LISTED, "points").map(Block::More));
    }
    blocks
}

fn more(count: usize, listed: usize, what: &str) -> Option<String> {
    let more = count.checked_sub(listed).filter(|more| *more > 0)?;
    Some(format!("and {more} more {what}, in the attached JSON"))
}

struct Answers<'a> {
    zone: &'a TimeZone,
    list: Vec<Answer>,
}

impl Answers<'_> {
    /// What is new, how serious it is, since when.
    fn since(&mut self, notice: &Notice) {
        if !notice.changes.is_empty() {
            self.answer("New", &format!("{}.", changes(&notice.changes).join("; ")));
        }
        self.answer("Severity", &notice.severity.to_string().to_uppercase());
        let is_of_routes = notice.kind.spec().area.is_of_routes();
        let first = if is_of_routes { "First seen" } else { "Since" };
        self.answer(first, &self.moment(notice.since));
        if notice.since > notice.first_seen {
            self.answer("", &format!("(for the first time: {})", self.moment(notice.first_seen)));
        }
        if let Some(flapping) = notice.flapping {
            let since = self.moment(flapping.since);
            self.answer("Flapping", &format!("{} times since {since}", flapping.times));
        }
        match notice.reason {
            Reason::Resolved => {
                let last = if is_of_routes { "Gone since" } else { "Until" };
                self.answer(last, &self.moment(notice.last_seen));
                let lasted = duration(notice.last_seen.since(notice.since));
                let quiet = spelled_out(notice.at.since(notice.last_seen));
                let quiet =
                    if is_of_routes { format!("; not seen for {quiet}") } else { String::new() };
                self.answer("Lasted", &format!("{lasted}{quiet}"));
            }
            Reason::Opened | Reason::Update | Reason::Reopened | Reason::Reminder => {
                if is_of_routes {
                    self.answer("Last seen", &self.moment(notice.last_seen));
                }
            }
        }
    }

    /// How far, at home first, and what is not affected.
    fn visibility(&mut self, notice: &Notice) {
        let vantage = &notice.vantage;
        // Our own prefix is seen again when it is over, and nobody passes anything on.
        let is_ours = notice.kind == IncidentKind::VisibilityLoss;
        let over = notice.reason == Reason::Resolved && !is_ours;
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
        let everywhere = if over {
            let ever = plural(vantage.ever, "vantage point", "vantage points");
            format!("was seen by {ever} in total{by}; now by none of {}", total(vantage))
        } else {
            let ases = plural(vantage.holding_ases, "AS", "ASes");
            let all = total(vantage);
            format!("seen by {} of {all} vantage points, in {ases}{by}", vantage.holding)
        };
        match &vantage.home {
            Some(home) => {
                self.answer("Visibility", &home_line(home, over));
                self.answer("", &everywhere);
            }
            None => self.answer("Visibility", &everywhere),
        }
        if vantage.at_least {
            self.answer("", "how many see this prefix is not known yet");
        }
        if let Some(unconfirmed) = unconfirmed_line(vantage) {
            self.answer("", &unconfirmed);
        }
        if !is_ours {
            self.upstreams(&notice.upstreams, over);
        }
    }

    fn accepted_by(&mut self, notice: &Notice) {
        let share = |a: &Acceptor| format!("{} ({:.0}\u{a0}%)", a.party.label(), a.share * 100.0);
        let accepted: Vec<String> = notice.accepted_by.iter().take(LISTED).map(share).collect();
        if !accepted.is_empty() {
            let label = if is_foreign(notice) { "Accepted by" } else { "Through" };
            let of = if accepted.len() > 1 { ", of the vantage points that saw it" } else { "" };
            self.answer(label, &format!("{}{of}", accepted.join("; ")));
        }
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

    /// Whether it is aimed at us.
    fn scope(&mut self, notice: &Notice) {
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
        let usual = format!("usual: {}", grouped(extent.usual));
        self.answer(
            "Scope",
            &match extent.class {
                ExtentClass::Unknown => "not known yet".to_owned(),
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
        if notice.rpki.is_none() {
            return self.answer("RPKI", "unknown: there is no RPKI data");
        }
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
        if let Some(more) = more(lines.len(), LISTED, "verdicts") {
            self.answer("", &more);
        }
    }

    /// What this offender did before.
    fn history(&mut self, notice: &Notice) {
        if notice.record.is_empty() {
            if is_foreign(notice) {
                self.answer("History", "no earlier incident with this AS");
            }
            return;
        }
        for (index, past) in notice.record.iter().take(LISTED).enumerate() {
            let line = self.past(past);
            self.answer(if index == 0 { "History" } else { "" }, &line);
        }
    }

    fn past(&self, past: &Past) -> String {
        format!(
            "{}, {}, {}, for {} ({})",
            past.first_seen.to_jiff().to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M"),
            past.kind.spec().title,
            plural(past.prefixes, "prefix", "prefixes"),
            duration(past.last_seen.since(past.first_seen)),
            past.incident,
        )
    }

    /// What people have said about it.
    fn annotations(&mut self, notice: &AnnotatedNotice) {
        for (label, text) in annotations(&notice.annotations, self.zone) {
            self.answer(label, &text);
        }
    }

    fn moment(&self, at: Timestamp) -> String {
        moment(at, self.zone)
    }

    fn answer(&mut self, label: &'static str, text: &str) {
        self.list.push(Answer { label, text: text.to_owned() });
    }
}

fn evidence_heading(notice: &Notice) -> String {
    let (shown, half) = (notice.evidence.len(), notice.evidence.len() / 2);
    let of = match notice.evidence_count {
        count if shown < count => format!(" (the first {half} and the last {half} of {count})"),
        _ => String::new(),
    };
    format!("Evidence, times in UTC{of}")
}

fn evidence_row(evidence: &Evidence) -> EvidenceRow {
    let country = evidence.country.map(|country| country.to_string()).unwrap_or_default();
    EvidenceRow {
        time: evidence.at.to_jiff().strftime("%m-%d %H:%M:%S").to_string(),
        vantage: [
            evidence.collector.clone(),
            evidence.peer_asn.to_string(),
            country,
            evidence.peer_ip.to_string(),
        ],
        prefix: evidence.prefix.to_string(),
        path: evidence.as_path.clone(),
    }
}

/// What a NOC can do about it, the quickest first.
fn points(notice: &AnnotatedNotice, has_draft: bool) -> Vec<String> {
    let mut points = Vec::new();
    if draft::is_entitled(notice) {
        let list = "RPKI entitles this origin: if it is yours, list it in `origins` of the watch.";
        // Against what is rightful nothing is announced or filtered.
        return vec![list.to_owned()];
    }
    let KindSpec { area, advice, .. } = notice.kind.spec();
    let advice = advice.map(str::to_owned);
    // It may be rightful: that is to be found out before anybody is asked for anything.
    let (before, behind) = if area == Area::OthersRoutes { (advice, None) } else { (None, advice) };
    points.extend(before);
    if notice.let_out_by_us && is_foreign(notice) {
        let offender = who(&notice.offenders);
        points
            .push(format!("Filter it at our own border towards {offender}: it leaves through us."));
    }
    points.extend(more_specifics(notice));
    for roa in notice.advice.roas.iter().take(LISTED) {
        let (prefix, asn, length) = (roa.prefix, roa.asn, roa.max_length);
        points.push(format!("Create the missing ROA: {prefix}, {asn}, max length {length}."));
    }
    if has_draft {
        points.push(ask(notice));
    }
    for prefix in notice.advice.longest.iter().take(LISTED) {
        points.push(format!(
            "No more-specific of {prefix} would be accepted by others: filters are what helps."
        ));
    }
    points.extend(behind);
    points
}

/// What wins the traffic back, unless it is ourselves who let it out.
fn more_specifics(notice: &Notice) -> Vec<String> {
    let mut points = Vec::new();
    let needed = match notice.rpki {
        Some(_) => "needs a ROA first",
        None => "whether a ROA allows it is not known",
    };
    for (allowed, note) in [(true, "your ROA allows it"), (false, needed)] {
        let list = notice.advice.announce.iter().filter(|m| m.allowed == allowed);
        let list: Vec<String> = list.take(LISTED).map(|m| m.prefix.to_string()).collect();
        if !list.is_empty() && !notice.let_out_by_us {
            let list = list.join(", ");
            points.push(format!("Announce more-specifics while it lasts: {list} ({note})."));
        }
    }
    points
}

/// Whom to ask for what.
fn ask(notice: &Notice) -> String {
    let written_to = notice.offenders.iter().filter(|party| party.asn.has_noc());
    let offenders: Vec<Party> = written_to.cloned().collect();
    let accepted: Vec<String> =
        notice.accepted_by.iter().take(LISTED).map(|a| a.party.asn.to_string()).collect();
    let accepted = accepted.join(", ");
    let request = notice.kind.spec().accusation.map_or("", |accusation| accusation.request);
    match (offenders.is_empty(), accepted.is_empty()) {
        (true, _) => format!("Ask {accepted} {FILTER}; a draft is below."),
        (false, true) => format!("Ask {} {request}; a draft is below.", who(&offenders)),
        (false, false) if request == FILTER => {
            format!("Ask {} and {accepted} {FILTER}; a draft is below.", who(&offenders))
        }
        (false, false) => {
            format!("Ask {} {request} and {accepted} {FILTER}; a draft is below.", who(&offenders))
        }
    }
}

/// Of how many vantage points, as far as that is known.
fn total(vantage: &VantageCounts) -> String {
    let at_least = if vantage.at_least { "at least " } else { "" };
    format!("{at_least}{}", vantage.total)
}

/// After a gap in a feed, and while tables are all that is known, not everything is certain.
fn unconfirmed_line(vantage: &VantageCounts) -> Option<String> {
    let unconfirmed = (vantage.unconfirmed > 0).then(|| {
        let many = plural(vantage.unconfirmed, "of these is", "of these are");
        format!("{many} unconfirmed: not heard of live since a gap in a feed or the start")
    });
    let given_up = (vantage.given_up > 0).then(|| {
        let many = plural(vantage.given_up, "vantage point was", "vantage points were");
        format!("{many} not heard of again after a gap in a feed or the start, and given up")
    });
    let said: Vec<String> = unconfirmed.into_iter().chain(given_up).collect();
    (!said.is_empty()).then(|| said.join("; "))
}
