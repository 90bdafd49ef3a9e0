use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What is waited for happens within this, or the run is broken.
const LIMIT: Duration = Duration::from_secs(120);

/// A mail relay that takes everything.
pub(crate) struct Relay {
    pub(crate) port: u16,
    mails: Receiver<Mail>,
}

/// What is of interest of a mail.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) kind: String,
    pub(crate) subject: String,
    /// When it was acknowledged.
    pub(crate) taken: Instant,
}

impl Relay {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (sender, mails) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                // The other end may hang up whenever it likes.
                thread::spawn(move || drop(serve(&stream, &sender)));
            }
        });
        Ok(Relay { port, mails })
    }

    pub(crate) fn next(&self) -> Result<Mail, Box<dyn Error>> {
        self.mails.recv_timeout(LIMIT).map_err(|_| "no mail came".into())
    }
}

fn serve(stream: &TcpStream, mails: &Sender<Mail>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
    say("220 relay.example.net ESMTP")?;
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        match line.get(..4).unwrap_or_default() {
            "DATA" => {
                say("354 go on")?;
                let mail = lines.by_ref().take_while(|line| line != ".").collect::<Vec<_>>();
                say("250 taken")?;
                let taken = Instant::now();
                let (kind, subject) =
                    (header(&mail, "X-Originwatch-Kind: "), header(&mail, "Subject: "));
                // A run that has seen enough takes no more.
                let _ = mails.send(Mail { kind, subject, taken });
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 fine")?,
        }
    }
    Ok(())
}

/// A header field, unfolded.
fn header(mail: &[String], name: &str) -> String {
    let mut lines = mail.iter().skip_while(|line| !line.starts_with(name));
    let first = lines.next().map_or("", |line| line.trim_start_matches(name));
    let folded = lines.take_while(|line| line.starts_with(' ')).map(String::as_str);
    [first].into_iter().chain(folded).collect()
}
