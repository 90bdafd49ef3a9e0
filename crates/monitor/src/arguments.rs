//! What several commands take, and what holds where it is left out.

use std::time::Duration;

use bgp::{Timestamp, parse_duration};

/// Who asks, as it will be shown: the login name, through sudo that of the person behind it.
pub(crate) fn login() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned())
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}

/// A length of time as the config has it: `90m`, `4h`, `2d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "expected a length of time, as 90m, 4h or 2d".to_owned())
}

/// A kind of incident by its name.
pub(crate) fn kind(text: &str) -> Result<validator::IncidentKind, String> {
    // The names are those of the JSON.
    let name = serde_json::Value::String(text.to_owned());
    serde_json::from_value(name).map_err(|_| format!("there is no kind of incident '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_those_of_the_config() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("90m"), Ok(5400));
        assert_eq!(seconds("4h"), Ok(4 * 3600));
        assert_eq!(seconds("2d"), Ok(2 * 86_400));
        for text in ["", "0m", "-4h", "4", "d", "soon", "99999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
