//! What a service manager does for the daemon, and what it is told.

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;

use crate::play::LIMIT;
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::ris_server::Server;

#[test]
fn a_socket_that_was_opened_for_us_is_used_and_outlives_a_reload() {
    let relay = Relay::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // The port in the config is another one, and nobody may listen there.
    let feed = "[[feed]]\ntype = \"bmp\"\nlisten = \"192.0.2.1:11019\"\n\
                routers = [{ address = \"127.0.0.1\", name = \"edge1\" }]\n";
    let place = Place::new(relay.port, feed);
    // sd_listen_fds(3): the sockets begin at 3, and the variables are for this process alone.
    let before = "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1;";
    let mut command = Daemon::shell(before, &place.config());
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
    let mut daemon = Daemon::run(command);
    daemon.wait_for(" running ");
    let first = TcpStream::connect(("127.0.0.1", port)).unwrap();
    daemon.wait_for("connected");
    daemon.signal("HUP");
    daemon.wait_for(" running ");
    drop(first);
    let _second = TcpStream::connect(("127.0.0.1", port)).unwrap();
    daemon.wait_for("connected");
    daemon.stop();
}

#[test]
fn the_service_manager_is_told_how_we_are() {
    let (relay, server) = (Relay::start(), Server::start(1));
    let place = Place::new(relay.port, &server.feed("firehose"));
    let path = place.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let wait_for = |text: &str| {
        let mut datagram = [0; 4096];
        loop {
            let length = socket.recv(&mut datagram).unwrap();
            let said = String::from_utf8_lossy(&datagram[..length]).into_owned();
            if said.contains(text) {
                return said;
            }
        }
    };
    let mut command = Daemon::command(&place.config());
    command.env("NOTIFY_SOCKET", &path);
    let daemon = Daemon::run(command);
    wait_for("READY=1");
    let beat = wait_for("1 of 1 feeds up, 0 messages/s, 0 incidents open");
    assert!(beat.contains("WATCHDOG=1"), "{beat}");
    daemon.signal("HUP");
    wait_for("RELOADING=1");
    wait_for("READY=1");
    daemon.signal("TERM");
    wait_for("STOPPING=1");
    daemon.stop();
}
