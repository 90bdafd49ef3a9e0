use std::fmt;

use crate::channel_name::ChannelName;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// Where notifications go: a mailbox, a webhook.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Receiver {
    /// Which channel.
    pub channel: ChannelName,
    /// The address within it; empty where the channel leads to one place.
    pub address: String,
}

impl Receiver {
    /// The address of a mailbox, with the name of its owner if there is one.
    pub fn mailbox(mailbox: &Mailbox) -> Self {
        Receiver { channel: ChannelName::Mail, address: mailbox.to_string() }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.as_str() {
            "" => write!(f, "{}", self.channel),
            address => write!(f, "{}:{address}", self.channel),
        }
    }
}
