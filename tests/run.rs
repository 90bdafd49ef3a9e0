//! `originwatch run`: the real daemon, with a relay, a spool, routers and a RIS Live server that are
//! played here. Nothing waits for a time: each step waits for what the daemon says or does.

mod api;
mod bmp;
mod calendars;
mod channels;
mod controls;
pub(crate) mod daemon;
mod delivery;
mod drill;
mod endangered;
mod heartbeat;
pub(crate) mod relay;
mod reload;
mod replies;
mod ris_live;
mod server;
pub(crate) mod spool;
mod systemd;
pub(crate) mod tables;
mod trouble;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::play::{notices, originwatch, root};

/// What is waited for happens within seconds, or never: the limit only turns a test that hangs into
/// one that says so.
pub(crate) const LIMIT: Duration = Duration::from_mins(2);

/// A folder with a config in it, and all that it names.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// The config of `data/indosat-2014` with a relay at this port, and what stands in `feeds` behind.
    fn new(relay: u16, feeds: &str) -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        let shipped = root().join("data/indosat-2014");
        for name in ["vrps.json", "as-names.csv"] {
            fs::copy(shipped.join(name), place.path(name)).unwrap();
        }
        fs::create_dir(place.path("spool")).unwrap();
        // Without their age, or they would be stale: it is told against the wall clock.
        let vrps = fs::read(place.path("vrps.json")).unwrap();
        let mut vrps: Value = serde_json::from_slice(&vrps).unwrap();
        vrps.as_object_mut().unwrap().remove("metadata");
        fs::write(place.path("vrps.json"), vrps.to_string()).unwrap();
        let text = fs::read_to_string(shipped.join("originwatch.toml")).unwrap();
        let text = text.replace("127.0.0.1:25", &format!("127.0.0.1:{relay}"));
        fs::write(place.config(), format!("{text}\n{feeds}\n")).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("originwatch.toml")
    }

    /// Changes the config.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(self.config(), text.replacen(from, to, 1)).unwrap();
    }

    /// Every notice that the store holds.
    fn stored(&self) -> Vec<Value> {
        let store = store::Store::open(&self.path("originwatch.db")).unwrap();
        let notices = store.notices().unwrap();
        notices.iter().map(|notice| serde_json::from_str(notice).unwrap()).collect()
    }

    /// What a replay of these inputs says.
    fn replayed(&self, inputs: &[&Path]) -> Vec<Value> {
        let config = self.config();
        let arguments = ["replay", "--format", "json", "-c"].map(Path::new);
        let run = originwatch(
            arguments.into_iter().chain([config.as_path()]).chain(inputs.iter().copied()),
        );
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        notices(&run.stdout)
    }
}

/// Without what the feeds are called, and without the RPKI data's age.
fn without_feeds(mut notices: Vec<Value>) -> Vec<Value> {
    for notice in &mut notices {
        let notice = notice.as_object_mut().unwrap();
        notice.remove("feeds");
        notice.remove("rpki");
    }
    notices
}

/// Without the times at which something was decided, too: live, they are those of the wall clock.
fn without_times(notices: Vec<Value>) -> Vec<Value> {
    let mut notices = without_feeds(notices);
    for notice in &mut notices {
        let notice = notice.as_object_mut().unwrap();
        for key in ["at", "last_seen", "title"] {
            notice.remove(key);
        }
    }
    notices
}

/// A RIS Live message of a peer that announces a prefix.
pub(crate) fn announce(at: i64, peer: u32, prefix: &str, path: &[u32]) -> String {
    let path = path.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    ris_message(
        at,
        peer,
        &format!(
            r#""path":[{path}],"origin":"igp","announcements":[{{"next_hop":"192.0.2.{peer}","prefixes":["{prefix}"]}}]"#
        ),
    )
}

/// A RIS Live message of a peer that withdraws a prefix.
fn withdraw(at: i64, peer: u32, prefix: &str) -> String {
    ris_message(at, peer, &format!(r#""withdrawals":["{prefix}"]"#))
}

fn ris_message(at: i64, peer: u32, rest: &str) -> String {
    let mut text = String::new();
    let asn = 100 + peer;
    write!(
        text,
        r#"{{"type":"ris_message","data":{{"timestamp":{at}.00,"peer":"192.0.2.{peer}","peer_asn":"{asn}","id":"{at}-{peer}","host":"rrc21.ripe.net","type":"UPDATE",{rest}}}}}"#
    )
    .unwrap();
    text
}
