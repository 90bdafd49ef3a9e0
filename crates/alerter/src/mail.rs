//! A notice as a mail: subject, thread, plain text, and the JSON attached.

use std::time::Duration;

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use crate::directory::printable;
use crate::news::News;
use crate::notice::Notice;
use crate::words::words;

/// What all mails of one operator have in common.
#[derive(Clone, Debug)]
pub struct Letterhead {
    /// The sender.
    pub from: Mailbox,
    /// For times in the text.
    pub time_zone: jiff::tz::TimeZone,
}

/// One notice to one recipient, ready to be sent or written to a file.
///
/// One mail each: a relay that refuses one recipient of several refuses the whole mail.
#[derive(Clone, Debug)]
pub struct Mail {
    subject: String,
    message_id: String,
    recipient: Mailbox,
    message: Message,
}

/// A mail that comes late says so, in the first lines of its text and in `X-Originwatch-Delayed`, so
/// that nobody takes the past for the present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Late {
    /// By how much.
    pub by: Duration,
    /// What held it up.
    pub why: String,
}

/// The mail could not be put together: an address that no header can carry.
#[derive(Debug, thiserror::Error)]
#[error("mail cannot be composed: {0}")]
pub struct ComposeError(#[from] lettre::error::Error);

impl Mail {
    /// Composes the mail. The same notice gives the same bytes each time, so that a repetition is
    /// recognised as one.
    pub fn compose(
        notice: &Notice,
        letterhead: &Letterhead,
        recipient: &Mailbox,
    ) -> Result<Mail, ComposeError> {
        Mail::compose_late(notice, letterhead, recipient, None)
    }

    /// The same, for a mail that may be late.
    pub fn compose_late(
        notice: &Notice,
        letterhead: &Letterhead,
        recipient: &Mailbox,
        late: Option<&Late>,
    ) -> Result<Mail, ComposeError> {
        let subject = subject(notice);
        let mut text = notice.text(&letterhead.time_zone);
        if let Some(late) = late {
            text = format!("{}\n\n{text}", late.words());
        }
        let json = serde_json::to_string_pretty(notice).unwrap_or_default();
        let date = std::time::UNIX_EPOCH
            + Duration::from_micros(u64::try_from(notice.at.micros()).unwrap_or(0));
        let mut builder = Message::builder()
            .from(letterhead.from.clone())
            .to(recipient.clone())
            .subject(&subject)
            .date(date)
            .message_id(Some(notice.message_id.clone()));
        if notice.sequence > 0 {
            builder = builder.in_reply_to(notice.thread_id()).references(notice.thread_id());
        }
        for (name, value) in headers(notice) {
            builder =
                builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
        }
        if let Some(late) = late {
            let name = HeaderName::new_from_ascii_str("X-Originwatch-Delayed");
            let seconds = format!("{} s", late.by.as_secs());
            builder = builder.raw_header(HeaderValue::new(name, seconds));
        }
        let attachment = Attachment::new(format!("{}.{}.json", notice.incident, notice.sequence))
            .body(json, ContentType::parse("application/json").unwrap_or(ContentType::TEXT_PLAIN));
        // A boundary of our own: a random one would make each repetition another mail.
        let parts = MultiPart::mixed()
            .boundary(format!("{}.{}", notice.incident, notice.sequence))
            .singlepart(SinglePart::plain(text))
            .singlepart(attachment);
        let message = builder.multipart(parts)?;
        let message_id = notice.message_id.clone();
        Ok(Mail { subject, message_id, recipient: recipient.clone(), message })
    }

    /// The subject.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The Message-ID, in angle brackets: the same for every repetition and every recipient.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// Who gets it.
    pub fn recipient(&self) -> &Mailbox {
        &self.recipient
    }

    /// The mail as RFC 5322 writes it, with CRLF: an `.eml` file.
    pub fn formatted(&self) -> Vec<u8> {
        self.message.formatted()
    }

    /// Sender and recipient for SMTP.
    pub fn envelope(&self) -> &Envelope {
        self.message.envelope()
    }
}

impl Late {
    fn words(&self) -> String {
        let minutes = self.by.as_secs() / 60;
        let by = match minutes {
            0..120 => format!("{minutes} min"),
            _ => format!("{} h {} min", minutes / 60, minutes % 60),
        };
        format!("This mail is {by} late. What held it up:\n{}", printable(&self.why))
    }
}

/// `[LON01] CRITICAL origin hijack 198.18.0.0/21 (+1) by AS4761 INDOSAT-INP-AP, ID - OPEN`.
pub(crate) fn subject(notice: &Notice) -> String {
    let about = notice.prefixes.first().map(|p| p.announced.to_string());
    let about = about.unwrap_or_else(|| notice.subject.clone());
    let more = match notice.prefix_count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (+{more})"),
    };
    let by = notice.offenders.first().map(|party| format!(" by {}", party.label()));
    printable(&format!(
        "[{}] {} {} {about}{more}{} - {}",
        notice.site,
        notice.severity.to_string().to_uppercase(),
        words(notice.kind),
        by.unwrap_or_default(),
        notice.status(),
    ))
}

/// What mail programs, filters and vacation responders look at. Nothing here comes from BGP, RPKI
/// or a registry.
fn headers(notice: &Notice) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("X-Originwatch-Incident", notice.incident.to_string()),
        ("X-Originwatch-Kind", notice.kind.name().to_owned()),
        ("X-Originwatch-Severity", notice.severity.to_string()),
        ("X-Originwatch-Reason", notice.reason.name().to_owned()),
    ];
    if notice.changes.iter().any(|news| matches!(news, News::Severity(_))) {
        headers.push(("X-Originwatch-Escalated", "yes".to_owned()));
    }
    headers
}
