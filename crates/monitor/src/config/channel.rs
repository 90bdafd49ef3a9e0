use alerter::ChannelName;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use alerter::channels::{Facility, Preset, Transport};

use super::section::Section;
use super::value;

/// `[[channel]]`: a way out beside mail.
#[derive(Clone, Debug)]
pub struct Channel {
    /// What routes call it.
    pub name: ChannelName,
    /// What it is.
    pub kind: ChannelKind,
    /// Time for one notification.
    pub timeout: Duration,
    /// How long a notification is tried.
    pub give_up_after: Duration,
    /// At most so many notifications a minute; none: no limit.
    pub per_minute: Option<u32>,
}

/// What a channel is, and what only that kind needs.
#[derive(Clone, Debug)]
pub enum ChannelKind {
    /// An HTTP request.
    Webhook(Webhook),
    /// A syslog server.
    Syslog(Syslog),
    /// A program, and its arguments.
    Exec(Vec<String>),
}

/// Where to post, and what. Secrets stay in their files, and are read when they are used.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// URL that takes the POST.
    pub url: Url,
    /// Format of the body.
    pub body: Body,
    /// The file with the key of the service, or a bearer token.
    pub key_file: Option<PathBuf>,
    /// The file with the secret that signs requests.
    pub secret_file: Option<PathBuf>,
    /// Certificates (PEM) that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
}

/// A URL, or the file that holds it: with many services it is the secret.
#[derive(Clone)]
pub enum Url {
    /// As it stands in the config.
    Here(String),
    /// In this file.
    File(PathBuf),
}

/// What is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The event as JSON.
    Event,
    /// What a service wants.
    Preset(Preset),
    /// What this template makes.
    Template(PathBuf),
}

/// A syslog server.
#[derive(Clone, Debug)]
pub struct Syslog {
    /// How messages travel.
    pub transport: Transport,
    /// Its name or address.
    pub host: String,
    /// Port of the server.
    pub port: u16,
    /// Facility of the messages (RFC 5424 section 6.2.1).
    pub facility: Facility,
    /// What we call ourselves; empty if not given.
    pub hostname: String,
    /// Certificates (PEM) that are trusted in place of those of the system.
    pub ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy)]
enum Type {
    Webhook,
    Syslog,
    Exec,
}

const TYPES: &[(&str, Type)] =
    &[("webhook", Type::Webhook), ("syslog", Type::Syslog), ("exec", Type::Exec)];

const PRESETS: &[(&str, Preset)] = &[
    ("slack", Preset::Slack),
    ("teams", Preset::Teams),
    ("mattermost", Preset::Mattermost),
    ("pagerduty", Preset::PagerDuty),
    ("opsgenie", Preset::Opsgenie),
    ("alertmanager", Preset::Alertmanager),
    ("alerta", Preset::Alerta),
];

impl Channel {
    pub(super) fn read_all(sections: &[Section<'_>]) -> Option<Vec<Self>> {
        let mut channels: Vec<Channel> = Vec::new();
        let mut whole = true;
        for section in sections {
            let Some(channel) = Channel::read(section) else {
                whole = false;
                continue;
            };
            if channels.iter().any(|other| other.name == channel.name) {
                let found = format!("a second channel '{}'", channel.name);
                section.fault("name", found, "a name of its own");
            }
            channels.push(channel);
        }
        whole.then_some(channels)
    }

    fn read(section: &Section<'_>) -> Option<Self> {
        let name = section.required("name", NAME, |value| {
            let name = value::string(value, NAME)?;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let fits = !name.is_empty() && name.len() <= 40 && name.chars().all(plain);
            match ChannelName::from(name) {
                named @ ChannelName::Named(_) if fits => Ok(named),
                ChannelName::Named(_) | ChannelName::Mail => {
                    Err(value::wrong(value, "is not a name for a channel", NAME))
                }
            }
        });
        let kind =
            section.required("type", "what it is: webhook, syslog or exec", value::word(TYPES));
        let (kind, default) = match kind? {
            Type::Webhook => (Webhook::read(section).map(ChannelKind::Webhook), 30),
            Type::Syslog => (Syslog::read(section).map(ChannelKind::Syslog), 10),
            Type::Exec => (command(section).map(ChannelKind::Exec), 30),
        };
        let timeout = section.optional("timeout", value::duration);
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            section.fault("timeout", "no time at all", "a duration, as \"30s\"");
        }
        let give_up_after = section.optional("give_up_after", value::duration);
        let per_minute = section.optional("per_minute", value::number(1..=6000));
        section.finish();
        Some(Channel {
            name: name?,
            kind: kind?,
            timeout: timeout.unwrap_or(Duration::from_secs(default)),
            give_up_after: give_up_after.unwrap_or(Duration::from_secs(5 * 86_400)),
            per_minute,
        })
    }

