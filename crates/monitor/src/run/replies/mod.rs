//! Replies and bounces, from where they arrive to the engine.
//!
//! A mail is marked as seen only after what it wants is written down, together with its Message-ID:
//! whatever is cut off in between, it is read again, and done no second time. Nothing is answered.

mod done;
mod imap;
mod maildir;

use std::sync::Arc;
use std::time::Duration;

use alerter::replies::{Incoming, Replies, ReplyRefusal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::input::Input;
use crate::config::Mailbox;
pub(super) use done::Done;
use feeds::wall;
use imap::{Imap, ImapError};
use maildir::Maildir;

/// How often we look: who acknowledges at night does not want to wait.
const EVERY: Duration = Duration::from_secs(15);

/// How long one look may take: a server that hangs is connected to anew.
const WITHIN: Duration = Duration::from_secs(300);

/// Mails that are larger are left where they are: a reply is a line, and its quote a page.
const LARGEST: usize = 1024 * 1024;

/// A mail that is not marked as seen, and of which people have been told.
const LEFT: &str = "a mail is left as it is";

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
enum RepliesError {
    #[error("{0}")]
    Maildir(#[from] std::io::Error),
    #[error("{0}")]
    Imap(#[from] ImapError),
    #[error("no end within {} s", WITHIN.as_secs())]
    Timeout,
    #[error(transparent)]
    Undone(#[from] Undone),
}

/// A mail is not done, and must not be marked as seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Undone {
    #[error("the engine has ended")]
    Gone,
    #[error("what a mail says cannot be written down")]
    Unwritten,
}

/// What a mail that arrived is made into.
struct Reader {
    replies: Arc<Replies>,
    inputs: mpsc::Sender<Input>,
    refused: u64,
}

/// Where mails arrive.
enum Source {
    Maildir(Maildir),
    Imap(Box<Imap>),
}

/// Reads until the engine ends.
pub(super) async fn run(mailbox: Mailbox, replies: Arc<Replies>, inputs: mpsc::Sender<Input>) {
    let mut source = match mailbox {
        Mailbox::Maildir(folder) => Source::Maildir(Maildir::new(folder)),
        Mailbox::Imap(server) => Source::Imap(Box::new(Imap::new(server))),
    };
    let mut reader = Reader { replies, inputs, refused: 0 };
    let mut said = String::new();
    loop {
        let looked = timeout(WITHIN, source.look(&mut reader)).await;
        let trouble = match looked.unwrap_or(Err(RepliesError::Timeout)) {
            Ok(()) => String::new(),
            Err(RepliesError::Undone(Undone::Gone)) => return,
            Err(error) => error.to_string(),
        };
        if trouble != said {
            match trouble.as_str() {
                "" => tracing::info!("replies are read again"),
                error => tracing::error!(%error, "replies cannot be read"),
            }
        }
        said = trouble;
        tokio::time::sleep(EVERY).await;
    }
}

impl Source {
    /// Takes all that nobody has seen.
    async fn look(&mut self, reader: &mut Reader) -> Result<(), RepliesError> {
        match self {
            Source::Maildir(maildir) => maildir.look(reader).await,
            Source::Imap(imap) => imap.look(reader).await,
        }
    }
}

impl Reader {
    /// Has a mail read and done. When this is over it may be marked as seen.
    async fn take(&mut self, mail: &[u8]) -> Result<(), Undone> {
        match self.replies.read(wall(), mail) {
            Ok(incoming) => self.pass_on(incoming).await,
            Err(refusal) => {
                self.refused += 1;
                let refused = self.refused;
                match refusal {
                    ReplyRefusal::Automatic(_) => {
                        tracing::info!(refused, "a mail does nothing: {refusal}");
                    }
                    _ => tracing::warn!(refused, "a mail does nothing: {refusal}"),
                }
                Ok(())
            }
        }
    }

    async fn pass_on(&self, incoming: Incoming) -> Result<(), Undone> {
        let (done, written) = oneshot::channel();
        self.inputs.send(Input::Mail { incoming, done }).await.map_err(|_| Undone::Gone)?;
        written.await.map_err(|_| Undone::Unwritten)
    }
}
