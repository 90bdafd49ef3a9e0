//! The phrases that texts, subjects and drafts are made of.

use std::collections::BTreeSet;
use std::time::Duration;

use bgp::Timestamp;
use jiff::tz::TimeZone;
use validator::{
    Area, Headline, IncidentKind, InvalidReason, OriginValidation, ValidationState, Vrp,
};

use super::page::{PrefixRow, moment};
use crate::annotations::{Annotations, Note};
use crate::content::phrase::{capitalized, duration, grouped, plural};
use crate::summary::{Cause, Summary};
use incidents::{
    AffectedPrefix, ClockStep, FeedState, Home, IncidentChange, Notice, Party, Reason, RpkiState,
};

/// VRPs that a line names; the rest stands in the JSON.
const LISTED: usize = 12;

/// Whether somebody else is at fault: only then it matters whom else they hit, and only then
/// there is somebody to write to.
pub(crate) const fn is_foreign(notice: &Notice) -> bool {
    let foreign = matches!(notice.kind.spec().area, Area::Hijack | Area::OthersRoutes);
    foreign && !notice.own
}

/// What happened to which of our prefixes, in one sentence; a list follows it.
pub(crate) fn headline(notice: &Notice) -> String {
    let Headline { now, over } = notice.kind.spec().headline;
    let sentence = if notice.reason == Reason::Resolved { over } else { now };
    let what = filled_in(sentence, notice);
    let end = if notice.prefixes.is_empty() && notice.details.is_empty() { "." } else { ":" };
    match notice.reason {
        Reason::Resolved => format!("It is over. {}{end}", capitalized(&what)),
        Reason::Reopened => format!("Again: {what}{end}"),
        Reason::Opened | Reason::Update | Reason::Reminder => {
            format!("{}{end}", capitalized(&what))
        }
    }
}

/// The sentence of a kind with what it is about in the place of each `{name}`.
fn filled_in(sentence: &str, notice: &Notice) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, end)| Some((before, end.split_once('}')?)))
    {
        text.push_str(before);
        match name {
            "who" => text.push_str(&who(&notice.offenders)),
            "count" => text.push_str(&plural(announced(notice), "prefix", "prefixes")),
            // A test holds the table to these three.
            _ => text.push_str(&notice.subject),
        }
        rest = after;
    }
    text + rest
}

/// How many prefixes were announced: one that covers several watches counts once.
fn announced(notice: &Notice) -> usize {
    if notice.kind != IncidentKind::SuperPrefix {
        return notice.prefix_count;
    }
    notice.prefixes.iter().map(|p| p.announced).collect::<BTreeSet<_>>().len()
}

/// The offenders with their names.
pub(crate) fn who(offenders: &[Party]) -> String {
    let labels: Vec<String> = offenders.iter().map(Party::label).collect();
    if labels.len() > 1 { format!("one of {}", labels.join(" / ")) } else { labels.join("") }
}

/// A row of the list that follows the headline.
/// Without any RPKI data (`validated` is false) the verdict is unknown, and not that no VRP was found.
pub(crate) fn prefix_row(affected: &AffectedPrefix, validated: bool) -> PrefixRow {
    let announced = match affected.watched {
        Some(watched) if watched == affected.announced => watched.to_string(),
        Some(watched) if watched.covers(&affected.announced) => {
            format!("{} in {watched}", affected.announced)
        }
        Some(watched) => format!("{} over {watched}", affected.announced),
        None => affected.announced.to_string(),
    };
    let state = if validated { affected.rov.name() } else { "unknown" };
    PrefixRow {
        announced,
        verdict: format!("{}, RPKI {state}", affected.kind.spec().title),
        description: affected.description.clone(),
    }
}

pub(crate) fn verdict(rov: &OriginValidation) -> String {
    match (rov.state(), rov.reason()) {
        (ValidationState::Invalid, Some(InvalidReason::As)) => "invalid (wrong AS)".to_owned(),
        (ValidationState::Invalid, Some(InvalidReason::Length)) => "invalid (too long)".to_owned(),
        (state, _) => state.name().to_owned(),
    }
}

