//! Replies and bounces, from where they arrive to what they do.
//!
//! A mail is marked as seen only after what it wants is written down, together with its Message-ID:
//! whatever is cut off in between, it is read again, and done no second time. Nothing is answered.

mod imap;
mod mailbox;
mod maildir;
mod reader;
mod reply_log;

use std::sync::Arc;
use std::time::Duration;

use alerter::replies::Replies;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::event::DeliveryEvent;
use imap::{Imap, ImapError};
use maildir::{Maildir, MaildirError};
use reader::{Reader, Undone};

pub use mailbox::{ImapServer, Mailbox};
pub use reply_log::ReplyLog;

/// How often we look: who acknowledges at night does not want to wait.
const EVERY: Duration = Duration::from_secs(15);

/// How long one look may take: a server that hangs is connected to anew.
const WITHIN: Duration = Duration::from_secs(300);

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
enum RepliesError {
    #[error(transparent)]
    Maildir(#[from] MaildirError),
    #[error(transparent)]
    Imap(#[from] ImapError),
    #[error("no end within {} s", WITHIN.as_secs())]
    Timeout,
}

/// Where mails arrive.
enum Source {
    Maildir(Maildir),
    Imap(Box<Imap>),
}

/// Reads until nobody takes what is read.
pub async fn read_replies(
    mailbox: Mailbox,
    replies: Arc<Replies>,
    events: mpsc::Sender<DeliveryEvent>,
) {
    let mut source = match mailbox {
        Mailbox::Maildir(folder) => Source::Maildir(Maildir::new(folder)),
        Mailbox::Imap(server) => Source::Imap(Box::new(Imap::new(server))),
    };
    let mut reader = Reader::new(replies, events);
    let mut said = String::new();
    loop {
        let looked = timeout(WITHIN, source.look(&mut reader)).await;
        let trouble = match looked.unwrap_or(Err(RepliesError::Timeout)) {
            Ok(()) => String::new(),
            Err(
                RepliesError::Maildir(MaildirError::Undone(Undone::Gone))
                | RepliesError::Imap(ImapError::Undone(Undone::Gone)),
            ) => return,
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
            Source::Maildir(maildir) => Ok(maildir.look(reader).await?),
            Source::Imap(imap) => Ok(imap.look(reader).await?),
        }
    }
}
