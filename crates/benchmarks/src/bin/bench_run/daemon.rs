use std::error::Error;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// What is waited for happens within this, or the run is broken.
const LIMIT: Duration = Duration::from_secs(300);

/// What the kernel counts CPU time in.
const TICKS_PER_SECOND: f64 = 100.0;

/// `originwatch run` in a folder of its own.
pub(crate) struct Daemon {
    child: Child,
    log: Receiver<String>,
    _folder: TempDir,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    /// Seconds.
    pub(crate) cpu: f64,
    /// MB now, and at its peak.
    pub(crate) memory: f64,
    pub(crate) peak: f64,
}

impl Daemon {
    /// Starts it with the watches, VRPs and feeds that `config` holds, and waits until it runs.
    pub(crate) fn start(program: &Path, config: &str) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("originwatch.toml");
        fs::write(&path, config)?;
        fs::write(folder.path().join("vrps.json"), vrps())?;
        let mut run = Command::new(program);
        run.arg("run").arg("-c").arg(&path).stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = run.spawn()?;
        let log = child.stderr.take().map(lines).ok_or("no log")?;
        let daemon = Daemon { child, log, _folder: folder };
        daemon.wait_for(" running ")?;
        Ok(daemon)
    }

    /// Waits for a line of its log that holds this.
    pub(crate) fn wait_for(&self, text: &str) -> Result<String, Box<dyn Error>> {
        loop {
            let line = self.log.recv_timeout(LIMIT);
            let line = line.map_err(|_| format!("the daemon never said '{text}'"))?;
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    pub(crate) fn used(&self) -> io::Result<Used> {
        used(self.child.id())
    }

    /// Asks it to stop; what it used in all its life, and what it said to the end.
    pub(crate) fn stop(mut self) -> Result<(Used, Vec<String>), Box<dyn Error>> {
        let before = waited_for()?;
        let Used { memory, peak, .. } = self.used()?;
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        if !self.child.wait()?.success() {
            return Err("the daemon did not stop as it should".into());
        }
        let cpu = waited_for()? - before;
        Ok((Used { cpu, memory, peak }, self.log.iter().collect()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has mostly stopped before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(log: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn used(pid: u32) -> io::Result<Used> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let megabytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or_default() * 1024.0 / 1e6
    };
    let cpu = ticks(&fs::read_to_string(format!("/proc/{pid}/stat"))?, 11);
    Ok(Used { cpu, memory: megabytes("VmRSS:"), peak: megabytes("VmHWM:") })
}

/// The CPU seconds of all children that have ended.
pub(crate) fn waited_for() -> io::Result<f64> {
    Ok(ticks(&fs::read_to_string("/proc/self/stat")?, 13))
}

/// Two neighbouring fields of `stat` (proc(5)), counted from behind the name, which may hold blanks.
fn ticks(stat: &str, first: usize) -> f64 {
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks = fields.skip(first).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_PER_SECOND
}

/// A config without feeds; the relay is at this port.
pub(crate) fn config(relay: u16, watches: &str) -> String {
    format!(
        r#"
[operator]
name = "Benchmark"
asns = [3333, 1103]
{watches}
[rpki]
sources = [ {{ json = "vrps.json" }} ]

[mail]
from = "originwatch@example.net"
to = ["noc@example.net"]
relay = "smtp://127.0.0.1:{relay}"
tls = "none"
helo = "monitor.example.net"

# The feed is played faster than it was.
[incident]
open_after = "0s"
visibility_after = "0s"

[storm]
incidents = 0
letters_per_hour = 0

[store]
path = "originwatch.db"
"#
    )
}

/// What the recorded feed was made for.
pub(crate) const WATCHES: &str = r#"
[[watch]]
prefix = "193.0.0.0/21"
origins = [3333]
upstreams = [1103]

[[watch]]
prefix = "145.220.8.0/21"
origins = [1103]
upstreams = [20965]
"#;

/// Ours, and those of some others, as every validator's set has them: where the data name few networks, who
/// originates what is learned from the feed instead.
fn vrps() -> String {
    let roa = |asn: u32, prefix: &str, length: u8| {
        format!(r#"{{"asn":"AS{asn}","prefix":"{prefix}/{length}","maxLength":{length}}}"#)
    };
    let ours = [roa(3333, "193.0.0.0", 21), roa(1103, "145.220.8.0", 21)];
    let others = (0..20).map(|n| roa(64496 + n, &format!("198.18.{n}.0"), 24));
    let roas: Vec<_> = ours.into_iter().chain(others).collect();
    format!(r#"{{"roas":[{}]}}"#, roas.join(","))
}
