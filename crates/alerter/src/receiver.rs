use std::fmt;

use serde::{Deserialize, Serialize};

/// Where notifications go: a mailbox, a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Receiver {
    /// Which channel (`mail`).
    pub channel: String,
    /// The address within it; empty where the channel leads to one place.
    pub address: String,
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.as_str() {
            "" => write!(f, "{}", self.channel),
            address => write!(f, "{}:{address}", self.channel),
        }
    }
}
