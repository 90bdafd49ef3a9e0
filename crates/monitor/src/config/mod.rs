//! The config: TOML as it was written becomes what it means, once.
//!
//! Start with [`Config`]. Each section has a file of its own; `section` walks a table and knows
//! which keys were asked for, `value` reads single values, `fault` shows what is wrong and where.
//! Reading goes on after a fault, so that one run tells all of them.

mod archive;
mod asked;
mod channel;
mod dispatcher;
mod fault;
mod feed;
mod heartbeat;
mod in_force;
mod incident;
mod keys;
mod mail;
mod maintenance;
mod network;
mod operator;
mod replies;
mod rpki;
mod section;
mod value;
mod watch;
mod web;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use ::network::proxy::ProxyConfig;
use alerter::dispatch::DispatchRules;
use alerter::{ChannelName, Window};
use feeds::Feed;
use incidents::Rules;
use toml::de::DeTable;
use validator::WatchList;

pub use ::archive::Archive;
pub use ::delivery::{ImapServer, Mailbox};
pub use channel::{Body, Channel, ChannelKind, Syslog, Url, Webhook};
pub use fault::ConfigError;
pub use heartbeat::Heartbeat;
pub use mail::{Mail, Relay};
pub use maintenance::{Calendar, CalendarPlace};
pub use operator::Operator;
pub use replies::Replies;
pub use web::Web;

use fault::{Fault, Faults};
use section::{Place, Section};

use rpki_sources::Sources;

/// Where a config is looked for if nobody says where, in this order.
pub const DEFAULT_PATHS: [&str; 2] = ["/etc/originwatch/originwatch.toml", "originwatch.toml"];

/// What `originwatch.toml` means.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from.
    pub path: PathBuf,
    /// `[operator]`.
    pub operator: Operator,
    /// `[[watch]]`; empty if they are to be derived from the VRPs of the operator's ASes.
    pub watches: Arc<WatchList>,
    /// `[rpki]`.
    pub rpki: Sources,
    /// `[incident]`; [`rules`](Self::rules) has the operator too.
    pub incident: Rules,
    /// `[[feed]]`; RIS Live where the config does not say, and none where it says `feed = []`.
    pub feeds: Vec<Feed>,
    /// `[archive]`.
    pub archive: Archive,
    /// `[network]`; none if the environment says whether there is a proxy.
    pub proxy: Option<ProxyConfig>,
    /// `[mail]`; none if nothing is to be mailed.
    pub mail: Option<Mail>,
    /// `[[channel]]`.
    pub channels: Vec<Channel>,
    /// `[[route]]`, `[storm]`, `[[escalation]]`, `[reminder]`, `[digest]`, `[endangered]`.
    dispatcher: DispatchRules,
    /// `[[maintenance]]` with times.
    pub maintenance: Vec<Window>,
    /// `[[maintenance]]` with a calendar.
    pub calendars: Vec<Calendar>,
    /// `[data] as_names`.
    pub as_names: Option<PathBuf>,
    /// `[data] contacts`: exports of registries that say where NOCs are written to.
    pub contacts: Vec<PathBuf>,
    /// `[store] path`.
    pub store: PathBuf,
    /// `[heartbeat]`; none if nobody is to be told that we live.
    pub heartbeat: Option<Heartbeat>,
    /// `[web]`; none if there is to be no API.
    pub web: Option<Web>,
}

/// The config cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read the config {}: {error}", path.display())]
    Read {
        /// The config file.
        path: PathBuf,
        /// What the file system answered.
        error: io::Error,
    },
    /// It says something wrong.
    #[error(transparent)]
    Faults(#[from] ConfigError),
    /// None of the places where it is looked for has one.
    #[error("no config: neither {} nor ./{} exists; name one with -c", DEFAULT_PATHS[0], DEFAULT_PATHS[1])]
    Nowhere,
}

impl Config {
    /// Reads the config at `path`, or the first of [`DEFAULT_PATHS`] that exists.
    pub fn load(path: Option<&Path>) -> Result<Self, LoadError> {
        let (path, text) = Config::text(path)?;
        Ok(Config::parse(&path, &text)?)
    }

    /// The text of the config at `path`, or of the first of [`DEFAULT_PATHS`] that exists; with its path.
    pub fn text(path: Option<&Path>) -> Result<(PathBuf, String), LoadError> {
        let path = match path {
            Some(path) => path,
            None => {
                let existing = DEFAULT_PATHS.iter().map(Path::new).find(|path| path.exists());
                existing.ok_or(LoadError::Nowhere)?
            }
        };
        let read = |error| LoadError::Read { path: path.to_owned(), error };
        let bytes = fs::read(path).map_err(read)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok((path.to_owned(), text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let fault = Fault::new(at..at, "a byte that is not UTF-8", "a text in UTF-8");
                let text = String::from_utf8_lossy(error.as_bytes());
                Err(ConfigError::new(path, &text, vec![fault]).into())
            }
        }
    }

