//! A set that is not believed yet, and what it lacks of the one before.

use std::fmt;

use bgp::Timestamp;
use validator::{RpkiSnapshot, trust_anchor_losses};

/// Sets of fewer VRPs come and go in large parts without anything being wrong: a laboratory, a file by
/// hand. Only an empty one is held back there.
const SMALL: usize = 100;

/// A set that a source has given and that is not believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// Since when the source has said so.
    pub since: Timestamp,
    /// When it is believed, if it still says so.
    pub until: Timestamp,
    /// What is missing.
    pub losses: Vec<Loss>,
}

/// What a set lacks of the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Of which trust anchor; none: of all together.
    pub trust_anchor: Option<String>,
    /// How many VRPs there were.
    pub before: usize,
    /// How many there are.
    pub after: usize,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} VRPs", self.after)?;
        if let Some(name) = &self.trust_anchor {
            write!(f, " of {name}")?;
        }
        write!(f, " where there were {}", self.before)
    }
}

impl fmt::Display for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let losses: Vec<_> = self.losses.iter().map(ToString::to_string).collect();
        write!(f, "{}; not believed before {}", losses.join(", "), self.until)
    }
}

/// What the second lacks of the first, where that is enough to hold it back: by trust anchor where both name
/// them, in all where they do not.
pub(crate) fn losses(before: &RpkiSnapshot, after: &RpkiSnapshot, percent: u8) -> Vec<Loss> {
    let in_all = Loss { trust_anchor: None, before: before.vrps.len(), after: after.vrps.len() };
    if !after.has_data() {
        return if before.has_data() { vec![in_all] } else { Vec::new() };
    }
    let named = trust_anchor_losses(before, after, percent).into_iter().map(|loss| Loss {
        trust_anchor: Some(loss.name),
        before: loss.before,
        after: loss.after,
    });
    let named: Vec<_> = named.collect();
    let lost = in_all.before.saturating_sub(in_all.after);
    let much = in_all.before >= SMALL && lost * 100 >= in_all.before * usize::from(percent);
    if named.is_empty() && much { vec![in_all] } else { named }
}
