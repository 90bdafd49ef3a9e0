use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Line;
use super::connected::Connected;
use super::feed::{Feed, frame};

/// The background: so many messages, each so often, make 5,000 a second.
const BURST: usize = 10;
const EVERY: Duration = Duration::from_millis(2);

/// One incident after so many bursts: ten a second.
const INCIDENT_EVERY: usize = 50;

/// The first of the offenders, each of which makes one incident.
const OFFENDERS: u32 = 64_700;

pub(crate) fn measure(
    program: &Path,
    data: &Path,
    incidents: usize,
) -> Result<Vec<Line>, Box<dyn Error>> {
    let feed = Feed::read(data)?;
    let Connected { relay, daemon, mut stream, _server } = Connected::start(program)?;
    let begun = Instant::now();
    // Of each offender, when the second vantage point's message was on its way.
    let mut decided = HashMap::new();
    // The recording's own events come late; its beginning is ordinary traffic.
    for burst in 0..(incidents + 5) * INCIDENT_EVERY {
        let due = EVERY * u32::try_from(burst)?;
        thread::sleep(due.saturating_sub(begun.elapsed()));
        stream.write_all(feed.messages(2_000 + burst * BURST % 40_000, BURST))?;
        let incident = burst / INCIDENT_EVERY;
        if burst % INCIDENT_EVERY == 0 && incident < incidents {
            let offender = OFFENDERS + u32::try_from(incident)?;
            stream.write_all(&announcement(3320, offender)?)?;
            let deciding = announcement(1299, offender)?;
            decided.insert(offender, Instant::now());
            stream.write_all(&deciding)?;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let messages = (incidents + 5) * INCIDENT_EVERY * BURST;
    let mut times = Vec::new();
    while times.len() < incidents {
        let mail = relay.next()?;
        let offender = mail.subject.split("by AS").nth(1).and_then(|rest| rest.get(..5));
        let offender = offender.and_then(|number| number.parse::<u32>().ok());
        let begun = offender.and_then(|offender| decided.remove(&offender));
        times.extend(begun.map(|begun| (mail.taken - begun).as_secs_f64() * 1e3));
    }
    drop(daemon);
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let (median, late, last) = (at(50), at(99), times.last().copied().unwrap_or_default());
    let what = |text: &str| format!("message to 250, {incidents} incidents: {text}");
    let rate = messages as f64 / seconds;
    Ok(vec![
        Line {
            what: what("background"),
            figure: format!("{rate:.0} messages/s"),
            target: "5,000",
            reached: rate > 4_900.0,
        },
        Line {
            what: what("median"),
            figure: format!("{median:.1} ms"),
            target: "below 50 ms",
            reached: median < 50.0,
        },
        Line {
            what: what("99th percentile"),
            figure: format!("{late:.1} ms"),
            target: "below 250 ms",
            reached: late < 250.0,
        },
        Line { what: what("longest"), figure: format!("{last:.1} ms"), target: "", reached: true },
    ])
}

/// A hijack of a watched prefix as this AS tells it.
fn announcement(peer: u32, offender: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let text = format!(
        r#"{{"type":"ris_message","data":{{"timestamp":{at}.00,"peer":"192.0.2.{}","peer_asn":"{peer}","id":"1","host":"rrc21.ripe.net","type":"UPDATE","path":[{peer},{offender}],"origin":"igp","announcements":[{{"next_hop":"192.0.2.1","prefixes":["193.0.0.0/21"]}}]}}}}"#,
        peer % 200
    );
    let mut bytes = Vec::new();
    frame(&mut bytes, text.as_bytes());
    Ok(bytes)
}
