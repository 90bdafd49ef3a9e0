use std::fmt::Write as _;

use validator::Severity;

use super::super::event::{Event, EventAction};
use incidents::printable;

/// The name of our structured data. A name of our own needs a number of the IANA (RFC 5424 section
/// 7.2.2); 32473 is the one for documentation (RFC 5612), and nobody else's.
const SD_ID: &str = "originwatch@32473";

/// A value of the structured data is cut here, so that all of them fit into a datagram.
const VALUE: usize = 200;

/// The facility of a message (RFC 5424 section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

impl Facility {
    /// The names that config files of syslog servers use.
    pub const NAMES: &'static [(&'static str, Facility)] = &[
        ("user", Facility(1)),
        ("mail", Facility(2)),
        ("daemon", Facility(3)),
        ("auth", Facility(4)),
        ("authpriv", Facility(10)),
        ("local0", Facility(16)),
        ("local1", Facility(17)),
        ("local2", Facility(18)),
        ("local3", Facility(19)),
        ("local4", Facility(20)),
        ("local5", Facility(21)),
        ("local6", Facility(22)),
        ("local7", Facility(23)),
    ];

    /// `daemon`.
    pub const DAEMON: Facility = Facility(3);
}

/// What all messages to one server have in common.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) facility: Facility,
    pub(super) hostname: String,
    /// In octets.
    pub(super) longest: usize,
}

impl Frame {
    /// One message (RFC 5424 section 6), at most as long as the transport takes: the end of its text
    /// is what is cut.
    pub(super) fn message(&self, event: &Event) -> String {
        let priority = self.facility.0 * 8 + severity(event);
        let at = event.at.to_jiff().strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
        let (host, kind) = (ascii(&self.hostname, 255), ascii(&event.kind, 32));
        let data = structured(event);
        // The mark says that what follows is UTF-8.
        let head = format!("<{priority}>1 {at} {host} originwatch - {kind} {data} \u{feff}");
        let mut message = head + &printable(&event.title);
        message.truncate(message.floor_char_boundary(self.longest));
        message
    }
}

/// The end of something is no trouble of its own, but has to be seen.
const fn severity(event: &Event) -> u8 {
    match (event.action, event.severity) {
        (EventAction::Close | EventAction::Inform, _) | (_, Severity::Notice) => 5,
        (_, Severity::Warning) => 4,
        (_, Severity::Critical) => 2,
    }
}

fn structured(event: &Event) -> String {
    let severity = event.severity.to_string();
    let mut data = format!("[{SD_ID}");
    let known = [
        ("key", event.key.as_str()),
        ("id", event.id.as_str()),
        ("reason", event.reason.as_str()),
        ("severity", severity.as_str()),
        ("site", event.site.as_str()),
    ];
    let facts = event.facts.iter().map(|(name, value)| (*name, value.as_str()));
    let late = event.delayed.as_ref().map(|delayed| delayed.seconds.to_string());
    let late = late.iter().map(|seconds| ("delayed", seconds.as_str()));
    for (name, value) in known.into_iter().chain(facts).chain(late) {
        // Writing to a String cannot fail.
        let _ = write!(data, " {}=\"{}\"", name.replace(' ', "_"), escaped(value));
    }
    data + "]"
}

/// Control characters are gone, and what would end a value is escaped (RFC 5424 section 6.3.3).
fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for c in printable(value).chars().take(VALUE) {
        if matches!(c, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// PRINTUSASCII, which has no space, or the NILVALUE.
fn ascii(text: &str, longest: usize) -> String {
    let text: String = text.chars().filter(char::is_ascii_graphic).take(longest).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}
