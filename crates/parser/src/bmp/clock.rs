use bgp::Timestamp;

/// The times of one router, as they are told on.
///
/// GoBGP withdraws from its Loc-RIB with the time of the announcement, every router sends a table
/// with the times at which its routes came, and clocks are set. Whoever reads on must be able to take
/// each element as the latest news, so times never run backwards here: one that lies before what
/// was told is told as that, and one that lies behind the arrival of its message as the arrival. Where
/// the router gives no time, the message is as old as its arrival.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    latest: Timestamp,
    /// Messages whose time lay before what was told already.
    pub(super) behind: u64,
    /// Messages whose time lay behind their arrival.
    pub(super) ahead: u64,
}

impl Clock {
    /// `written` by the router, `received` by us; either may be unknown.
    pub(super) fn tell(
        &mut self,
        written: Option<Timestamp>,
        received: Option<Timestamp>,
    ) -> Timestamp {
        let mut at = written.or(received).unwrap_or(self.latest);
        if let Some(received) = received.filter(|received| *received < at) {
            at = received;
            self.ahead += 1;
        }
        if at < self.latest {
            at = self.latest;
            self.behind += 1;
        }
        self.latest = at;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_run_forward_and_not_ahead_of_arrival() {
        let mut clock = Clock::default();
        let mut told = |written: Option<i64>, received: Option<i64>| {
            let time = |seconds: Option<i64>| seconds.map(Timestamp::from_seconds);
            clock.tell(time(written), time(received)).seconds()
        };
        assert_eq!(told(Some(100), Some(200)), 100);
        assert_eq!(told(Some(90), Some(201)), 100);
        assert_eq!(told(None, Some(202)), 202);
        assert_eq!(told(Some(5000), Some(203)), 203);
        assert_eq!(told(Some(210), None), 210);
        assert_eq!(told(None, None), 210);
        assert_eq!(told(Some(300), Some(205)), 210);
        assert_eq!((clock.behind, clock.ahead), (2, 2));
    }
}
