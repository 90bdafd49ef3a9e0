use std::time::Duration;

use crate::dispatch::Action;
use crate::scope::Scope;
use bgp::Timestamp;
use incidents::{IncidentId, printable};
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// Commands of one reply; the rest is not read.
const MOST: usize = 10;
/// The longest note; the rest is cut off.
const LONGEST_NOTE: usize = 1000;
/// The longest mute: what is to be silent for longer belongs into the config.
const LONGEST_MUTE: Duration = Duration::from_secs(366 * 24 * 3600);

/// A reply that says nothing that we understand. None of it is done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Its first line is no command.
    #[error(
        "'{0}' is no command (expected ACK, MUTE, UNMUTE, CLOSE, ACCEPT or NOTE in the first line)"
    )]
    None(String),
    /// A mute without a usable end.
    #[error(
        "'{0}' has no end that can be used (expected as MUTE 4h, MUTE 2d or \
         MUTE until 2026-01-31 18:00, a year from now at most)"
    )]
    Mute(String),
    /// A note without a text.
    #[error("a note without a text")]
    EmptyNote,
}

/// The commands at the beginning of what a person wrote, up to the first line that is none.
pub(super) fn read(
    words: &[String],
    incident: &IncidentId,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<Action>, CommandError> {
    let mut actions = Vec::new();
    for line in words.iter().map(|line| line.trim()).filter(|line| !line.is_empty()) {
        match command(line, incident, now, zone)? {
            Some(what) if actions.len() < MOST => actions.push(what),
            Some(_) | None => break,
        }
    }
    if actions.is_empty() {
        let first = words.iter().find(|line| !line.trim().is_empty());
        let first: String = first.map_or("", |line| line.trim()).chars().take(60).collect();
        return Err(CommandError::None(printable(&first)));
    }
    Ok(actions)
}

/// One line; nothing where it is none. What begins like a mute or a note must be one, or a slip of
/// the pen would do half of what was meant.
fn command(
    line: &str,
    incident: &IncidentId,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Action>, CommandError> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let (incident, rest) = (incident.clone(), rest.trim());
    let scope = || Scope::Incident(incident.clone());
    let alone = rest.is_empty();
    let what = match word.trim_end_matches(['.', '!', ':']).to_ascii_uppercase().as_str() {
        "ACK" | "ACKNOWLEDGE" if alone => Action::Acknowledge { incident },
        "CLOSE" if alone => Action::Close { incident },
        "ACCEPT" if alone => Action::Accept { incident },
        "UNMUTE" if alone => Action::Unmute { scope: scope() },
        "MUTE" => {
            let until = end(rest, now, zone);
            let until = until.filter(|until| until.since(now) <= LONGEST_MUTE);
            let shown = || printable(&line.chars().take(60).collect::<String>());
            Action::Mute {
                scope: scope(),
                until: until.ok_or_else(|| CommandError::Mute(shown()))?,
            }
        }
        "NOTE" => {
            let text = printable(rest).split_whitespace().collect::<Vec<_>>().join(" ");
            let text: String = text.chars().take(LONGEST_NOTE).collect();
            match text.is_empty() {
                true => return Err(CommandError::EmptyNote),
                false => Action::Note { incident, text },
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(what))
}

/// `4h`, `for 2 d`, `until 18:00`, `until 2026-01-31 18:00`, `until 2026-01-31T18:00:00Z`; what has no
/// offset is local.
fn end(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim_end_matches(['.', '!']).to_ascii_lowercase();
    let Some(time) = text.strip_prefix("until ") else {
        let span = text.strip_prefix("for ").unwrap_or(&text);
        return Some(now + duration(span)?);
    };
    let time = time.trim().to_ascii_uppercase();
    if let Ok(at) = time.parse() {
        return Some(at);
    }
    let local_now = now.to_jiff().to_zoned(zone.clone());
    let at = match time.split_once([' ', 'T']) {
        Some((date, clock)) => {
            date.parse::<Date>().ok()?.to_datetime(clock.trim().parse::<Time>().ok()?)
        }
        None => {
            let clock: Time = time.parse().ok()?;
            let today = local_now.date().to_datetime(clock);
            let later = today > local_now.datetime();
            if later { today } else { local_now.date().tomorrow().ok()?.to_datetime(clock) }
        }
    };
    let at = at.to_zoned(zone.clone()).ok()?;
    Some(Timestamp::from_seconds(at.timestamp().as_second()))
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit.trim() {
        "m" | "min" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 24 * 3600,
        "w" | "week" | "weeks" => 7 * 24 * 3600,
        _ => return None,
    };
    let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = u64::from(number).checked_mul(seconds)?;
    Some(Duration::from_secs(seconds)).filter(|span| *span <= LONGEST_MUTE)
}
