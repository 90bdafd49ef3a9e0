//! The edges where a notification leaves: everything here is async and does I/O.
//!
//! [`smtp`] carries mails, a [`Channel`] everything else. All of them say what went wrong as a
//! [`SendError`], whose kinds are what a delivery worker does next: try again, give up, hold and shout. What
//! a channel says is an [`Event`]; the services' own shapes of it stand in `preset`.

mod error;
mod event;
mod exec;
mod preset;
mod signature;
pub mod smtp;
mod syslog;
mod template;
mod webhook;

pub use error::SendError;
pub use event::{Delayed, Event, EventAction};
pub use exec::{Exec, ExecConfig};
pub use preset::Preset;
pub use signature::{SecretError, SigningKey};
pub use syslog::{Facility, Syslog, SyslogConfig, SyslogError, Transport};
pub use template::{Template, TemplateError};
pub use webhook::{Body, Webhook, WebhookConfig, WebhookError};

use bgp::Timestamp;

/// A way to a person or a program that is not mail.
#[derive(Debug, Clone)]
pub enum Channel {
    /// An HTTP request.
    Webhook(Webhook),
    /// A syslog message.
    Syslog(Syslog),
    /// A program.
    Exec(Exec),
}

impl Channel {
    /// Hands one event over; returns when the other side has taken it. `now` goes into the signature
    /// of a webhook.
    ///
    /// # Errors
    ///
    /// See [`SendError`] for what to do about each.
    pub async fn send(&self, event: &Event, now: Timestamp) -> Result<(), SendError> {
        match self {
            Channel::Webhook(webhook) => webhook.send(event, now).await,
            Channel::Syslog(syslog) => syslog.send(event).await,
            Channel::Exec(exec) => exec.send(event).await,
        }
    }
}
