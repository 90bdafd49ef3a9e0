use incidents::printable;
use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

/// A mail of ours that did not arrive, or not yet (RFC 3464).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounced {
    /// The Message-ID of the mail, without angle brackets; none where the report does not say.
    pub message_id: Option<String>,
    /// To whom it was.
    pub recipient: String,
    /// The status (RFC 3463), as `5.1.1`.
    pub status: String,
    /// Whether it is given up; else it is only late.
    pub failed: bool,
    /// What the last mail server said.
    pub diagnostic: String,
}

/// Recipients of one report.
const MOST: usize = 100;

/// What a delivery status notification reports; nothing of any other mail.
pub(super) fn read(message: &Message<'_>) -> Option<Vec<Bounced>> {
    let of = message.content_type()?;
    if of.ctype() != "multipart" || of.subtype() != Some("report") {
        return None;
    }
    let status = message.parts.iter().find(|part| is(part, "message", &["delivery-status"]))?;
    let message_id = message.parts.iter().find_map(original_id);
    let text = String::from_utf8_lossy(status.contents()).replace("\r\n", "\n");
    // The first group is about the whole report.
    let groups = text.split("\n\n").filter(|group| group.contains(':'));
    let bounced: Vec<Bounced> =
        groups.filter_map(|group| recipient(group, message_id.as_deref())).take(MOST).collect();
    Some(bounced)
}

fn is(part: &MessagePart<'_>, kind: &str, subs: &[&str]) -> bool {
    part.content_type()
        .is_some_and(|of| of.ctype() == kind && of.subtype().is_some_and(|sub| subs.contains(&sub)))
}

/// Of the mail that comes back, whole or its header alone.
fn original_id(part: &MessagePart<'_>) -> Option<String> {
    if let PartType::Message(original) = &part.body {
        return original.message_id().map(str::to_owned);
    }
    if !is(part, "text", &["rfc822-headers"]) && !is(part, "message", &["rfc822-headers"]) {
        return None;
    }
    let header = String::from_utf8_lossy(part.contents()).replace("\r\n", "\n");
    let id = field(&header, "message-id")?;
    Some(id.trim_matches(['<', '>']).to_owned())
}

/// What a group of per-recipient fields says (RFC 3464 section 2.3).
fn recipient(group: &str, message_id: Option<&str>) -> Option<Bounced> {
    let address = field(group, "original-recipient").or_else(|| field(group, "final-recipient"))?;
    let address = address.split_once(';').map_or(address.as_str(), |(_, address)| address);
    let action = field(group, "action")?.to_ascii_lowercase();
    let failed = match action.as_str() {
        "failed" => true,
        "delayed" => false,
        _ => return None,
    };
    Some(Bounced {
        message_id: message_id.map(str::to_owned),
        recipient: printable(address.trim()),
        status: printable(&field(group, "status").unwrap_or_default()),
        failed,
        diagnostic: printable(&field(group, "diagnostic-code").unwrap_or_default()),
    })
}

/// The value of a field, with what is folded behind it.
fn field(group: &str, name: &str) -> Option<String> {
    let mut value: Option<String> = None;
    for line in group.lines() {
        match (&mut value, line.strip_prefix([' ', '\t'])) {
            (Some(value), Some(more)) => {
                value.push(' ');
                value.push_str(more.trim());
            }
            (Some(_), None) => break,
            (None, _) => {
                let found = line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name));
                value = found.map(|(_, text)| text.trim().to_owned());
            }
        }
    }
    value
}
