use std::time::Duration;

use incidents::Rules;

use super::section::Section;
use super::value;

/// `[incident]`: when one opens, is told again, resolves, reopens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// How many distinct vantage ASes must hold a route at the same time before it opens.
    pub min_vantage_ases: u32,
    /// How long nobody must hold it before it is resolved.
    pub resolve_after: Duration,
    /// How long after that a repeat is the same incident.
    pub reopen_within: Duration,
    /// Updates are at least this far apart.
    pub update_every: Duration,
    /// How long a loss of visibility must last before it is told.
    pub visibility_after: Duration,
    /// How many vantage points of public feeds must have had a prefix before its loss can be told.
    pub visibility_vantage_points: u32,
    /// How long a route that nobody confirms after a gap is believed to be there still.
    pub forget_after: Duration,
}

impl Default for Incident {
    fn default() -> Self {
        let Rules {
            min_vantage_ases,
            resolve_after,
            reopen_within,
            update_every,
            visibility_after,
            visibility_vantage_points,
            forget_after,
            ..
        } = Rules::default();
        Incident {
            min_vantage_ases,
            resolve_after,
            reopen_within,
            update_every,
            visibility_after,
            visibility_vantage_points,
            forget_after,
        }
    }
}

impl Incident {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let default = Incident::default();
        let duration = |key, otherwise| section.optional(key, value::duration).unwrap_or(otherwise);
        let incident = Incident {
            min_vantage_ases: section
                .optional("min_vantage_ases", value::number(1..=10_000))
                .unwrap_or(default.min_vantage_ases),
            resolve_after: duration("resolve_after", default.resolve_after),
            reopen_within: duration("reopen_within", default.reopen_within),
            update_every: duration("update_every", default.update_every),
            visibility_after: duration("visibility_after", default.visibility_after),
            visibility_vantage_points: section
                .optional("visibility_vantage_points", value::number(1..=10_000))
                .unwrap_or(default.visibility_vantage_points),
            forget_after: duration("forget_after", default.forget_after),
        };
        section.finish();
        incident
    }
}
