//! A notification as a mail: subject, thread, plain text, HTML beside it, and the JSON attached.
//!
//! Start with [`Mail::compose`]. `contents` takes from a notification what a mail needs, `html` draws the page,
//! [`Templates`] are the operator's own words, which see of a notification what `context` shows them.

mod contents;
mod context;
mod html;
mod sample;
mod template;

use std::sync::Arc;
use std::time::Duration;

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};

use contents::Contents;
use context::context;
use html::{render_html, render_text_as_html};
use template::Part;

pub(crate) use contents::subject;

use crate::content::page::Block;
use crate::content::text::render_text;
use crate::replies::{Replies, Token};

use crate::delivery_note::DeliveryNote;
use crate::notification::Content;
use incidents::printable;
pub use template::{TemplateFault, Templates};

/// What all mails of one operator have in common.
#[derive(Clone, Debug)]
pub struct MailComposer {
    /// The sender.
    pub from: Mailbox,
    /// For times in the text.
    pub time_zone: jiff::tz::TimeZone,
    /// How replies are asked for; none if nobody reads them.
    pub replies: Option<Arc<Replies>>,
    /// The operator's own words; none where ours will do.
    pub templates: Option<Arc<Templates>>,
}

/// One notification to one recipient, ready to be sent or written to a file.
///
/// One mail each: a relay that refuses one recipient of several refuses the whole mail.
#[derive(Clone, Debug)]
pub struct Mail {
    subject: String,
    message_id: String,
    recipient: Mailbox,
    message: Message,
}

/// The mail could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// An address that no header can carry.
    #[error("mail cannot be composed: {0}")]
    Address(#[from] lettre::error::Error),
    /// A text that no encoding carries: cannot happen with quoted-printable.
    #[error("mail cannot be composed: a part cannot be encoded")]
    Encoding,
}

impl MailComposer {
    /// Mails that nobody can answer, in our own words.
    pub fn new(from: Mailbox, time_zone: jiff::tz::TimeZone) -> Self {
        MailComposer { from, time_zone, replies: None, templates: None }
    }
}

