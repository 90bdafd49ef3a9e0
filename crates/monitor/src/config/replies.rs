use std::path::PathBuf;

use alerter::replies::{Allowed, LONGEST_LOCAL_PART};
use delivery::{ImapServer, Mailbox};
use lettre::Address;
use toml::Spanned;
use toml::de::DeValue;

use super::fault::Fault;
use super::section::Section;
use super::value;

/// `[mail.replies]`: where replies go, who may answer, and where they are read.
///
/// Secrets stay in their files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replies {
    /// Where replies go, with a token put behind the local part.
    pub reply_to: Address,
    /// What signs the tokens.
    pub key_file: PathBuf,
    /// Who may answer beside the recipients.
    pub allow: Vec<Allowed>,
    /// Where they arrive.
    pub mailbox: Mailbox,
}

const REPLY_TO: &str = "an address of ours, as \"originwatch@example.net\"";
const ALLOW: &str = "an address or a domain, as \"eve@example.org\" or \"example.org\"";
const IMAP: &str = "a server, as \"imaps://mail.example.net\" or \"imaps://mail.example.net:993\"";
const MAILBOX: &str = "maildir = \"/var/mail/originwatch\" or imap = \"imaps://mail.example.net\"";

impl Replies {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let reply_to = section.required("reply_to", REPLY_TO, reply_to);
        if !section.has("key_file") {
            section.missing("key_file", "a file with a secret, as from `openssl rand -hex 32`");
        }
        let key_file = section.path("key_file");
        let allow = section.list("allow", allowed).unwrap_or_default();
        let mailbox = mailbox(section);
        section.finish();
        Some(Replies { reply_to: reply_to?, key_file: key_file?, allow, mailbox: mailbox? })
    }
}

/// Its local part has to leave room for a token.
fn reply_to(value: &Spanned<DeValue<'_>>) -> Result<Address, Fault> {
    let text = value::string(value, REPLY_TO)?;
    let address: Option<Address> = text.parse().ok();
    let address = address.filter(|_| !text.chars().any(char::is_control));
    let address = address.ok_or_else(|| value::wrong(value, "is not a mail address", REPLY_TO))?;
    let user = address.user();
    if user.contains('+') {
        let expected = "an address without a '+': what proves a reply is put behind one";
        return Err(value::wrong(value, "has a '+'", expected));
    }
    if user.len() > LONGEST_LOCAL_PART {
        let expected = format!(
            "at most {LONGEST_LOCAL_PART} characters before the '@': what proves a reply is put \
             behind them, and 64 are the most (RFC 5321)"
        );
        return Err(value::wrong(value, "is too long", &expected));
    }
    Ok(address)
}

fn allowed(value: &Spanned<DeValue<'_>>) -> Result<Allowed, Fault> {
    let text = value::string(value, ALLOW)?;
    let domain = text.strip_prefix('@').unwrap_or(text);
    if !domain.contains('@') {
        let is_domain = network::is_host(domain) && domain.contains('.');
        return match is_domain {
            true => Ok(Allowed::Domain(domain.to_owned())),
            false => Err(value::wrong(value, "is neither an address nor a domain", ALLOW)),
        };
    }
    let address = text.parse().map(Allowed::Address);
    address.map_err(|_| value::wrong(value, "is not a mail address", ALLOW))
}

/// One of the two, with what belongs to it.
fn mailbox(section: &Section<'_>) -> Option<Mailbox> {
    let maildir = section.path("maildir");
    let server = section.optional("imap", server);
    let username = section.optional("username", value::line);
    let password_file = section.path("password_file");
    let folder = section.optional("folder", value::line);
    let ca_file = section.path("ca_file");
    match (section.has("maildir"), section.has("imap")) {
        (true, true) => section.fault("imap", "'imap' beside 'maildir'", "one of them"),
        (false, false) => section.missing("imap", MAILBOX),
        (false, true) => {
            for key in ["username", "password_file"].into_iter().filter(|key| !section.has(key)) {
                section.missing(key, "what the server wants of us, as it has 'imap'");
            }
        }
        (true, false) => {
            let keys = ["username", "password_file", "folder", "ca_file"];
            for key in keys.into_iter().filter(|key| section.has(key)) {
                section.fault(key, format!("'{key}' beside 'maildir'"), "it with 'imap' alone");
            }
            return maildir.map(Mailbox::Maildir);
        }
    }
    let (host, port) = server?;
    let folder = folder.unwrap_or_else(|| "INBOX".to_owned());
    let (username, password_file) = (username?, password_file?);
    Some(Mailbox::Imap(ImapServer { host, port, username, password_file, folder, ca_file }))
}

/// TLS from the first byte alone: a password that goes before it can be read by others.
fn server(value: &Spanned<DeValue<'_>>) -> Result<(String, u16), Fault> {
    let text = value::string(value, IMAP)?;
    if text.contains('@') {
        // The value is not shown: it may hold a password.
        let expected = "username and password_file instead";
        return Err(Fault::new(value.span(), "a server with a login in it", expected).hide(true));
    }
    let server = text.strip_prefix("imaps://").and_then(|rest| value::host_and_port(rest, 993));
    server.ok_or_else(|| value::wrong(value, "is not a server that speaks IMAP in TLS", IMAP))
}
