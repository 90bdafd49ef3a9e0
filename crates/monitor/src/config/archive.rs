use archive::Archive;

use super::section::Section;
use super::value;

/// `[archive]`.
pub(super) fn read(section: &Section<'_>) -> Archive {
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
