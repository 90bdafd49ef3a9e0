use std::time::{Duration, Instant};

use bgp::Timestamp;
use clock::{Moment, MonotonicClock};
use feeds::{Feed, FeedKind};

/// While records keep coming, however slowly they are unpacked, they alone tell the time.
const HOLD: Duration = Duration::from_secs(10);

/// What time it is for the engine.
///
/// With a live feed it is what the wall clock says. Where recordings alone are followed it is the
/// time of the latest record, and goes on from there while nothing is read: so a spool of today tells
/// what a live feed would have told, some minutes late, and a spool of 2014 what happened in 2014.
#[derive(Clone, Copy, Debug)]
pub(super) enum Clock {
    /// The wall clock, where it is not set back.
    Live(MonotonicClock),
    /// The time of the latest record, and when it was read; none before the first.
    Recorded(Option<(Timestamp, Instant)>),
}

impl Clock {
    /// One that says what the wall clock says, but nothing before `latest`.
    fn live(latest: Timestamp) -> Self {
        let Moment { wall, instant } = Moment::now();
        Clock::Live(MonotonicClock::new(Moment { wall: wall.max(latest), instant }))
    }

    /// The clock of these feeds: with a live one, what the wall clock says. One that goes on does not begin
    /// anew, and none begins before the engine's `latest` time, or nothing would be due until then.
    pub(super) fn following(feeds: &[Feed], known: Option<Clock>, latest: Timestamp) -> Self {
        match (is_recorded(feeds), known) {
            (true, Some(known @ Clock::Recorded(_))) | (false, Some(known @ Clock::Live(..))) => {
                known
            }
            (true, _) => Clock::Recorded(None),
            (false, _) => Clock::live(latest),
        }
    }

    /// Now; none where only a record could tell.
    pub(super) fn now(&mut self) -> Option<Timestamp> {
        self.at(Moment::now())
    }

    /// What it is at this moment; none where only a record could tell.
    pub(super) fn at(&mut self, moment: Moment) -> Option<Timestamp> {
        match self {
            Clock::Live(clock) => Some(clock.read(moment)),
            Clock::Recorded(latest) => latest.map(|(at, read)| {
                let idle = moment.instant.saturating_duration_since(read);
                if idle < HOLD { at } else { at + idle }
            }),
        }
    }

    /// A record was read, and this is now: never earlier than for the one before, but no later than the
    /// record says, however long the reading takes.
    pub(super) fn note(&mut self, at: Timestamp, read: Moment) -> Timestamp {
        if let Clock::Recorded(latest) = self {
            let at = latest.map_or(at, |(before, _)| before.max(at));
            *latest = Some((at, read.instant));
        }
        self.at(read).unwrap_or(at)
    }
}

/// Whether recordings alone are followed.
pub(super) fn is_recorded(feeds: &[Feed]) -> bool {
    let recorded = |kind: &FeedKind| match kind {
        FeedKind::MrtDir { .. } => true,
        FeedKind::RisLive { .. } | FeedKind::Bmp { .. } => false,
    };
    !feeds.is_empty() && feeds.iter().all(|feed| recorded(&feed.kind))
}

#[cfg(test)]
mod tests {
    use clock::wall;

    use super::*;

    #[test]
    fn a_live_clock_begins_with_what_the_engine_knows_or_is_right() {
        let later = wall() + Duration::from_secs(3600);
        let mut clock = Clock::live(later);
        let (first, second) = (clock.now().unwrap(), clock.now().unwrap());
        assert!(later <= first && first <= second);
        let before = wall();
        let now = Clock::live(Timestamp::default()).now().unwrap();
        assert!(before <= now && now <= wall(), "{now}");
    }

    #[test]
    fn a_recorded_clock_goes_with_the_records_and_never_back() {
        let at = Timestamp::from_seconds;
        let mut clock = Clock::Recorded(None);
        assert_eq!(clock.now(), None);
        for (record, now) in [(100, 100), (90, 100), (5000, 5000)] {
            clock.note(at(record), Moment::now());
            assert_eq!(clock.now(), Some(at(now)));
        }
    }
}
