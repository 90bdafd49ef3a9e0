use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// How far a folder was read: what the store keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Name of the file within its folder.
    pub file: String,
    /// How many records of it.
    pub records: u64,
    /// Whether that is all of them.
    pub done: bool,
}

/// The store holds something else than a position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a position in a folder")]
pub struct PositionError(String);

impl fmt::Display for Position {
    /// `3120 updates.20140402.1815.mrt.gz`, or `all` instead of the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.done {
            true => write!(f, "all {}", self.file),
            false => write!(f, "{} {}", self.records, self.file),
        }
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let error = || PositionError(text.to_owned());
        let (records, file) = text.split_once(' ').ok_or_else(error)?;
        let file = file.to_owned();
        match records {
            "all" => Ok(Position { file, records: 0, done: true }),
            number => {
                let records = number.parse().map_err(|_| error())?;
                Ok(Position { file, records, done: false })
            }
        }
    }
}

/// The name of a folder's position in the store; a folder that is named anew keeps it.
pub fn folder_key(path: &Path) -> String {
    format!("mrt-dir {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        for (records, done, text) in [(3120, false, "3120 a b.gz"), (0, true, "all a b.gz")] {
            let position = Position { file: "a b.gz".to_owned(), records, done };
            assert_eq!(position.to_string(), text);
            assert_eq!(text.parse(), Ok(position));
        }
        for text in ["", "all", "x y", "-1 a"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }
}
