use std::fmt;
use std::ops::Add;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const SECOND: i64 = 1_000_000;
/// 0000-01-01T00:00:00Z and 9999-12-30T22:00:00Z: what RFC 3339 can write and `jiff` can hold.
const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200 * SECOND..=253_402_207_200 * SECOND;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, in the years 0000 to 9999.
///
/// Shown and written as RFC 3339 in UTC, with a fraction only where there is one. Read as RFC 3339
/// or as seconds since 1970 with an optional fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970; beyond the years 0000 to 9999 it stays at their ends.
    #[inline]
    pub fn from_micros(micros: i64) -> Self {
        Timestamp(micros.clamp(*RANGE.start(), *RANGE.end()))
    }

    /// From whole seconds since 1970; beyond the years 0000 to 9999 it stays at their ends.
    #[inline]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(SECOND))
    }

    /// Microseconds since 1970.
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The same as the `jiff` type, for calendars and time zones.
    pub fn to_jiff(self) -> jiff::Timestamp {
        // The range was checked when the value was made.
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    /// Stays at the end of the range.
    fn add(self, duration: Duration) -> Timestamp {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self::from_micros(timestamp.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

/// The text is not a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a time (expected RFC 3339, as 2014-04-02T18:26:00Z, or seconds since 1970)")]
pub struct ParseTimestampError(String);

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseTimestampError(text.chars().take(40).collect());
        if let Some(micros) = decimal_seconds(text) {
            return Ok(Self::from_micros(micros));
        }
        text.parse::<jiff::Timestamp>().map(Self::from).map_err(|_| error())
    }
}

/// `1396463165` or `1396463165.25`, exactly: no detour through a float.
fn decimal_seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(SECOND)?.checked_add(micros)
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_read_the_same_and_show_as_rfc_3339() {
        let time: Timestamp = "2014-04-02T18:26:05Z".parse().unwrap();
        assert_eq!(time, "1396463165".parse().unwrap());
        assert_eq!(time, "2014-04-02T19:26:05+01:00".parse().unwrap());
        assert_eq!(time.to_string(), "2014-04-02T18:26:05Z");
        let fraction: Timestamp = "1396463165.25".parse().unwrap();
        assert_eq!(fraction.to_string(), "2014-04-02T18:26:05.25Z");
        assert_eq!("1396463165.2500009".parse(), Ok(fraction));
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in ["", "yesterday", "1.", ".5", "-1", "1e9", "2014-04-02", "2014-13-01T00:00:00Z"]
        {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn beyond_the_calendar_it_stays_at_the_end() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.to_string(), "9999-12-30T22:00:00Z");
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Timestamp::from_seconds(i64::MIN).to_string(), "0000-01-01T00:00:00Z");
    }

    #[test]
    fn since_never_goes_below_zero() {
        let (early, late) = (Timestamp::from_seconds(1), Timestamp::from_seconds(61));
        assert_eq!(late.since(early), Duration::from_secs(60));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
