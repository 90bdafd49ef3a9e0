//! StayRTR and RTRTR, each with a file of its own on ports of its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bgp::Asn;
use fixtures::real::need;
use rpki_sources::Health;
use tempfile::TempDir;
use validator::AspaTable;

use crate::play::proxy::{self, Fault};
use crate::play::rtr::{follow_port, until, until_vrps, vrps};

/// A program that is stopped at the end of the test.
struct Peer {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Peer {
    /// StayRTR with this file.
    fn stayrtr(vrps: &str, more: &[&str]) -> Peer {
        need(&["stayrtr"]);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("vrps.json"), vrps).unwrap();
        let port = free_port();
        let child = run_stayrtr(folder.path(), port, more);
        Peer { child, port, folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("vrps.json")
    }

    /// Written beside and moved, since a program may be reading.
    fn write(&self, vrps: &str) {
        let beside = self.folder.path().join("new.json");
        fs::write(&beside, vrps).unwrap();
        fs::rename(beside, self.file()).unwrap();
    }

    /// Another process at the same port, so another session.
    fn restart(&mut self, vrps: &str) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.write(vrps);
        self.child = run_stayrtr(self.folder.path(), self.port, &[]);
    }
}

fn run_stayrtr(folder: &Path, port: u16, more: &[&str]) -> Child {
    let log = File::create(folder.join("log")).unwrap();
    Command::new("stayrtr")
        .arg("-cache")
        .arg(folder.join("vrps.json"))
        .args(["-bind", &format!("127.0.0.1:{port}")])
        .args(["-metrics.addr", &format!("127.0.0.1:{}", free_port())])
        .args(["-checktime=false", "-refresh", "1"])
        .args(["-rtr.refresh", "3600", "-rtr.retry", "1", "-rtr.expire", "7200"])
        .args(more)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A file of these VRPs, with or without an ASPA of AS64500.
fn file(asns: &[u32], aspa: bool) -> String {
    let vrp =
        |asn: &u32| format!(r#"{{"asn":{asn},"prefix":"198.18.0.0/21","maxLength":24,"ta":"t"}}"#);
    let roas: Vec<_> = asns.iter().map(vrp).collect();
    let aspa = if aspa { r#"{"customer_asid":64500,"providers":[64511,64510]}"# } else { "" };
    // StayRTR 0.5 reads the older spelling only.
    let aspas = format!(r#""provider_authorizations":{{"ipv4":[{aspa}],"ipv6":[]}}"#);
    format!(r#"{{"metadata":{{}},"roas":[{}],{aspas}}}"#, roas.join(","))
}

fn line(asn: u32) -> String {
    format!("198.18.0.0/21-24 AS{asn}")
}

fn aspas() -> AspaTable {
    let mut table = AspaTable::default();
    table.add(Asn::new(64_500), [64_510, 64_511].map(Asn::new));
    table
}

#[tokio::test(flavor = "multi_thread")]
async fn stayrtr_is_followed_through_changes_and_a_restart() {
    let mut stayrtr = Peer::stayrtr(&file(&[1, 2], false), &[]);
    let mut rpki = follow_port(stayrtr.port);
    until_vrps(&mut rpki, &[&line(1), &line(2)]).await;
    stayrtr.write(&file(&[2, 3], false));
    let state = until_vrps(&mut rpki, &[&line(2), &line(3)]).await;
    assert_eq!((state.health, state.remarks), (Health::Fresh, vec![]));
    stayrtr.write("{\"roas\":[");
    stayrtr.restart(&file(&[4], false));
    let state = until_vrps(&mut rpki, &[&line(4)]).await;
    assert_eq!((state.health, state.remarks), (Health::Fresh, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn stayrtr_says_aspas_in_the_older_layout() {
    let stayrtr = Peer::stayrtr(&file(&[1], true), &[]);
    let mut rpki = follow_port(stayrtr.port);
    let state = until_vrps(&mut rpki, &[&line(1)]).await;
    assert_eq!(state.snapshot.aspas, aspas());
    // It counts its serial up at every refresh for nothing; then something does change.
    stayrtr.write(&file(&[1, 2], false));
    let state = until_vrps(&mut rpki, &[&line(1), &line(2)]).await;
    assert_eq!(state.snapshot.aspas, AspaTable::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn stayrtr_of_older_versions_is_met_at_its_own() {
    for (version, knows_aspas) in [("0", false), ("1", false), ("2", true)] {
        let protocol = ["-protocol", version];
        let stayrtr = Peer::stayrtr(&file(&[1], true), &protocol);
        let mut rpki = follow_port(stayrtr.port);
        let state = until_vrps(&mut rpki, &[&line(1)]).await;
        let expected = if knows_aspas { aspas() } else { AspaTable::default() };
        assert_eq!(state.snapshot.aspas, expected, "version {version}");
        stayrtr.write(&file(&[1, 2], true));
        until_vrps(&mut rpki, &[&line(1), &line(2)]).await;
    }
}

/// It keeps the changes of the last few serials.
#[tokio::test(flavor = "multi_thread")]
async fn stayrtr_that_has_forgotten_our_serial_sends_everything() {
    let stayrtr = Peer::stayrtr(&file(&[1], false), &[]);
    let (saboteur, port) = proxy::start(stayrtr.port).await;
    let (mut direct, mut rpki) = (follow_port(stayrtr.port), follow_port(port));
    until_vrps(&mut rpki, &[&line(1)]).await;
    until_vrps(&mut direct, &[&line(1)]).await;
    saboteur.set(Some(Fault::Refuse));
    for asn in 2..14 {
        stayrtr.write(&file(&[asn], false));
        until_vrps(&mut direct, &[&line(asn)]).await;
    }
    assert_eq!(vrps(&rpki.borrow()), [line(1)]);
    saboteur.set(None);
    until_vrps(&mut rpki, &[&line(13)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stayrtr_that_is_gone_is_told_and_its_data_stays() {
    let stayrtr = Peer::stayrtr(&file(&[1], false), &[]);
    let mut rpki = follow_port(stayrtr.port);
    until_vrps(&mut rpki, &[&line(1)]).await;
    let name = format!("rtr://127.0.0.1:{}: ", stayrtr.port);
    drop(stayrtr);
    let state = until(&mut rpki, |rpki| !rpki.remarks.is_empty()).await;
    assert_eq!((vrps(&state), state.health), (vec![line(1)], Health::Fresh));
    assert!(state.remarks[0].starts_with(&name), "{:?}", state.remarks);
}

/// RTRTR says ASPAs in the newer layout.
#[tokio::test(flavor = "multi_thread")]
async fn rtrtr_says_aspas_in_the_newer_layout() {
    need(&["rtrtr"]);
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let data = |asns: &[u32]| {
        let aspa = r#"{"customer":"AS64500","providers":["AS64511","AS64510"],"ta":"t"}"#;
        file(asns, false).replacen(
            "{\"metadata\"",
            &format!("{{\"aspas\":[{aspa}],\"metadata\""),
            1,
        )
    };
    let config = format!(
        "log_level = \"warn\"\nlog_target = \"stderr\"\nhttp-listen = [\"127.0.0.1:{}\"]\n\
         [units.file]\ntype = \"json\"\nuri = \"file:{}\"\nrefresh = 1\n\
         [targets.rtr]\ntype = \"rtr\"\nlisten = [\"127.0.0.1:{port}\"]\nunit = \"file\"\n",
        free_port(),
        folder.path().join("vrps.json").display(),
    );
    fs::write(folder.path().join("rtrtr.conf"), config).unwrap();
    fs::write(folder.path().join("vrps.json"), data(&[1])).unwrap();
    let log = File::create(folder.path().join("log")).unwrap();
    let child = Command::new("rtrtr")
        .arg("-c")
        .arg(folder.path().join("rtrtr.conf"))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    let rtrtr = Peer { child, port, folder };
    let mut rpki = follow_port(rtrtr.port);
    let state = until_vrps(&mut rpki, &[&line(1)]).await;
    assert_eq!(state.snapshot.aspas, aspas());
    rtrtr.write(&data(&[1, 2]));
    let state = until_vrps(&mut rpki, &[&line(1), &line(2)]).await;
    assert_eq!((state.snapshot.aspas.clone(), state.health), (aspas(), Health::Fresh));
}