pub(crate) fn vrps(rov: &OriginValidation) -> String {
    let deciding: &[&[Vrp]] = match rov.state() {
        ValidationState::Valid => &[&rov.matched],
        ValidationState::Invalid | ValidationState::NotFound => {
            &[&rov.unmatched_length, &rov.unmatched_as]
        }
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

pub(crate) fn home_line(home: &Home, over: bool) -> String {
    if home.total == 0 {
        return format!("there is no vantage point in {}", home.country);
    }
    let seen = if over { "was seen" } else { "seen" };
    format!("{seen} by {} of {} vantage points in {}", home.holding, home.total, home.country)
}

/// What is new, in phrases; many prefixes are only counted.
pub(crate) fn changes(changes: &[IncidentChange]) -> Vec<String> {
    const NAMED: usize = 4;
    let count = changes.iter().filter(|change| matches!(change, IncidentChange::Prefix(_))).count();
    let mut phrases = Vec::new();
    if count > NAMED {
        phrases.push(format!("{} more prefixes", grouped(count)));
    }
    let told =
        |change: &&IncidentChange| count <= NAMED || !matches!(change, IncidentChange::Prefix(_));
    phrases.extend(changes.iter().filter(told).map(change));
    phrases
}

fn change(change: &IncidentChange) -> String {
    match change {
        IncidentChange::Severity(severity) => format!("it is {severity} now"),
        IncidentChange::Prefix(prefix) => format!("{prefix} too"),
        IncidentChange::AcceptedBy(asn) => format!("{asn} accepts it as well"),
        IncidentChange::SpreadPast(percent) => {
            format!("spread passed {percent}\u{a0}% of vantage points")
        }
        IncidentChange::HeldBy(count) => {
            format!("seen by {} now", plural(*count, "vantage point", "vantage points"))
        }
        IncidentChange::SeenIn(country) => format!("first seen in {country}"),
        IncidentChange::Upstream(asn) => format!("seen behind our upstream {asn}"),
        IncidentChange::Mass => "it hits many other networks too".to_owned(),
        IncidentChange::Detail(detail) => detail.trim_end_matches('.').to_owned(),
    }
}

/// The feeds and the RPKI data behind it, and what they lacked at that time.
pub(crate) fn data_sources(feeds: &[FeedState], rpki: Option<&RpkiState>, at: Timestamp) -> String {
    let down: Vec<&str> =
        feeds.iter().filter(|feed| !feed.up).map(|feed| feed.name.as_str()).collect();
    let mut text = plural(feeds.len(), "feed", "feeds");
    if !down.is_empty() {
        text = format!("{text}, without {}", down.join(", "));
    }
    for gaps in feeds.iter().filter_map(|feed| gaps(feed, at)) {
        text = format!("{text}, {gaps}");
    }
    match rpki {
        None => format!("{text}; no RPKI data: nothing could be validated"),
        Some(rpki) => {
            let stale = if rpki.stale { "STALE " } else { "" };
            let made = rpki.generated.map(|at| format!(" made {at}")).unwrap_or_default();
            format!("{text}; {stale}RPKI data{made}, {}", plural(rpki.vrps, "VRP", "VRPs"))
        }
    }
}

/// What times are worth since somebody set the clock. Where it was set back ours go on from before.
pub(crate) fn clock_step(step: ClockStep, zone: &TimeZone) -> String {
    let by = duration(Duration::from_secs(step.seconds.unsigned_abs()));
    let at = moment(step.at, zone);
    match step.seconds < 0 {
        true => format!("stepped back {by} at {at}; the times here go on from before"),
        false => format!("stepped forward {by} at {at}; earlier times are from before"),
    }
}

/// `a gap of 40 s in ris-live`, `3 gaps of 5 min in all in bmp`.
fn gaps(feed: &FeedState, at: Timestamp) -> Option<String> {
    let length = feed.gaps.iter().map(|gap| gap.until.unwrap_or(at).since(gap.from)).sum();
    let (length, name) = (duration(length), &feed.name);
    match feed.gaps.len() {
        0 => None,
        1 => Some(format!("a gap of {length} in {name}")),
        gaps => Some(format!("{gaps} gaps of {length} in total in {name}")),
    }
}

/// What people have said about an incident: labels and texts.
pub(crate) fn annotations(
    annotations: &Annotations,
    zone: &TimeZone,
) -> Vec<(&'static str, String)> {
    let signed = |by: &str, at| format!("by {by}, {}", moment(at, zone));
    let mut list = Vec::new();
    if let Some(ack) = &annotations.acknowledged {
        list.push(("Acknowledged", signed(&ack.by, ack.at)));
    }
    if let Some(muted) = &annotations.muted {
        let text = format!("until {}, by {}", moment(muted.until, zone), muted.by);
        list.push(("Muted", text));
    }
    if let Some(window) = &annotations.expected {
        list.push(("Expected", format!("in the maintenance window {window}")));
    }
    if let Some(closed) = &annotations.closed {
        list.push(("Closed", signed(&closed.by, closed.at)));
    }
    let note = |note: &Note| format!("{} ({})", note.text, signed(&note.by, note.at));
    list.extend(annotations.notes.iter().rev().take(LISTED).map(|one| ("Note", note(one))));
    list
}

/// Many incidents, in one phrase.
pub(crate) fn summary_headline(summary: &Summary) -> String {
    let count = plural(summary.row_count, "incident", "incidents");
    match &summary.cause {
        Cause::Storm(group_key) => format!("storm: {count} {group_key}"),
        Cause::NotificationLimit { .. } => format!("held back: {count}"),
        Cause::Maintenance { window } => {
            let unmet = match summary.unmet.len() {
                0 => String::new(),
                unmet => {
                    let unmet = plural(unmet, "expected change", "expected changes");
                    format!(", {unmet} did not happen")
                }
            };
            format!("maintenance {}: {count}{unmet}", window.name)
        }
        Cause::Daily => match summary.open_count {
            0 => "daily: nothing open".to_owned(),
            open => format!("daily: {} open", plural(open, "incident", "incidents")),
        },
        Cause::Drill => "DRILL: nothing has happened".to_owned(),
    }
}
