use std::time::Duration;

/// A length of time as people write it: `90s`, `15m`, `2h`, `7d`, `1w`, and sums of them, as `1h30m`; at most ten
/// years. None where it is not one.
pub fn parse_duration(text: &str) -> Option<Duration> {
    const LONGEST: u64 = 10 * 366 * 86_400;
    let (mut rest, mut seconds) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: u64 = rest.get(..digits)?.parse().ok()?;
        let (unit, after) = rest.get(digits..)?.split_at_checked(1)?;
        let scale = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(count.checked_mul(scale)?)?;
        rest = after;
    }
    (!text.is_empty() && seconds <= LONGEST).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("2h", 7_200),
            ("7d", 604_800),
            ("1w", 604_800),
            ("1h30m", 5_400),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "15",
            "m",
            "-1m",
            "1.5h",
            "15 m",
            "1y",
            "15é",
            "99999999999999999999d",
            "20w20d600w",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
