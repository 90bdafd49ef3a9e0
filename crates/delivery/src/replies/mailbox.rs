use std::path::PathBuf;

/// Where replies and bounces arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mailbox {
    /// A folder on this machine into which somebody delivers.
    Maildir(PathBuf),
    /// A mailbox on a server.
    Imap(ImapServer),
}

/// A mailbox on a server that speaks IMAP in TLS from the first byte (RFC 8314).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImapServer {
    /// Its name or address.
    pub host: String,
    /// Port of the server.
    pub port: u16,
    /// Who we are there.
    pub username: String,
    /// The file with the password.
    pub password_file: PathBuf,
    /// Mailbox that is read, as `INBOX`.
    pub folder: String,
    /// Certificates (PEM) that are trusted in place of those of the system.
    pub ca_file: Option<PathBuf>,
}
