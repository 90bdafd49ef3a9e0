use std::fmt;
use std::time::Duration;

use bgp::Timestamp;

use crate::moment::Moment;

/// What is less than this is no step: NTP slews, and between two looks at two clocks a process may be
/// suspended.
const SMALLEST: Duration = Duration::from_secs(2);

/// The wall clock moved otherwise than time went by: somebody set it, or the machine slept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// When it was noticed, as the wall clock says it since.
    pub at: Timestamp,
    /// By how many microseconds: below zero if it was set back.
    pub micros: i64,
}

impl fmt::Display for ClockStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.micros < 0 { "back" } else { "forward" };
        let seconds = Duration::from_micros(self.micros.unsigned_abs()).as_secs_f64();
        write!(f, "clock stepped {way} {seconds:.0} s at {}", self.at)
    }
}

/// Compares the wall clock with the steady one.
#[derive(Clone, Debug)]
pub struct StepDetector {
    seen: Moment,
    steps: u64,
    latest: Option<(ClockStep, Moment)>,
}

impl StepDetector {
    /// One that compares from now on.
    pub fn new(now: Moment) -> Self {
        StepDetector { seen: now, steps: 0, latest: None }
    }

    /// The step that the wall clock made since the last look, if it made one of two seconds or more.
    pub fn check(&mut self, now: Moment) -> Option<ClockStep> {
        let expected = self.seen.wall + now.since(self.seen);
        let micros = now.wall.micros().saturating_sub(expected.micros());
        self.seen = now;
        if Duration::from_micros(micros.unsigned_abs()) < SMALLEST {
            return None;
        }
        let step = ClockStep { at: now.wall, micros };
        self.steps += 1;
        self.latest = Some((step, now));
        Some(step)
    }

    /// How many steps there were.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The latest step, if there was one within this time before `now`.
    pub fn latest(&self, now: Moment, within: Duration) -> Option<ClockStep> {
        self.latest.filter(|(_, noticed)| now.since(*noticed) < within).map(|(step, _)| step)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_step_is_what_the_wall_clock_moved_and_time_did_not() {
        let begun = Instant::now();
        let at = |elapsed: u64, wall: i64| Moment {
            wall: Timestamp::from_seconds(wall),
            instant: begun + Duration::from_secs(elapsed),
        };
        let mut detector = StepDetector::new(at(0, 10_000));
        let mut steps = Vec::new();
        for now in [
            at(1, 10_001),
            // Two minutes of work in between are none, nor is a second of slew.
            at(121, 10_121),
            at(122, 10_123),
            // An hour back, and on from there.
            at(123, 6_524),
            at(124, 6_525),
            // A day ahead.
            at(125, 92_926),
        ] {
            steps.extend(detector.check(now).map(|step| step.micros / 1_000_000));
        }
        assert_eq!(steps, [-3600, 86_400]);
        assert_eq!(detector.steps(), 2);
        let back = ClockStep { at: Timestamp::from_seconds(0), micros: -3_600_000_001 };
        assert_eq!(back.to_string(), "clock stepped back 3600 s at 1970-01-01T00:00:00Z");
        let hour = Duration::from_secs(3600);
        assert_eq!(detector.latest(at(200, 0), hour).unwrap().at, Timestamp::from_seconds(92_926));
        assert_eq!(detector.latest(at(4000, 0), hour), None);
    }
}
