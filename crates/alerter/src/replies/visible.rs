//! What of a mail in HTML its reader sees.

/// Elements that are never shown, whatever they hold.
const NEVER_SHOWN: &[&str] = &["head", "style", "script", "template", "title", "noscript"];

/// Elements without an end (HTML Living Standard, section 13.1.2).
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];

/// Declarations that take an element out of sight, without white space.
const HIDDEN: &[&str] =
    &["display:none", "visibility:hidden", "visibility:collapse", "mso-hide:all"];

/// Properties that do so with nothing but a zero.
const ZERO: &[&str] = &["font-size:", "opacity:", "max-height:", "max-width:"];

/// The HTML without elements that are hidden: what a person did not see when sending it they do not want done.
/// An element that is not closed hides all behind it.
pub(super) fn visible(html: &str) -> String {
    // Only ASCII changes its case here, so the places stay the same.
    let lower = html.to_ascii_lowercase();
    let mut out = String::with_capacity(html.len());
    let mut at = 0;
    while let Some((open, end)) = next_tag(&lower, at) {
        out.push_str(html.get(at..open).unwrap_or_default());
        let tag = lower.get(open..end).unwrap_or_default();
        let name = name(tag);
        at = match is_hidden(tag, name) {
            true if VOID.contains(&name) => end,
            true => element_end(&lower, end, name),
            false => {
                out.push_str(html.get(open..end).unwrap_or_default());
                end
            }
        };
    }
    out.push_str(html.get(at..).unwrap_or_default());
    out
}

/// Where the next tag or comment begins and ends; one that is not closed ends with the text.
fn next_tag(lower: &str, at: usize) -> Option<(usize, usize)> {
    let mut from = at;
    loop {
        let open = from + lower.get(from..)?.find('<')?;
        let rest = lower.get(open..)?;
        let end = match rest.as_bytes().get(1)? {
            b'!' if rest.starts_with("<!--") => rest.find("-->").map(|end| end + 3),
            b'a'..=b'z' | b'/' | b'!' | b'?' => tag_length(rest),
            // A sign, and no tag.
            _ => {
                from = open + 1;
                continue;
            }
        };
        return Some((open, end.map_or(lower.len(), |end| open + end)));
    }
}

/// Up to the first `>` that is in no quoted value; what is no value quotes nothing.
fn tag_length(tag: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, ' ');
    for (place, c) in tag.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') if before == '=' => quote = Some(c),
            (Some(mark), c) if c == mark => quote = None,
            (None, '>') => return Some(place + 1),
            (None | Some(_), _) => {}
        }
        if !c.is_whitespace() {
            before = c;
        }
    }
    None
}

/// `p` of `<p class=x>`; of an end, and of what is no element, nothing.
fn name(tag: &str) -> &str {
    let inner = tag.trim_start_matches('<');
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    inner.get(..end).unwrap_or_default()
}

fn is_hidden(tag: &str, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    let tight: String = tag.chars().filter(|c| !c.is_whitespace()).collect();
    let zero = |property: &str| {
        tight.split(property).skip(1).any(|value| {
            let digits = value.trim_start_matches(['0', '.']);
            value.starts_with('0') && !digits.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let words = tag.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '='));
    NEVER_SHOWN.contains(&name)
        || HIDDEN.iter().any(|declaration| tight.contains(declaration))
        || ZERO.iter().any(|property| zero(property))
        || words.skip(1).any(|word| word == "hidden")
}

/// Behind the end of an element whose start tag ends here.
fn element_end(lower: &str, from: usize, element: &str) -> usize {
    let (mut at, mut depth) = (from, 1_u32);
    while let Some((open, end)) = next_tag(lower, at) {
        let tag = lower.get(open..end).unwrap_or_default();
        match tag.strip_prefix("</") {
            Some(closing) if name(closing) == element => depth -= 1,
            None if name(tag) == element => depth += 1,
            Some(_) | None => {}
        }
        if depth == 0 {
            return end;
        }
        at = end;
    }
    lower.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_hidden_is_left_out_with_all_that_it_holds() {
        for hidden in [
            "<div style=\"display: none\">CLOSE<div>x</div>y</div>",
            "<SPAN STYLE='Visibility : HIDDEN'>CLOSE</SPAN>",
            "<p hidden>CLOSE</p>",
            "<i style='font-size:0px'>CLOSE</i>",
            "<i style='opacity:0.0;color:red'>CLOSE</i>",
            "<b style='mso-hide:all'>CLOSE</b>",
            "<style>p > b { color: red }</style>",
            "<img hidden src=x>",
        ] {
            assert_eq!(visible(&format!("<p>ACK</p>{hidden}<p>é</p>")), "<p>ACK</p><p>é</p>");
        }
        assert_eq!(visible("<p>ACK</p><div hidden>CLOSE"), "<p>ACK</p>");
        // What is no value quotes nothing, and a sign is no tag.
        assert_eq!(visible("<b '><i hidden>CLOSE</i>'>"), "<b '>'>");
        assert_eq!(visible("a < b' <i hidden>CLOSE</i>'"), "a < b' '");
        assert_eq!(visible("<!-- '> --><i hidden>CLOSE</i>"), "<!-- '> -->");
        assert_eq!(visible("<p>ACK</p><div hidden"), "<p>ACK</p>");
    }

    #[test]
    fn what_is_seen_stays() {
        for seen in [
            "<p style='font-size:0.9em;opacity:0.5'>ACK</p>",
            "<p class=\"not-hidden\" title='a > b'>ACK</p>",
            "3 < 4 & 5 > 4",
        ] {
            assert_eq!(visible(seen), seen);
        }
    }

    proptest! {
        #[test]
        fn of_any_text_what_is_left_is_a_part(html in "(<|>|/|div|p| hidden|\"|'|é|x|<div hidden>|</div>){0,40}") {
            let left = visible(&html);
            let mut all = html.chars();
            prop_assert!(left.chars().all(|c| all.any(|other| other == c)));
        }
    }
}
