use std::collections::BTreeMap;

use bgp::Timestamp;
use serde::{Deserialize, Serialize};

use super::READ_WITHIN;

/// The Message-IDs of the replies that were read, so that none is read twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seen(BTreeMap<String, Timestamp>);

impl Seen {
    /// Notes a Message-ID, and says whether it is new. What is so old that its mail would be
    /// [refused](super::ReplyRefusal::OutOfTime) anyway is forgotten.
    pub fn is_new(&mut self, now: Timestamp, message_id: &str) -> bool {
        // A mail may be dated a day ahead, and is then read for a day longer.
        let keep = READ_WITHIN + super::AHEAD;
        self.0.retain(|_, at| now.since(*at) <= keep);
        if self.0.contains_key(message_id) {
            return false;
        }
        self.0.insert(message_id.to_owned(), now);
        true
    }
}
