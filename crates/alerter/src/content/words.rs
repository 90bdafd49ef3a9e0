//! The phrases that texts, subjects and drafts are made of.

use std::collections::BTreeSet;

use bgp::Timestamp;
use jiff::tz::TimeZone;
use validator::{Area, IncidentKind, InvalidReason, OriginValidation, ValidationState, Vrp};

use super::page::{PrefixRow, moment};
use crate::annotations::{Annotations, Note};
use crate::content::phrase::{capitalized, duration, grouped, plural};
use crate::summary::{Cause, Summary};
use incidents::{
    AffectedPrefix, FeedSight, Home, IncidentChange, Notice, Party, Reason, RpkiSight,
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
    let over = notice.reason == Reason::Resolved;
    let now = |past, present| if over { past } else { present };
    let (does, is) = (now("originated", "originates"), now("was", "is"));
    let (stands, leaks) = (now("stood", "stands"), now("leaked", "leaks"));
    let announces = now("announced", "announces");
    let who = who(&notice.offenders);
    let count = plural(announced(notice), "prefix", "prefixes");
    let what = match notice.kind {
        IncidentKind::OriginHijack | IncidentKind::SubPrefixHijack => {
            format!("{who} {does} {count} of our address space")
        }
        IncidentKind::Squatting => format!("{who} {does} {count} of ours that nobody may announce"),
        IncidentKind::SuperPrefix => format!("{who} {does} {count} covering what is ours"),
        IncidentKind::NewMoreSpecific => {
            format!("{who} {does} {count} more specific than the watch list allows")
        }
        IncidentKind::OwnAsNewPrefix => format!("our own {who} {does} {count} outside every watch"),
        IncidentKind::RpkiInvalid => format!(
            "what our own {who} announces {is} RPKI-invalid, and networks that validate drop it: \
             {count}"
        ),
        IncidentKind::RpkiUncovered => {
            format!("no ROA covers {count} that our own {who} {announces}")
        }
        IncidentKind::FirstHop => format!(
            "{who} {stands} next to our AS on the way to {count} of ours and is no upstream of \
             ours: a forged origin, or an upstream that the config does not name"
        ),
        IncidentKind::RouteLeak => {
            format!("{who} {leaks} {count} of ours on a path that ASPA forbids")
        }
        IncidentKind::VisibilityLoss
        | IncidentKind::RoaChange
        | IncidentKind::RoaExpiry
        | IncidentKind::TaMalfunction
        | IncidentKind::RpkiStale
        | IncidentKind::FeedSilent
        | IncidentKind::RouterDown
        | IncidentKind::DeliveryFailing => condition_headline(notice.kind, &notice.subject, over),
    };
    let end = if notice.prefixes.is_empty() && notice.details.is_empty() { "." } else { ":" };
    match notice.reason {
        Reason::Resolved => format!("It is over. {}{end}", capitalized(&what)),
        Reason::Reopened => format!("Again: {what}{end}"),
        Reason::Opened | Reason::Update | Reason::Reminder => {
            format!("{}{end}", capitalized(&what))
        }
    }
}

/// The same of what is not about routes.
fn condition_headline(kind: IncidentKind, subject: &str, over: bool) -> String {
    let is = if over { "was" } else { "is" };
    match kind {
        IncidentKind::VisibilityLoss => {
            let (cannot, more) = if over { ("could", "") } else { ("can", " any more") };
            format!("{subject} {cannot} not be reached from where it could be{more}")
        }
        IncidentKind::RoaChange => "ROAs that matter to us changed".to_owned(),
        IncidentKind::RoaExpiry => format!("ROAs of ours expire soon: {subject}"),
        IncidentKind::TaMalfunction => {
            format!("the VRPs of the trust anchor {subject} collapsed in number")
        }
        IncidentKind::RpkiStale => {
            format!("the RPKI data of {subject} {is} older than it should be")
        }
        IncidentKind::FeedSilent => {
            format!("the feed {subject} {is} silent, and what it shows {is} unseen")
        }
        IncidentKind::RouterDown => format!("the router {subject} {is} not telling us its routes"),
        IncidentKind::DeliveryFailing => format!("delivery to {subject} {is} failing"),
        IncidentKind::OriginHijack
        | IncidentKind::SubPrefixHijack
        | IncidentKind::Squatting
        | IncidentKind::SuperPrefix
        | IncidentKind::NewMoreSpecific
        | IncidentKind::OwnAsNewPrefix
        | IncidentKind::RpkiInvalid
        | IncidentKind::RpkiUncovered
        | IncidentKind::FirstHop
        | IncidentKind::RouteLeak => format!("{} {subject}", kind.spec().title),
    }
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
    let state = if validated { affected.rov.state().name() } else { "unknown" };
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
        IncidentChange::SeenIn(country) => format!("first seen in {country}"),
        IncidentChange::Upstream(asn) => format!("seen behind our upstream {asn}"),
        IncidentChange::Mass => "it hits many other networks too".to_owned(),
        IncidentChange::Detail(detail) => detail.trim_end_matches('.').to_owned(),
    }
}

/// The feeds and the RPKI data behind it, and what they lacked at that time.
pub(crate) fn data_sources(feeds: &[FeedSight], rpki: Option<&RpkiSight>, at: Timestamp) -> String {
    let down: Vec<&str> =
        feeds.iter().filter(|feed| !feed.up).map(|feed| feed.name.as_str()).collect();
    let mut sight = plural(feeds.len(), "feed", "feeds");
    if !down.is_empty() {
        sight = format!("{sight}, without {}", down.join(", "));
    }
    for gaps in feeds.iter().filter_map(|feed| gaps(feed, at)) {
        sight = format!("{sight}, {gaps}");
    }
    match rpki {
        None => format!("{sight}; no RPKI data: nothing could be validated"),
        Some(rpki) => {
            let stale = if rpki.stale { "STALE " } else { "" };
            let made = rpki.generated.map(|at| format!(" made {at}")).unwrap_or_default();
            format!("{sight}; {stale}RPKI data{made}, {} VRPs", grouped(rpki.vrps))
        }
    }
}

/// `a gap of 40 s in ris-live`, `3 gaps of 5 min in all in bmp`.
fn gaps(feed: &FeedSight, at: Timestamp) -> Option<String> {
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
