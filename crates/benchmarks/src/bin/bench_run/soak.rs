use std::error::Error;
use std::io::{Write as _, stdout};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::Line;
use super::connected::Connected;
use super::daemon::{Daemon, Used};
use super::feed::{ACKNOWLEDGEMENTS, Feed};
use super::firehose;

/// The load: so many messages, each so often, make 10,000 a second.
const BURST: usize = 100;
const EVERY: Duration = Duration::from_millis(10);

/// How often memory and CPU are looked at.
const LOOKS: u32 = 12;

/// What the last quarter may use more than the second: an allocator's unrest, no leak.
const FLAT: f64 = 1.1;

pub(crate) fn measure(
    program: &Path,
    data: &Path,
    length: Duration,
) -> Result<Vec<Line>, Box<dyn Error>> {
    let feed = Feed::read(data)?;
    let Connected { relay, daemon, mut stream, _server } = Connected::start(program)?;
    // All of it at once, for the events, and then round and round.
    stream.write_all(feed.bytes())?;
    let missing = firehose::not_told(&relay);
    let (looks, sent, damages) = play(&daemon, &feed, &mut stream, length)?;
    stream.shutdown(Shutdown::Both)?;
    // Then everything that was sent is on its way to the engine, which takes it in before it stops.
    daemon.wait_for("disconnected")?;
    let (_, said) = daemon.stop()?;
    let (sent, damages) = (sent + feed.len() + ACKNOWLEDGEMENTS, damages + feed.damages());
    let all = format!("messages={sent} damages={damages} gaps=1");
    let is_all = said.iter().any(|line| line.contains(&all));
    // The first quarter is the start: tables fill, caches warm.
    let mean = |range: std::ops::Range<usize>, of: fn(&Used) -> f64| {
        let part: Vec<_> = looks.get(range).unwrap_or_default().iter().map(of).collect();
        part.iter().sum::<f64>() / part.len() as f64
    };
    let growth = mean(9..12, |used| used.memory) / mean(3..6, |used| used.memory);
    let work = mean(9..12, |used| used.cpu) / mean(3..6, |used| used.cpu);
    let what = |text: &str| format!("soak, {} s at 10,000 messages/s: {text}", length.as_secs());
    Ok(vec![
        Line {
            what: what("memory"),
            figure: format!("{growth:.3} times"),
            target: "at most 1.1 times",
            reached: growth <= FLAT,
        },
        Line { what: what("CPU"), figure: format!("{work:.2} times"), target: "", reached: true },
        Line {
            what: what("all that was sent was read"),
            figure: if is_all { all } else { format!("not {all}: {}", said.join("\n")) },
            target: "all",
            reached: is_all,
        },
        Line {
            what: what("events that were not told"),
            figure: format!("{missing:?}"),
            target: "none",
            reached: missing.is_empty(),
        },
    ])
}

/// The feed round and round: what the daemon used from one look to the next, how many messages it was sent,
/// and how many damaged places are in them.
fn play(
    daemon: &Daemon,
    feed: &Feed,
    stream: &mut TcpStream,
    length: Duration,
) -> Result<(Vec<Used>, usize, usize), Box<dyn Error>> {
    let (begun, mut looks, mut before) = (Instant::now(), Vec::new(), daemon.used()?);
    let (mut burst, mut sent, mut damages) = (0, 0, 0);
    while looks.len() < LOOKS as usize {
        thread::sleep((EVERY * burst).saturating_sub(begun.elapsed()));
        let first = burst as usize * BURST % feed.len();
        stream.write_all(feed.messages(first, BURST))?;
        sent += BURST.min(feed.len() - first);
        damages += feed.damages_in(first, BURST);
        burst += 1;
        if begun.elapsed() >= length / LOOKS * (u32::try_from(looks.len())? + 1) {
            let now = daemon.used()?;
            let share = (now.cpu - before.cpu) / (length / LOOKS).as_secs_f64() * 100.0;
            let seconds = begun.elapsed().as_secs();
            writeln!(
                stdout(),
                "soak, {seconds:>5} s: {:.1} MB, {share:.1} % of a core",
                now.memory
            )?;
            before = now;
            looks.push(Used { cpu: share, ..now });
        }
    }
    Ok((looks, sent, damages))
}
