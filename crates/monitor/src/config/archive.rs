use std::path::PathBuf;

use super::section::Section;
use super::value;

/// `[archive]`: where recordings of RIPE RIS and RouteViews are asked for, and where they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The BGPKIT broker that knows the files of the collectors.
    pub broker: String,
    /// The folder for what is fetched; none: `originwatch` in the cache folder of the user.
    pub cache: Option<PathBuf>,
    /// How much is kept there at most, in MiB.
    pub cache_size: u64,
}

impl Archive {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let default = Archive::default();
        let broker = section.optional("broker", |value| {
            let expected = "an http:// or https:// URL, as \"https://api.bgpkit.com/v3/broker\"";
            let url = value::string(value, expected)?;
            match url.starts_with("https://") || url.starts_with("http://") {
                true => Ok(url.to_owned()),
                false => Err(value::wrong(value, "is not the URL of a web server", expected)),
            }
        });
        let cache = section.path("cache");
        let cache_size = section.optional("cache_size", value::number(1..=1 << 30));
        section.finish();
        Archive {
            broker: broker.unwrap_or(default.broker),
            cache,
            cache_size: cache_size.unwrap_or(default.cache_size),
        }
    }
}

impl Default for Archive {
    fn default() -> Self {
        let broker = "https://api.bgpkit.com/v3/broker".to_owned();
        Archive { broker, cache: None, cache_size: 10_240 }
    }
}
