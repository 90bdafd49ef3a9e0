//! How long to wait before the next try.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Waits that double, up to a limit that the caller gives.
///
/// ```
/// use std::time::Duration;
///
/// let mut backoff = network::Backoff::new(Duration::from_secs(1));
/// for most in [1, 2, 4, 5, 5] {
///     assert!(backoff.next(Duration::from_secs(5)) <= Duration::from_secs(most));
/// }
/// ```
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    /// The first wait is about this long.
    pub fn new(first: Duration) -> Self {
        Backoff { next: first }
    }

    /// The next wait: at most `limit`, jittered.
    pub fn next(&mut self, limit: Duration) -> Duration {
        let wait = self.next.min(limit);
        self.next = wait * 2;
        jittered(wait)
    }
}

/// Between three quarters of this and all of it, so that what failed together does not come back
/// together.
pub fn jittered(wait: Duration) -> Duration {
    // The keys of a RandomState are random; that is all the randomness needed here.
    let random = RandomState::new().hash_one(0_u8);
    let quarter = u32::try_from(random % 251).unwrap_or_default();
    wait - wait / 1000 * quarter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_are_never_cut_by_more_than_a_quarter() {
        let mut backoff = Backoff::new(Duration::from_secs(2));
        for expected in [2, 4, 8, 10, 10] {
            let wait = backoff.next(Duration::from_secs(10));
            let most = Duration::from_secs(expected);
            assert!(most * 3 / 4 <= wait && wait <= most, "{wait:?} of {most:?}");
        }
    }

    #[test]
    fn two_clients_do_not_wait_alike() {
        let waits = (0..20).map(|_| jittered(Duration::from_secs(1000)));
        assert!(waits.collect::<std::collections::HashSet<_>>().len() > 1);
    }
}