impl Mail {
    /// Composes the mail. The same notification gives the same bytes each time but for the note, so that a
    /// repetition is recognised as one.
    pub fn compose(
        content: &Content,
        composer: &MailComposer,
        recipient: &Mailbox,
        note: Option<&DeliveryNote>,
    ) -> Result<Mail, ComposeError> {
        let mut contents = Contents::of(content, &composer.time_zone);
        if let Some(note) = note {
            contents.page.lead.extend(note.words());
            contents.headers.push(header(note));
        }
        let reply_to = reply(&mut contents, composer, recipient);
        let words = Words::of(content, &mut contents, composer);
        let mut builder = Message::builder()
            .from(composer.from.clone())
            .to(recipient.clone())
            .subject(&words.subject)
            .date(std::time::UNIX_EPOCH + since_1970(content))
            .message_id(Some(content.message_id().to_owned()));
        if let Some(reply_to) = reply_to {
            builder = builder.reply_to(reply_to);
        }
        let thread = content.thread_id();
        if thread != content.message_id() {
            builder = builder.in_reply_to(thread.clone()).references(thread);
        }
        for (name, value) in &contents.headers {
            let name = HeaderName::new_from_ascii_str(name);
            builder = builder.raw_header(HeaderValue::new(name, value.clone()));
        }
        let parts = parts(content, &words.text, &words.html, &contents.json)?;
        Ok(Mail {
            message: builder.multipart(parts)?,
            subject: words.subject,
            message_id: content.message_id().to_owned(),
            recipient: recipient.clone(),
        })
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

/// What tells programs of a note.
fn header(note: &DeliveryNote) -> (&'static str, String) {
    match note {
        DeliveryNote::Late { by, .. } => ("X-Originwatch-Delayed", format!("{} s", by.as_secs())),
        DeliveryNote::NotStored { why } => ("X-Originwatch-Not-Stored", printable(why)),
    }
}

fn since_1970(content: &Content) -> Duration {
    Duration::from_micros(u64::try_from(content.at().micros()).unwrap_or(0))
}

/// Says how to answer, where somebody reads it. The reference in the text serves programs that do
/// not heed `Reply-To`.
fn reply(contents: &mut Contents, head: &MailComposer, recipient: &Mailbox) -> Option<Mailbox> {
    let (replies, incident) = (head.replies.as_ref()?, contents.incident.as_ref()?);
    let address = replies.address(incident, &recipient.email)?;
    let token = Token::new(&replies.key, incident, &recipient.email);
    let accept = match contents.can_be_accepted {
        true => "ACCEPT (the AS next to ours belongs there), ",
        false => "",
    };
    let how = format!(
        "Reply with one of these as the first line: ACK, MUTE 4h, UNMUTE, CLOSE, {accept}NOTE and a text."
    );
    let blocks = vec![Block::Paragraph(how), Block::Paragraph(format!("Reference: {token}"))];
    contents.page.section(None, blocks);
    contents.reference = Some(token.to_string());
    Some(address)
}

/// What the mail says, in the operator's words or in ours.
struct Words {
    subject: String,
    text: String,
    html: String,
}

impl Words {
    /// A template that fails now, although it did not fail on the samples, costs its own words and
    /// not the mail, which says so.
    fn of(content: &Content, contents: &mut Contents, head: &MailComposer) -> Self {
        let mut faults = Vec::new();
        let (mut subject, mut text, mut html) = (None, None, None);
        if let Some(templates) = &head.templates {
            let context = context(content, contents);
            let mut render = |part| match templates.render(content, part, &context)? {
                Ok(words) => Some(words),
                Err(fault) => {
                    faults.push(fault.to_string());
                    None
                }
            };
            (subject, text, html) = (render(Part::Subject), render(Part::Text), render(Part::Html));
        }
        if !faults.is_empty() {
            let faults = faults.join("; ");
            let told = format!("A template failed, so this is in our own words: {faults}");
            contents.page.section(None, vec![Block::Paragraph(told)]);
            contents.headers.push(("X-Originwatch-Template-Fault", printable(&faults)));
        }
        // HTML that says something else than the text would hide it: most people see the HTML.
        let html = html.or_else(|| text.as_deref().map(render_text_as_html));
        Words {
            subject: subject.unwrap_or_else(|| contents.subject.clone()),
            text: text.unwrap_or_else(|| render_text(&contents.page)),
            html: html.unwrap_or_else(|| render_html(&contents.page)),
        }
    }
}

/// Text and HTML to choose from, and the JSON.
fn parts(content: &Content, text: &str, html: &str, json: &str) -> Result<MultiPart, ComposeError> {
    // Boundaries of our own: random ones would make each repetition another mail. No line of
    // quoted-printable holds `=_` (RFC 2045 section 6.7), so no text from outside can end a part.
    let name = content.message_id().trim_matches(['<', '>']);
    let name = name.split('@').next().unwrap_or(name);
    let file = ContentDisposition::attachment(&format!("{name}.json"));
    let json_type = ContentType::parse("application/json").unwrap_or(ContentType::TEXT_PLAIN);
    let attachment = SinglePart::builder().header(file).header(json_type).body(encoded(json)?);
    let plain = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(encoded(text)?);
    let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(encoded(html)?);
    let choice = MultiPart::alternative().boundary(format!("=_choice.{name}"));
    let choice = choice.singlepart(plain).singlepart(html);
    let whole = MultiPart::mixed().boundary(format!("=_whole.{name}"));
    Ok(whole.multipart(choice).singlepart(attachment))
}

fn encoded(text: &str) -> Result<Body, ComposeError> {
    Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::QuotedPrintable)
        .map_err(|_| ComposeError::Encoding)
}
