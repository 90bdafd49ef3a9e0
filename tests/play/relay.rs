use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::LIMIT;

/// What the relay says to a command (`RCPT TO:<a@example.net>`), if not what it should.
pub(crate) type Answer = fn(&str) -> Option<&'static str>;

/// A mail relay that hands over each mail that it takes.
pub(crate) struct Relay {
    pub(crate) port: u16,
    mails: Receiver<ReceivedMail>,
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedMail(pub(crate) String);

impl Relay {
    /// One that takes everything.
    pub(crate) fn start() -> Self {
        Relay::answering(|_| None)
    }

    pub(crate) fn answering(answer: Answer) -> Self {
        Relay::on(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    pub(crate) fn on(listener: TcpListener, answer: Answer) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                thread::spawn(move || serve(&stream.unwrap(), answer, &sender));
            }
        });
        Relay { port, mails }
    }

    /// The next mail.
    #[track_caller]
    pub(crate) fn next(&self) -> ReceivedMail {
        self.within_limit().unwrap()
    }

    /// The next mail; none where it does not come.
    pub(crate) fn within_limit(&self) -> Option<ReceivedMail> {
        self.mails.recv_timeout(LIMIT).ok()
    }

    /// The kinds and reasons of so many mails, sorted: who gets out first is not decided.
    #[track_caller]
    pub(crate) fn told(&self, mails: usize) -> Vec<String> {
        let told = |mail: ReceivedMail| {
            let header = |name| mail.header(name).unwrap();
            format!("{} {}", header("X-Originwatch-Kind"), header("X-Originwatch-Reason"))
        };
        let mut told: Vec<_> = (0..mails).map(|_| told(self.next())).collect();
        told.sort();
        told
    }

    /// What has come and was not asked for.
    pub(crate) fn rest(&self) -> Vec<ReceivedMail> {
        self.mails.try_iter().collect()
    }
}

impl ReceivedMail {
    /// A header field on one line.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let head = self.0.split("\n\n").next().unwrap();
        let unfolded = head.replace("\n ", " ");
        let field = unfolded.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        field.map(str::to_owned)
    }

    pub(crate) fn id(&self) -> String {
        self.header("Message-ID").unwrap()
    }
}

/// One session (RFC 5321 section 3), as far as a client that behaves needs it.
fn serve(stream: &TcpStream, answer: Answer, mails: &Sender<ReceivedMail>) {
    let mut out = stream.try_clone().unwrap();
    // In one piece: two would wait for each other (Nagle).
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say("220 relay.example.net ESMTP");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(line) = lines.next() {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match (answer(&line), verb.as_str()) {
            (Some(answer), _) => answer,
            (None, "EHLO") => "250-relay.example.net\r\n250 AUTH PLAIN",
            (None, "AUTH") => "235 fine",
            (None, "DATA") => {
                say("354 go on");
                let mut mail = String::new();
                loop {
                    match lines.next().as_deref() {
                        Some(".") => break,
                        Some(line) => writeln!(mail, "{line}").unwrap(),
                        // Who is killed in the middle has sent nothing (RFC 5321 section 4.1.1.4).
                        None => return,
                    }
                }
                // A test that has seen enough takes no more.
                let _ = mails.send(ReceivedMail(mail));
                "250 taken"
            }
            (None, "QUIT") => "221 bye",
            (None, _) => "250 fine",
        };
        if !say(answer) {
            return;
        }
    }
}
