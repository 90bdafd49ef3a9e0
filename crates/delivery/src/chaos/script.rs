//! What happens, whatever fails: forty incidents, each at some time, by a seed.

use bgp::Timestamp;
use validator::{Finding, IncidentKind};

pub(super) const START: i64 = 1_800_000_000;
pub(super) const INCIDENTS: u64 = 40;
/// How long things happen and fail.
pub(super) const STORY: u64 = 4 * 3600;
pub(super) const STEP: u64 = 20;
pub(super) const FEED: &str = "script";
pub(super) const ADDRESSES: [&str; 2] = ["night@example.net", "noc@example.net"];

/// Splitmix64: the same in every version of every library.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Each begins at some time and ends within an hour.
pub(super) fn script(random: &mut Random) -> Vec<(u64, Finding)> {
    let mut script = Vec::new();
    for number in 0..INCIDENTS {
        let begin = random.below(STORY - 3600);
        let end = begin + STEP + random.below(3000);
        for (second, active) in [(begin, true), (end, false)] {
            let at = Timestamp::from_seconds(START + i64::try_from(second).unwrap());
            let (kind, subject) = (IncidentKind::FeedSilent, format!("feed {number}"));
            let details = vec!["no message".to_owned()];
            script.push((second, Finding::Condition { at, kind, subject, details, active }));
        }
    }
    script.sort_by_key(|(second, _)| *second);
    script
}
