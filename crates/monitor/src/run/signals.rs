use std::io;

use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::signal::unix::{self, SignalKind};

/// What the outside asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP: the config is to be read again.
    Reload,
}

/// The signals that are caught from the moment this is made.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Signals {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            hangup: unix::signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}

/// The service manager, if there is one: it is told how we are, and may have opened sockets for us.
pub(super) struct Systemd {
    sockets: ListenFd,
    taken: Vec<std::net::TcpListener>,
}

impl Systemd {
    pub(super) fn new() -> Self {
        Systemd { sockets: ListenFd::from_env(), taken: Vec::new() }
    }

    /// The sockets that were opened for us, in their order. They outlive a reload.
    pub(super) fn sockets(&mut self) -> io::Result<Vec<std::net::TcpListener>> {
        for index in self.taken.len()..self.sockets.len() {
            self.taken.extend(self.sockets.take_tcp_listener(index)?);
        }
        self.taken.iter().map(std::net::TcpListener::try_clone).collect()
    }

    pub(super) fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    pub(super) fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    pub(super) fn reloading(&self) {
        // Since version 253 systemd wants to know when it began.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// The engine has just shown that it is running.
    pub(super) fn running(&self, status: &str) {
        tell(&[NotifyState::Watchdog, NotifyState::Status(status)]);
    }
}

/// Without a service manager nobody listens.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}
