use std::collections::HashSet;

use async_imap::{Client, Session};
use futures_util::TryStreamExt as _;
use network::tls::{self, TlsError};
use network::{PasswordError, password};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::mailbox::ImapServer;
use super::reader::{LARGEST, LEFT, Reader, Undone};

/// A mailbox on a server. The connection is kept between looks; one that fails is given up.
pub(super) struct Imap {
    server: ImapServer,
    session: Option<Session<TlsStream<TcpStream>>>,
    /// The UIDs of mails that are too large, told on this connection.
    left: HashSet<u32>,
}

/// Why a mailbox cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImapError {
    #[error("cannot connect: {0}")]
    Connect(std::io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the server has no greeting")]
    Greeting,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("the login is refused: {0}")]
    Login(async_imap::error::Error),
    #[error("IMAP: {0}")]
    Protocol(#[from] async_imap::error::Error),
    #[error(transparent)]
    Undone(#[from] Undone),
}

impl Imap {
    pub(super) fn new(server: ImapServer) -> Self {
        Imap { server, session: None, left: HashSet::new() }
    }

    /// Takes all that has no `\Seen` (RFC 3501 section 2.3.2), the oldest first.
    pub(super) async fn look(&mut self, reader: &mut Reader) -> Result<(), ImapError> {
        // Whatever ends this early leaves the connection in the middle of something.
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.connect().await?,
        };
        let unseen = session.uid_search("UNSEEN").await?;
        let mut unseen: Vec<u32> = unseen.into_iter().collect();
        unseen.sort_unstable();
        for uid in unseen {
            if self.left.contains(&uid) {
                continue;
            }
            match fetch(&mut session, uid).await? {
                Fetched::Mail(mail) => {
                    reader.take(&mail).await?;
                    mark(&mut session, uid).await?;
                }
                Fetched::Large(octets) => {
                    tracing::warn!(uid, octets, "{LEFT}: it has more than {LARGEST} octets");
                    self.left.insert(uid);
                }
                // Somebody else has deleted it.
                Fetched::Gone => {}
            }
        }
        self.session = Some(session);
        Ok(())
    }

    async fn connect(&mut self) -> Result<Session<TlsStream<TcpStream>>, ImapError> {
        let ImapServer { host, port, username, password_file, folder, ca_file } = &self.server;
        let password = password(password_file)?;
        let stream =
            TcpStream::connect((host.as_str(), *port)).await.map_err(ImapError::Connect)?;
        let stream = tls::connect(stream, host, ca_file.as_deref()).await?;
        let mut client = Client::new(stream);
        let greeting = client.read_response().await.map_err(ImapError::Connect)?;
        greeting.ok_or(ImapError::Greeting)?;
        let login = client.login(username, password).await;
        let mut session = login.map_err(|(error, _)| ImapError::Login(error))?;
        session.select(folder).await?;
        self.left.clear();
        tracing::info!(host, folder, "replies are read");
        Ok(session)
    }
}

enum Fetched {
    Mail(Vec<u8>),
    Large(u32),
    Gone,
}

/// The size first: what is large must not come into memory.
async fn fetch(
    session: &mut Session<TlsStream<TcpStream>>,
    uid: u32,
) -> Result<Fetched, ImapError> {
    let sizes = session.uid_fetch(uid.to_string(), "(UID RFC822.SIZE)").await?;
    let sizes: Vec<_> = sizes.try_collect().await?;
    let of_uid = |fetch: &&async_imap::types::Fetch| fetch.uid == Some(uid);
    match sizes.iter().find(of_uid).and_then(|fetch| fetch.size) {
        None => return Ok(Fetched::Gone),
        Some(octets) if octets as usize > LARGEST => return Ok(Fetched::Large(octets)),
        Some(_) => {}
    }
    // PEEK leaves it unseen (RFC 3501 section 6.4.5).
    let mails = session.uid_fetch(uid.to_string(), "(UID BODY.PEEK[])").await?;
    let mails: Vec<_> = mails.try_collect().await?;
    let mail = mails.iter().find(of_uid).and_then(|fetch| fetch.body());
    Ok(mail.map_or(Fetched::Gone, |mail| Fetched::Mail(mail.to_vec())))
}

async fn mark(session: &mut Session<TlsStream<TcpStream>>, uid: u32) -> Result<(), ImapError> {
    let answers = session.uid_store(uid.to_string(), "+FLAGS.SILENT (\\Seen)").await?;
    answers.try_collect::<Vec<_>>().await?;
    Ok(())
}
