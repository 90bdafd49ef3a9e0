use std::time::Duration;

use super::section::Section;
use super::value;

/// `[heartbeat]`: a URL that is asked for again and again while all is well, at a service that raises
/// an alarm when it no longer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// URL that is asked for with GET.
    pub url: String,
    /// Time between two requests.
    pub every: Duration,
}

/// What services of this kind expect by default.
const EVERY: Duration = Duration::from_secs(300);

impl Heartbeat {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let expected = "an http:// or https:// URL, as \"https://hc.example.net/ping/4f1c\"";
        let url = section.required("url", expected, |value| {
            let url = value::string(value, expected)?;
            match url.starts_with("https://") || url.starts_with("http://") {
                true => Ok(url.to_owned()),
                false => Err(value::wrong(value, "is not the URL of a web server", expected)),
            }
        });
        let every = section.optional("every", |value| {
            let every = value::duration(value)?;
            match every.is_zero() {
                true => Err(value::wrong(value, "is too often", "at least \"1s\"")),
                false => Ok(every),
            }
        });
        section.finish();
        Some(Heartbeat { url: url?, every: every.unwrap_or(EVERY) })
    }
}
