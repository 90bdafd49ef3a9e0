use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Namespaces of one process are told apart by this.
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A network namespace of the test's own: addresses and ports in it collide with nobody's, and its
/// links can be cut. Whatever the test leaves in it goes with it.
pub(super) struct Namespace {
    name: String,
}

impl Namespace {
    /// One with a loopback and nothing else.
    pub(super) fn new(role: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("originwatch-{}-{number}-{role}", std::process::id());
        ip(&["netns", "add", &name]);
        let space = Namespace { name };
        space.ip("link set lo up");
        space
    }

    /// One with a switch, which has this address itself.
    pub(super) fn with_switch(role: &str, addresses: &[&str]) -> Self {
        let space = Namespace::new(role);
        space.ip("link add switch type bridge");
        for address in addresses {
            space.ip(&format!("address add {address} dev switch"));
        }
        space.ip("link set switch up");
        space
    }

    /// Lays a cable from the switch here, where its end is called `port`, to there, where it is called
    /// `interface` and has this address.
    pub(super) fn wire(&self, port: &str, to: &Namespace, interface: &str, address: &str) {
        let there = &to.name;
        self.ip(&format!("link add {port} type veth peer name {interface} netns {there}"));
        self.ip(&format!("link set {port} master switch up"));
        to.ip(&format!("address add {address} dev {interface}"));
        to.ip(&format!("link set {interface} up"));
    }

    /// Runs `ip` here.
    pub(super) fn ip(&self, arguments: &str) {
        let arguments = arguments.split(' ');
        ip(&["-n", &self.name].into_iter().chain(arguments).collect::<Vec<_>>());
    }

    /// A command that will run here. It becomes what it starts, so its process id is the program's.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// A listener here, for a thread of the test.
    pub(super) fn listen(&self, address: SocketAddr) -> TcpListener {
        let path = format!("/run/netns/{}", self.name);
        // A socket stays where it was made: the thread goes there for that alone.
        let there = thread::spawn(move || {
            let file = File::open(path).unwrap();
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            TcpListener::bind(address).unwrap()
        });
        there.join().unwrap()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The test may have failed before it was made whole.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).status();
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {} (are we root?): {said}", arguments.join(" "));
}
