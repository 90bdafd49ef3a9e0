use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::fault::Fault;
use super::section::Section;
use super::value;

/// `[[feed]]`: where observations come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// What it is.
    pub kind: FeedKind,
    /// How many distinct vantage ASes of this feed must hold a route before an incident opens.
    pub min_vantage_ases: Option<u32>,
    /// How long it may say nothing before that is an incident.
    pub silent_after: Option<Duration>,
}

/// What a feed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// RIS Live over a web socket.
    RisLive {
        /// Where.
        url: String,
        /// How much of it.
        mode: RisLiveMode,
        /// Tables of its collectors, which tell what stood there before we listened.
        ribs: Vec<Rib>,
    },
    /// Our own routers over BMP (RFC 7854).
    Bmp {
        /// Where we wait for them.
        listen: SocketAddr,
        /// Who may connect.
        routers: Vec<BmpRouter>,
    },
    /// A folder into which somebody writes MRT files.
    MrtDir {
        /// Which.
        path: PathBuf,
        /// A table of the same collector, which is loaded first where the folder is new.
        rib: Option<PathBuf>,
    },
    /// OpenBMP messages from Kafka.
    Kafka {
        /// Where to begin, as `host:port`.
        brokers: Vec<String>,
        /// Which topics; a `*` stands for anything.
        topics: Vec<String>,
    },
}

/// How much of RIS Live is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RisLiveMode {
    /// What the watch list needs.
    Watched,
    /// Everything.
    Firehose,
}

/// A table that one collector wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rib {
    /// Which, as the feed calls it (`rrc21`): its peers are vantage points of both.
    pub collector: String,
    /// Where the table is.
    pub place: RibPlace,
}

/// Where a table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RibPlace {
    /// In the archive: the last one that it has.
    Latest,
    /// In a file.
    File(PathBuf),
    /// On the web.
    Url(String),
}

/// A router that may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BmpRouter {
    /// Where it comes from.
    pub address: IpAddr,
    /// What we call it; its address if not given.
    pub name: String,
    /// Whether the router's own AS stands in front of the paths that it mirrors.
    pub own_as_in_path: Tristate,
    /// Whether its messages carry path identifiers (RFC 7911).
    pub add_path: Tristate,
}

/// Told, or found out from the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tristate {
    /// Found out.
    #[default]
    Auto,
    /// Yes.
    On,
    /// No.
    Off,
}

const TRISTATE: &[(&str, Tristate)] =
    &[("auto", Tristate::Auto), ("on", Tristate::On), ("off", Tristate::Off)];

#[derive(Clone, Copy)]
enum Type {
    RisLive,
    Bmp,
    MrtDir,
    Kafka,
}

impl FeedKind {
    /// Its type, as the config has it.
    pub const fn name(&self) -> &'static str {
        match self {
            FeedKind::RisLive { .. } => "ris-live",
            FeedKind::Bmp { .. } => "bmp",
            FeedKind::MrtDir { .. } => "mrt-dir",
            FeedKind::Kafka { .. } => "kafka",
        }
    }

    /// The address that it listens on, if it does.
    pub const fn listens(&self) -> Option<SocketAddr> {
        match self {
            FeedKind::Bmp { listen, .. } => Some(*listen),
            FeedKind::RisLive { .. } | FeedKind::MrtDir { .. } | FeedKind::Kafka { .. } => None,
        }
    }
}

impl Feed {
    /// How many vantage ASes are enough where a vantage point's collector bears this name: one, of
    /// our own routers, and of others what is said.
    pub fn thresholds(&self) -> Vec<(String, u32)> {
        let said = self.min_vantage_ases;
        match &self.kind {
            FeedKind::Bmp { routers, .. } => {
                routers.iter().map(|router| (router.name.clone(), said.unwrap_or(1))).collect()
            }
            // All of RIS' collectors are called so; there were 26 in 2026.
            FeedKind::RisLive { .. } => {
                let named = |min| (0..100).map(move |number| (format!("rrc{number:02}"), min));
                said.into_iter().flat_map(named).collect()
            }
            FeedKind::MrtDir { .. } | FeedKind::Kafka { .. } => Vec::new(),
        }
    }

