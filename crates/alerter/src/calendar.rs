//! Maintenance windows from a calendar (iCalendar, RFC 5545), as people keep one anyway.
//!
//! Start with [`read`]. An event is a window if it says what it is about: prefixes (`198.18.0.0/21`) and
//! ASes (`AS64500`) in its `DESCRIPTION`, or in `X-ORIGINWATCH-PREFIX` and `X-ORIGINWATCH-ASN`, more than
//! one with commas between. `X-ORIGINWATCH-PIERCE` is `notice`, `warning`, `critical` or `none`,
//! `X-ORIGINWATCH-EXPECT` reads like `announced:198.18.0.0/24:AS64500`. An event that says nothing of
//! all this is no window: it would hold back everything.
//!
//! Of the rest `SUMMARY`, `STATUS`, `DTSTART`, `DTEND`, `DURATION`, `RRULE`, `RDATE`, `EXDATE` and
//! `RECURRENCE-ID` are heeded; alarms, tasks and free time are not.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::window::{Expected, Window};
use bgp::{Asn, Prefix, Timestamp};
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarStatus,
};
use calcard::{Entry, Parser, common::timezone::Tz};
use incidents::printable;
use validator::Severity;

/// What a calendar says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// The windows that are not over and begin [within](AHEAD), the earliest first.
    pub windows: Vec<Window>,
    /// What is not taken for a window, each with the reason.
    pub remarks: Vec<String>,
}

/// The calendar cannot be read. Half of one would end windows that are still meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// There is no `VCALENDAR` in it.
    #[error("no calendar in it (RFC 5545)")]
    NotOne,
    /// It ends too early, or its parts do not fit together.
    #[error("the calendar is broken or not complete")]
    Broken,
}

/// How far we look ahead; the calendar is read again and again.
pub const AHEAD: Duration = Duration::from_secs(62 * 24 * 3600);

/// Occurrences that are looked at: an event of every day for half a century.
const OCCURRENCES: usize = 20_000;

/// Windows of one calendar; a team has a dozen.
const MOST: usize = 1000;

/// Remarks of one calendar: somebody's whole diary may be in it.
const REMARKS: usize = 20;

/// Reads a calendar as of now. What it says without a time zone is by this one, an IANA name;
/// UTC where that is not known.
///
/// # Errors
///
/// Where it is none, or not complete.
pub fn read(text: &str, now: Timestamp, zone: &str) -> Result<Calendar, CalendarError> {
    let zone: Tz = zone.parse().or_else(|()| "UTC".parse()).unwrap_or_default();
    let mut parser = Parser::new(text);
    let (mut calendar, mut found) = (Calendar::default(), false);
    loop {
        match parser.entry() {
            Entry::ICalendar(one) => {
                found = true;
                take(&one, now, zone, &mut calendar);
            }
            Entry::Eof => break,
            // Lines of other programs between the calendars.
            Entry::InvalidLine(_) if !found => return Err(CalendarError::NotOne),
            Entry::InvalidLine(_) => {}
            _ => return Err(CalendarError::Broken),
        }
    }
    if !found {
        return Err(CalendarError::NotOne);
    }
    // The parser makes do with what there is.
    let last = text.trim_end().lines().next_back().unwrap_or_default();
    if !last.trim_end().eq_ignore_ascii_case("END:VCALENDAR") {
        return Err(CalendarError::Broken);
    }
    calendar.windows.sort_by(|a, b| (a.from, &a.name).cmp(&(b.from, &b.name)));
    if calendar.windows.len() > MOST {
        calendar.remarks.push(format!("only the next {MOST} windows are taken"));
        calendar.windows.truncate(MOST);
    }
    calendar.remarks.truncate(REMARKS);
    tell_apart(&mut calendar.windows);
    Ok(calendar)
}

/// The events of one calendar, each as often as it takes place.
fn take(one: &ICalendar, now: Timestamp, zone: Tz, calendar: &mut Calendar) {
    let expanded = one.expand_dates(zone, OCCURRENCES);
    if expanded.events.len() >= OCCURRENCES {
        calendar.remarks.push(format!("more than {OCCURRENCES} occurrences: the rest is left out"));
    }
    for error in &expanded.errors {
        let name = one.components.get(error.comp_id as usize).map(name).unwrap_or_default();
        calendar.remarks.push(format!("'{name}' is no window: its times cannot be read"));
    }
    let mut told = BTreeSet::new();
    for event in &expanded.events {
        let Some(component) = one.components.get(event.comp_id as usize) else { continue };
        let cancelled = component.status() == Some(&ICalendarStatus::Cancelled);
        if component.component_type != ICalendarComponentType::VEvent || cancelled {
            continue;
        }
        let (from, until) = event.timestamps();
        let (from, until) = (Timestamp::from_seconds(from), Timestamp::from_seconds(until));
        if until <= now || from > now + AHEAD {
            continue;
        }
        match window(component, from, until) {
            Ok(window) => calendar.windows.push(window),
            Err(why) if told.insert(event.comp_id) => {
                let name = name(component);
                calendar.remarks.push(format!("'{name}' is no window: {why}"));
            }
            Err(_) => {}
        }
    }
}

