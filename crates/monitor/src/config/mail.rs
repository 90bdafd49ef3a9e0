use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use alerter::channels::smtp::Tls;
use lettre::message::Mailbox;
use toml::Spanned;
use toml::de::DeValue;

use super::fault::Fault;
use super::replies::Replies;
use super::section::Section;
use super::value;

/// `[mail]`: from whom, to whom, through which relay.
///
/// The password stays in its file; it is read when it is used and never kept here.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Sender of every mail, in From.
    pub from: Mailbox,
    /// Each of these gets a mail of their own; at least one.
    pub to: Vec<Mailbox>,
    /// Relay that every mail goes to first; that of this machine if not given.
    pub relay: Relay,
    /// Who we are to the relay, and the file with the password.
    pub login: Option<(String, PathBuf)>,
    /// What we call ourselves; the sender's domain if not given.
    pub helo: String,
    /// Certificates (PEM) that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// Who takes over.
    pub failover: Vec<Relay>,
    /// After how long they do.
    pub failover_after: Duration,
    /// How long a mail is tried.
    pub give_up_after: Duration,
    /// How many mails are under way at once.
    pub connections: u32,
    /// At most so many mails a minute; none: as fast as the relay takes them.
    pub per_minute: Option<u32>,
    /// `[mail.templates] folder`: the operator's own words; none where ours will do.
    pub templates: Option<PathBuf>,
    /// `[mail.replies]`; none if nobody reads them.
    pub replies: Option<Replies>,
}

/// A mail relay: `smtp://host:port`, or `smtps://host:port` where TLS comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Its name or address.
    pub host: String,
    /// Port of the relay.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
}

const TLS: &[(&str, Tls)] = &[
    ("starttls", Tls::StartTls),
    ("implicit", Tls::Implicit),
    ("opportunistic", Tls::Opportunistic),
    ("none", Tls::None),
];

impl Mail {
    pub(super) fn read(section: Section<'_>) -> Option<Self> {
        let from = section.required("from", FROM, mailbox);
        let to = recipients(&section);
        let tls = section.optional("tls", value::word(TLS));
        let written = section.optional("relay", relay(tls));
        let relay = match section.has("relay") {
            true => written,
            false => Some(Relay::of_this_machine(tls)),
        };
        let failover = section.list("failover", self::relay(tls)).unwrap_or_default();
        let login = login(&section, relay.iter().chain(&failover));
        let helo = section.optional("helo", |value| {
            let expected = "a full host name, as \"monitor.example.net\"";
            let name = value::string(value, expected)?;
            // RFC 5321 section 4.1.1.1; relays reject a bare name.
            match network::is_host(name) && name.contains('.') {
                true => Ok(name.to_owned()),
                false => Err(value::wrong(value, "is not a full host name", expected)),
            }
        });
        let ca_file = section.path("ca_file");
        let duration = |key, minutes: u64| {
            let default = Duration::from_secs(minutes * 60);
            section.optional(key, value::duration).unwrap_or(default)
        };
        let failover_after = duration("failover_after", 10);
        let give_up_after = duration("give_up_after", 5 * 24 * 60);
        let connections = section.optional("connections", value::number(1..=64)).unwrap_or(4);
        let per_minute = section.optional("per_minute", value::number(1..=6000));
        let templates = section.section("templates").and_then(|section| templates(&section));
        let replies = section.section("replies").and_then(|section| Replies::read(&section));
        section.finish();
        let from = from?;
        Some(Mail {
            helo: helo.unwrap_or_else(|| from.email.domain().to_owned()),
            from,
            to: to?,
            relay: relay?,
            login,
            ca_file,
            failover,
            failover_after,
            give_up_after,
            connections,
            per_minute,
            templates,
            replies,
        })
    }
}

