//! A RIS Live server that is played here: it sends what it is told to, after we have subscribed.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::LIMIT;
use super::daemon::Daemon;

/// What the server does with one connection.
pub(crate) enum Step {
    /// Sends this.
    Send(String),
    /// Sends this octet by octet.
    Trickle(String),
    /// Hands over what the daemon says next.
    Read(Sender<Value>),
    /// Ends the connection without a word.
    Hang,
}

/// One connection of the daemon.
pub(crate) struct Visit {
    pub(crate) subscriptions: Vec<Value>,
    pub(crate) steps: Sender<Step>,
}

impl Visit {
    pub(crate) fn send<'a>(&self, messages: impl IntoIterator<Item = &'a String>) {
        messages.into_iter().for_each(|one| self.steps.send(Step::Send(one.clone())).unwrap());
    }

    /// All that it has been sent is taken in.
    #[track_caller]
    pub(crate) fn taken_in(&self, daemon: &mut Daemon) {
        self.send([&"{\"type\":\"ris_error\"}".to_owned()]);
        daemon.wait_for("the server reports an error");
    }
}

pub(crate) struct Server {
    scheme: &'static str,
    port: u16,
    visits: Receiver<Visit>,
}

impl Server {
    /// Acknowledges so many subscriptions of each visitor, and then does as it is told.
    pub(crate) fn start(subscriptions: usize) -> Self {
        Server::listen("ws", subscriptions, None)
    }

    /// The same with TLS, and the certificate that it shows.
    pub(crate) fn with_tls(subscriptions: usize) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        (Server::listen("wss", subscriptions, Some(Arc::new(config))), made.cert.pem())
    }

    fn listen(scheme: &'static str, subscriptions: usize, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, visits) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sender, tls) = (stream.unwrap(), sender.clone(), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(stream, subscriptions, &sender),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).unwrap();
                        serve(StreamOwned::new(connection, stream), subscriptions, &sender);
                    }
                });
            }
        });
        Server { scheme, port, visits }
    }

    pub(crate) fn visit(&self) -> Visit {
        self.visits.recv_timeout(LIMIT).unwrap()
    }

    /// How many have come that nobody has asked for.
    pub(crate) fn visitors(&self) -> usize {
        self.visits.try_iter().count()
    }

    pub(crate) fn feed(&self, mode: &str) -> String {
        let Server { scheme, port, .. } = self;
        format!(
            "[[feed]]\ntype = \"ris-live\"\nurl = \"{scheme}://127.0.0.1:{port}/v1/ws/\"\nmode = \"{mode}\"\n"
        )
    }
}

fn serve<S: Read + Write>(stream: S, subscriptions: usize, visits: &Sender<Visit>) {
    // A visitor that does not believe us leaves.
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    let subscriptions = (0..subscriptions)
        .map(|_| {
            let subscription = read(&mut socket);
            acknowledge(&mut socket, &subscription);
            subscription
        })
        .collect();
    let (steps, todo) = channel();
    visits.send(Visit { subscriptions, steps }).unwrap();
    for step in todo {
        match step {
            Step::Send(text) => socket.send(Message::text(text)).unwrap(),
            Step::Trickle(text) => {
                // A final text frame with a length of two octets (RFC 6455 section 5.2).
                let length = u16::try_from(text.len()).unwrap().to_be_bytes();
                for octet in [0x81, 126].into_iter().chain(length).chain(text.into_bytes()) {
                    socket.get_mut().write_all(&[octet]).unwrap();
                    socket.get_mut().flush().unwrap();
                }
            }
            Step::Read(to) => {
                let said = read(&mut socket);
                acknowledge(&mut socket, &said);
                to.send(said).unwrap();
            }
            Step::Hang => return,
        }
    }
}

fn acknowledge<S: Read + Write>(socket: &mut WebSocket<S>, said: &Value) {
    if said["type"] == "ris_subscribe" {
        socket.send(Message::text(r#"{"type":"ris_subscribe_ok","data":{}}"#)).unwrap();
    }
}

fn read<S: Read + Write>(socket: &mut WebSocket<S>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}
