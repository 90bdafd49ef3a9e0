//! A TCP proxy that spoils what a server says.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What happens to the octets of the server, from the moment on at which it is set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The one at this place becomes this.
    Patch(usize, u8),
    /// The connection ends before the one at this place.
    CutAt(usize),
    /// The same, although it accepts connections.
    Refuse,
}

/// Where a fault is told.
#[derive(Clone, Default)]
pub(crate) struct Saboteur(Arc<Mutex<Option<(Fault, usize)>>>);

impl Saboteur {
    /// Spoils from now on, or no more.
    pub(crate) fn set(&self, fault: Option<Fault>) {
        *self.0.lock().unwrap() = fault.map(|fault| (fault, 0));
    }

    fn is_refusing(&self) -> bool {
        matches!(*self.0.lock().unwrap(), Some((Fault::Refuse, _)))
    }

    /// Spoils these; false if the connection ends behind them.
    fn spoil(&self, bytes: &mut Vec<u8>) -> bool {
        let mut fault = self.0.lock().unwrap();
        let Some((fault, passed)) = fault.as_mut() else { return true };
        let start = *passed;
        *passed += bytes.len();
        match *fault {
            Fault::Patch(place, value) => {
                if let Some(octet) = place.checked_sub(start).and_then(|at| bytes.get_mut(at)) {
                    *octet = value;
                }
                true
            }
            Fault::CutAt(place) if place < *passed => {
                bytes.truncate(place.saturating_sub(start));
                false
            }
            Fault::CutAt(_) => true,
            Fault::Refuse => false,
        }
    }
}

/// Starts a proxy in front of this port; says at which port it listens.
pub(crate) async fn start(server: u16) -> (Saboteur, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let saboteur = Saboteur::default();
    let accepting = saboteur.clone();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            if accepting.is_refusing() {
                // To close with something unread would be a reset.
                let _ = client.read(&mut [0; 64]).await;
                continue;
            }
            // A server that is not up yet: as it would be without us, the client hears of it.
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { continue };
            let (mut from_client, to_client) = client.into_split();
            let (from_server, mut to_server) = server.into_split();
            tokio::spawn(pass(from_server, to_client, accepting.clone()));
            tokio::spawn(async move {
                let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
            });
        }
    });
    (saboteur, port)
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, saboteur: Saboteur) {
    let mut bytes = Vec::new();
    while from.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let goes_on = saboteur.spoil(&mut bytes);
        if to.write_all(&bytes).await.is_err() || !goes_on {
            return;
        }
        bytes.clear();
    }
}
