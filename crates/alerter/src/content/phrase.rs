//! Numbers, durations and sentences as people write them.

use std::fmt::Display;
use std::time::Duration;

/// With a capital letter at its beginning.
pub(crate) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `2 h 49 min`: two units, enough to talk about it.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, m) => format!("{m} min"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, h, _) => format!("{d} d {h} h"),
    }
}

/// `15 minutes`, `40 seconds`; what is longer as [`duration`] has it.
pub(crate) fn spelled_out(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..60 => plural(seconds, "second", "seconds"),
        seconds @ 60..3600 => plural(seconds / 60, "minute", "minutes"),
        _ => duration(length),
    }
}

/// `1 prefix`, `4,170 prefixes`: a whole number and what it counts.
pub fn plural<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let what = if count == N::from(1) { one } else { many };
    format!("{} {what}", grouped(count))
}

/// `417,038`: a whole number, its thousands apart.
pub fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations_read_as_people_write_them() {
        assert_eq!(
            [0, 999, 1000, 417_038, 1_234_567].map(grouped),
            ["0", "999", "1,000", "417,038", "1,234,567"]
        );
        assert_eq!(
            [0_u64, 1, 2000].map(|count| plural(count, "entry", "entries")),
            ["0 entries", "1 entry", "2,000 entries"]
        );
        let of = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(
            [of(5), of(60), of(10_140), of(90_000)],
            ["5 s", "1 min", "2 h 49 min", "1 d 1 h"]
        );
    }
}
