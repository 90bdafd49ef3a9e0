//! Times on the command line, as people write them.

use std::time::Duration;

use bgp::{ParseTimestampError, Timestamp, parse_duration};
use jiff::ToSpan as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::arguments::now;

/// A time as it was written: what it means may depend on the clock and on where its writer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenTime {
    /// RFC 3339, or seconds since 1970.
    Exact(Timestamp),
    /// `2014-04-02 18:26`, or `2014-04-02` for its beginning.
    Local(DateTime),
    /// `-2h`: so long ago; `now` is no time ago.
    Ago(Duration),
    /// `today`, `yesterday`: the beginning of the day so many days ago.
    DaysAgo(u8),
}

impl GivenTime {
    /// The time for somebody in this zone, now.
    pub(crate) fn at(self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
        let of_local = |local: DateTime| zone.to_timestamp(local).map(Timestamp::from);
        match self {
            GivenTime::Exact(time) => return Ok(time),
            GivenTime::Ago(length) => {
                let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
                return Ok(Timestamp::from_micros(now.micros().saturating_sub(micros)));
            }
            GivenTime::Local(local) => of_local(local),
            GivenTime::DaysAgo(days) => {
                let today = now.to_jiff().to_zoned(zone.clone()).date();
                let day = today.checked_sub(i32::from(days).days());
                day.and_then(|day| of_local(day.to_datetime(jiff::civil::Time::midnight())))
            }
        }
        .map_err(|error| error.to_string())
    }
}

/// For the archives, whose files are named by UTC: what says no offset is UTC.
pub(crate) fn in_utc(text: &str) -> Result<Timestamp, String> {
    given(text)?.at(now(), &TimeZone::UTC)
}

/// What was written, whoever's clock it is by.
pub(crate) fn given(text: &str) -> Result<GivenTime, String> {
    let text = text.trim();
    match text {
        "now" => return Ok(GivenTime::Ago(Duration::ZERO)),
        "today" => return Ok(GivenTime::DaysAgo(0)),
        "yesterday" => return Ok(GivenTime::DaysAgo(1)),
        _ => {}
    }
    if let Some(length) = text.strip_prefix('-').and_then(parse_duration) {
        return Ok(GivenTime::Ago(length));
    }
    if is_year(text) {
        return Err(format!(
            "'{text}' may be a year or seconds since 1970 (write {text}-01-01, or {text}.0 for seconds)"
        ));
    }
    if let Ok(local) = text.parse() {
        return Ok(GivenTime::Local(local));
    }
    text.parse().map(GivenTime::Exact).map_err(|_: ParseTimestampError| {
        let shown = bgp::excerpt(text, 40);
        format!(
            "'{shown}' is not a time (expected 2014-04-02T18:26:00Z, '2014-04-02 18:26', 2014-04-02, today, \
             yesterday, -2h, or seconds since 1970)"
        )
    })
}

/// Nobody means half an hour after midnight in 1970.
fn is_year(text: &str) -> bool {
    text.len() == 4
        && text.bytes().all(|octet| octet.is_ascii_digit())
        && matches!(text.get(..2), Some("19" | "20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it means in London in summer, on 2014-04-02 at 18:26 UTC.
    fn in_london(text: &str) -> Result<String, String> {
        let now = "2014-04-02T18:26:00Z".parse().unwrap();
        let zone = TimeZone::get("Europe/London").unwrap();
        given(text)?.at(now, &zone).map(|time| time.to_string())
    }

    #[test]
    fn a_time_is_read_as_people_write_it() {
        for (text, time) in [
            ("2014-04-02T18:26:05Z", "2014-04-02T18:26:05Z"),
            ("2014-04-02T19:26:05+01:00", "2014-04-02T18:26:05Z"),
            ("1396463165", "2014-04-02T18:26:05Z"),
            ("1396463165.25", "2014-04-02T18:26:05.25Z"),
            ("2014-04-02", "2014-04-01T23:00:00Z"),
            ("20140402", "2014-04-01T23:00:00Z"),
            ("2014-04-02 18:26", "2014-04-02T17:26:00Z"),
            ("2014-04-02T18:26:05", "2014-04-02T17:26:05Z"),
            ("2014-01-02 18:26", "2014-01-02T18:26:00Z"),
            ("now", "2014-04-02T18:26:00Z"),
            ("today", "2014-04-01T23:00:00Z"),
            ("yesterday", "2014-03-31T23:00:00Z"),
            ("-2h", "2014-04-02T16:26:00Z"),
            ("-1d12h", "2014-04-01T06:26:00Z"),
            ("2014.0", "1970-01-01T00:33:34Z"),
            ("20", "1970-01-01T00:00:20Z"),
        ] {
            assert_eq!(in_london(text).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn what_may_be_two_things_or_none_is_refused() {
        let error = in_london("2014").unwrap_err();
        assert_eq!(
            error,
            "'2014' may be a year or seconds since 1970 (write 2014-01-01, or 2014.0 for seconds)"
        );
        for text in
            ["", "tomorrow", "2014-13-01", "2014-04-02 25:00", "-", "-2", "--until", "18:26"]
        {
            assert!(in_london(text).unwrap_err().contains("is not a time"), "{text}");
        }
    }

    #[test]
    fn without_an_offset_the_archives_mean_utc() {
        assert_eq!(in_utc("2014-04-02 18:26"), Ok("2014-04-02T18:26:00Z".parse().unwrap()));
    }
}
