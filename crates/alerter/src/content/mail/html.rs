//! A page as HTML that mail programs show as it is meant: tables, styles on the elements, nothing
//! remote, and no colour of text or ground, so that a dark mode has its own.

use std::fmt::Write;

use validator::Severity;

use super::timeline;
use crate::content::page::{Answer, Badge, Block, IncidentRow, Page, PrefixRow, SightRow};
use incidents::printable;

/// What stands in front of a page. Outlook knows neither `max-width` nor style sheets, and Gmail
/// drops what it does not know; both show the rest.
const HEAD: &str = "<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
    <meta name=\"color-scheme\" content=\"light dark\">\n\
    <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
    <style>:root{color-scheme:light dark;supported-color-schemes:light dark}</style>\n";

/// A table that is layout; screen readers read its cells one by one.
pub(super) const TABLE: &str =
    "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"";
/// Attributes and few styles: Gmail cuts a mail off at 102 kB.
const CELL: &str = "valign=\"top\" style=\"padding:2px 14px 2px 0\"";

/// Seen well on white and on black.
const RED: &str = "#d84343";
const ORANGE: &str = "#e07b00";
const BLUE: &str = "#3d85d9";
pub(super) const GREEN: &str = "#3d9950";

impl Page {
    /// The whole document.
    pub(crate) fn html(&self) -> String {
        let mut html = Html::default();
        html.tag(&format!("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n{HEAD}<title>"));
        html.text(&self.title);
        html.tag("</title>\n</head>\n<body style=\"margin:0;padding:0\">\n");
        html.tag(&format!("{TABLE} width=\"100%\"><tr><td style=\"padding:14px;"));
        html.tag("font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:1.45\">\n");
        for line in &self.lead {
            html.paragraph(line, "border-left:4px solid #e07b00;padding-left:10px;margin:0");
        }
        html.tag("<h1 style=\"font-size:18px;margin:12px 0 6px 0\">");
        html.text(&self.title);
        html.tag("</h1>\n");
        html.badge(&self.badge);
        for section in &self.sections {
            if let Some(heading) = &section.heading {
                html.tag("<h2 style=\"font-size:15px;margin:18px 0 4px 0\">");
                html.text(heading);
                html.tag("</h2>\n");
            }
            section.blocks.iter().for_each(|block| html.block(block, self.badge.colour()));
        }
        html.tag("</td></tr></table>\n</body>\n</html>\n");
        html.0
    }
}

/// A text of the operator's own, as it stands.
pub(super) fn of_text(text: &str) -> String {
    let lines = text.lines().map(escaped).collect::<Vec<_>>().join("\n");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n{HEAD}</head>\n<body>\n\
         <pre style=\"white-space:pre-wrap\">{lines}</pre>\n</body>\n</html>\n"
    )
}

impl Badge {
    const fn colour(&self) -> &'static str {
        match self.severity {
            _ if self.over => GREEN,
            Severity::Critical => RED,
            Severity::Warning => ORANGE,
            Severity::Notice => BLUE,
        }
    }
}

#[derive(Default)]
struct Html(String);

impl Html {
    fn block(&mut self, block: &Block, colour: &str) {
        match block {
            Block::Paragraph(text) => self.paragraph(text, "margin:10px 0"),
            Block::More(text) => self.paragraph(text, "margin:2px 0"),
            Block::Points(points) => self.points(points),
            Block::Prefixes(rows) => self.table(rows, Self::prefix),
            Block::Answers(answers) => self.table(answers, Self::answer),
            Block::Incidents(rows) => self.table(rows, Self::incident),
            Block::Draft(lines) => {
                self.tag("<blockquote style=\"border-left:3px solid #8a8a8a;margin:6px 0;");
                self.tag("padding:0 0 0 12px\">\n");
                lines.iter().for_each(|line| self.paragraph(line, "margin:4px 0"));
                self.tag("</blockquote>\n");
            }
            Block::Sights(rows) => self.table(rows, Self::sight),
            Block::Timeline(spans) => self.tag(&timeline::html(spans, colour)),
        }
    }

    /// A frame in the colour and words in that of the text: no ground to clash with a dark mode.
    fn badge(&mut self, badge: &Badge) {
        let colour = badge.colour();
        self.tag(&format!("<p style=\"margin:6px 0\"><span style=\"border:2px solid {colour};"));
        self.tag("border-radius:4px;padding:2px 8px;font-weight:bold\">");
        self.text(&format!(
            "{}\u{a0}- {}",
            badge.severity.to_string().to_uppercase(),
            badge.status
        ));
        self.tag("</span></p>\n");
    }

    fn points(&mut self, points: &[String]) {
        self.tag("<ul style=\"margin:6px 0;padding:0 0 0 22px\">\n");
        for point in points {
            self.tag("<li>");
            self.text(point);
            self.tag("</li>\n");
        }
        self.tag("</ul>\n");
    }

    fn table<R>(&mut self, rows: &[R], row: fn(&mut Self, &R)) {
        self.tag(&format!("{TABLE} style=\"margin:8px 0\">\n"));
        for one in rows {
            self.tag("<tr>");
            row(self, one);
            self.tag("</tr>\n");
        }
        self.tag("</table>\n");
    }

    fn prefix(&mut self, row: &PrefixRow) {
        self.code(&row.announced);
        self.cell(&row.verdict);
        self.cell(&row.description);
    }

    fn answer(&mut self, answer: &Answer) {
        self.tag(&format!("<td {CELL}><b>"));
        self.text(answer.label);
        self.tag("</b></td>");
        self.cell(&answer.text);
    }

    fn incident(&mut self, row: &IncidentRow) {
        self.code(&row.status);
        self.tag(&format!("<td {CELL}>"));
        self.text(&row.what);
        for detail in &row.details {
            self.tag("<br>");
            self.text(detail);
        }
        self.tag("</td>");
    }

    fn sight(&mut self, row: &SightRow) {
        self.code(&row.time);
        row.vantage.iter().for_each(|part| self.code(part));
        self.code(&row.prefix);
        self.code(&format!("path {}", row.path));
    }

    fn cell(&mut self, text: &str) {
        self.tag(&format!("<td {CELL}>"));
        self.text(text);
        self.tag("</td>");
    }

    /// A cell whose columns matter.
    fn code(&mut self, text: &str) {
        self.tag(&format!("<td {CELL}><code>"));
        self.text(text);
        self.tag("</code></td>");
    }

    fn paragraph(&mut self, text: &str, style: &str) {
        self.tag(&format!("<p style=\"{style}\">"));
        self.text(text);
        self.tag("</p>\n");
    }

    /// What we wrote ourselves.
    fn tag(&mut self, tag: &str) {
        self.0.push_str(tag);
    }

    /// Everything else.
    fn text(&mut self, text: &str) {
        self.0.push_str(&escaped(text));
    }
}

/// Text between tags or in quotes, safe for both.
pub(super) fn escaped(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let _ = match c {
            '&' => write!(out, "&amp;"),
            '<' => write!(out, "&lt;"),
            '>' => write!(out, "&gt;"),
            '"' => write!(out, "&quot;"),
            '\'' => write!(out, "&#39;"),
            c => write!(out, "{c}"),
        };
    }
    out
}
