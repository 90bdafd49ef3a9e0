//! What an import finds: what a config of ours can say, and what it cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use bgp::{Asn, Prefix};
use validator::IncidentKind;

use super::notes::Note;
use super::yaml::YamlError;
use crate::config_text::VrpPlace;

/// A file of the other program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignFile {
    /// Its name, for messages.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What a config of another program says, in our words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Whose config it was.
    pub program: &'static str,
    /// The files that were read.
    pub files: Vec<String>,
    /// `operator.asns`.
    pub asns: BTreeSet<Asn>,
    /// `operator.upstreams`.
    pub upstreams: BTreeSet<Asn>,
    /// `operator.customers`.
    pub customers: BTreeSet<Asn>,
    /// `[[watch]]`.
    pub watches: BTreeMap<Prefix, ImportedWatch>,
    /// `incident.min_vantage_ases`.
    pub min_vantage_ases: Option<u64>,
    /// `[[feed]]` of RIS Live.
    pub ris_live: RisLive,
    /// `rpki.sources`.
    pub vrps: Vec<VrpPlace>,
    /// `rpki.stale_after`, in minutes.
    pub stale_after: Option<u64>,
    /// `[mail]`.
    pub mail: Option<ImportedMail>,
    /// `[[channel]]`.
    pub channels: Vec<ImportedChannel>,
    /// `[[route]]`.
    pub routes: Vec<ImportedRoute>,
    /// `reminder.every`, in seconds.
    pub remind_every: Option<u64>,
    /// `web.listen`.
    pub web: Option<SocketAddr>,
    /// `heartbeat.url` and `every`, in seconds.
    pub heartbeat: Option<(String, u64)>,
    /// `network.proxy`, `host:port`.
    pub proxy: Option<String>,
    /// What is not carried.
    pub notes: Vec<Note>,
}

/// A watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedWatch {
    /// Who may originate it.
    pub origins: ImportedOrigins,
    /// `max_length`; none: the prefix itself.
    pub max_length: Option<u8>,
    /// `description`.
    pub description: String,
    /// `upstreams`; empty: those of the operator.
    pub upstreams: BTreeSet<Asn>,
    /// `roa_required`.
    pub roa_required: bool,
    /// Whether it may vanish: `visibility = 0`.
    pub may_vanish: bool,
    /// Where it comes from, `prefixes.yml:12`.
    pub place: String,
}

impl ImportedWatch {
    pub(super) fn new(origins: ImportedOrigins, place: String) -> Self {
        ImportedWatch {
            origins,
            max_length: None,
            description: String::new(),
            upstreams: BTreeSet::new(),
            roa_required: false,
            may_vanish: false,
            place,
        }
    }
}

/// Who may originate a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportedOrigins {
    /// These; empty: the operator.
    Only(BTreeSet<Asn>),
    /// Everybody.
    Any,
    /// Nobody: it is not announced.
    Nobody,
}

/// What is read of RIS Live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RisLive {
    /// `url`; none: RIPE's.
    pub url: Option<String>,
    /// Whether everything is read, `mode = "firehose"`.
    pub everything: bool,
    /// Whether the last table of a collector is read at the start.
    pub table: bool,
}

/// `[mail]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedMail {
    /// `from`.
    pub from: String,
    /// `to`.
    pub to: Vec<String>,
    /// `relay`; none: that of this machine.
    pub relay: Option<String>,
    /// `tls`; none: what the relay says.
    pub tls: Option<&'static str>,
    /// `username`.
    pub username: Option<String>,
}

/// `[[channel]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedChannel {
    /// `name`.
    pub name: String,
    /// What it is.
    pub kind: ImportedChannelKind,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportedChannelKind {
    /// A webhook.
    Webhook {
        /// `preset`; none: the event as JSON.
        preset: Option<&'static str>,
        /// `url`; none: it is a secret, and stays where it is.
        url: Option<String>,
    },
    /// A syslog server, `udp://192.0.2.1:514`.
    Syslog(String),
}

/// `[[route]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedRoute {
    /// `kinds`; empty: all.
    pub kinds: Vec<IncidentKind>,
    /// `prefixes`; empty: all.
    pub prefixes: Vec<Prefix>,
    /// `to`.
    pub to: Vec<String>,
}

/// The files cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// One of them is not YAML.
    #[error("{file}: {error}")]
    Yaml {
        /// Which one.
        file: String,
        /// Where, and why.
        error: YamlError,
    },
    /// One of them is something else.
    #[error("{file}: {what}")]
    Foreign {
        /// Which one.
        file: String,
        /// What was expected.
        what: &'static str,
    },
    /// No AS is named in them.
    #[error("no AS is named there: say yours with --asn")]
    NoAs,
    /// No prefix is named in them.
    #[error(
        "no prefix is named there: nothing to import (`originwatch init --asn ..` finds yours)"
    )]
    NoPrefix,
}
