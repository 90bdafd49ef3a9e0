use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;

use fixtures::real::need;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::namespace::Namespace;
use super::process::{Process, output, until};
use super::{router, turn};
use crate::play::daemon::Daemon;
use crate::play::relay::{ReceivedMail, Relay};

/// What AS4761 takes from us.
pub(super) const OURS: &str = "198.51.100.0/24";
pub(super) const HALF: &str = "198.51.100.128/25";

/// Where it sits.
const ATTACKER: &str = "10.89.0.61";

/// Our network with the monitor, two routers and an exchange where others sit:
///
/// ```text
///   noc  10.88.0.1  ---- BMP ----  edge1 (GoBGP), edge2 (FRR)  ---- BGP ----  exchange 10.89.0.0/24
///   originwatch, StayRTR, relay    10.88.0.11     10.88.0.12                  AS4761 .61, AS3356 .62
/// ```
///
/// BMP and BGP have links of their own, so that each can be cut alone.
pub(super) struct Lab {
    daemon: Option<Daemon>,
    relay: Relay,
    /// Mails that came while another was waited for.
    aside: VecDeque<ReceivedMail>,
    /// The Message-ID of each mail that has come, and how many may come again: the monitor was killed
    /// that many times, perhaps between the relay's word and its own note of it.
    known: HashSet<String>,
    repeats: u32,
    _cache: Process,
    edges: Vec<Process>,
    _attacker: Process,
    noc: Namespace,
    pub(super) exchange: Namespace,
    at_edge1: Namespace,
    at_edge2: Namespace,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Lab {
    /// Starts everything, and waits until both routers have told the monitor of AS4761.
    pub(super) fn start(incident: &str) -> Self {
        need(&["ip", "nft", "gobgpd", "gobgp", "vtysh", "exabgp", "stayrtr"]);
        let turn = turn();
        let noc = Namespace::with_switch("noc", &["10.88.0.1/24"]);
        let exchange = Namespace::with_switch("exchange", &["10.89.0.61/24", "10.89.0.62/24"]);
        let (at_edge1, at_edge2) = (Namespace::new("edge1"), Namespace::new("edge2"));
        for (edge, name, host) in [(&at_edge1, "edge1", 11), (&at_edge2, "edge2", 12)] {
            noc.wire(name, edge, "to-noc", &format!("10.88.0.{host}/24"));
            exchange.wire(name, edge, "to-exchange", &format!("10.89.0.{host}/24"));
        }
        let folder = tempfile::tempdir().unwrap();
        let listener = noc.listen("127.0.0.1:25".parse().unwrap());
        let mut lab = Lab {
            daemon: None,
            relay: Relay::on(listener, |_| None),
            aside: VecDeque::new(),
            known: HashSet::new(),
            repeats: 0,
            _cache: cache(&noc, &folder),
            edges: Vec::new(),
            _attacker: router::gobgp_attacker(&exchange, folder.path()),
            noc,
            exchange,
            at_edge1,
            at_edge2,
            folder,
            _turn: turn,
        };
        fs::write(lab.config(), config(incident)).unwrap();
        lab.start_monitor();
        lab.start_routers();
        lab
    }

    /// Starts the monitor, and waits until it runs.
    pub(super) fn start_monitor(&mut self) {
        let command = self.noc.command(env!("CARGO_BIN_EXE_originwatch"));
        let mut daemon = Daemon::spawn_as(command, &self.config());
        daemon.wait_for(" running ");
        self.daemon = Some(daemon);
    }

    /// Ends the monitor as a power cut would.
    pub(super) fn kill_monitor(&mut self) {
        self.daemon.take().unwrap().kill();
        self.repeats += 1;
    }

    /// Starts both routers, and waits until the monitor knows their neighbour.
    pub(super) fn start_routers(&mut self) {
        let folder = self.folder.path();
        self.edges = vec![
            router::gobgp_edge(&self.at_edge1, folder),
            router::frr_edge(&self.at_edge2, folder),
        ];
        self.wait_for_peers();
        router::tell_gobgp(&self.at_edge1, &format!("global rib add {OURS} origin igp"));
    }

    /// Ends both routers as a power cut would.
    pub(super) fn kill_routers(&mut self) {
        self.edges.clear();
    }

    /// Waits until the monitor has heard from a router that this session is up.
    #[track_caller]
    pub(super) fn wait_for_peer(&mut self, router: &str, peer: &str) {
        loop {
            let line = self.monitor().wait_for("peer up");
            if line.contains(router) && line.contains(peer) {
                return;
            }
        }
    }

    /// Waits until both routers have said that the session with AS4761 is up, in whatever order.
    #[track_caller]
    pub(super) fn wait_for_peers(&mut self) {
        let mut missing = vec!["edge1", "edge2"];
        while !missing.is_empty() {
            let line = self.monitor().wait_for("peer up");
            missing.retain(|router| !line.contains(router) || !line.contains(ATTACKER));
        }
    }

    fn monitor(&mut self) -> &mut Daemon {
        self.daemon.as_mut().unwrap()
    }

    /// AS4761 originates a prefix.
    pub(super) fn announce(&self, prefix: &str) {
        router::tell_gobgp(&self.exchange, &format!("global rib add {prefix} origin igp"));
    }

    /// AS4761 originates it no more.
    pub(super) fn withdraw(&self, prefix: &str) {
        router::tell_gobgp(&self.exchange, &format!("global rib del {prefix}"));
    }

    /// Waits until FRR answers this with that.
    #[track_caller]
    pub(super) fn frr_shows(&self, words: &str, text: &str) {
        let answer = || router::ask_frr(&self.at_edge2, self.folder.path(), words);
        until(&format!("FRR shows {text}"), || answer().contains(text));
    }

    /// The same of something that it shows no more.
    #[track_caller]
    pub(super) fn frr_lacks(&self, words: &str, text: &str) {
        let answer = || router::ask_frr(&self.at_edge2, self.folder.path(), words);
        until(&format!("FRR does not show {text}"), || {
            let answer = answer();
            !answer.is_empty() && !answer.contains(text)
        });
    }

    /// Drops everything between the monitor and edge2, both ways: neither end hears of it.
    pub(super) fn cut_bmp(&self) {
        let rules = "add table ip cut; \
            add chain ip cut in { type filter hook input priority 0; }; \
            add chain ip cut out { type filter hook output priority 0; }; \
            add rule ip cut in ip saddr 10.88.0.12 drop; \
            add rule ip cut out ip daddr 10.88.0.12 drop";
        output(self.noc.command("nft").arg(rules));
    }

    pub(super) fn mend_bmp(&self) {
        output(self.noc.command("nft").args(["flush", "ruleset"]));
    }

    /// Takes down the links between AS4761 and our routers.
    pub(super) fn cut_bgp(&self) {
        for port in ["edge1", "edge2"] {
            self.exchange.ip(&format!("link set {port} down"));
        }
    }

    pub(super) fn mend_bgp(&self) {
        for port in ["edge1", "edge2"] {
            self.exchange.ip(&format!("link set {port} up"));
        }
    }

    /// The next mail about this kind of incident; others are put aside.
    #[track_caller]
    pub(super) fn mail(&mut self, kind: &str, reason: &str) -> ReceivedMail {
        let is_wanted = |mail: &ReceivedMail| mail.header("X-Originwatch-Kind").unwrap() == kind;
        let mail = match self.aside.iter().position(is_wanted) {
            Some(place) => self.aside.remove(place).unwrap(),
            None => loop {
                let mail = self.next_mail(&format!("{kind} {reason}"));
                if is_wanted(&mail) {
                    break mail;
                }
                self.aside.push_back(mail);
            },
        };
        let subject = mail.header("Subject").unwrap();
        assert_eq!(mail.header("X-Originwatch-Reason").as_deref(), Some(reason), "{subject}");
        super::seen(&subject);
        mail
    }

    /// The next mail that has not come before.
    #[track_caller]
    fn next_mail(&mut self, what: &str) -> ReceivedMail {
        loop {
            let mail = self.relay.within_limit();
            assert!(mail.is_some(), "no mail {what}:\n{}", self.monitor().so_far());
            let mail = mail.unwrap();
            if self.known.insert(mail.id()) {
                return mail;
            }
            assert_ne!(self.repeats, 0, "twice: {}", mail.0);
            self.repeats -= 1;
        }
    }

    /// Stops the monitor as one should, and gives every notice that it has written about this kind of
    /// incident, in order, and how many mails nobody has asked for.
    pub(super) fn finish(&mut self, kind: &str) -> (Vec<Value>, usize) {
        self.daemon.take().unwrap().stop();
        let store = store::Store::open(&self.path("originwatch.db")).unwrap();
        let notices = store.notices().unwrap();
        let notices = notices.iter().map(|notice| serde_json::from_str(notice).unwrap());
        let notices = notices.filter(|notice: &Value| notice["kind"] == kind).collect();
        self.aside.extend(self.relay.rest());
        let is_left = |mail: &&ReceivedMail| mail.header("X-Originwatch-Kind").unwrap() == kind;
        (notices, self.aside.iter().filter(is_left).count())
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path("originwatch.toml")
    }
}

/// What RPKI says of us, told by StayRTR.
fn cache(noc: &Namespace, folder: &TempDir) -> Process {
    let roas = [json!({ "asn": 64_500, "prefix": OURS, "maxLength": 24, "ta": "test" })];
    let file = folder.path().join("vrps.json");
    fs::write(&file, json!({ "metadata": {}, "roas": roas }).to_string()).unwrap();
    let mut command = noc.command("stayrtr");
    command.arg("-cache").arg(file).args(["-bind", "127.0.0.1:3323", "-checktime=false"]);
    command.args(["-metrics.addr", "127.0.0.1:9847", "-refresh", "1"]);
    Process::start(command, &folder.path().join("stayrtr.log"))
}

fn config(incident: &str) -> String {
    format!(
        r#"
[operator]
name = "Example Networks"
site = "LON01"
asns = [64500]

[[watch]]
prefix = "{OURS}"

[rpki]
sources = [{{ rtr = "127.0.0.1:3323" }}]

[incident]
{incident}

[[feed]]
type = "bmp"
listen = "10.88.0.1:11019"
silent_after = "5s"
routers = [
    {{ address = "10.88.0.11", name = "edge1" }},
    {{ address = "10.88.0.12", name = "edge2" }},
]

[mail]
from = "originwatch@example.net"
to = ["noc@example.net"]
relay = "smtp://127.0.0.1:25"
tls = "none"
helo = "monitor.example.net"

[store]
path = "originwatch.db"
"#
    )
}
