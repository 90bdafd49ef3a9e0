use std::time::Duration;

use bgp::Timestamp;
use clock::Moment;

/// Over how long the time stamps of a feed are compared with our clock.
const STAMPED_OVER: Duration = Duration::from_secs(60);

/// RIS' own processing takes seconds to a minute: so many seconds late is a queue somewhere.
const LATE: i64 = 300;

/// So many seconds from the future, and one of the clocks is wrong.
const EARLY: i64 = 120;

/// How the time stamps of a feed stand to our clock.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    since: Option<Moment>,
    /// The smallest distance in seconds since then, of messages that are late above zero.
    nearest: Option<i64>,
    /// The same of the time before.
    known: Option<i64>,
}

impl Stamps {
    /// Late ones among many that are not are nobody's fault: the nearest one counts.
    pub(super) fn take(&mut self, at: Timestamp, now: Moment) {
        let late = now.wall.seconds() - at.seconds();
        let nearest = self.nearest.filter(|nearest| nearest.abs() <= late.abs()).unwrap_or(late);
        self.nearest = Some(nearest);
        let since = *self.since.get_or_insert(now);
        if now.since(since) >= STAMPED_OVER {
            self.since = Some(now);
            self.known = self.nearest.take();
        }
    }

    pub(super) fn complaint(&self) -> Option<String> {
        match self.known? {
            late if late >= LATE => Some(format!("what comes is {late} s old")),
            late if -late >= EARLY => {
                Some(format!("what comes is {} s ahead: one of the clocks is wrong", -late))
            }
            _ => None,
        }
    }
}

/// Whole seconds are enough for people.
pub(super) fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.seconds())
}
