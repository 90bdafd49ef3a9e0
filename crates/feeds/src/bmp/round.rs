use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

/// From one router to the next: most have connected again by then, and told the better part of their
/// table.
const PACE: Duration = Duration::from_secs(10);

/// How long one that does not come back holds the others up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Routers that are to tell their tables anew. BMP knows no request for that: a router tells its table
/// when it connects, and so its connection has to be closed. One after the other, since while one is away
/// the others must see.
#[derive(Debug, Default)]
pub(super) struct Round {
    waiting: VecDeque<IpAddr>,
    /// Who was asked last and is not back, and when.
    away: Option<IpAddr>,
    asked: Option<Instant>,
}

impl Round {
    /// Begins with these, whoever was waiting before: what they will tell is as new.
    pub(super) fn begin(&mut self, routers: impl IntoIterator<Item = IpAddr>) {
        self.waiting = routers.into_iter().collect();
    }

    /// This one has connected.
    pub(super) fn is_back(&mut self, router: IpAddr) {
        self.waiting.retain(|waiting| *waiting != router);
        self.away = self.away.filter(|away| *away != router);
    }

    /// When the next one is due; none where nobody waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.front()?;
        let wait = if self.away.is_some() { PATIENCE } else { PACE };
        Some(self.asked.map_or_else(Instant::now, |asked| asked + wait))
    }

    /// The one whose turn it is.
    pub(super) fn next(&mut self, now: Instant) -> Option<IpAddr> {
        let router = self.waiting.pop_front()?;
        (self.away, self.asked) = (Some(router), Some(now));
        Some(router)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_asked_when_the_one_before_is_back_or_keeps_us_waiting() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let router = |last| IpAddr::from([192, 0, 2, last]);
        let mut round = Round::default();
        assert_eq!(round.due(), None);
        round.begin([1, 2, 3, 4].map(router));
        assert!(round.due() <= Some(Instant::now()));
        assert_eq!(round.next(at(0)), Some(router(1)));
        assert_eq!(round.due(), Some(at(60)));
        round.is_back(router(1));
        assert_eq!(round.due(), Some(at(10)));
        assert_eq!(round.next(at(10)), Some(router(2)));
        // Another one has connected of its own accord, and has told all there is.
        round.is_back(router(3));
        assert_eq!(round.due(), Some(at(70)));
        assert_eq!(round.next(at(70)), Some(router(4)));
        assert_eq!((round.due(), round.next(at(80))), (None, None));
    }
}
