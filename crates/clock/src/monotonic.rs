use bgp::Timestamp;

use crate::moment::Moment;

/// A wall clock that never goes back: where somebody sets it back it goes on from the latest that it said, or nothing
/// would be due until it has caught up, were it ahead for a moment only.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    latest: Moment,
}

impl MonotonicClock {
    /// One that says nothing before this.
    pub const fn new(latest: Moment) -> Self {
        MonotonicClock { latest }
    }

    /// What time it is.
    pub fn read(&mut self, now: Moment) -> Timestamp {
        let wall = now.wall.max(self.latest.wall + now.since(self.latest));
        self.latest = Moment { wall, instant: now.instant.max(self.latest.instant) };
        wall
    }

    /// What it said last, and when.
    pub const fn latest(&self) -> Moment {
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_wall_clock_that_was_ahead_for_a_moment_does_not_stand_still() {
        let begun = Instant::now();
        let at = |elapsed: u64, wall: i64| Moment {
            wall: Timestamp::from_seconds(wall),
            instant: begun + Duration::from_secs(elapsed),
        };
        let mut clock = MonotonicClock::new(at(0, 1000));
        let read = [
            at(1, 1001),
            // An hour ahead, and back.
            at(2, 4602),
            at(3, 1003),
            at(10, 1010),
            // Who has waited for something asks of a moment ago.
            at(9, 1009),
            at(4000, 5000),
        ];
        let said = read.map(|now| clock.read(now).seconds());
        assert_eq!(said, [1001, 4602, 4603, 4610, 4610, 8600]);
    }
}
