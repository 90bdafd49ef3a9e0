use std::collections::BTreeSet;
use std::time::Duration;

use alerter::desk::{DeskRules, Destination, Digest, Hours, Routing, Rule, Step, Storm};
use jiff::civil::{Time, Weekday};
use toml::Spanned;
use toml::de::DeValue;
use validator::{Kind, Severity};

use super::channel::Channel;
use super::fault::Fault;
use super::mail::Mail;
use super::section::Section;
use super::value;

/// `[[route]]`, `[storm]`, `[[escalation]]`, `[reminder]`, `[digest]`,
/// `[endangered]`: who is told what, and when not.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Who is told of which incidents; empty: everybody of everything.
    pub routes: Vec<Rule>,
    /// When many incidents become one letter; none: never.
    pub storm: Option<Storm>,
    /// Letters an hour to one destination; none: no limit.
    pub ceiling: Option<u32>,
    /// Who is told of what nobody has acknowledged.
    pub escalation: Vec<Step>,
    /// How often it is said again that nobody has.
    pub remind_every: Option<Duration>,
    /// The letter that comes every day.
    pub digest: Option<Digest>,
    /// Who is told as well while somebody may not be reached.
    pub also: Vec<Destination>,
    /// Everywhere that a letter can go.
    everywhere: Vec<Destination>,
    programs: BTreeSet<String>,
}

/// Where a letter can go, by the names that the config has for it.
#[derive(Clone, Debug, Default)]
struct Known {
    mail: Vec<Destination>,
    channels: Vec<Destination>,
}

const SEVERITIES: &[(&str, Severity)] = &[
    ("notice", Severity::Notice),
    ("warning", Severity::Warning),
    ("critical", Severity::Critical),
];

