use std::time::Duration;

use alerter::dispatch::{Digest, DispatchRules, Hours, Routing, Rule, Step, Storm};
use alerter::{ChannelName, Receiver};
use jiff::civil::{Time, Weekday};
use toml::Spanned;
use toml::de::DeValue;
use validator::{IncidentKind, Severity};

use super::channel::Channel;
use super::fault::Fault;
use super::mail::Mail;
use super::section::Section;
use super::value;

/// `[[route]]`, `[storm]`, `[[escalation]]`, `[reminder]`, `[digest]`, `[endangered]`: who is told what,
/// and when not.
pub(super) fn read(root: &Section<'_>, mail: Option<&Mail>, channels: &[Channel]) -> DispatchRules {
    let known = Known::new(mail, channels);
    let defaults = DispatchRules::default();
    let rules = root.sections("route").iter().filter_map(|one| route(one, &known)).collect();
    let (storm, notification_limit) = match root.section("storm") {
        Some(section) => read_storm(&section, &defaults),
        None => (defaults.storm, defaults.notification_limit),
    };
    let steps = root.sections("escalation");
    let programs = channels.iter().filter(|channel| channel.is_for_programs());
    DispatchRules {
        routing: Routing { rules, default: known.all() },
        storm,
        notification_limit,
        escalation: steps.iter().filter_map(|one| step(one, &known)).collect(),
        remind_every: root.section("reminder").and_then(|section| reminder(&section)),
        digest: root.section("digest").and_then(|section| digest(&section, &known)),
        also: root
            .section("endangered")
            .and_then(|section| also(&section, &known))
            .unwrap_or_default(),
        programs: programs.map(|channel| channel.name.clone()).collect(),
        ..defaults
    }
}

/// Where a notification can go, by the names that the config has for it.
#[derive(Clone, Debug, Default)]
struct Known {
    mail: Vec<Receiver>,
    channels: Vec<Receiver>,
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

impl Known {
    fn new(mail: Option<&Mail>, channels: &[Channel]) -> Self {
        let boxes = mail.into_iter().flat_map(|mail| &mail.to);
        let channel =
            |one: &Channel| Receiver { channel: one.name.clone(), address: String::new() };
        Known {
            mail: boxes.map(Receiver::mailbox).collect(),
            channels: channels.iter().map(channel).collect(),
        }
    }

    fn all(&self) -> Vec<Receiver> {
        [self.mail.as_slice(), &self.channels].concat()
    }

    /// `mail` is every recipient, `mail:noc@example.net` one that need not be among them.
    fn find(&self, name: &str) -> Option<Vec<Receiver>> {
        let (channel, address) = match name.split_once(':') {
            Some((channel, address)) => (ChannelName::from(channel), Some(address)),
            None => (ChannelName::from(name), None),
        };
        let has_mail = !self.mail.is_empty();
        match (channel, address) {
            (ChannelName::Mail, None) => has_mail.then(|| self.mail.clone()),
            (ChannelName::Mail, Some(address)) => {
                let receiver = Receiver::mailbox(&address.parse().ok()?);
                let right = has_mail && !receiver.address.contains(char::is_control);
                right.then(|| vec![receiver])
            }
            (channel @ ChannelName::Named(_), None) => {
                let known = self.channels.iter().find(|known| known.channel == channel)?;
                Some(vec![known.clone()])
            }
            // No name of a channel has a colon.
            (ChannelName::Named(_), Some(_)) => None,
        }
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

fn to(section: &Section<'_>, known: &Known) -> Option<Vec<Receiver>> {
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

/// When many incidents become one notification, and how many notifications an hour there may be.
fn read_storm(section: &Section<'_>, defaults: &DispatchRules) -> (Option<Storm>, Option<u32>) {
    let default = Storm::default();
    let incidents = section.optional("incidents", value::number(0..=10_000));
    let incidents: usize = incidents.map_or(default.incidents, |incidents: u32| incidents as usize);
    let within = section.optional("within", positive).unwrap_or(default.within);
    let storm = (incidents > 0).then_some(Storm { incidents, within, ..default });
    let most = section.optional("letters_per_hour", value::number(0..=10_000));
    let notification_limit =
        most.map_or(defaults.notification_limit, |most: u32| (most > 0).then_some(most));
    section.finish();
    (storm, notification_limit)
}

fn reminder(section: &Section<'_>) -> Option<Duration> {
    let every = section.required("every", "a duration, as every = \"4h\"", positive);
    section.finish();
    every
}

fn also(section: &Section<'_>, known: &Known) -> Option<Vec<Receiver>> {
    let also = to(section, known);
    section.finish();
    also
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

pub(super) fn kind(value: &Spanned<DeValue<'_>>) -> Result<IncidentKind, Fault> {
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
