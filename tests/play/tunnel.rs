//! An HTTP proxy that is played here: it leads every tunnel to this machine, whatever the host is called.

use std::io::{BufRead as _, BufReader, Write as _, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

pub(crate) struct Tunnel {
    pub(crate) port: u16,
    /// The method, the server and the login of each request.
    pub(crate) asked: Receiver<String>,
}

/// One that answers so to every request, and lets through where that is a success.
pub(crate) fn start(answer: &'static str) -> Tunnel {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, sender) = (stream.unwrap(), sender.clone());
            thread::spawn(move || serve(&stream, answer, &sender));
        }
    });
    Tunnel { port, asked }
}

fn serve(stream: &TcpStream, answer: &str, asked: &Sender<String>) {
    let mut reader = BufReader::new(stream);
    let mut head: Vec<String> = Vec::new();
    while head.last().is_none_or(|line| !line.is_empty()) {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return;
        }
        head.push(line.trim_end().to_owned());
    }
    let mut words = head[0].split(' ');
    let [method, server] = [words.next().unwrap(), words.next().unwrap()];
    let login = head.iter().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    let said = format!("{method} {server} {}", login.unwrap_or("nobody"));
    // A test that has seen enough takes no more.
    let _ = asked.send(said);
    let mut out = stream;
    out.write_all(format!("{answer}\r\n\r\n").as_bytes()).unwrap();
    if !answer.contains(" 200 ") {
        return;
    }
    let port: u16 = server.rsplit_once(':').unwrap().1.parse().unwrap();
    let target = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let (mut back, mut to) = (target.try_clone().unwrap(), stream.try_clone().unwrap());
    thread::spawn(move || {
        // Either end may hang up.
        let _ = copy(&mut back, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = copy(&mut reader, &mut &target);
    let _ = target.shutdown(Shutdown::Both);
}
