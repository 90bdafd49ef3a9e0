use std::time::Duration;

use incidents::Rules;

use super::section::Section;
use super::value;

/// Longer nobody must wait for a first notice.
const OPEN_AFTER_MAX: Duration = Duration::from_secs(15);

/// `[incident]`: when one opens, is told again, resolves, reopens. The rules without the operator.
pub(super) fn read(section: &Section<'_>) -> Rules {
    let default = Rules::default();
    let duration = |key, otherwise| section.optional(key, value::duration).unwrap_or(otherwise);
    let open_after = section.optional("open_after", value::duration_up_to(OPEN_AFTER_MAX));
    let number =
        |key, otherwise| section.optional(key, value::number(1..=10_000)).unwrap_or(otherwise);
    let rules = Rules {
        min_vantage_ases: number("min_vantage_ases", default.min_vantage_ases),
        open_after: open_after.unwrap_or(default.open_after),
        resolve_after: duration("resolve_after", default.resolve_after),
        reopen_within: duration("reopen_within", default.reopen_within),
        update_every: duration("update_every", default.update_every),
        visibility_after: duration("visibility_after", default.visibility_after),
        visibility_vantage_points: number(
            "visibility_vantage_points",
            default.visibility_vantage_points,
        ),
        forget_after: duration("forget_after", default.forget_after),
        ..default
    };
    section.finish();
    rules
}
