//! Prefixes in a file, one a line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use bgp::Prefix;

use crate::exit::Failure;

/// No list of prefixes is longer.
const LIST_MAX: u64 = 64 << 20;

/// The first word of each line; a file without any prefix would find nothing, or everything.
pub(super) fn read(path: &Path) -> Result<Vec<Prefix>, Failure> {
    let failed = |error| Failure::read(path, error);
    let file = BufReader::new(File::open(path).map_err(failed)?.take(LIST_MAX));
    let mut prefixes = Vec::new();
    for (number, line) in file.lines().enumerate() {
        prefixes.extend(
            prefix(&line.map_err(failed)?).map_err(|why| {
                Failure::Usage(format!("{}:{}: {why}", path.display(), number + 1))
            })?,
        );
    }
    match prefixes.is_empty() {
        true => Err(Failure::Usage(format!("{}: no prefix stands in it", path.display()))),
        false => Ok(prefixes),
    }
}

/// None of an empty line or a comment.
fn prefix(line: &str) -> Result<Option<Prefix>, bgp::ParsePrefixError> {
    let words = line.trim_start_matches('\u{feff}').split('#').next().unwrap_or_default();
    words
        .split([' ', '\t', '\r', ',', ';'])
        .find(|word| !word.is_empty())
        .map(str::parse)
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_of_a_line_is_a_prefix() {
        let read = |line: &str| prefix(line).unwrap().map(|prefix| prefix.to_string());
        for line in [
            "198.18.0.0/21",
            "  198.18.0.0/21 # ours",
            "198.18.0.0/21,64500\r",
            "\u{feff}198.18.0.0/21;",
        ] {
            assert_eq!(read(line).as_deref(), Some("198.18.0.0/21"), "{line:?}");
        }
        for line in ["", "   ", "# 198.18.0.0/21", "\r"] {
            assert_eq!(read(line), None, "{line:?}");
        }
        assert!(prefix("198.18.1.0/21").is_err() && prefix("frog").is_err());
    }
}
