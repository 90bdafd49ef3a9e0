//! Text from outside: a registry's name, a router's description, what a server answers.

/// Safe for a terminal, a log, a header, a page and a label: what moves the cursor, breaks the line, hides or
/// turns the direction of text becomes one space, and none beside a space that is there.
pub fn printable(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for part in text.split(is_hidden).filter(|part| !part.is_empty()) {
        if !seen.is_empty() && !seen.ends_with(' ') && !part.starts_with(' ') {
            seen.push(' ');
        }
        seen.push_str(part);
    }
    seen
}

/// The same, of at most so many characters; what is cut off leaves ` ..` behind.
pub fn excerpt(text: &str, most: usize) -> String {
    // Of a long text no more is looked at than is shown, and one character that shows that there is more.
    let printable = printable(text.get(..cut(text, most)).unwrap_or(text));
    let mut shown: String = printable.chars().take(most).collect();
    if shown.len() < printable.len() || cut(text, most) < text.len() {
        shown.push_str(" ..");
    }
    shown
}

/// Where a text is cut of which so many characters are shown: hidden ones may stand between them.
fn cut(text: &str, most: usize) -> usize {
    let end = text.char_indices().nth(most.saturating_mul(2) + 1);
    end.map_or(text.len(), |(place, _)| place)
}

/// Whether a character is not to be seen, or changes how others are: control (Cc), format (Cf, but for signs
/// that are seen), separators of lines and paragraphs, fillers, selectors of variations, tags (Unicode 16, section 23).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_that_moves_or_hides_is_left() {
        assert_eq!(printable("ri\u{1b}[31m\r\npe\u{202e}\u{e0041}x\u{61c}y"), "ri [31m pe x y");
        assert_eq!(printable("Réseau, IP №1"), "Réseau, IP №1");
        assert_eq!(printable("\n"), "");
        assert_eq!(printable("bad\u{7} prefix\r\n of ours\n"), "bad prefix of ours");
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(excerpt("Réseau", 6), "Réseau");
        assert_eq!(excerpt("Réseau", 3), "Rés ..");
        assert_eq!(excerpt(&"x".repeat(1 << 20), 2), "xx ..");
        assert_eq!(excerpt(&"\u{202e}".repeat(1 << 20), 2), " ..");
        assert_eq!(excerpt("a\r\nb", 3), "a b");
    }

    /// Any text, of which many characters are hidden ones.
    fn text() -> impl Strategy<Value = String> {
        let hidden = prop::sample::select(vec![
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{9b}',
            '\u{ad}',
            '\u{200b}',
            '\u{200e}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{e01ef}',
        ]);
        let c = prop_oneof![hidden, any::<char>(), proptest::char::range('a', 'z')];
        prop::collection::vec(c, 0..60).prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn of_any_text_only_what_is_seen_is_left(text in text(), most in 0_usize..80) {
            let seen = printable(&text);
            prop_assert!(!seen.contains(is_hidden) && !seen.contains(char::is_control));
            prop_assert!(seen.len() <= text.len());
            prop_assert_eq!(printable(&seen), seen.clone());
            let visible = |text: &str| {
                text.chars().filter(|c| !is_hidden(*c) && *c != ' ').collect::<String>()
            };
            prop_assert_eq!(visible(&seen), visible(&text));
            let short = excerpt(&text, most);
            prop_assert!(short.chars().count() <= most + 3, "{:?}", short);
            prop_assert!(!short.contains(is_hidden));
            if !short.ends_with(" ..") {
                prop_assert_eq!(short, seen);
            }
        }
    }
}
