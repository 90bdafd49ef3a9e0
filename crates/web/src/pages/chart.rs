//! Steps over time as SVG, without a script and readable in black and white.

use std::fmt::Write as _;

use bgp::Timestamp;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 160.0;
/// Room for what stands beside and below.
const LEFT: f64 = 40.0;
const BELOW: f64 = 20.0;

/// A picture of how many there were when: each number stands until the next. `labels` are the first and the last
/// moment as people read them. Nothing of fewer than two points.
pub(super) fn steps(
    points: &[(Timestamp, usize)],
    labels: [&str; 2],
    what: &str,
) -> Option<String> {
    let [(first, _), .., (last, _)] = points else { return None };
    let span = last.since(*first).as_secs_f64().max(1.0);
    let most = points.iter().map(|(_, number)| *number).max().unwrap_or_default().max(1);
    let x = |at: Timestamp| LEFT + (WIDTH - LEFT) * at.since(*first).as_secs_f64() / span;
    let y = |number: usize| {
        let share = u32::try_from(number).map_or(1.0, f64::from)
            / u32::try_from(most).map_or(1.0, f64::from);
        10.0 + (HEIGHT - 10.0) * (1.0 - share)
    };
    let mut path = String::new();
    for (place, (at, number)) in points.iter().enumerate() {
        let _ = match place {
            0 => write!(path, "M{:.1} {:.1}", x(*at), y(*number)),
            _ => write!(path, "H{:.1}V{:.1}", x(*at), y(*number)),
        };
    }
    let [begin, end] = labels.map(escape);
    let what = escape(what);
    let bottom = HEIGHT + BELOW - 4.0;
    Some(format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {total}\" role=\"img\" aria-label=\"{what}\">\
         <line class=\"axis\" x1=\"{LEFT}\" y1=\"{HEIGHT}\" x2=\"{WIDTH}\" y2=\"{HEIGHT}\"/>\
         <path class=\"line\" d=\"{path}\"/>\
         <text x=\"{tick}\" y=\"16\" text-anchor=\"end\">{most}</text>\
         <text x=\"{tick}\" y=\"{HEIGHT}\" text-anchor=\"end\">0</text>\
         <text x=\"{LEFT}\" y=\"{bottom}\">{begin}</text>\
         <text x=\"{WIDTH}\" y=\"{bottom}\" text-anchor=\"end\">{end}</text></svg>",
        total = HEIGHT + BELOW,
        tick = LEFT - 6.0,
    ))
}

/// Text as it may stand in SVG.
pub(super) fn escape(text: &str) -> String {
    alerter::html::escaped(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_until_the_next() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let points = [(at(0), 2), (at(50), 4), (at(100), 0)];
        let svg = steps(&points, ["<then>", "now"], "spread").unwrap();
        assert!(svg.contains("d=\"M40.0 85.0H380.0V10.0H720.0V160.0\""), "{svg}");
        assert!(svg.contains("&lt;then&gt;") && !svg.contains("<then>"));
        assert_eq!(steps(&points[..1], ["", ""], ""), None);
    }
}
