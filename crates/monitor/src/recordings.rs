//! The options that name recordings of the public archives.

use std::path::PathBuf;
use std::sync::Arc;

use archive::{Archive, Cache, Input, Recordings};
use bgp::Timestamp;
use clap::Args;

use crate::exit::Failure;

/// Recordings of the public archives, and where they are kept.
#[derive(Clone, Debug, Args)]
pub struct ArchiveArgs {
    /// Read what this collector of RIPE RIS or RouteViews recorded (rrc00, route-views2, ..); needs
    /// --from and --until; may be repeated.
    #[arg(long, value_name = "COLLECTOR", value_delimiter = ',')]
    pub collector: Vec<String>,

    /// The BGPKIT broker that knows the files of the collectors [default: that of the config, else
    /// https://api.bgpkit.com/v3/broker].
    #[expect(rustdoc::bare_urls, reason = "the help shows the line as it is")]
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,

    /// Cache what is fetched in this folder, also from URLs [default: that of the config, else
    /// originwatch in the cache folder of the user, and only recordings of collectors].
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,

    /// Size limit of the cache, in MiB [default: that of the config, else 10240].
    #[arg(long, value_name = "MIB")]
    pub cache_size: Option<u64>,
}

impl ArchiveArgs {
    /// The cache for URLs that are named themselves: only if the user says so, since what is behind
    /// a URL may change.
    pub(crate) fn cache_of_urls(&self) -> Result<Option<Arc<Cache>>, Failure> {
        let archive = self.cache.as_ref().map(|_| self.over(&Archive::default()));
        Ok(archive.map(|archive| archive.open_cache()).transpose()?)
    }

    /// What the collectors recorded from one time to, but without, another.
    pub(crate) fn find(
        &self,
        config: &Archive,
        what: Recordings,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Input>, Failure> {
        match self.span(from, until)? {
            Some((from, until)) => {
                Ok(self.over(config).find(&self.collector, what, from, until)?)
            }
            None => Ok(Vec::new()),
        }
    }

    /// The same, and what tells what stood there at the beginning; with what is missing, a sentence
    /// each.
    pub(crate) fn history(
        &self,
        config: &Archive,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<(Vec<Input>, Vec<String>), Failure> {
        match self.span(from, until)? {
            Some((from, until)) => Ok(self.over(config).history(&self.collector, from, until)?),
            None => Ok((Vec::new(), Vec::new())),
        }
    }

    /// None where no collector is asked for.
    fn span(
        &self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, Failure> {
        match from.zip(until) {
            _ if self.collector.is_empty() => Ok(None),
            None => Err(Failure::Usage("--collector needs --from and --until".to_owned())),
            span => Ok(span),
        }
    }

    /// What the config says, where the command line does not say otherwise.
    fn over(&self, config: &Archive) -> Archive {
        Archive {
            broker: self.broker.as_ref().unwrap_or(&config.broker).clone(),
            cache: self.cache.as_ref().or(config.cache.as_ref()).cloned(),
            cache_size: self.cache_size.unwrap_or(config.cache_size),
        }
    }
}
