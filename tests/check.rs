//! `originwatch check` against a name server, relays and a RIS Live server that are played here.

pub(crate) mod dns;
mod relay;

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use tempfile::TempDir;
use tokio_tungstenite::tungstenite;

use crate::play::{Run, assert_golden, originwatch, run, tunnel};
use relay::{Manner, Relay};

const ZONE: &str = "
    mail.example.net A 127.0.0.1
    backup.example.org A 127.0.0.1
    monitor.example.net A 192.0.2.7
    example.net TXT v=spf1 mx -all
    _dmarc.example.net TXT v=DMARC1; p=reject
    example.org MX mx.example.org
    mx.example.org A 203.0.113.25
    home.example MX mx.home.example
    mx.home.example A 198.18.0.25
    deaf.example MX .
    hangs.example.org A 127.0.0.1
    old.example.org A 127.0.0.1
    silent.example.org SILENT
    hooks.example.org A 127.0.0.1
    log.example.org A 127.0.0.1
";

/// A folder with a config in it, and what the config names.
struct Setup {
    folder: TempDir,
    /// What a run of the test replaces by words.
    ports: Vec<(u16, &'static str)>,
}

impl Setup {
    fn new(vrps: &str) -> Self {
        let setup = Setup { folder: tempfile::tempdir().unwrap(), ports: Vec::new() };
        setup.write("vrps.json", vrps);
        setup.write("password", "right\n");
        std::fs::create_dir(setup.folder.path().join("spool")).unwrap();
        setup
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Checks this config; what was said, without what differs from run to run.
    fn check(&self, config: &str, arguments: &[&str]) -> Run {
        self.check_in(config, arguments, &[])
    }

    /// The same with these variables in the environment.
    fn check_in(&self, config: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        const HEAD: &str = "[operator]\nname = \"Example\"\nasns = [64500]\n\
                            [[watch]]\nprefix = \"198.18.0.0/21\"\n\
                            [rpki]\nsources = [ { json = \"vrps.json\" } ]\n";
        // Without a word about feeds it would be RIS Live, and no test goes to the network.
        let feeds = if config.contains("[[feed]]") { "" } else { "feed = []\n" };
        self.write("originwatch.toml", &format!("{feeds}{HEAD}{config}"));
        let path = self.folder.path().join("originwatch.toml");
        let mut all = vec!["check", "-c", path.to_str().unwrap()];
        all.extend(arguments);
        let mut command = Command::new(env!("CARGO_BIN_EXE_originwatch"));
        let variables = variables.iter().copied();
        let mut run = run(command.args(all).envs(variables).stdin(Stdio::null()));
        run.stdout = run.stdout.replace(&format!("{}/", self.folder.path().display()), "");
        for (port, word) in &self.ports {
            run.stdout = run.stdout.replace(&format!(":{port}"), &format!(":{word}"));
        }
        run
    }
}

const VRPS: &str = r#"{"roas":[{"asn":"AS64500","prefix":"198.18.0.0/21","maxLength":24}]}"#;

#[test]
fn where_all_is_well_no_line_says_otherwise() {
    let mut setup = Setup::new(VRPS);
    let first = Relay::start(Manner::StartTls, "mail.example.net", 90);
    let second = Relay::start(Manner::Implicit, "backup.example.org", 90);
    setup.write("ca.pem", &format!("{}{}", first.pem, second.pem));
    let (ris, bmp, web) = (ris_live(), free_port(), free_port());
    setup.ports = vec![
        (first.port, "RELAY"),
        (second.port, "BACKUP"),
        (ris, "RIS"),
        (bmp, "BMP"),
        (web, "WEB"),
    ];
    let config = format!(
        "[mail]\nfrom = \"watch@example.net\"\nto = [\"noc@example.org\", \"noc@home.example\"]\n\
         relay = \"smtp://mail.example.net:{}\"\nfailover = [\"smtps://backup.example.org:{}\"]\n\
         username = \"user\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n\
         helo = \"monitor.example.net\"\n\
         [[feed]]\ntype = \"ris-live\"\nurl = \"ws://127.0.0.1:{ris}/\"\n\
         [[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:{bmp}\"\nrouters = [{{ address = \"127.0.0.1\" }}]\n\
         [[feed]]\ntype = \"mrt-dir\"\npath = \"spool\"\n\
         [web]\nlisten = \"127.0.0.1:{web}\"\n",
        first.port, second.port
    );
    let dns = dns::start(ZONE);
    let run = setup.check(&config, &["--resolver", &dns]);
    assert_eq!(run.stderr, "");
    assert_golden("check/fine.txt", &run.stdout);
    assert_eq!(run.code, Some(0));
    // A login each, and never a mail.
    assert_eq!(first.said(), ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]);
    assert_eq!(second.said(), ["EHLO", "AUTH", "QUIT"]);
    let mut left: Vec<_> = std::fs::read_dir(setup.folder.path()).unwrap().collect();
    left.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let left: Vec<_> = left.iter().map(|entry| entry.as_ref().unwrap().file_name()).collect();
    assert_eq!(left, ["ca.pem", "originwatch.toml", "password", "spool", "vrps.json"]);
}

/// Each relay is wrong in its own way, and so is everything else.
#[test]
fn whatever_would_stop_an_alarm_is_a_fault() {
    let mut setup = Setup::new(VRPS);
    let start = |manner, name| Relay::start(manner, name, 90);
    let foreign = start(Manner::StartTls, "elsewhere.example.net");
    let ending = Relay::start(Manner::StartTls, "old.example.org", 2);
    let (plain, refuses) = (start(Manner::Plain, "x.example"), start(Manner::Refuses, "x.example"));
    let hangs = start(Manner::HangsUp, "x.example");
    let (closed, ris) = (free_port(), free_port());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bmp = taken.local_addr().unwrap().port();
    setup.write("ca.pem", &format!("{}{}", foreign.pem, ending.pem));
    setup.write("password", "wrong\n");
    setup.write("file", "");
    setup.ports = vec![
        (foreign.port, "FOREIGN"),
        (ending.port, "ENDING"),
        (plain.port, "PLAIN"),
        (refuses.port, "REFUSES"),
        (hangs.port, "HANGS"),
        (closed, "CLOSED"),
        (ris, "RIS"),
        (bmp, "BMP"),
    ];
    let failover = [
        ("old.example.org", ending.port),
        ("mail.example.net", plain.port),
        ("mail.example.net", refuses.port),
        ("hangs.example.org", hangs.port),
        ("mail.example.net", closed),
        ("gone.example.org", 587),
        ("silent.example.org", 587),
    ]
    .map(|(host, port)| format!("smtp://{host}:{port}"));
    let config = format!(
        "[mail]\nfrom = \"watch@nowhere.example\"\n\
         to = [\"noc@home.example\", \"noc@deaf.example\", \"noc@gone.example\"]\n\
         relay = \"smtp://mail.example.net:{}\"\nfailover = {failover:?}\n\
         username = \"user\"\npassword_file = \"password\"\nca_file = \"ca.pem\"\n\
         helo = \"gone.example.net\"\n\
         [[feed]]\ntype = \"ris-live\"\nurl = \"ws://127.0.0.1:{ris}/\"\n\
         [[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:{bmp}\"\nrouters = [{{ address = \"127.0.0.1\" }}]\n\
         [[feed]]\ntype = \"mrt-dir\"\npath = \"gone\"\n\
         [store]\npath = \"gone/originwatch.db\"\n\
         [web]\nlisten = \"127.0.0.1:{bmp}\"\n",
        foreign.port
    );
    let dns = dns::start(ZONE);
    let run = setup.check(&config, &["--resolver", &dns]);
    assert_eq!(run.stderr, "");
    assert_golden("check/faults.txt", &run.stdout);
    assert_eq!(run.code, Some(1));
}

#[test]
fn an_alarm_that_the_hijack_would_take_along_is_a_fault() {
    let setup = Setup::new(VRPS);
    let relay = Relay::start(Manner::Plain, "mail.example.net", 12);
    let mail = |to: &str| {
        format!(
            "[mail]\nfrom = \"watch@example.net\"\nto = [\"noc@{to}\"]\ntls = \"none\"\n\
             relay = \"smtp://mail.example.net:{}\"\nhelo = \"monitor.example.net\"\n\
             [[feed]]\ntype = \"mrt-dir\"\npath = \"spool\"\n",
            relay.port
        )
    };
    let dns = dns::start(ZONE);
    let ways = |to: &str| {
        let run = setup.check(&mail(to), &["--resolver", &dns, "--format", "json"]);
        let lines: Vec<serde_json::Value> = serde_json::from_str(&run.stdout).unwrap();
        let states = lines.iter().filter(|line| line["what"] == "ways out");
        let states: Vec<_> = states.map(|line| line["state"].as_str().unwrap()).collect();
        (run.code, states.join(" "))
    };
    assert_eq!(ways("example.org"), (Some(0), "ok".to_owned()));
    assert_eq!(ways("home.example"), (Some(1), "fault".to_owned()));
}

#[test]
fn without_the_net_it_says_what_it_did_not_try() {
    let setup = Setup::new(VRPS);
    let config = "[mail]\nfrom = \"watch@example.net\"\nto = [\"noc@example.org\"]\n\
                  relay = \"smtp://mail.example.net\"\nfailover = [\"smtps://backup.example.org\"]\n\
                  [[feed]]\ntype = \"ris-live\"\n[[feed]]\ntype = \"mrt-dir\"\npath = \"spool\"\n";
    let run = setup.check(config, &["--offline"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_golden("check/offline.txt", &run.stdout);
    let run = setup.check(config, &["--offline", "--format", "json"]);
    let pretty: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_golden("check/offline.json", &format!("{pretty:#}\n"));
}

#[test]
fn a_daemon_that_runs_holds_what_it_needs() {
    let mut setup = Setup::new(VRPS);
    let store = setup.folder.path().join("originwatch.db");
    let _held = store::Store::open(Path::new(&store)).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    setup.ports = vec![(port, "WEB")];
    let run = setup.check(&format!("[web]\nlisten = \"127.0.0.1:{port}\"\n"), &["--offline"]);
    let lines: Vec<_> = run.stdout.lines().filter(|line| line.contains("in use")).collect();
    assert_eq!(
        lines,
        [
            "ok     store originwatch.db: in use, by the instance that runs with it",
            "ok     web 127.0.0.1:WEB: in use, by the instance that runs with this store",
        ]
    );
}

#[test]
fn a_file_that_is_no_store_is_a_fault() {
    let setup = Setup::new(VRPS);
    setup.write("originwatch.db", "what somebody wrote down");
    let run = setup.check("", &["--offline"]);
    let lines: Vec<_> = run.stdout.lines().filter(|line| line.contains("store")).collect();
    assert_eq!(lines, ["fault  store originwatch.db: file is not a database"]);
}

/// Neither a feed, nor a VRP that names us: nothing would be seen, and nothing watched.
#[test]
fn a_config_that_watches_nothing_is_a_fault() {
    let setup = Setup::new(VRPS);
    let run = setup.check("", &["--offline"]);
    let lines: Vec<_> = run.stdout.lines().filter(|line| line.contains("feed")).collect();
    let none =
        "fault  feeds: feed = []: `run` would watch nothing (this config serves `replay` only)";
    assert_eq!((run.code, lines), (Some(1), vec![none]));

    let config = setup.folder.path().join("derived.toml");
    let derived = |asn: &str| {
        let text = format!(
            "[operator]\nname = \"Example\"\nasns = [{asn}]\n\
             [rpki]\nsources = [ {{ json = \"vrps.json\" }} ]\n"
        );
        std::fs::write(&config, text).unwrap();
        let run = originwatch(["check", "--offline", "-c", config.to_str().unwrap()]);
        let mut lines = run.stdout.lines().filter(|line| line.contains(" watches: "));
        lines.next_back().unwrap().replace(&format!("{}/", setup.folder.path().display()), "")
    };
    assert_eq!(derived("64500"), "ok     watches: 1 prefixes of the VRPs");
    assert_eq!(
        derived("64999"),
        "fault  watches: derived.toml has no [[watch]], and no VRP names one of its asns: nothing \
         to watch"
    );
}

#[test]
fn an_api_that_others_can_reach_is_told() {
    let setup = Setup::new(VRPS);
    let told = |listen: &str, more: &str| {
        let web = format!("[web]\nlisten = \"{listen}:{}\"\n{more}", free_port());
        let run = setup.check(&web, &["--offline", "--format", "json"]);
        let lines: Vec<serde_json::Value> = serde_json::from_str(&run.stdout).unwrap();
        let web = lines.iter().filter(|line| line["what"].as_str().unwrap().starts_with("web "));
        web.map(|line| format!("{} {}", line["state"], line["detail"])).collect::<Vec<_>>()
    };
    let ok = "\"ok\" \"can be listened at\"";
    let open = "listens beyond this machine without TLS: whoever reaches it can read";
    let helps = "(a proxy with TLS in front helps)";
    assert_eq!(told("127.0.0.1", ""), [ok]);
    assert_eq!(told("0.0.0.0", ""), [ok.to_owned(), format!("\"note\" \"{open} {helps}\"")]);
    setup.write("token", "0123456789abcdef");
    let read = ", and the token can be read on the way";
    assert_eq!(
        told("0.0.0.0", "token_file = \"token\"\n"),
        [ok.to_owned(), format!("\"note\" \"{open}{read} {helps}\"")]
    );
}

/// Opportunistic is no word for a login: where the relay offers no TLS, it is not shown.
#[test]
fn a_login_is_not_tried_in_the_clear() {
    let setup = Setup::new(VRPS);
    let relay = Relay::start(Manner::Plain, "localhost", 90);
    let config = format!(
        "[mail]\nfrom = \"watch@example.net\"\nto = [\"noc@example.org\"]\n\
         relay = \"smtp://127.0.0.1:{}\"\ntls = \"opportunistic\"\nusername = \"user\"\n\
         password_file = \"password\"\n",
        relay.port
    );
    let run = setup.check(&config, &["--resolver", &dns::start(ZONE)]);
    let told =
        "it offers no STARTTLS, and the login is not sent in the clear (tls = \"none\" would)";
    let line = format!("fault  smtp://127.0.0.1:{}: {told}", relay.port);
    assert!(run.stdout.lines().any(|other| other == line), "{}", run.stdout);
    assert_eq!(relay.said(), ["EHLO", "QUIT"]);
}

/// What a channel posts to is often a secret: of a URL only the host is told.
#[test]
fn channels_are_tried_and_told_nothing() {
    let mut setup = Setup::new(VRPS);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (open, closed) = (listener.local_addr().unwrap().port(), free_port());
    setup.ports = vec![(open, "OPEN"), (closed, "CLOSED")];
    setup.write("program", "");
    let not_a_program = setup.folder.path().join("program");
    let channels = [
        format!("type = \"webhook\"\nurl = \"http://hooks.example.org:{open}/secret\""),
        format!("type = \"webhook\"\nurl = \"http://hooks.example.org:{closed}/secret\""),
        format!("type = \"syslog\"\nserver = \"tcp://log.example.org:{open}\""),
        format!("type = \"syslog\"\nserver = \"udp://log.example.org:{closed}\""),
        "type = \"syslog\"\nserver = \"tcp://gone.example.org\"".to_owned(),
        "type = \"exec\"\ncommand = [\"/bin/sh\"]".to_owned(),
        format!("type = \"exec\"\ncommand = [{not_a_program:?}]"),
        "type = \"exec\"\ncommand = [\"/no/such/program\"]".to_owned(),
    ];
    let channels = channels.iter().enumerate();
    let config: String = channels
        .map(|(number, keys)| format!("[[channel]]\nname = \"c{number}\"\n{keys}\n"))
        .collect();
    let run = setup.check(&config, &["--resolver", &dns::start(ZONE)]);
    assert_eq!(run.stderr, "");
    assert_golden("check/channels.txt", &run.stdout);
    assert!(!run.stdout.contains("secret"));
    let heard = listener.accept().unwrap().0.read(&mut [0]).unwrap();
    assert_eq!(heard, 0);
}

/// Where the way out is a proxy, check takes it as run does: what names the proxy knows, DNS need not.
#[test]
fn behind_a_proxy_it_is_the_proxy_that_is_asked() {
    let setup = Setup::new(VRPS);
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = target.local_addr().unwrap().port();
    let (ris, open) = (ris_live(), tunnel::start("HTTP/1.1 200 Connection established"));
    let closed = tunnel::start("HTTP/1.1 407 Proxy Authentication Required");
    let config = format!(
        "[[feed]]\ntype = \"ris-live\"\nurl = \"ws://ris.example.net:{ris}/\"\n\
         [[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"https://hook.example.net:{hook}/\"\n"
    );
    let dns = dns::start(ZONE);
    let told = |proxy: u16, none: &str| {
        let proxy = format!("http://user:secret@127.0.0.1:{proxy}");
        let variables = [("http_proxy", &*proxy), ("https_proxy", &*proxy), ("no_proxy", none)];
        let run = setup.check_in(&config, &["--resolver", &dns], &variables);
        assert!(!run.stdout.contains("secret"), "{}", run.stdout);
        let lines = run.stdout.lines().map(|line| line.replace(&format!(":{ris}"), ":PORT"));
        let lines = lines.map(|line| line.replace(&format!(":{hook}"), ":PORT"));
        lines.filter(|line| line.contains("example.net:PORT")).collect::<Vec<_>>()
    };
    let through = format!("can be reached through the proxy 127.0.0.1:{}", open.port);
    assert_eq!(
        told(open.port, ""),
        [
            format!("ok     channel hook: hook.example.net:PORT {through}"),
            "ok     feed ris-live ws://ris.example.net:PORT/: answers".to_owned(),
        ]
    );
    let mut asked: Vec<String> = open.asked.try_iter().collect();
    asked.sort();
    let of = |server: &str, port: u16| {
        format!("CONNECT {server}.example.net:{port} Basic dXNlcjpzZWNyZXQ=")
    };
    assert_eq!(asked, [of("hook", hook), of("ris", ris)]);
    let refused = format!("the proxy 127.0.0.1:{} answers 407", closed.port);
    assert_eq!(
        told(closed.port, ""),
        [
            format!("fault  channel hook: hook.example.net:PORT: {refused}"),
            format!("fault  feed ris-live ws://ris.example.net:PORT/: {refused}"),
        ]
    );
    // What needs none is reached without.
    let without = told(closed.port, "example.net");
    assert!(without.iter().all(|line| !line.contains("proxy")), "{without:?}");
    // The config goes before the environment.
    let closed = format!("http://127.0.0.1:{}", closed.port);
    let variables =
        [("http_proxy", &*closed), ("https_proxy", &*closed), ("no_proxy", "example.net")];
    setup.write("login", "secret\n");
    let network = format!(
        "[network]\nproxy = \"http://127.0.0.1:{}\"\nno_proxy = [\"192.0.2.0/24\"]\n\
         username = \"user\"\npassword_file = \"login\"\n",
        open.port
    );
    let config = format!("{config}{network}");
    let run = setup.check_in(&config, &["--resolver", &dns], &variables);
    let connected =
        run.stdout.lines().filter(|line| line.starts_with("ok") && line.contains(".example.net:"));
    assert_eq!(connected.count(), 2, "{}", run.stdout);
    let mut asked: Vec<String> = open.asked.try_iter().collect();
    asked.sort();
    assert_eq!(asked, [of("hook", hook), of("ris", ris)]);
}

/// A RIS Live server that only opens web sockets.
fn ris_live() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            tungstenite::accept(stream.unwrap()).unwrap();
        }
    });
    port
}

/// One where nobody listens.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
