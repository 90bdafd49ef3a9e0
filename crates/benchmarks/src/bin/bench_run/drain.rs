use std::error::Error;
use std::io::{Write as _, stdout};
use std::path::Path;
use std::time::Instant;

use alerter::Receiver;
use alerter::dispatch::{DispatchRules, Routing};
use bgp::Timestamp;
use incidents::{AsDirectory, Rules, Sources};
use store::Journal;
use validator::{Finding, IncidentKind};

use super::Line;
use super::daemon::{Daemon, WATCHES, config};
use super::relay::Relay;

/// How often memory is looked at.
const LOOKS: usize = 10;

/// What the last look may use more than the second: the queue itself lies on disk.
const FLAT: f64 = 1.25;

/// So many notifications wait when the daemon starts, and the relay is up.
pub(crate) fn measure(program: &Path, notifications: usize) -> Result<Vec<Line>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("originwatch.db");
    queue(&store, notifications)?;
    let relay = Relay::start()?;
    let store = store.to_str().ok_or("the store has no name")?;
    let config = config(relay.port, WATCHES).replace("originwatch.db", store);
    let daemon = Daemon::start(program, &config)?;
    let (begun, mut looks) = (Instant::now(), Vec::new());
    for taken in 1..=notifications {
        relay.next()?;
        if taken % (notifications / LOOKS).max(1) == 0 {
            let (used, seconds) = (daemon.used()?, begun.elapsed().as_secs_f64());
            writeln!(stdout(), "drain, {taken:>6} taken, {seconds:>6.1} s: {:.1} MB", used.memory)?;
            looks.push(used.memory);
        }
    }
    let rate = notifications as f64 / begun.elapsed().as_secs_f64();
    daemon.stop()?;
    let at = |look: usize| looks.get(look).copied().unwrap_or_default();
    let growth = at(LOOKS - 1) / at(1).max(1.0);
    let what = |text: &str| format!("drain of {notifications} notifications: {text}");
    let figure = format!("{rate:.0} a second");
    Ok(vec![
        Line { what: what("mails"), figure, target: "", reached: true },
        Line {
            what: what("memory"),
            figure: format!("{growth:.2} times"),
            target: "at most 1.25 times",
            reached: growth <= FLAT,
        },
    ])
}

/// A store with a queue in it, as a relay that was down for a day leaves it.
fn queue(store: &Path, notifications: usize) -> Result<(), Box<dyn Error>> {
    let to = Receiver { channel: alerter::ChannelName::Mail, address: "noc@example.net".into() };
    let dispatcher = DispatchRules {
        routing: Routing::to_all(vec![to]),
        storm: None,
        notification_limit: None,
        ..DispatchRules::default()
    };
    let (rules, directory) = (Rules::default(), AsDirectory::default().into());
    let (mut journal, _) = Journal::open(store, rules, dispatcher, directory, Sources::default())?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let (now, ago) = (i64::try_from(now)?, i64::try_from(notifications)?);
    for number in 0..ago {
        let at = Timestamp::from_seconds(now - ago + number);
        // An event: told once, and over.
        let (kind, subject) = (IncidentKind::RoaChange, format!("ROAs {number}"));
        let details = vec!["added 198.18.0.0/21 AS64500".to_owned()];
        journal.handle(at, Finding::Condition { at, kind, subject, details, active: true });
        if number % 100 == 0 {
            journal.commit(at)?;
        }
    }
    journal.close(Timestamp::from_seconds(now))?;
    Ok(())
}
