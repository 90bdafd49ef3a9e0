use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{Run, notices, originwatch, root};

/// A folder with a config in it, and all that it names.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// The config of `data/indosat-2014` with a relay at this port, and what stands in `feeds` behind.
    pub(crate) fn new(relay: u16, feeds: &str) -> Self {
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

    /// Changes the config by what stands behind it, and waits until the daemon runs by it.
    #[track_caller]
    pub(crate) fn append(&self, daemon: &mut Daemon, text: &str) {
        let config = fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), format!("{config}\n{text}")).unwrap();
        daemon.signal("HUP");
        daemon.wait_for(" running ");
    }

    /// Every notice that the store holds.
    pub(crate) fn stored(&self) -> Vec<Value> {
        let store = store::Store::open(&self.path("originwatch.db")).unwrap();
        let notices = store.notices().unwrap();
        notices.iter().map(|notice| serde_json::from_str(notice).unwrap()).collect()
    }

    /// What a command says that is told of this config.
    pub(crate) fn command(&self, words: &[&str]) -> Run {
        let config = self.config();
        originwatch(words.iter().copied().chain(["-c", config.to_str().unwrap()]))
    }

    #[track_caller]
    pub(crate) fn done(&self, words: &[&str]) -> String {
        let run = self.command(words);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{words:?} {}", run.stdout);
        run.stdout
    }

    pub(crate) fn listed(&self) -> Vec<Value> {
        serde_json::from_str(&self.done(&["incidents", "list", "--format", "json"])).unwrap()
    }

    /// What a replay of these inputs says.
    pub(crate) fn replayed(&self, inputs: &[&Path]) -> Vec<Value> {
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
pub(crate) fn without_feeds(mut notices: Vec<Value>) -> Vec<Value> {
    for notice in &mut notices {
        let notice = notice.as_object_mut().unwrap();
        notice.remove("feeds");
        notice.remove("rpki");
    }
    notices
}

/// Without the times at which something was decided, too: live, they are those of the wall clock.
pub(crate) fn without_times(notices: Vec<Value>) -> Vec<Value> {
    let mut notices = without_feeds(notices);
    for notice in &mut notices {
        let notice = notice.as_object_mut().unwrap();
        for key in ["at", "last_seen", "title"] {
            notice.remove(key);
        }
    }
    notices
}
