//! When to ask again, and when to stop believing (RFC 8210 section 6).

use std::time::Duration;

use super::pdu::Timing;

/// The three intervals, inside what the RFC allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Intervals {
    /// Until the next query, where no notify comes.
    pub(super) refresh: Duration,
    /// Until the next try after a failure, at the latest.
    pub(super) retry: Duration,
    /// Until the data must not be used any more.
    pub(super) expire: Duration,
}

impl Intervals {
    /// What the cache says; version 0 says nothing, which is the defaults.
    pub(super) fn of(timing: Option<Timing>) -> Self {
        let Timing { refresh, retry, expire } =
            timing.unwrap_or(Timing { refresh: 3_600, retry: 600, expire: 7_200 });
        let seconds = |value: u32| Duration::from_secs(value.into());
        Intervals {
            refresh: seconds(refresh.clamp(1, 86_400)),
            retry: seconds(retry.clamp(1, 7_200)),
            // Longer than the other two: data must not end before there was a chance to renew it.
            expire: seconds(expire.clamp(600, 172_800).max(refresh.max(retry).min(86_400) + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cache_says_is_kept_inside_the_rfcs_bounds() {
        let of = |refresh, retry, expire| {
            let intervals = Intervals::of(Some(Timing { refresh, retry, expire }));
            [intervals.refresh, intervals.retry, intervals.expire].map(|value| value.as_secs())
        };
        assert_eq!(of(30, 10, 600), [30, 10, 600]);
        assert_eq!(of(0, 0, 0), [1, 1, 600]);
        assert_eq!(of(u32::MAX, u32::MAX, u32::MAX), [86_400, 7_200, 172_800]);
        assert_eq!(of(7_200, 600, 600), [7_200, 600, 7_201]);
        assert_eq!(Intervals::of(None).expire.as_secs(), 7_200);
    }
}
