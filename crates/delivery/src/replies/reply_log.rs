use std::collections::BTreeMap;
use std::time::Duration;

use alerter::dispatch::Command;
use alerter::replies::{Bounced, Incoming, Reply, Seen};
use bgp::Timestamp;
use store::{Journal, Outbox, Store, StoreError};
use validator::{Condition, IncidentKind};

/// Under which name the store keeps the Message-IDs.
const POSITION: &str = "replies";

/// So long without a bounce an address is believed to work again. That the relay takes a mail for it
/// says nothing: it took those that bounced.
const QUIET: Duration = Duration::from_secs(24 * 3600);

/// What replies and bounces have done so far, as the owner of the store knows it.
#[derive(Debug)]
pub struct ReplyLog {
    seen: Seen,
    /// By address: the last bounce and what it said; nothing where it has become quiet.
    bounced: BTreeMap<String, Option<(Timestamp, String)>>,
}

impl ReplyLog {
    /// What the store knows.
    ///
    /// # Errors
    ///
    /// Where it cannot be read: then a reply could be done twice.
    pub fn load(store: &Store) -> Result<Self, StoreError> {
        let seen = match store.position(POSITION)? {
            Some(json) => serde_json::from_str(&json)?,
            None => Seen::default(),
        };
        Ok(ReplyLog { seen, bounced: BTreeMap::new() })
    }

    /// Does what a mail says. Orders are of the time of the engine; mails bear that of the wall clock.
    ///
    /// # Errors
    ///
    /// Where the store does not take what became of a delivery.
    pub fn take(
        &mut self,
        journal: &mut Journal,
        now: Timestamp,
        wall: Timestamp,
        incoming: Incoming,
    ) -> Result<(), StoreError> {
        match incoming {
            Incoming::Reply(reply) => self.follow(journal, now, wall, reply),
            Incoming::Bounces(bounces) => {
                for bounced in bounces {
                    self.bounce(journal.store().outbox(), wall, &bounced)?;
                }
                Ok(())
            }
        }
    }

    /// What is so of each address from which mails came back.
    pub fn conditions(&mut self, now: Timestamp) -> Vec<Condition> {
        for bounce in self.bounced.values_mut() {
            bounce.take_if(|(at, _)| now.since(*at) >= QUIET);
        }
        let condition = |(address, bounce): (&String, &Option<(Timestamp, String)>)| Condition {
            kind: IncidentKind::DeliveryFailing,
            // Apart from what the relay says of the address, which would end it at once.
            subject: format!("{address}, behind the relay"),
            details: bounce.iter().map(|(_, said)| said.clone()).collect(),
            active: bounce.is_some(),
        };
        self.bounced.iter().map(condition).collect()
    }

    /// The Message-ID is written with what the reply does.
    fn follow(
        &mut self,
        journal: &mut Journal,
        now: Timestamp,
        wall: Timestamp,
        reply: Reply,
    ) -> Result<(), StoreError> {
        let Reply { message_id, from, actions } = reply;
        if !self.seen.is_new(wall, &message_id) {
            tracing::warn!(from, message_id, "a reply does nothing: it was read before");
            return Ok(());
        }
        journal.set_position(POSITION, serde_json::to_string(&self.seen)?);
        for action in actions {
            match journal.command(now, Command { by: from.clone(), action }) {
                Ok(()) => tracing::info!(from, message_id, "a reply is done"),
                Err(refusal) => {
                    tracing::warn!(from, message_id, "a reply makes no sense: {refusal}");
                }
            }
        }
        Ok(())
    }

    fn bounce(
        &mut self,
        outbox: Outbox<'_>,
        wall: Timestamp,
        bounced: &Bounced,
    ) -> Result<(), StoreError> {
        let Bounced { message_id, recipient, status, failed, diagnostic } = bounced;
        let said = format!("{status} {diagnostic}").trim().to_owned();
        if !failed {
            tracing::warn!(recipient, said, "a mail is late behind the relay");
            return Ok(());
        }
        // A report that names no mail of ours may be about what somebody else sent under our name.
        let id = message_id.as_deref().unwrap_or_default();
        match outbox.record_bounced(&format!("<{id}>"), recipient, &format!("bounced: {said}"))? {
            Some(address) => {
                tracing::error!(address, id, said, "a mail came back");
                self.bounced.insert(address, Some((wall, said)));
            }
            None => tracing::warn!(recipient, id, said, "a bounce of no mail of ours"),
        }
        Ok(())
    }
}