    pub(super) fn read(section: Section<'_>) -> Option<Self> {
        const TYPES: &[(&str, Type)] = &[
            ("ris-live", Type::RisLive),
            ("bmp", Type::Bmp),
            ("mrt-dir", Type::MrtDir),
            ("kafka", Type::Kafka),
        ];
        let expected = "a type: \"ris-live\", \"bmp\", \"mrt-dir\" or \"kafka\"";
        // Without a type nobody knows which keys are right: one fault is enough.
        let kind_of = section.required("type", expected, value::word(TYPES))?;
        let kind = match kind_of {
            Type::RisLive => ris_live(&section),
            Type::Bmp => bmp(&section),
            Type::MrtDir => mrt_dir(&section),
            Type::Kafka => kafka(&section),
        };
        // A file does not say who its collector is: there the key is one too many.
        let min_vantage_ases = match kind_of {
            Type::RisLive | Type::Bmp => {
                section.optional("min_vantage_ases", value::number(1..=10_000))
            }
            Type::MrtDir | Type::Kafka => None,
        };
        let silent_after = section.optional("silent_after", value::duration);
        section.finish();
        Some(Feed { kind: kind?, min_vantage_ases, silent_after })
    }
}

fn ris_live(section: &Section<'_>) -> Option<FeedKind> {
    const MODES: &[(&str, RisLiveMode)] =
        &[("watched", RisLiveMode::Watched), ("firehose", RisLiveMode::Firehose)];
    let url = section.optional("url", |value| {
        let expected = "a ws:// or wss:// URL, as \"wss://ris-live.ripe.net/v1/ws/\"";
        let url = value::string(value, expected)?;
        match url.starts_with("wss://") || url.starts_with("ws://") {
            true => Ok(url.to_owned()),
            false => Err(value::wrong(value, "is not the URL of a web socket", expected)),
        }
    });
    let mode = section.optional("mode", value::word(MODES));
    let ribs = section.entries("rib", RIB, |name, value| rib(section, name, value));
    Some(FeedKind::RisLive {
        url: url.unwrap_or_else(|| "wss://ris-live.ripe.net/v1/ws/".to_owned()),
        mode: mode.unwrap_or(RisLiveMode::Watched),
        ribs: ribs.unwrap_or_default(),
    })
}

const RIB: &str = "a table for each collector, as { rrc21 = \"latest\", rrc25 = \"rib.mrt.gz\" }";

fn rib(section: &Section<'_>, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Rib, Fault> {
    // Under another name its peers would be other vantage points than those of the feed.
    let number = name.strip_prefix("rrc").filter(|number| number.len() == 2);
    if !number.is_some_and(|number| number.bytes().all(|octet| octet.is_ascii_digit())) {
        let found = format!("'{}' is no collector of RIPE RIS", value::short(name));
        return Err(Fault::new(value.span(), found, "rrc and two digits, as rrc21"));
    }
    let text = value::string(value, "\"latest\", a file, or an http(s):// URL")?;
    let place = match text {
        "latest" => RibPlace::Latest,
        url if url.starts_with("https://") || url.starts_with("http://") => {
            RibPlace::Url(url.to_owned())
        }
        path => RibPlace::File(section.folder().join(path)),
    };
    Ok(Rib { collector: name.to_owned(), place })
}

fn bmp(section: &Section<'_>) -> Option<FeedKind> {
    let listen =
        section.required("listen", "for example listen = \"127.0.0.1:11019\"", value::socket);
    if !section.has("routers") {
        section.missing(
            "routers",
            "who may connect, as [ { address = \"192.0.2.1\", name = \"edge1\" } ]",
        );
    }
    let routers = section.sections("routers").iter().filter_map(router).collect();
    Some(FeedKind::Bmp { listen: listen?, routers })
}

fn router(section: &Section<'_>) -> Option<BmpRouter> {
    let address =
        section.required("address", "for example address = \"192.0.2.1\"", value::address);
    let name = section.optional("name", value::line);
    let own_as_in_path = section.optional("own_as_in_path", value::word(TRISTATE));
    let add_path = section.optional("add_path", value::word(TRISTATE));
    section.finish();
    let address = address?;
    Some(BmpRouter {
        address,
        name: name.unwrap_or_else(|| address.to_string()),
        own_as_in_path: own_as_in_path.unwrap_or_default(),
        add_path: add_path.unwrap_or_default(),
    })
}

fn mrt_dir(section: &Section<'_>) -> Option<FeedKind> {
    if !section.has("path") {
        section.missing("path", "the folder, as path = \"/var/spool/mrt\"");
    }
    let rib = section.path("rib");
    section.path("path").map(|path| FeedKind::MrtDir { path, rib })
}

fn kafka(section: &Section<'_>) -> Option<FeedKind> {
    let named = |key, expected| {
        if !section.has(key) {
            section.missing(key, expected);
        }
    };
    named("brokers", "for example brokers = [\"stream.routeviews.org:9092\"]");
    named("topics", "for example topics = [\"routeviews.amsix.ams.*.bmp_raw\"]");
    let brokers = section.list("brokers", value::host_port);
    let topics = section.list("topics", value::line);
    Some(FeedKind::Kafka { brokers: brokers?, topics: topics? })
}
