use std::fmt;
use std::path::PathBuf;

use alerter::{Expected, Standing, Window};
use bgp::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use toml::Spanned;
use toml::de::DeValue;
use validator::Severity;

use super::fault::Fault;
use super::section::Section;
use super::{dispatcher, value};

const PIERCE: &[(&str, Option<Severity>)] = &[
    ("notice", Some(Severity::Notice)),
    ("warning", Some(Severity::Warning)),
    ("critical", Some(Severity::Critical)),
    ("none", None),
];

const STANDS: &[(&str, Standing)] =
    &[("announced", Standing::Announced), ("withdrawn", Standing::Withdrawn)];

/// A `[[maintenance]]` with `calendar`: windows that people keep elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// What people call it.
    pub name: String,
    /// Where it is.
    pub place: CalendarPlace,
}

/// Where a calendar is.
#[derive(Clone, PartialEq, Eq)]
pub enum CalendarPlace {
    /// On this machine.
    File(PathBuf),
    /// On a web server. The address is often all that keeps others out, and is not shown.
    Url(String),
}

impl fmt::Debug for CalendarPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CalendarPlace::File(path) => f.debug_tuple("File").field(path).finish(),
            CalendarPlace::Url(_) => f.write_str("Url(..)"),
        }
    }
}

/// `[[maintenance]]` with `calendar`.
pub(super) fn calendars(sections: &[Section<'_>]) -> Vec<Calendar> {
    let mut calendars: Vec<Calendar> = Vec::new();
    for section in sections.iter().filter(|section| section.has("calendar")) {
        let name = section.required("name", "what people call it", value::line);
        let folder = section.folder();
        let place = section.optional("calendar", |value| {
            let text = value::string(value, CALENDAR)?;
            let web = text.strip_prefix("webcal://").map(|rest| format!("https://{rest}"));
            match text.split_once("://") {
                None if text.is_empty() => Err(value::wrong(value, "is empty", CALENDAR)),
                None => Ok(CalendarPlace::File(folder.join(text))),
                Some(("https" | "http" | "webcal", _)) => {
                    Ok(CalendarPlace::Url(web.unwrap_or_else(|| text.to_owned())))
                }
                Some(_) => {
                    Err(Fault::new(value.span(), "a calendar of no web server", CALENDAR)
                        .hide(true))
                }
            }
        });
        section.finish();
        let Some((name, place)) = name.zip(place) else { continue };
        if calendars.iter().any(|other| other.name == name) {
            section.fault("name", "a second calendar of this name", "a name of its own");
        }
        calendars.push(Calendar { name, place });
    }
    calendars
}

const CALENDAR: &str =
    "an iCalendar file or URL, as \"noc.ics\" or \"https://calendar.example.net/noc.ics\"";

/// `[[maintenance]]`: times in which something is expected.
pub(super) fn read_all(sections: &[Section<'_>], zone: &TimeZone) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for section in sections.iter().filter(|section| !section.has("calendar")) {
        let Some(window) = read(section, zone) else { continue };
        if windows.iter().any(|other| other.name == window.name) {
            section.fault("name", "a second maintenance of this name", "a name of its own");
        }
        windows.push(window);
    }
    windows
}

fn read(section: &Section<'_>, zone: &TimeZone) -> Option<Window> {
    let name = section.required("name", "what people call it", value::line);
    let from = section.required("from", MOMENT, |value| moment(value, zone));
    let until = section.required("until", MOMENT, |value| moment(value, zone));
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        section.fault("until", "it ends before it begins", "a time after 'from'");
    }
    let prefixes = section.list("prefixes", value::prefix).unwrap_or_default();
    let asns = section.list("asns", value::asn).unwrap_or_default();
    let kinds = section.list("kinds", dispatcher::kind).unwrap_or_default();
    let pierce = section.optional("pierce", value::word(PIERCE));
    let expects = section.sections("expects");
    let expects = expects.iter().filter_map(expected).collect();
    section.finish();
    let pierce = pierce.unwrap_or(Some(Severity::Critical));
    Some(Window { prefixes, asns, kinds, pierce, expects, ..Window::new(name?, from?, until?) })
}

fn expected(section: &Section<'_>) -> Option<Expected> {
    let prefix = section.required("prefix", "a prefix of ours", value::prefix);
    let origin = section.required("origin", "an AS of ours", value::asn);
    let stands = section.optional("stands", value::word(STANDS)).unwrap_or(Standing::Announced);
    section.finish();
    Some(Expected { prefix: prefix?, origin: origin?, stands })
}

const MOMENT: &str = "a time, as \"2026-12-01T22:00\" by the operator's clock or \
                      \"2026-12-01T22:00:00Z\"";

/// With an offset it is a moment; without one it is what the operator's clock says then.
fn moment(value: &Spanned<DeValue<'_>>, zone: &TimeZone) -> Result<Timestamp, Fault> {
    let text = match value.get_ref() {
        DeValue::Datetime(datetime) => datetime.to_string(),
        _ => value::string(value, MOMENT)?.to_owned(),
    };
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(moment.into());
    }
    let local = text.parse::<DateTime>().ok().and_then(|local| zone.to_timestamp(local).ok());
    local.map(Into::into).ok_or_else(|| value::wrong(value, "is not a time", MOMENT))
}
