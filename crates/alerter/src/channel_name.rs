use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a channel, as config, JSON and database write it: `mail`, or what the operator calls a
/// channel of their own. Sorts as its text does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ChannelName {
    /// Mail: there is one, and it has many addresses.
    Mail,
    /// A channel of the config, never called `mail`. It leads to one place.
    Named(String),
}

impl ChannelName {
    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        match self {
            ChannelName::Mail => "mail",
            ChannelName::Named(name) => name,
        }
    }
}

impl From<String> for ChannelName {
    fn from(name: String) -> Self {
        match name == ChannelName::Mail.as_str() {
            true => ChannelName::Mail,
            false => ChannelName::Named(name),
        }
    }
}

impl From<&str> for ChannelName {
    fn from(name: &str) -> Self {
        ChannelName::from(name.to_owned())
    }
}

impl From<ChannelName> for String {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Mail => ChannelName::Mail.as_str().to_owned(),
            ChannelName::Named(name) => name,
        }
    }
}

impl Ord for ChannelName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for ChannelName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_it_is_read() {
        let names: Vec<ChannelName> = serde_json::from_str(r#"["hook","mail"]"#).unwrap();
        assert_eq!(names, [ChannelName::Named("hook".to_owned()), ChannelName::Mail]);
        assert_eq!(serde_json::to_string(&names).unwrap(), r#"["hook","mail"]"#);
        assert!(names.is_sorted());
    }
}
