use std::time::{Duration, Instant};

use bgp::Timestamp;

/// A time to tell people, and to measure from: the wall clock may jump between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What the wall clock says.
    pub wall: Timestamp,
    /// To measure from.
    pub instant: Instant,
}

impl Moment {
    /// What both clocks of this machine say now.
    pub fn now() -> Self {
        Moment { wall: wall(), instant: Instant::now() }
    }

    /// How long after `earlier` this is, whatever the wall clock did meanwhile.
    pub fn since(self, earlier: Self) -> Duration {
        self.instant.saturating_duration_since(earlier.instant)
    }

    /// The moment at an earlier instant, as the wall clock of now would have told it.
    pub fn at(self, earlier: Instant) -> Self {
        let ago = self.instant.saturating_duration_since(earlier);
        let micros = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
        let wall = Timestamp::from_micros(self.wall.micros().saturating_sub(micros));
        Moment { wall, instant: earlier }
    }
}

/// The wall clock.
pub fn wall() -> Timestamp {
    jiff::Timestamp::now().into()
}
