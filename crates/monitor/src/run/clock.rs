use std::time::{Duration, Instant};

use bgp::Timestamp;
use clock::Moment;
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
    /// The wall clock, and what it said when we began: where it is set back we go on from there, or
    /// nothing would be due until it has caught up.
    Live(Timestamp, Instant),
    /// The time of the latest record, and when it was read; none before the first.
    Recorded(Option<(Timestamp, Instant)>),
}

impl Clock {
    /// One that says what the wall clock says, but nothing before `latest`.
    fn live(latest: Timestamp) -> Self {
        let Moment { wall, instant } = Moment::now();
        Clock::Live(wall.max(latest), instant)
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
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.at(Moment::now())
    }

    /// What it is at this moment; none where only a record could tell.
    pub(super) fn at(&self, moment: Moment) -> Option<Timestamp> {
        let elapsed = |since: Instant| moment.instant.saturating_duration_since(since);
        match self {
            Clock::Live(begun, since) => Some(moment.wall.max(*begun + elapsed(*since))),
            Clock::Recorded(latest) => latest.map(|(at, read)| {
                let idle = elapsed(read);
                if idle < HOLD { at } else { at + idle }
            }),
        }
    }

    /// A record was read: now is never earlier than for the one before, but no later than the
    /// record says, however long the reading takes.
    pub(super) fn note(&mut self, at: Timestamp, read: Moment) {
        if let Clock::Recorded(latest) = self {
            let at = latest.map_or(at, |(before, _)| before.max(at));
            *latest = Some((at, read.instant));
        }
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
    fn a_live_clock_goes_on_where_the_wall_clock_is_set_back() {
        let later = wall() + Duration::from_secs(3600);
        let began = Instant::now();
        // What the wall clock says now is an hour before it began.
        let clock = Clock::Live(later, began);
        let (first, second) = (clock.now().unwrap(), clock.now().unwrap());
        assert!(later <= first && first <= second && second <= later + began.elapsed());
        // And where it is ahead, it is right.
        let before = wall();
        let now = Clock::Live(Timestamp::default(), began).now().unwrap();
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