    /// Whether programs read it, not people: they are told every notice, and no summaries.
    pub fn is_for_programs(&self) -> bool {
        match &self.kind {
            ChannelKind::Webhook(webhook) => !matches!(
                webhook.body,
                Body::Preset(Preset::Slack | Preset::Teams | Preset::Mattermost)
            ),
            ChannelKind::Syslog(_) | ChannelKind::Exec(_) => true,
        }
    }
}

impl Webhook {
    fn read(section: &Section<'_>) -> Option<Self> {
        let preset = section.optional("preset", value::word(PRESETS));
        let template = section.path("template");
        let body = match (preset, template) {
            (Some(_), Some(_)) => {
                section.fault("template", "a template beside a preset", "one of them");
                None
            }
            (Some(preset), None) => Some(Body::Preset(preset)),
            (None, Some(template)) => Some(Body::Template(template)),
            (None, None) => Some(Body::Event),
        };
        let url = Url::read(section, preset);
        let key_file = section.path("key_file");
        if preset.is_some_and(Preset::needs_key) && !section.has("key_file") {
            section.missing("key_file", "the file with the key of this service");
        }
        let secret_file = section.path("secret_file");
        let ca_file = section.path("ca_file");
        Some(Webhook { url: url?, body: body?, key_file, secret_file, ca_file })
    }
}

impl Url {
    fn read(section: &Section<'_>, preset: Option<Preset>) -> Option<Self> {
        let url = section.optional("url", |value| {
            let url = value::string(value, URL)?;
            let right = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            match right.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
            {
                true => Ok(url.to_owned()),
                // It may be a secret that was only torn.
                false => {
                    let found = "what is not a URL of http or https";
                    Err(super::Fault::new(value.span(), found, URL).hide(true))
                }
            }
        });
        let file = section.path("url_file");
        match (url, file, preset.and_then(Preset::default_url)) {
            (Some(_), Some(_), _) => {
                section.fault("url_file", "'url_file' beside 'url'", "one of them");
                None
            }
            (Some(url), None, _) => Some(Url::Here(url)),
            (None, Some(file), _) => Some(Url::File(file)),
            (None, None, Some(url)) if !section.has("url") => Some(Url::Here(url.to_owned())),
            (None, None, _) => {
                if !section.has("url") && !section.has("url_file") {
                    section.missing("url", URL);
                }
                None
            }
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Url::Here(_) => f.write_str("Url::Here(..)"),
            Url::File(path) => f.debug_tuple("Url::File").field(path).finish(),
        }
    }
}

impl Syslog {
    fn read(section: &Section<'_>) -> Option<Self> {
        let server = section.required("server", SERVER, |value| {
            let text = value::string(value, SERVER)?;
            let (transport, default, rest) = match text.split_once("://") {
                Some(("udp", rest)) => (Transport::Udp, 514, rest),
                Some(("tcp", rest)) => (Transport::Tcp, 601, rest),
                Some(("tls", rest)) => (Transport::Tls, 6514, rest),
                _ => return Err(value::wrong(value, "is not a syslog server", SERVER)),
            };
            let (host, port) = value::host_and_port(rest, default)
                .ok_or_else(|| value::wrong(value, "is not a syslog server", SERVER))?;
            Ok((transport, host, port))
        });
        let facility = section.optional("facility", value::word(Facility::NAMES));
        let hostname = section.optional("hostname", |value| {
            let name = value::string(value, HOSTNAME)?;
            match network::is_host(name) {
                true => Ok(name.to_owned()),
                false => Err(value::wrong(value, "is not a host name", HOSTNAME)),
            }
        });
        let ca_file = section.path("ca_file");
        let (transport, host, port) = server?;
        Some(Syslog {
            transport,
            host,
            port,
            facility: facility.unwrap_or(Facility::DAEMON),
            hostname: hostname.unwrap_or_default(),
            ca_file,
        })
    }
}

fn command(section: &Section<'_>) -> Option<Vec<String>> {
    const EXPECTED: &str = "a program and its arguments, as [\"/usr/local/bin/page\", \"noc\"]";
    if !section.has("command") {
        section.missing("command", EXPECTED);
    }
    let command = section.list("command", value::text)?;
    // A name would be looked for wherever PATH says, which differs between a shell and a service.
    match command.first() {
        Some(program) if program.starts_with('/') => {
            if command.iter().any(|argument| argument.contains('\0')) {
                section.fault("command", "an argument with a NUL in it", EXPECTED);
            }
            Some(command)
        }
        Some(program) => {
            let found = format!("'{}' is not a full path", value::short(program));
            section.fault("command", found, EXPECTED);
            None
        }
        None => {
            section.fault("command", "'command' is empty", EXPECTED);
            None
        }
    }
}

const NAME: &str = "a name of letters, digits, - and _, as \"slack\"; not \"mail\"";
const URL: &str =
    "a URL, as \"https://hooks.example.net/noc\", or url_file with a file that holds it";
const SERVER: &str = "a syslog server, as \"udp://192.0.2.1:514\", \"tcp://log.example.net:601\" or \
     \"tls://log.example.net:6514\"";
const HOSTNAME: &str = "our own name, as \"monitor.example.net\"";
