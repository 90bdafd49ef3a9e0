//! The life of an incident as a bar: a table, as SVG is not shown by Gmail and Outlook, and an
//! attached image is not shown before somebody allows it.

use std::fmt::Write;

use super::html::{GREEN, TABLE};
use crate::content::page::Span;

/// One cell for each span, as wide as its share of the time; nothing of one moment.
pub(super) fn html(spans: &[Span], colour: &str) -> String {
    let lengths: Vec<u64> =
        spans.iter().map(|span| span.until.since(span.from).as_secs()).collect();
    let whole: u64 = lengths.iter().sum();
    if whole == 0 {
        return String::new();
    }
    let mut bar = format!("{TABLE} width=\"100%\" style=\"max-width:560px;margin:8px 0\"><tr>");
    for (span, length) in spans.iter().zip(lengths) {
        // Too thin to be seen is no help; the browser makes the sum fit.
        let width = (length * 100 / whole).max(1);
        let (colour, words) = if span.held { (colour, "held") } else { (GREEN, "not seen") };
        let _ = write!(
            bar,
            "<td width=\"{width}%\" height=\"10\" bgcolor=\"{colour}\" title=\"{words}\" \
             style=\"font-size:1px;line-height:10px\">&nbsp;</td>"
        );
    }
    bar.push_str("</tr></table>\n");
    bar
}

#[cfg(test)]
mod tests {
    use bgp::Timestamp;

    use super::*;

    fn widths(marks: &[i64]) -> Vec<String> {
        let span = |pair: &[i64]| Span {
            held: true,
            from: Timestamp::from_seconds(pair[0]),
            until: Timestamp::from_seconds(pair[1]),
        };
        let spans: Vec<Span> = marks.windows(2).map(span).collect();
        let html = html(&spans, "#000000");
        html.split("<td width=\"")
            .skip(1)
            .map(|cell| cell.split('"').next().unwrap().into())
            .collect()
    }

    #[test]
    fn each_span_is_as_wide_as_its_share() {
        assert_eq!(widths(&[0, 3600, 4500]), ["80%", "20%"]);
        assert_eq!(widths(&[0, 1, 86_400]), ["1%", "99%"]);
        assert!(widths(&[5, 5]).is_empty());
        assert!(widths(&[5]).is_empty());
    }
}
