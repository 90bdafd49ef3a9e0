//! The own routes that `whatif` and `roas` ask about, and what RPKI says now.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bgp::{Asn, Prefix, RouteOrigin, Timestamp};
use clap::Args;
use parser::{Element, ElementKind, Item, Reader, Received};
use validator::{Announcement, RpkiSnapshot, WatchList};

use crate::arguments::now;
use crate::config::Config;
use crate::exit::Failure;
use crate::format::Format;
use crate::given_time;
use crate::way_out;
use rpki_sources::{Source, Sources, load_once_blocking};

/// How the command line says it.
#[derive(Debug, Args)]
pub struct OwnRoutesArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG", conflicts_with_all = ["prefix", "origin"])]
    pub config: Option<PathBuf>,

    /// Without a config: a prefix that you announce; with --rib, one within which your routes are taken;
    /// may be repeated.
    #[arg(long, value_name = "PREFIX", value_delimiter = ',', requires = "origin")]
    pub prefix: Vec<Prefix>,

    /// Without a config: an AS of yours; may be repeated.
    #[arg(long, value_name = "ASN", value_delimiter = ',')]
    pub origin: Vec<Asn>,

    /// Current VRPs, instead of the config's: a file, an http(s):// URL, rtr://host:port.
    #[arg(long, value_name = "SRC")]
    pub vrps: Option<String>,

    /// A SLURM file of local exceptions (RFC 8416), instead of the config's; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub slurm: Vec<PathBuf>,

    /// Leave out VRPs and ASPAs that have expired by this time [default: now].
    #[arg(long, value_name = "TIME", value_parser = given_time::in_utc, allow_hyphen_values = true)]
    pub at: Option<Timestamp>,

    /// A RIB, in MRT or any other recording, from which your routes are taken; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub rib: Vec<PathBuf>,

    /// Output format; JSON is one line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

impl OwnRoutesArgs {
    /// The time that is asked about.
    pub fn time(&self) -> Timestamp {
        self.at.unwrap_or_else(now)
    }
}

/// What it means.
#[derive(Debug)]
pub struct OwnRoutes {
    /// Our routes, each once.
    pub routes: BTreeSet<Announcement>,
    /// Who we are.
    pub watches: Arc<WatchList>,
    /// What RPKI says now.
    pub snapshot: Arc<RpkiSnapshot>,
    /// What went wrong on the way: one line each.
    pub notes: Vec<String>,
}

impl OwnRoutes {
    /// Reads what the command line names.
    pub fn load(args: &OwnRoutesArgs) -> Result<Self, Failure> {
        let (watches, configured) = if args.origin.is_empty() {
            let config = Config::load(args.config.as_deref())?;
            way_out::take(&config)?;
            (config.watches, config.rpki)
        } else {
            let watches = WatchList::new([], args.origin.clone());
            let watches = watches.map_err(|conflict| Failure::Usage(conflict.to_string()))?;
            (Arc::new(watches), Sources::default())
        };
        let sources = match &args.vrps {
            Some(text) => Sources::one(Source::parse(text, Path::new(""))?, &args.slurm),
            None if args.slurm.is_empty() => configured,
            None => Sources { slurm: args.slurm.clone(), ..configured },
        };
        if sources.list.is_empty() {
            let text = "there is nothing to validate with: name the VRPs with --vrps";
            return Err(Failure::Usage(text.to_owned()));
        }
        let (snapshot, mut notes) = load_once_blocking(&sources, Some(args.time()))?;
        let mut own = OwnRoutes { routes: BTreeSet::new(), watches, snapshot, notes: Vec::new() };
        for path in &args.rib {
            own.read(path, &args.prefix, &mut notes)?;
        }
        if args.rib.is_empty() {
            own.routes = own.announced(&args.prefix);
        }
        if own.routes.is_empty() {
            let text =
                "none of these routes is ours: name prefixes, a --rib or a config with watches";
            return Err(Failure::Usage(text.to_owned()));
        }
        Ok(OwnRoutes { notes, ..own })
    }

    /// What the command line or the watches say that we announce; without either, what our ROAs do.
    fn announced(&self, prefixes: &[Prefix]) -> BTreeSet<Announcement> {
        let own = self.watches.operator_asns();
        let named = |prefix: &Prefix| {
            let prefix = *prefix;
            own.iter().map(move |origin| Announcement { prefix, origin: *origin })
        };
        let mut routes: BTreeSet<_> = prefixes.iter().flat_map(named).collect();
        routes.extend(self.watches.announcements());
        if routes.is_empty() {
            let vrps = self.snapshot.vrps.iter().filter(|vrp| own.contains(&vrp.asn()));
            routes.extend(vrps.map(|vrp| Announcement { prefix: vrp.prefix(), origin: vrp.asn() }));
        }
        routes
    }

    fn read(
        &mut self,
        path: &Path,
        prefixes: &[Prefix],
        notes: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let place = path.display().to_string();
        let file =
            File::open(path).map_err(|error| Failure::Read { place: place.clone(), error })?;
        let mut reader = Reader::new(io::BufReader::new(file), "");
        let mut damaged = 0_u64;
        let mut first = None;
        loop {
            let goes_on = reader.read_record(&Received, &mut |item| match item {
                Item::Element(element) => self.take(&element, prefixes),
                Item::Damage(damage) => {
                    damaged += 1;
                    first.get_or_insert_with(|| damage.to_string());
                }
            });
            if !goes_on {
                break;
            }
        }
        notes
            .extend(first.map(|first| format!("{place}: damaged {damaged} times; first: {first}")));
        Ok(())
    }

    /// Takes a route if it is ours: one of our ASes originates it, or one that a watch allows.
    fn take(&mut self, element: &Element<'_>, prefixes: &[Prefix]) {
        let (ElementKind::Rib { nlri, .. } | ElementKind::Announce { nlri, .. }) = element.kind
        else {
            return;
        };
        let origin @ RouteOrigin::As(asn) = element.origin() else { return };
        let prefix = nlri.prefix;
        let named = prefixes.is_empty() || prefixes.iter().any(|named| named.covers(&prefix));
        let allowed = |watch: &Arc<validator::Watch>| {
            watch.announced
                && watch.origins.allow(&origin)
                && watch.origins != validator::Origins::Any
        };
        let is_own = self.watches.is_operator(asn) && named
            || self.watches.covering(prefix).is_some_and(allowed);
        if is_own {
            self.routes.insert(Announcement { prefix, origin: asn });
        }
    }
}
