use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::play::LIMIT;

const DAY: Duration = Duration::from_secs(86_400);

/// How a relay behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// STARTTLS, then a login.
    StartTls,
    /// TLS from the first byte, then a login.
    Implicit,
    /// Neither TLS nor login.
    Plain,
    /// Wants nobody.
    Refuses,
    /// Hangs up on everybody.
    HangsUp,
}

/// A mail relay that takes no mail.
pub(super) struct Relay {
    pub(super) port: u16,
    /// Its certificate, PEM.
    pub(super) pem: String,
    /// What was said to it, verb by verb.
    said: Arc<Mutex<Vec<String>>>,
    ended: Receiver<()>,
}

impl Relay {
    /// With a certificate for this name, which is good for so many days more.
    pub(super) fn start(manner: Manner, name: &str, days: u32) -> Self {
        let (config, pem) = certificate(name, days);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::<Mutex<Vec<String>>>::default();
        let (sender, ended) = channel();
        let notes = said.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (config, notes) = (config.clone(), notes.clone());
                let sender: Sender<()> = sender.clone();
                thread::spawn(move || {
                    receive(stream.unwrap(), manner, config, &notes);
                    let _ = sender.send(());
                });
            }
        });
        Relay { port, pem, said, ended }
    }

    /// The verbs of the only visitor.
    pub(super) fn said(&self) -> Vec<String> {
        self.ended.recv_timeout(LIMIT).unwrap();
        self.said.lock().unwrap().clone()
    }
}

fn certificate(name: &str, days: u32) -> (Arc<ServerConfig>, String) {
    let mut parameters = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    // Half a day more: nobody waits for so long between here and the check.
    let end = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + DAY * days + DAY / 2;
    parameters.not_after = rcgen::date_time_ymd(1970, 1, 1) + end;
    let key = rcgen::KeyPair::generate().unwrap();
    let made = parameters.self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_single_cert(vec![made.der().clone()], key).unwrap();
    (Arc::new(config), made.pem())
}

fn receive(
    mut stream: TcpStream,
    manner: Manner,
    config: Arc<ServerConfig>,
    said: &Mutex<Vec<String>>,
) {
    let tls = |stream| StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    match manner {
        Manner::HangsUp => {}
        Manner::Refuses => {
            let _ = stream.write_all(b"554 5.7.1 we do not talk to strangers\r\n");
        }
        Manner::Plain => {
            converse(&mut stream, "220 relay\r\n", "", said);
        }
        Manner::Implicit => {
            converse(&mut tls(stream), "220 relay\r\n", "AUTH PLAIN", said);
        }
        Manner::StartTls => {
            if converse(&mut stream, "220 relay\r\n", "STARTTLS", said) {
                converse(&mut tls(stream), "", "AUTH PLAIN", said);
            }
        }
    }
}

/// Until it is over; true if TLS comes next.
fn converse(
    stream: &mut (impl Read + Write),
    banner: &str,
    offer: &str,
    said: &Mutex<Vec<String>>,
) -> bool {
    if stream.write_all(banner.as_bytes()).is_err() {
        return false;
    }
    while let Some(line) = line(stream) {
        let verb = line.split(' ').next().unwrap_or_default().to_owned();
        said.lock().unwrap().push(verb.clone());
        let answer = match verb.as_str() {
            "EHLO" if offer.is_empty() => "250 relay\r\n".to_owned(),
            "EHLO" => format!("250-relay\r\n250 {offer}\r\n"),
            "STARTTLS" => "220 go on\r\n".to_owned(),
            // user, right
            "AUTH" if line.ends_with("AHVzZXIAcmlnaHQ=") => "235 welcome\r\n".to_owned(),
            "AUTH" => "535 5.7.8 no such login\r\n".to_owned(),
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "502 not here\r\n".to_owned(),
        };
        if stream.write_all(answer.as_bytes()).is_err() || verb == "QUIT" {
            return false;
        }
        if verb == "STARTTLS" {
            return true;
        }
    }
    false
}

/// Not a byte beyond the line: what follows may be TLS.
fn line(stream: &mut impl Read) -> Option<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).ok()? == 1 {
        line.push(byte[0]);
        if line.ends_with(b"\r\n") {
            return Some(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
    }
    None
}
