//! The signs of life: for somebody outside, and for whoever sits at the terminal.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::ris_server::{Server, Step};
use crate::play::{LIMIT, output, spool};

/// A server that tells of every request, and answers that all is well.
fn listener() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            if (&stream).write_all(answer).is_err() || sender.send(request).is_err() {
                return;
            }
        }
    });
    (port, requests)
}

#[test]
fn the_heart_beats_while_all_is_well_and_is_held_back_while_it_is_not() {
    let (relay, server, (port, requests)) = (Relay::start(), Server::start(1), listener());
    let heartbeat =
        format!("[heartbeat]\nurl = \"http://127.0.0.1:{port}/ping/4f1c\"\nevery = \"2s\"\n");
    let place = Place::new(relay.port, &(server.feed("firehose") + &heartbeat));
    let mut daemon = Daemon::start(&place.config());
    let visit = server.visit();
    let request = requests.recv_timeout(LIMIT).unwrap();
    assert_eq!(request, "GET /ping/4f1c HTTP/1.1");
    // Gone is not enough: it would be back at once.
    drop(server);
    visit.steps.send(Step::Hang).unwrap();
    let line = daemon.wait_for("the heartbeat is held back");
    assert!(line.contains("0 of 1 feeds up"), "{line}");
    daemon.stop();
}

#[test]
fn a_terminal_shows_how_things_are() {
    let relay = Relay::start();
    let place = spool::place(&relay);
    let run = format!(
        "timeout 5 {} run -c {}",
        env!("CARGO_BIN_EXE_originwatch"),
        place.config().display()
    );
    let output = output(Command::new("script").args(["-qec", &run, "/dev/null"]));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        shown.contains("\r\x1b[K\x1b[?7l1 of 1 feeds up, 0 messages/s, 0 incidents open"),
        "{shown}"
    );
    // In a pipe there is nothing but the log.
    let daemon = Daemon::start(&place.config());
    let said = daemon.stop();
    assert!(!said.contains('\x1b') && !said.contains("feeds up"), "{said}");
}