const DAYS: &[(&str, Weekday)] = &[
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

impl Desk {
    pub(super) fn read(root: &Section<'_>, mail: Option<&Mail>, channels: &[Channel]) -> Self {
        let known = Known::new(mail, channels);
        let defaults = DeskRules::default();
        let storm = root.section("storm");
        let reminder = root.section("reminder");
        let desk = Desk {
            routes: root.sections("route").iter().filter_map(|one| route(one, &known)).collect(),
            storm: storm.as_ref().map_or(defaults.storm, read_storm),
            ceiling: storm.as_ref().map_or(defaults.ceiling, |storm| {
                let most = storm.optional("letters_per_hour", value::number(0..=10_000));
                most.map_or(defaults.ceiling, |most: u32| (most > 0).then_some(most))
            }),
            escalation: root
                .sections("escalation")
                .iter()
                .filter_map(|one| step(one, &known))
                .collect(),
            remind_every: reminder.as_ref().and_then(|reminder| {
                reminder.required("every", "a duration, as every = \"4h\"", positive)
            }),
            digest: root.section("digest").and_then(|section| digest(&section, &known)),
            also: root
                .section("endangered")
                .and_then(|section| {
                    let also = to(&section, &known);
                    section.finish();
                    also
                })
                .unwrap_or_default(),
            programs: channels
                .iter()
                .filter(|channel| channel.is_for_programs())
                .map(|channel| channel.name.clone())
                .collect(),
            everywhere: known.all(),
        };
        [storm, reminder].iter().flatten().for_each(Section::finish);
        desk
    }

    /// These rules, over those that the desk has by itself.
    pub(super) fn rules(&self) -> DeskRules {
        DeskRules {
            routing: Routing { rules: self.routes.clone(), default: self.everywhere.clone() },
            storm: self.storm.clone(),
            ceiling: self.ceiling,
            escalation: self.escalation.clone(),
            remind_every: self.remind_every,
            digest: self.digest.clone(),
            also: self.also.clone(),
            programs: self.programs.clone(),
            ..DeskRules::default()
        }
    }
}

impl Known {
    fn new(mail: Option<&Mail>, channels: &[Channel]) -> Self {
        let boxes = mail.into_iter().flat_map(|mail| &mail.to);
        let of =
            |channel: &str, address: String| Destination { channel: channel.to_owned(), address };
        Known {
            mail: boxes.map(|mailbox| of("mail", mailbox.to_string())).collect(),
            channels: channels.iter().map(|one| of(&one.name, String::new())).collect(),
        }
    }

    fn all(&self) -> Vec<Destination> {
        [self.mail.as_slice(), &self.channels].concat()
    }

    /// `mail` is every recipient, `mail:noc@example.net` one that need not be among them.
    fn find(&self, name: &str) -> Option<Vec<Destination>> {
        if name == "mail" && !self.mail.is_empty() {
            return Some(self.mail.clone());
        }
        if let Some(address) = name.strip_prefix("mail:") {
            let mailbox: lettre::message::Mailbox = address.parse().ok()?;
            let address = mailbox.to_string();
            let right = !self.mail.is_empty() && !address.contains(char::is_control);
            return right.then(|| vec![Destination { channel: "mail".to_owned(), address }]);
        }
        let channel = self.channels.iter().find(|known| known.channel == name)?;
        Some(vec![channel.clone()])
    }

    fn expected(&self) -> String {
        let mut names = Vec::new();
        if !self.mail.is_empty() {
            names.extend(["\"mail\"".to_owned(), "\"mail:noc@example.net\"".to_owned()]);
        }
        names.extend(self.channels.iter().map(|known| format!("\"{}\"", known.channel)));
        match names.is_empty() {
            true => "a [mail] or a [[channel]] first".to_owned(),
            false => format!("one of {}", names.join(", ")),
        }
    }
}

fn to(section: &Section<'_>, known: &Known) -> Option<Vec<Destination>> {
    let expected = known.expected();
    if !section.has("to") {
        section.missing("to", &expected);
    }
    let to = section.list("to", |one| {
        let name = value::string(one, &expected)?;
        known.find(name).ok_or_else(|| value::wrong(one, "is nowhere to send to", &expected))
    })?;
    if to.is_empty() {
        section.fault("to", "'to' names nobody", expected);
    }
    Some(to.concat())
}

fn route(section: &Section<'_>, known: &Known) -> Option<Rule> {
    let kinds = section.list("kinds", kind).unwrap_or_default();
    let severity = section.optional("severity", value::word(SEVERITIES));
    let prefixes = section.list("prefixes", value::prefix).unwrap_or_default();
    let days = section.list("days", value::word(DAYS));
    let hours = section.optional("hours", hours);
    let always = (Time::midnight(), Time::midnight());
    let hours = (days.is_some() || hours.is_some()).then(|| {
        let (from, until) = hours.unwrap_or(always);
        Hours { days: days.unwrap_or_default(), from, until }
    });
    let to = to(section, known);
    section.finish();
    Some(Rule { kinds, severity, prefixes, hours, to: to? })
}

fn read_storm(section: &Section<'_>) -> Option<Storm> {
    let default = Storm::default();
    let incidents = section.optional("incidents", value::number(0..=10_000));
    let incidents: usize = incidents.map_or(default.incidents, |incidents: u32| incidents as usize);
    let within = section.optional("within", positive).unwrap_or(default.within);
    (incidents > 0).then_some(Storm { incidents, within, ..default })
}

fn step(section: &Section<'_>, known: &Known) -> Option<Step> {
    let after = section.required("after", "a duration, as after = \"30m\"", positive);
    let to = to(section, known);
    section.finish();
    Some(Step { after: after?, to: to? })
}

fn digest(section: &Section<'_>, known: &Known) -> Option<Digest> {
    let at = section.required("at", AT, |value| {
        let text = value::string(value, AT)?;
        time(text).ok_or_else(|| value::wrong(value, "is not a time of day", AT))
    });
    let to = to(section, known);
    section.finish();
    Some(Digest { at: at?, to: to? })
}

const AT: &str = "a time of day by the operator's clock, as \"08:00\"";

pub(super) fn kind(value: &Spanned<DeValue<'_>>) -> Result<Kind, Fault> {
    const EXPECTED: &str = "a kind of incident, as \"origin-hijack\" or \"feed-silent\"";
    let text = value::string(value, EXPECTED)?;
    let kind = serde_json::from_value(serde_json::Value::from(text));
    kind.map_err(|_| value::wrong(value, "is not a kind of incident", EXPECTED))
}

/// `22:00-06:00`.
fn hours(value: &Spanned<DeValue<'_>>) -> Result<(Time, Time), Fault> {
    const EXPECTED: &str = "hours by the operator's clock, as \"08:00-18:00\" or \"22:00-06:00\"";
    let text = value::string(value, EXPECTED)?;
    let both = text.split_once('-').and_then(|(from, until)| Some((time(from)?, time(until)?)));
    both.ok_or_else(|| value::wrong(value, "is not a span of hours", EXPECTED))
}

fn time(text: &str) -> Option<Time> {
    Time::strptime("%H:%M", text.trim()).ok()
}

/// A duration that is longer than nothing.
fn positive(value: &Spanned<DeValue<'_>>) -> Result<Duration, Fault> {
    let duration = value::duration(value)?;
    match duration.is_zero() {
        true => Err(value::wrong(value, "is no time at all", "a duration, as \"30m\"")),
        false => Ok(duration),
    }
}
