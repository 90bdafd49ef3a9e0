//! What people answer to a mail: who may, what they want, and what came back undelivered.
//!
//! Start with [`Replies`]: it signs the addresses that replies go to and reads what arrives there.
//! Nothing here answers a mail: to whom a refusal would go is what a forger chooses.
//!
//! The token is a capability: whoever has a mail of an incident may act on that incident under the
//! name of one of its readers, as the sender of a mail is what it says. It opens nothing else.

mod body;
mod bounce;
mod command;
mod seen;
mod token;
mod visible;

use std::time::Duration;

use bgp::Timestamp;
use jiff::tz::TimeZone;
use lettre::Address;
use lettre::message::Mailbox;
use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders};

use crate::dispatch::Action;
pub use bounce::Bounced;
pub use command::CommandError;
use incidents::IncidentId;
pub use seen::Seen;
pub use token::{ReplyKey, Token, WeakKey};

/// A reply that was written longer ago is refused, and so what was read need not be remembered for
/// longer.
pub const READ_WITHIN: Duration = Duration::from_secs(7 * 24 * 3600);

/// A clock may be wrong, by so much.
const AHEAD: Duration = Duration::from_secs(24 * 3600);

/// The largest mail that is read: a reply with a screenshot or two.
pub const MAX_SIZE: usize = 16 * 1024 * 1024;

/// The longest local part of an address that leaves room for a token behind it (RFC 5321 section
/// 4.5.3.1.1).
pub const LONGEST_LOCAL_PART: usize = MOST_LOCAL - 1 - Token::LONGEST;

/// The longest that relays take.
const MOST_LOCAL: usize = 64;

/// How replies are asked for and believed.
#[derive(Clone, Debug)]
pub struct Replies {
    /// What signs the tokens.
    pub key: ReplyKey,
    /// Where replies go; a token is put behind its local part with a `+` (RFC 5233).
    pub reply_to: Address,
    /// Who gets mails, and so may answer.
    pub recipients: Vec<Address>,
    /// Who else may: those behind a recipient that is a list or a shared mailbox.
    pub allow: Vec<Allowed>,
    /// For times that a person writes.
    pub time_zone: TimeZone,
}

/// Somebody who may answer without being a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// This one.
    Address(Address),
    /// Everybody of this domain, and of none below it.
    Domain(String),
}

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Somebody actions something.
    Reply(Reply),
    /// Mails of ours that did not arrive or are late (RFC 3464).
    Bounces(Vec<Bounced>),
}

/// A reply that is to be believed, if its Message-ID was not [seen](Seen) before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its Message-ID, without angle brackets.
    pub message_id: String,
    /// Who wrote it, as far as a mail can tell.
    pub from: String,
    /// What they want, in order; at least one.
    pub actions: Vec<Action>,
}

