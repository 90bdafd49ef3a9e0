//! The life of an incident as a bar.

use std::time::Duration;

use crate::content::page::Span;
use incidents::Notice;

/// When it was held and since when not; nothing of one moment.
pub(crate) fn timeline(notice: &Notice) -> Vec<Span> {
    let held = (true, notice.last_seen.since(notice.since));
    let quiet = (false, notice.at.since(notice.last_seen));
    let spans = [held, quiet].into_iter().filter(|(_, length)| !length.is_zero());
    let (held, lengths): (Vec<bool>, Vec<Duration>) = spans.unzip();
    let spans = held.into_iter().zip(percents(&lengths));
    spans.map(|(held, percent)| Span { held, percent }).collect()
}

/// The share of each in the time of all.
fn percents(lengths: &[Duration]) -> Vec<u64> {
    let whole: u64 = lengths.iter().map(Duration::as_secs).sum();
    // Too thin to be seen is no help; the browser makes the sum fit.
    let share =
        |length: &Duration| (length.as_secs() * 100).checked_div(whole).map(|share| share.max(1));
    lengths.iter().filter_map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(marks: &[u64]) -> Vec<String> {
        let lengths = marks.windows(2).map(|pair| Duration::from_secs(pair[1] - pair[0]));
        percents(&lengths.collect::<Vec<_>>()).iter().map(|share| format!("{share}%")).collect()
    }

    #[test]
    fn each_span_is_as_wide_as_its_share() {
        assert_eq!(widths(&[0, 3600, 4500]), ["80%", "20%"]);
        assert_eq!(widths(&[0, 1, 86_400]), ["1%", "99%"]);
        assert!(widths(&[5, 5]).is_empty());
        assert!(widths(&[5]).is_empty());
    }
}