/// One occurrence; why it is no window, where it is none.
fn window(event: &ICalendarComponent, from: Timestamp, until: Timestamp) -> Result<Window, String> {
    let has = |property: &ICalendarProperty| event.property(property).is_some();
    let is_day = event.property(&ICalendarProperty::Dtstart).is_some_and(|start| {
        start.values.iter().any(|value| {
            matches!(value, calcard::icalendar::ICalendarValue::PartialDateTime(at) if !at.has_time())
        })
    });
    if !is_day && !has(&ICalendarProperty::Dtend) && !has(&ICalendarProperty::Duration) {
        return Err("it has no end".to_owned());
    }
    if until <= from {
        return Err("it ends before it begins".to_owned());
    }
    let mut window = Window::new(name(event), from, until);
    let description = texts(event, |one| *one == ICalendarProperty::Description).join(" ");
    for word in description.split(|c: char| c.is_whitespace() || "<>()[],;\"'".contains(c)) {
        let word = word.trim_end_matches(['.', ':', '!', '?']);
        if let Ok(prefix) = word.parse::<Prefix>() {
            window.prefixes.push(prefix);
        } else if word.len() > 2
            && word.get(..2).is_some_and(|front| front.eq_ignore_ascii_case("as"))
            && let Ok(asn) = word.parse::<Asn>()
        {
            window.asns.push(asn);
        }
    }
    window.prefixes.extend(own::<Prefix>(event, "PREFIX")?);
    window.asns.extend(own::<Asn>(event, "ASN")?);
    window.expects = own::<Expected>(event, "EXPECT")?;
    if window.prefixes.is_empty() && window.asns.is_empty() {
        window.prefixes = window.expects.iter().map(|expected| expected.prefix).collect();
    }
    if window.prefixes.is_empty() && window.asns.is_empty() {
        return Err("it names neither a prefix nor an AS".to_owned());
    }
    if let Some(pierce) = own::<String>(event, "PIERCE")?.last() {
        window.pierce = pierces(pierce)?;
    }
    window.prefixes.sort();
    window.prefixes.dedup();
    window.asns.sort();
    window.asns.dedup();
    Ok(window)
}

fn pierces(word: &str) -> Result<Option<Severity>, String> {
    match word.to_ascii_lowercase().as_str() {
        "notice" => Ok(Some(Severity::Notice)),
        "warning" => Ok(Some(Severity::Warning)),
        "critical" => Ok(Some(Severity::Critical)),
        "none" => Ok(None),
        other => Err(format!(
            "X-ORIGINWATCH-PIERCE is '{}' (expected notice, warning, critical or none)",
            printable(other)
        )),
    }
}

/// What a property of ours lists. A slip there is told: who writes it means it.
fn own<T: std::str::FromStr>(event: &ICalendarComponent, what: &str) -> Result<Vec<T>, String> {
    let name = format!("X-ORIGINWATCH-{what}");
    let is_own = |property: &ICalendarProperty| match property {
        ICalendarProperty::Other(other) => other.eq_ignore_ascii_case(&name),
        _ => false,
    };
    let texts = texts(event, is_own).join(",");
    let words = texts.split(|c: char| c == ',' || c.is_whitespace());
    let each = words.filter(|word| !word.is_empty()).map(|word| {
        let wrong = || format!("{name} cannot be read: '{}'", printable(word));
        word.parse().map_err(|_| wrong())
    });
    each.collect()
}

fn texts(event: &ICalendarComponent, is_wanted: impl Fn(&ICalendarProperty) -> bool) -> Vec<&str> {
    let entries = event.entries.iter().filter(|entry| is_wanted(&entry.name));
    entries.flat_map(|entry| &entry.values).filter_map(|value| value.as_text()).collect()
}

/// What people call it.
fn name(event: &ICalendarComponent) -> String {
    let summary = texts(event, |one| *one == ICalendarProperty::Summary).join(", ");
    let summary = printable(&summary).split_whitespace().collect::<Vec<_>>().join(" ");
    if summary.is_empty() { "maintenance".to_owned() } else { summary }
}

/// Windows go by name and beginning: two that have both in common get numbers.
fn tell_apart(windows: &mut [Window]) {
    let mut known = BTreeSet::new();
    for window in windows {
        let name = window.name.clone();
        for number in 2.. {
            if known.insert((window.from, window.name.clone())) {
                break;
            }
            window.name = format!("{name} ({number})");
        }
    }
}