impl Relay {
    /// The one that every machine with a mail system has. Within the machine nobody reads along, and its certificate
    /// is seldom one that anybody trusts.
    fn of_this_machine(tls: Option<Tls>) -> Self {
        let tls = tls.unwrap_or(Tls::None);
        let port = if tls == Tls::Implicit { 465 } else { 25 };
        Relay { host: "localhost".to_owned(), port, tls }
    }

    fn is_local(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == Tls::Implicit { "smtps" } else { "smtp" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

const FROM: &str = "an address, as \"originwatch@example.net\" or \"Watch <watch@example.net>\"";
const RELAY: &str =
    "a relay, as \"smtp://mail.example.net:587\" or \"smtps://mail.example.net:465\"";

fn templates(section: &Section<'_>) -> Option<PathBuf> {
    if !section.has("folder") {
        section.missing("folder", "the folder with the templates");
    }
    let folder = section.path("folder");
    section.finish();
    folder
}

fn mailbox(value: &Spanned<DeValue<'_>>) -> Result<Mailbox, Fault> {
    let text = value::string(value, FROM)?;
    let mailbox: Option<Mailbox> = text.parse().ok();
    // What goes into a header is one line, whatever the address grammar allows.
    mailbox
        .filter(|_| !text.chars().any(char::is_control))
        .ok_or_else(|| value::wrong(value, "is not a mail address", FROM))
}

fn recipients(section: &Section<'_>) -> Option<Vec<Mailbox>> {
    const EXPECTED: &str = "who is told, as to = [\"noc@example.net\"]";
    if !section.has("to") {
        section.missing("to", EXPECTED);
    }
    let to = section.list("to", mailbox)?;
    if to.is_empty() {
        section.fault("to", "'to' names nobody", EXPECTED);
    }
    Some(to)
}

/// The scheme decides what `tls` leaves open, and must not contradict it.
fn relay(tls: Option<Tls>) -> impl Fn(&Spanned<DeValue<'_>>) -> Result<Relay, Fault> {
    move |value| {
        let text = value::string(value, RELAY)?;
        if text.contains('@') {
            // The value is not shown: it may hold a password.
            let expected = "username and password_file instead";
            return Err(Fault::new(value.span(), "a relay with a login in it", expected).hide(true));
        }
        let (tls, port, rest) = match (text.split_once("://"), tls) {
            (Some(("smtp", rest)), tls) => (tls.unwrap_or(Tls::StartTls), 587, rest),
            (Some(("smtps", rest)), None | Some(Tls::Implicit)) => (Tls::Implicit, 465, rest),
            (Some(("smtps", _)), Some(_)) => {
                let complaint = "speaks TLS from the first byte, which contradicts 'tls'";
                return Err(value::wrong(
                    value,
                    complaint,
                    "an smtp:// relay, or tls = \"implicit\"",
                ));
            }
            _ => return Err(value::wrong(value, "is not a relay", RELAY)),
        };
        let (host, port) = value::host_and_port(rest, port)
            .ok_or_else(|| value::wrong(value, "is not a relay", RELAY))?;
        Ok(Relay { host, port, tls })
    }
}

/// A login needs both halves, and connections on which nobody can read it.
fn login<'r>(
    section: &Section<'_>,
    relays: impl Iterator<Item = &'r Relay>,
) -> Option<(String, PathBuf)> {
    let username = section.optional("username", value::line);
    let password_file = section.path("password_file");
    match (section.has("username"), section.has("password_file")) {
        (true, false) => section.fault("username", "'username' without 'password_file'", "both"),
        (false, true) => {
            section.fault("password_file", "'password_file' without 'username'", "both")
        }
        (true, true) | (false, false) => {}
    }
    let mut open = relays.filter(|relay| matches!(relay.tls, Tls::None | Tls::Opportunistic));
    if section.has("username") && open.any(|relay| !relay.is_local()) {
        let found = "the password could cross the network in the clear";
        section.fault("tls", found, "\"starttls\" or \"implicit\", or no username");
    }
    username.zip(password_file)
}
