use bgp::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::rules::DispatchRules;

/// When the notification that comes every day does so next; none where there is none.
pub(super) fn next(now: Timestamp, rules: &DispatchRules) -> Option<Timestamp> {
    let digest = rules.digest.as_ref()?;
    next_at(now, digest.at, rules.operator.time_zone())
}

/// The last day at or before `now`, where several have come since `due`.
pub(super) fn latest(due: Timestamp, now: Timestamp, rules: &DispatchRules) -> Timestamp {
    let days = std::iter::successors(Some(due), |day| next(*day, rules));
    days.take_while(|day| *day <= now).last().unwrap_or(due)
}

/// When this time of day comes next. A time that a change of the clock leaves out is the one after it.
fn next_at(now: Timestamp, at: Time, zone: &TimeZone) -> Option<Timestamp> {
    let today = now.to_jiff().to_zoned(zone.clone()).date();
    let days = [Some(today), today.tomorrow().ok()];
    let at = |day: jiff::civil::Date| day.to_datetime(at).to_zoned(zone.clone()).ok();
    let mut moments = days.into_iter().flatten().filter_map(at).map(|at| at.timestamp().into());
    moments.find(|moment: &Timestamp| *moment > now)
}
