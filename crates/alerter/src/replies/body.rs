//! What a person wrote, without what they quote.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, PartType};

use super::visible::visible;

/// Lines that are looked at: a command stands in front.
const MOST: usize = 2000;

/// Where the quote begins in the HTML of the programs that people use: the standard element, Gmail,
/// Outlook on the web, Outlook, Thunderbird, Yahoo, ProtonMail.
const QUOTES: &[&str] = &[
    "<blockquote",
    "gmail_quote",
    "gmail_attr",
    "id=\"appendonsend\"",
    "id=\"divrplyfwdmsg\"",
    "id=\"mail-editor-reference-message-container\"",
    "<div style=\"border:none;border-top:solid",
    "moz-cite-prefix",
    "yahoo_quoted",
    "protonmail_quote",
];

/// The lines of the sender, quotes and what leads them in left out.
pub(super) fn own_words(message: &Message<'_>) -> Vec<String> {
    let plain = message.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    });
    let text =
        plain.or_else(|| html(message).map(|html| html_to_text(&visible(before_quote(&html)))));
    unquoted(&text.unwrap_or_default())
}

/// Everything that the mail says, quotes too.
pub(super) fn whole_text(message: &Message<'_>) -> String {
    let each =
        message.text_bodies().chain(message.html_bodies()).filter_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            PartType::Html(html) => Some(html_to_text(html)),
            _ => None,
        });
    each.collect::<Vec<_>>().join("\n")
}

fn html(message: &Message<'_>) -> Option<String> {
    message.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.to_string()),
        _ => None,
    })
}

/// What stands in front of the first quote, without a tag that the cut would leave open.
fn before_quote(html: &str) -> &str {
    // Only ASCII changes its case here, so the places stay the same.
    let lower = html.to_ascii_lowercase();
    let cut = QUOTES.iter().filter_map(|mark| lower.find(mark)).min().unwrap_or(html.len());
    let front = html.get(..cut).unwrap_or_default();
    match (front.rfind('<'), front.rfind('>')) {
        (Some(open), close) if close.is_none_or(|close| close < open) => {
            front.get(..open).unwrap_or_default()
        }
        _ => front,
    }
}

/// The lines that are neither quoted nor say who is quoted, up to a signature.
fn unquoted(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().take(MOST).collect();
    let mut own: Vec<String> = Vec::new();
    for line in lines {
        if line.trim_start().starts_with('>') {
            drop_attribution(&mut own);
        } else if line == "-- " || line == "--" {
            break;
        } else {
            own.push(line.replace('\u{a0}', " "));
        }
    }
    own
}

/// `On Monday somebody wrote:` in front of a quote, in whatever language and over up to three lines.
fn drop_attribution(own: &mut Vec<String>) {
    while own.last().is_some_and(|line| line.trim().is_empty()) {
        own.pop();
    }
    if own.last().is_some_and(|line| line.trim_end().ends_with(':')) {
        let kept = own.len().saturating_sub(3);
        let last = own.iter().rposition(|line| line.trim().is_empty());
        own.truncate(last.map_or(kept, |blank| blank + 1).max(kept));
    }
}