/// Why a mail that arrived does nothing. Nobody is told but the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyRefusal {
    /// It has no header, or is larger than [`MAX_SIZE`].
    #[error("not a mail that can be read")]
    Unreadable,
    /// A program wrote it.
    #[error("written by a program: {0}")]
    Automatic(&'static str),
    /// It names no incident.
    #[error("no reply token")]
    NoToken,
    /// We did not make its token, or not for this sender.
    #[error("the reply token for {incident} is not ours")]
    Forged {
        /// What it claims to be about.
        incident: IncidentId,
    },
    /// Its sender is neither a recipient nor allowed.
    #[error("{0} is no recipient and not in [mail.replies] allow")]
    Stranger(String),
    /// Without a Message-ID or a date a repetition could not be told.
    #[error("no {0}")]
    Missing(&'static str),
    /// It is older than [`READ_WITHIN`], or from the future.
    #[error("written at {0}, too far from now")]
    OutOfTime(Timestamp),
    /// It says nothing that we understand.
    #[error(transparent)]
    Command(#[from] CommandError),
}

impl Replies {
    /// The address that replies of this recipient about this incident go to.
    pub fn address(&self, incident: &IncidentId, recipient: &Address) -> Option<Mailbox> {
        let token = Token::new(&self.key, incident, recipient);
        let local = format!("{}+{token}", self.reply_to.user());
        // A local part that is too long (RFC 5321 section 4.5.3.1.1) is refused by relays.
        let address = Address::new(local, self.reply_to.domain()).ok();
        address
            .filter(|address| address.user().len() <= MOST_LOCAL)
            .map(|email| Mailbox::new(None, email))
    }

    /// Reads a mail that arrived.
    pub fn read(&self, now: Timestamp, mail: &[u8]) -> Result<Incoming, ReplyRefusal> {
        let within = Some(mail).filter(|mail| mail.len() <= MAX_SIZE);
        let message = within.and_then(|mail| MessageParser::default().parse(mail));
        let message = message.filter(|message| !message.headers().is_empty());
        let message = message.ok_or(ReplyRefusal::Unreadable)?;
        if let Some(bounces) = bounce::read(&message) {
            return Ok(Incoming::Bounces(bounces));
        }
        if let Some(why) = automatic(&message) {
            return Err(ReplyRefusal::Automatic(why));
        }
        let from = sender(&message).ok_or(ReplyRefusal::Missing("single sender"))?;
        let incident = self.incident(&message, &from)?;
        let message_id = message.message_id().ok_or(ReplyRefusal::Missing("Message-ID"))?;
        let date = message.date().filter(|date| date.is_valid());
        let date = date.ok_or(ReplyRefusal::Missing("date"))?;
        let date = Timestamp::from_seconds(date.to_timestamp());
        if now.since(date) > READ_WITHIN || date.since(now) > AHEAD {
            return Err(ReplyRefusal::OutOfTime(date));
        }
        let actions = command::read(&body::own_words(&message), &incident, now, &self.time_zone)?;
        Ok(Incoming::Reply(Reply {
            message_id: message_id.to_owned(),
            from: from.to_string(),
            actions,
        }))
    }

    /// What the mail is about, if its token is right and its sender may.
    fn incident(&self, message: &Message<'_>, from: &Address) -> Result<IncidentId, ReplyRefusal> {
        let is_recipient = self.recipients.iter().any(|one| same(one, from));
        if !is_recipient && !self.allow.iter().any(|allowed| allowed.holds(from)) {
            return Err(ReplyRefusal::Stranger(from.to_string()));
        }
        let tokens = token::find(message, &self.reply_to);
        let ours = tokens.iter().find(|token| {
            // Whoever answers for a list has the token of the list.
            let to = self.recipients.iter().filter(|one| !is_recipient || same(one, from));
            let mut shared = self.recipients.iter().filter(|_| self.is_allowed(from));
            to.chain(&mut shared).any(|to| token.is_ours(&self.key, to))
        });
        match (ours, tokens.first()) {
            (Some(token), _) => Ok(token.incident().clone()),
            (None, Some(token)) => Err(ReplyRefusal::Forged { incident: token.incident().clone() }),
            (None, None) => Err(ReplyRefusal::NoToken),
        }
    }

    fn is_allowed(&self, from: &Address) -> bool {
        self.allow.iter().any(|allowed| allowed.holds(from))
    }
}

impl Allowed {
    fn holds(&self, from: &Address) -> bool {
        match self {
            Allowed::Address(address) => same(address, from),
            Allowed::Domain(domain) => domain.eq_ignore_ascii_case(from.domain()),
        }
    }
}

/// Local parts differ by case in RFC 5321 and nowhere else.
fn same(one: &Address, other: &Address) -> bool {
    one.user().eq_ignore_ascii_case(other.user())
        && one.domain().eq_ignore_ascii_case(other.domain())
}

/// Of two From fields a reader sees one, and the relay may have vouched for the other (RFC 5322 section 3.6).
fn sender(message: &Message<'_>) -> Option<Address> {
    if message.header_values(HeaderName::From).count() != 1 {
        return None;
    }
    let mut from = message.from()?.iter();
    let (one, more) = (from.next()?, from.next());
    one.address.as_deref()?.parse().ok().filter(|_| more.is_none())
}

/// Why a mail is not by a person (RFC 3834), in whatever way its program says so.
fn automatic(message: &Message<'_>) -> Option<&'static str> {
    let header = |name: &'static str| {
        let value = message.header_raw(name).map(|value| value.trim().to_ascii_lowercase());
        value.filter(|value| !value.is_empty())
    };
    if header("Auto-Submitted").is_some_and(|value| !value.starts_with("no")) {
        return Some("Auto-Submitted");
    }
    // Exchange, Gmail and the vacation programs of the last forty years.
    const MARKS: [&str; 6] = [
        "X-Autoreply",
        "X-Autorespond",
        "X-Autoresponder",
        "X-Autoresponse",
        "X-Auto-Response-Suppress",
        "X-Originwatch-Incident",
    ];
    if let Some(name) = MARKS.into_iter().find(|name| header(name).is_some()) {
        return Some(name);
    }
    if header("Precedence")
        .is_some_and(|value| matches!(value.as_str(), "bulk" | "junk" | "auto_reply"))
    {
        return Some("Precedence");
    }
    if header("Return-Path").is_some_and(|value| value == "<>") {
        return Some("empty Return-Path");
    }
    if message
        .content_type()
        .is_some_and(|of| of.ctype() == "multipart" && of.subtype() == Some("report"))
    {
        return Some("a report");
    }
    let subject = message.subject().unwrap_or_default().trim().to_lowercase();
    VACATION.iter().any(|start| subject.starts_with(start)).then_some("its subject")
}

/// How the subjects of vacation notices begin where no header says so.
const VACATION: &[&str] = &[
    "auto:",
    "auto reply",
    "auto-reply",
    "autoreply",
    "automatic reply",
    "automatische antwort",
    "automatisch antwoord",
    "abwesenheit",
    "abwesend",
    "out of office",
    "out of the office",
    "on vacation",
    "vacation",
    "réponse automatique",
    "respuesta automática",
    "risposta automatica",
    "resposta automática",
    "autosvar",
];