    /// Reads the text of a config. `path` names it in errors, and relative paths start at its
    /// folder.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        Config::parse_asking(path, text, None)
    }

    /// Every key that holds with the config of this text: its value, and whether the file, the environment or a
    /// default says so. `proxies` are the variables that name one. Secrets are not shown.
    pub fn in_force(path: &Path, text: &str, proxies: &[String]) -> Result<String, ConfigError> {
        let asked = asked::Log::default();
        Config::parse_asking(path, text, Some(&asked))?;
        Ok(in_force::in_force(path, text, &asked.into_inner(), proxies))
    }

    /// Every key, and what holds where it is not written.
    pub fn defaults() -> String {
        in_force::defaults()
    }

    fn parse_asking(
        path: &Path,
        text: &str,
        asked: Option<&asked::Log>,
    ) -> Result<Self, ConfigError> {
        // An editor on Windows may have left a byte order mark; blanks keep the columns right.
        let blank = text.strip_prefix('\u{feff}').map(|rest| format!("   {rest}"));
        let text = blank.as_deref().unwrap_or(text);
        let (table, errors) = DeTable::parse_recoverable(text);
        let syntax = errors.iter().map(|error| {
            let message = error.message().replace('\n', ", ");
            Fault::new(error.span().unwrap_or(0..0), message, "")
        });
        let syntax: Vec<_> = syntax.collect();
        if !syntax.is_empty() {
            // What a torn text seems to say is guesswork: its other faults would mislead.
            return Err(ConfigError::new(path, text, syntax));
        }
        let faults = Faults::default();
        let folder = path.parent().unwrap_or(Path::new(""));
        let place = Place { folder, faults: &faults, asked };
        let config = Config::read(path, &Section::root(table.get_ref(), &place));
        let faults = faults.into_vec();
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigError::new(path, text, faults)),
        }
    }

    /// The rules of the incident engine.
    pub fn rules(&self) -> Rules {
        Rules {
            own_asns: self.operator.asns.clone(),
            country: self.operator.country,
            upstreams: self.operator.upstreams.clone(),
            min_vantage_ases_of: self.feeds.iter().flat_map(Feed::thresholds).collect(),
            ..self.incident.clone()
        }
    }

    /// Whose incidents are told.
    pub fn told_as(&self) -> alerter::Operator {
        let Operator { site, name, time_zone, .. } = &self.operator;
        alerter::Operator::new(site, name, time_zone.clone())
    }

    /// The rules of the dispatcher.
    pub fn dispatch_rules(&self) -> DispatchRules {
        DispatchRules {
            operator: self.told_as(),
            remember_for: self.incident.reopen_within,
            ..self.dispatcher.clone()
        }
    }

    /// Whether notifications can go by a channel of this name.
    pub(crate) fn has_channel(&self, name: &ChannelName) -> bool {
        match name {
            ChannelName::Mail => self.mail.is_some(),
            ChannelName::Named(_) => self.channels.iter().any(|channel| channel.name == *name),
        }
    }

    fn read(path: &Path, root: &Section<'_>) -> Option<Self> {
        let operator = operator(root);
        let (asns, upstreams) = match &operator {
            Some(operator) => (operator.asns.as_slice(), operator.upstreams.as_slice()),
            None => Default::default(),
        };
        let watches = watch::read_all(&root.sections("watch"), asns, upstreams);
        let rpki = root.section("rpki").map_or_else(|| Some(Sources::default()), rpki::read);
        let incident = root.section("incident").map_or_else(Rules::default, |s| incident::read(&s));
        let feeds = feed::read_all(root);
        let archive = root.section("archive").map_or_else(Archive::default, |s| archive::read(&s));
        let proxy = root.section("network").and_then(|section| network::read(&section));
        let mail = root.section("mail").map(Mail::read);
        let channels = Channel::read_all(&root.sections("channel"));
        let dispatcher = dispatcher::read(
            root,
            mail.as_ref().and_then(Option::as_ref),
            channels.as_deref().unwrap_or_default(),
        );
        let zone = operator.as_ref().map_or(jiff::tz::TimeZone::UTC, |one| one.time_zone.clone());
        let maintenances = root.sections("maintenance");
        let calendars = maintenance::calendars(&maintenances);
        let maintenance = maintenance::read_all(&maintenances, &zone);
        let (as_names, contacts) = data(root);
        let store = only_path(root, "store", "path");
        let web = root.section("web").and_then(|web| Web::read(&web));
        let heartbeat = root.section("heartbeat").and_then(|section| Heartbeat::read(&section));
        root.finish();
        Some(Config {
            path: path.to_owned(),
            operator: operator?,
            watches: Arc::new(watches?),
            rpki: rpki?,
            incident,
            feeds,
            archive,
            proxy,
            // A [mail] that cannot be read is a fault, not a config without mail.
            mail: mail.map_or(Some(None), |mail| mail.map(Some))?,
            channels: channels?,
            dispatcher,
            maintenance,
            calendars,
            as_names,
            contacts,
            store: store.unwrap_or_else(|| root.folder().join("originwatch.db")),
            heartbeat,
            web,
        })
    }
}

/// `[operator]`, which must be there.
fn operator(root: &Section<'_>) -> Option<Operator> {
    if !root.has("operator") {
        root.missing("operator", "a table [operator] with name, site and asns");
    }
    Operator::read(root.section("operator")?)
}

/// `[data]`: who is who, and where NOCs are written to.
fn data(root: &Section<'_>) -> (Option<PathBuf>, Vec<PathBuf>) {
    let Some(section) = root.section("data") else { return (None, Vec::new()) };
    let as_names = section.path("as_names");
    let contacts = section.list("contacts", |value| Ok(section.folder().join(value::text(value)?)));
    section.finish();
    (as_names, contacts.unwrap_or_default())
}

/// The path that is all there is in a section.
fn only_path(root: &Section<'_>, section: &'static str, key: &'static str) -> Option<PathBuf> {
    let section = root.section(section)?;
    let path = section.path(key);
    section.finish();
    path
}
