//! A page as plain text: 72 columns, reads well on a phone and in a ticket.

use crate::content::page::{Answer, Block, EvidenceRow, IncidentRow, Page, PrefixRow};
use incidents::printable;

const WIDTH: usize = 72;
/// Where the answers begin, behind the labels.
const INDENT: usize = 14;

/// The text, with a newline at the end of each line.
pub(crate) fn render_text(page: &Page) -> String {
    let mut text = Text::default();
    for line in &page.lead {
        text.wrapped("", "", line);
    }
    if !page.lead.is_empty() {
        text.line("");
    }
    text.line(&printable(&page.title));
    for section in &page.sections {
        text.line("");
        if let Some(heading) = &section.heading {
            text.line(&printable(heading));
        }
        section.blocks.iter().for_each(|block| text.block(block));
    }
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(text) => self.wrapped("", "", text),
            Block::Points(points) => {
                points.iter().for_each(|point| self.wrapped("  * ", "    ", point));
            }
            Block::Prefixes(rows) => rows.iter().for_each(|row| self.prefix(row)),
            Block::More(text) => self.wrapped("  ", "  ", text),
            Block::Answers(answers) => answers.iter().for_each(|answer| self.answer(answer)),
            Block::Incidents(rows) => rows.iter().for_each(|row| self.incident(row)),
            Block::Draft(lines) => {
                lines.iter().for_each(|line| self.wrapped("  | ", "  | ", line));
            }
            Block::Evidence(rows) => rows.iter().for_each(|row| self.evidence(row)),
            Block::Timeline(_) => {}
        }
    }

    fn prefix(&mut self, row: &PrefixRow) {
        let PrefixRow { announced, verdict, description } = row;
        // No-break spaces keep the columns.
        let line = format!("{announced:\u{a0}<20}\u{a0}{verdict}");
        match description.is_empty() {
            true => self.wrapped("  ", "      ", &line),
            false => self.wrapped("  ", "      ", &format!("{line} - {description}")),
        }
    }

    fn answer(&mut self, answer: &Answer) {
        let colon = if answer.label.is_empty() { "" } else { ":" };
        let label = format!("{}{colon}", answer.label);
        self.wrapped(&format!("{label:INDENT$}"), &" ".repeat(INDENT), &answer.text);
    }

    fn incident(&mut self, row: &IncidentRow) {
        self.wrapped("  ", "      ", &format!("{:\u{a0}<11}\u{a0}{}", row.status, row.what));
        row.details.iter().for_each(|detail| self.wrapped("      ", "      ", detail));
    }

    fn evidence(&mut self, row: &EvidenceRow) {
        let known = row.vantage.iter().filter(|part| !part.is_empty());
        let vantage = known.map(|part| printable(part)).collect::<Vec<_>>().join(" ");
        self.line(&format!("  {} {vantage}", row.time));
        self.wrapped("    ", "      ", &format!("{} path {}", row.prefix, row.path));
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(&text.trim_end().replace('\u{a0}', " "));
        self.0.push('\n');
    }

    /// Breaks at spaces, but for no-break ones, so that lines stay within the width; a longer word
    /// stands alone.
    fn wrapped(&mut self, first: &str, rest: &str, text: &str) {
        let mut line = first.to_owned();
        let mut empty = true;
        for word in printable(text).split(' ').filter(|word| !word.is_empty()) {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line = rest.to_owned();
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.line(&line);
    }
}
