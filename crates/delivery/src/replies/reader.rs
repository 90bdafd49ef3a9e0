//! One mail, read and handed to the engine.

use std::sync::Arc;

use alerter::replies::{Incoming, Replies, ReplyRefusal};
use clock::wall;
use tokio::sync::{mpsc, oneshot};

use crate::event::DeliveryEvent;

/// Mails that are larger are left where they are: a reply is a line, and its quote a page.
pub(super) const LARGEST: usize = 1024 * 1024;

/// A mail that is not marked as seen, and of which people have been told.
pub(super) const LEFT: &str = "a mail is left as it is";

/// What a mail that arrived is made into.
pub(super) struct Reader {
    replies: Arc<Replies>,
    events: mpsc::Sender<DeliveryEvent>,
    refused: u64,
}

/// A mail is not done, and must not be marked as seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Undone {
    #[error("the engine has ended")]
    Gone,
    #[error("what a mail says cannot be written down")]
    Unwritten,
}

impl Reader {
    pub(super) fn new(replies: Arc<Replies>, events: mpsc::Sender<DeliveryEvent>) -> Self {
        Reader { replies, events, refused: 0 }
    }

    /// Has a mail read and done. When this is over it may be marked as seen.
    pub(super) async fn take(&mut self, mail: &[u8]) -> Result<(), Undone> {
        match self.replies.read(wall(), mail) {
            Ok(incoming) => self.pass_on(incoming).await,
            Err(refusal) => {
                self.refused += 1;
                let refused = self.refused;
                match refusal {
                    ReplyRefusal::Automatic(_) => {
                        tracing::info!(refused, "a mail does nothing: {refusal}");
                    }
                    ReplyRefusal::Unreadable
                    | ReplyRefusal::NoToken
                    | ReplyRefusal::Forged { .. }
                    | ReplyRefusal::Stranger(_)
                    | ReplyRefusal::Missing(_)
                    | ReplyRefusal::OutOfTime(_)
                    | ReplyRefusal::Command(_) => {
                        tracing::warn!(refused, "a mail does nothing: {refusal}");
                    }
                }
                Ok(())
            }
        }
    }

    async fn pass_on(&self, incoming: Incoming) -> Result<(), Undone> {
        let (done, written) = oneshot::channel();
        let event = DeliveryEvent::Received { incoming, done };
        self.events.send(event).await.map_err(|_| Undone::Gone)?;
        written.await.map_err(|_| Undone::Unwritten)
    }
}
