use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::io::{Read as _, Write as _, stdout};
use std::net::Shutdown;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::Line;
use super::connected::Connected;
use super::daemon::{Used, waited_for};
use super::feed::{ACKNOWLEDGEMENTS, Feed, Server};
use super::relay::Relay;

/// The events that stand in the recording: their kind, and what stands in the subject.
const EVENTS: [(&str, &str, &str); 10] = [
    ("H1", "origin-hijack", "AS64666"),
    ("H2", "sub-prefix-hijack", "AS64667"),
    ("H3", "sub-prefix-hijack", "AS64668"),
    ("H4", "first-hop", "193.0.0.0/21"),
    ("H5", "new-more-specific", "193.0.2.0/24"),
    ("H6", "origin-hijack", "AS64670"),
    ("H7", "super-prefix", "AS64671"),
    ("H8", "own-as-new-prefix", "45.83.220.0/22"),
    ("V1", "visibility-loss", "145.220.8.0/21"),
    ("END", "origin-hijack", "AS64672"),
];

/// A client that does nothing but to read.
const NODE: &str = r"
const ws = new (require('ws'))(process.argv[2], { perMessageDeflate: false });
let messages = 0;
ws.on('open', () => ws.send(JSON.stringify({ type: 'ris_subscribe', data: {} })));
ws.on('message', data => { if (JSON.parse(data).type === 'ris_message') messages += 1; });
ws.on('error', () => {});
ws.on('close', () => console.log(messages, process.resourceUsage().maxRSS));
";

/// One client's run over the whole recording.
#[derive(Clone, Copy, Default)]
struct Cost {
    wall: f64,
    cpu: f64,
    memory: f64,
}

pub(crate) fn measure(
    program: &Path,
    data: &Path,
    rounds: usize,
) -> Result<Vec<Line>, Box<dyn Error>> {
    let feed = Feed::read(data)?;
    let node = Node::install()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (our, their) = (daemon(program, &feed)?, node.run(&feed)?);
        writeln!(
            stdout(),
            "firehose {round}: ours {:.2} s CPU, {:.2} s, {:.1} MB; node {:.2} s CPU, {:.2} s, {:.1} MB",
            our.cpu,
            our.wall,
            our.memory,
            their.cpu,
            their.wall,
            their.memory
        )?;
        ours.push(our);
        theirs.push(their);
    }
    let median = |costs: &[Cost], of: fn(&Cost) -> f64| {
        let mut figures: Vec<_> = costs.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or_default()
    };
    let [ours, theirs] = [&ours, &theirs].map(|costs| {
        [median(costs, |c| c.cpu), median(costs, |c| c.wall), median(costs, |c| c.memory)]
    });
    let ratio = ours[0] / theirs[0];
    let what = |text: &str| format!("firehose, {} messages: {text}", feed.len());
    let told = |figures: [f64; 3]| {
        format!("{:.2} s, {:.2} s, {:.1} MB", figures[0], figures[1], figures[2])
    };
    Ok(vec![
        Line { what: what("CPU, wall, peak"), figure: told(ours), target: "", reached: true },
        Line { what: what("node alone"), figure: told(theirs), target: "", reached: true },
        Line {
            what: what("our CPU to node's"),
            figure: format!("{ratio:.2}"),
            target: "below 1",
            reached: ratio < 1.0,
        },
        Line {
            what: what("peak memory"),
            figure: format!("{:.1} MB", ours[2]),
            target: "below 60 MB",
            reached: ours[2] < 60.0,
        },
    ])
}

/// Every event must be reported and every message read, or there is nothing to measure.
fn daemon(program: &Path, feed: &Feed) -> Result<Cost, Box<dyn Error>> {
    let Connected { relay, daemon, mut stream, _server } = Connected::start(program)?;
    let begun = Instant::now();
    stream.write_all(feed.bytes())?;
    let missing = not_told(&relay);
    if !missing.is_empty() {
        return Err(format!("no mail came, and not told: {missing:?}").into());
    }
    let wall = begun.elapsed().as_secs_f64();
    let (Used { cpu, peak, .. }, said) = daemon.stop()?;
    let sent = feed.len() + ACKNOWLEDGEMENTS;
    let all = format!("messages={sent} damages={}", feed.damages());
    if !said.iter().any(|line| line.contains(&all)) {
        return Err(format!("messages were lost: {}", said.join("\n")).into());
    }
    Ok(Cost { wall, cpu, memory: peak })
}

/// The events that no mail tells of.
pub(crate) fn not_told(relay: &Relay) -> BTreeSet<(&'static str, &'static str, &'static str)> {
    let mut missing: BTreeSet<_> = EVENTS.into_iter().collect();
    while !missing.is_empty()
        && let Ok(mail) = relay.next()
    {
        missing.retain(|(_, kind, what)| mail.kind != *kind || !mail.subject.contains(what));
    }
    missing
}

struct Node {
    folder: TempDir,
}

impl Node {
    fn install() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("client.js"), NODE)?;
        let npm = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "ws@8"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .status()
            .map_err(|error| format!("npm, of Debian's package of this name: {error}"))?;
        match npm.success() {
            true => Ok(Node { folder }),
            false => Err("npm cannot install ws".into()),
        }
    }

    fn run(&self, feed: &Feed) -> Result<Cost, Box<dyn Error>> {
        let server = Server::start()?;
        let mut client = Command::new("node")
            .arg(self.folder.path().join("client.js"))
            .arg(server.url()?)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut stream = server.accept()?;
        let before = waited_for()?;
        let begun = Instant::now();
        stream.write_all(feed.bytes())?;
        stream.shutdown(Shutdown::Both)?;
        drop(stream);
        let mut said = String::new();
        client.stdout.take().ok_or("no output")?.read_to_string(&mut said)?;
        let wall = begun.elapsed().as_secs_f64();
        client.wait()?;
        let cpu = waited_for()? - before;
        let (messages, kib) = said.trim().split_once(' ').ok_or("node said nothing")?;
        if messages.parse() != Ok(feed.len()) {
            return Err(format!("node read {messages} messages of {}", feed.len()).into());
        }
        Ok(Cost { wall, cpu, memory: kib.parse::<f64>()? * 1024.0 / 1e6 })
    }
}
