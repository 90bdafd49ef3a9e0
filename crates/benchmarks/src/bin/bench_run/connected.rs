use std::error::Error;
use std::net::TcpStream;
use std::path::Path;

use super::daemon::{Daemon, WATCHES, config};
use super::feed::Server;
use super::relay::Relay;

/// A daemon that has subscribed to our RIS Live server and mails to our relay.
pub(crate) struct Connected {
    pub(crate) relay: Relay,
    pub(crate) daemon: Daemon,
    /// What is written here are frames of the feed.
    pub(crate) stream: TcpStream,
    /// Who connects again waits here.
    pub(crate) _server: Server,
}

impl Connected {
    pub(crate) fn start(program: &Path) -> Result<Self, Box<dyn Error>> {
        let (relay, server) = (Relay::start()?, Server::start()?);
        let config = config(relay.port, WATCHES) + &server.section()?;
        let daemon = Daemon::start(program, &config)?;
        let stream = server.accept()?;
        Ok(Connected { relay, daemon, stream, _server: server })
    }
}
