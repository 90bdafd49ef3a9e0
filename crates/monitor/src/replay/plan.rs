use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bgp::{Prefix, Timestamp};
use incidents::{AsDirectory, FeedState, OthersTold, RpkiState, Rules, Sources};
use validator::{Origins, RpkiSnapshot, Watch, WatchList};

use super::args::ReplayArgs;
use crate::config::Config;
use crate::exit::Failure;
use crate::{directory, watches, way_out};
use rpki_sources::{Source, Sources as RpkiSources, load_once_blocking};

/// What is watched and by which rules: from a config, or from the command line alone.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) config: Option<Config>,
    pub(super) rules: Rules,
    pub(super) watches: Arc<WatchList>,
    pub(super) snapshot: Arc<RpkiSnapshot>,
    pub(super) directory: Arc<AsDirectory>,
    /// What the user should know before it begins.
    pub(super) remarks: Vec<String>,
}

impl Plan {
    /// `at` is when the replay begins, where that is known: VRPs and ASPAs that have ended by then are left
    /// out.
    pub(super) fn new(args: &ReplayArgs, at: Option<Timestamp>) -> Result<Self, Failure> {
        if args.prefix.is_empty() {
            let config = Config::load(args.config.as_deref())?;
            way_out::take(&config)?;
            Plan::of_config(config, at)
        } else {
            Plan::of_arguments(args, at)
        }
    }

    /// What notices say of the data sources.
    pub(super) fn sources(&self, args: &ReplayArgs) -> Sources {
        let feed = |path: &std::path::PathBuf| FeedState {
            name: path.display().to_string(),
            kind: "recording".to_owned(),
            up: true,
            last_seen: None,
            gaps: Vec::new(),
        };
        let rpki = RpkiState {
            vrps: self.snapshot.vrps.len(),
            generated: self.snapshot.generated,
            source: self.snapshot.source.clone(),
            // A recording is as old as it is: there is no now to measure against.
            stale: false,
        };
        let others = OthersTold::of(&self.snapshot.vrps, true, BTreeMap::new());
        let known = !self.snapshot.source.is_empty();
        let feeds = args.inputs.iter().map(feed).collect();
        Sources { feeds, rpki: known.then_some(rpki), others, clock: None }
    }

    fn of_arguments(args: &ReplayArgs, at: Option<Timestamp>) -> Result<Self, Failure> {
        let (snapshot, remarks) = match &args.vrps {
            Some(text) => {
                let source = Source::parse(text, Path::new(""))?;
                if source == Source::Stdin
                    && args.inputs.iter().any(|input| input.as_os_str() == "-")
                {
                    let text = "standard input cannot hold both the VRPs and the routes";
                    return Err(Failure::Usage(text.to_owned()));
                }
                load_once_blocking(&RpkiSources::one(source, &[]), at)?
            }
            None => Default::default(),
        };
        let origins = || Origins::Only(args.origin.clone());
        let watch = |prefix: &Prefix| Watch::new(*prefix, origins(), prefix.length());
        // Who asks for a prefix does not ask what else its origin announces: no operator here.
        let watches = WatchList::new(args.prefix.iter().map(watch), [])
            .map_err(|conflict| Failure::Usage(conflict.to_string()))?;
        Ok(Plan {
            config: None,
            rules: Rules { own_asns: args.origin.clone(), ..Rules::default() },
            watches: Arc::new(watches),
            remarks,
            snapshot,
            directory: Arc::default(),
        })
    }

    fn of_config(config: Config, at: Option<Timestamp>) -> Result<Self, Failure> {
        let (snapshot, mut remarks) = load_once_blocking(&config.rpki, at)?;
        let watches = match &config.watches {
            watches if watches.is_empty() => {
                let derived = watches::derive(&config, &snapshot, &mut remarks)?;
                if derived.is_empty() {
                    return Err(Failure::Usage(watches::none_named(&config)));
                }
                derived
            }
            watches => watches.clone(),
        };
        let directory = directory::load(&config, &mut remarks)?;
        Ok(Plan {
            rules: config.rules(),
            watches,
            snapshot,
            directory: Arc::new(directory),
            remarks,
            config: Some(config),
        })
    }
}
