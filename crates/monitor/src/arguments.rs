//! What several commands take, and what holds where it is left out.

use std::time::Duration;

use bgp::{Timestamp, parse_duration};
use regex::bytes::Regex;

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

/// An expression for AS paths, with the `_` of routers: a boundary between two ASes, or an end of the path.
pub(crate) fn as_path(text: &str) -> Result<Regex, regex::Error> {
    let (mut pattern, mut characters, mut in_class) = (String::new(), text.chars(), false);
    while let Some(character) = characters.next() {
        match character {
            '\\' => {
                pattern.push('\\');
                pattern.extend(characters.next());
                continue;
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '_' if !in_class => {
                pattern.push_str("(?:^|[ ,{}()]+|$)");
                continue;
            }
            _ => {}
        }
        pattern.push(character);
    }
    Regex::new(&pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_underscore_is_where_an_as_begins_or_ends() {
        let matches =
            |pattern: &str, path: &str| as_path(pattern).unwrap().is_match(path.as_bytes());
        for path in ["4761", "4761 1", "1 4761", "1 4761 2", "1 {4761,2}", "1 {2,4761}", "(4761) 1"]
        {
            assert!(matches("_4761_", path), "{path}");
        }
        for path in ["14761", "47610", "1 47612 3", "1 {14761}", ""] {
            assert!(!matches("_4761_", path), "{path}");
        }
        assert!(matches("_1_2_", "9 1 2") && !matches("_1_2_", "1 9 2"));
        assert!(matches("^1_", "1 2") && !matches("^1_", "12") && matches("_1$", "2 1"));
        // What is a regular expression already stays one.
        assert!(
            matches(r"\b4761\b", "1 4761 2") && !matches(r"a\_", "1 2") && !matches("[_]", "1 2")
        );
        assert!(as_path("(").is_err());
    }

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
