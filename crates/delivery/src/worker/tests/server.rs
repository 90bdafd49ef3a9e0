//! A mail relay and an HTTP server that do wrong what a script says.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What is done wrong with one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Ends before a word.
    Close,
    /// Never says a word.
    Silent,
    /// Says what is not its protocol.
    Garbage,
    /// An octet now and then.
    Trickle,
    /// Says "later" to step so and so.
    Later(u8),
    /// Refuses the login, or the address.
    Held,
    /// Has it all, and ends without a word.
    CloseAtEnd,
    /// Has it all, and never says so.
    SilentAtEnd,
}

const ALL: [Fault; 11] = [
    Fault::Close,
    Fault::Silent,
    Fault::Garbage,
    Fault::Trickle,
    Fault::Later(0),
    Fault::Later(1),
    Fault::Later(2),
    Fault::Later(3),
    Fault::Held,
    Fault::CloseAtEnd,
    Fault::SilentAtEnd,
];

/// What comes with each connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    /// So many faults, and now and then none.
    Random {
        state: u64,
        left: usize,
    },
    Always(Fault),
    /// Nothing while it is down.
    Switch,
}

impl Fault {
    pub(super) fn random(seed: u64, faults: usize) -> Script {
        Script::Random { state: seed, left: faults }
    }

    pub(super) fn none() -> Script {
        Script::Always(Fault::None)
    }

    pub(super) fn hang() -> Script {
        Script::Always(Fault::Silent)
    }

    pub(super) fn switch() -> Script {
        Script::Switch
    }
}

/// Something that was taken.
#[derive(Clone, Debug)]
pub(super) struct Took {
    pub(super) id: String,
    pub(super) text: String,
}

pub(super) struct Server {
    pub(super) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    script: Mutex<Script>,
    took: Mutex<Vec<Took>>,
    injected: AtomicUsize,
    unsaid: AtomicUsize,
    down: AtomicBool,
}

impl Server {
    pub(super) fn smtp(script: Script) -> Self {
        Server::start(script, false)
    }

    pub(super) fn http(script: Script) -> Self {
        Server::start(script, true)
    }

    fn start(script: Script, http: bool) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            took: Mutex::default(),
            injected: AtomicUsize::new(0),
            unsaid: AtomicUsize::new(0),
            down: AtomicBool::new(false),
        });
        let to_serve = shared.clone();
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, to_serve.clone(), http));
            }
        });
        Server { port, shared }
    }

    pub(super) fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    pub(super) fn took(&self) -> Vec<Took> {
        self.shared.took.lock().unwrap().clone()
    }

    /// How much was done wrong.
    pub(super) fn injected(&self) -> usize {
        self.shared.injected.load(Ordering::Relaxed)
    }

    /// How often something was taken and not said to be.
    pub(super) fn unsaid(&self) -> usize {
        self.shared.unsaid.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn next(&self) -> Fault {
        let fault = match &mut *self.script.lock().unwrap() {
            Script::Always(fault) => *fault,
            Script::Switch if self.down.load(Ordering::Relaxed) => Fault::Close,
            Script::Switch => Fault::None,
            Script::Random { state, left } => {
                // xorshift64: the same faults each time.
                *state ^= *state << 13;
                *state ^= *state >> 7;
                *state ^= *state << 17;
                let place = usize::try_from(*state >> 33).unwrap() % (ALL.len() + 2);
                let fault = ALL.get(place).copied().unwrap_or(Fault::None);
                if *left == 0 {
                    Fault::None
                } else {
                    *left -= usize::from(fault != Fault::None);
                    fault
                }
            }
        };
        self.injected.fetch_add(usize::from(fault != Fault::None), Ordering::Relaxed);
        fault
    }

    fn take(&self, id: &str, text: &str) {
        self.took.lock().unwrap().push(Took { id: id.to_owned(), text: text.to_owned() });
    }

    async fn unsaid(&self, fault: Fault) {
        self.unsaid.fetch_add(1, Ordering::Relaxed);
        if fault == Fault::SilentAtEnd {
            std::future::pending::<()>().await;
        }
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>, http: bool) -> Option<()> {
    let fault = shared.next();
    match fault {
        Fault::Close => None,
        Fault::Silent => std::future::pending().await,
        Fault::Garbage => {
            stream.write_all(b"\x16\x03\x01 what?\r\n\r\n").await.ok()?;
            None
        }
        Fault::Trickle => loop {
            stream.write_all(if http { b"H" } else { b"2" }).await.ok()?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        },
        _ if http => answer_http(stream, fault, &shared).await,
        _ => answer_smtp(stream, fault, &shared).await,
    }
}

async fn answer_smtp(stream: TcpStream, fault: Fault, shared: &Shared) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay.example.net ESMTP\r\n").await.ok()?;
    let mut line = String::new();
    while {
        line.clear();
        stream.read_line(&mut line).await.ok()? > 0
    } {
        let verb = line.get(..4)?.to_ascii_uppercase();
        let answer = match (verb.as_str(), fault) {
            ("EHLO", Fault::Later(0)) => "421 4.3.2 closing",
            ("EHLO", _) => "250 relay.example.net",
            ("MAIL", Fault::Later(1)) => "451 4.7.1 not now",
            ("MAIL", Fault::Held) => "530 5.7.0 authenticate first",
            ("RCPT", Fault::Later(2)) => "450 4.2.0 greylisted",
            ("DATA", _) => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mail = read_data(&mut stream).await?;
                if fault == Fault::Later(3) {
                    stream.write_all(b"452 4.2.2 full\r\n").await.ok()?;
                    continue;
                }
                let id = mail.lines().find_map(|line| line.strip_prefix("Message-ID: "));
                shared.take(id.unwrap().trim(), &mail);
                if matches!(fault, Fault::CloseAtEnd | Fault::SilentAtEnd) {
                    shared.unsaid(fault).await;
                    return None;
                }
                "250 taken"
            }
            ("QUIT", _) => "221 bye",
            _ => "250 fine",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut mail = String::new();
    loop {
        let start = mail.len();
        stream.read_line(&mut mail).await.ok()?;
        match mail.get(start..)? {
            "" => return None,
            ".\r\n" => return Some(mail),
            _ => {}
        }
    }
}

async fn answer_http(stream: TcpStream, fault: Fault, shared: &Shared) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
        match name {
            "content-length" => length = value.parse().ok()?,
            "idempotency-key" => value.clone_into(&mut id),
            _ => {}
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let status = match fault {
        Fault::Later(0) => "500 Oh",
        Fault::Later(1) => "503 Busy\r\nretry-after: 90",
        Fault::Later(2) => "429 Too Many",
        Fault::Later(_) => "408 Slow",
        Fault::Held => "401 Unauthorized",
        _ => {
            shared.take(&id, &String::from_utf8(body).ok()?);
            if matches!(fault, Fault::CloseAtEnd | Fault::SilentAtEnd) {
                shared.unsaid(fault).await;
                return None;
            }
            "200 OK"
        }
    };
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()
}
