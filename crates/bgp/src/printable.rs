/// Text from outside (a registry's name, a router's description, what a server answers), made safe for a
/// terminal, a log, a header and a page: control characters, line breaks, tags, and the marks that hide or
/// turn the direction of text become one space.
pub fn printable(text: &str) -> String {
    text.split(is_hidden).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_or_hides_is_left() {
        assert_eq!(printable("ri\u{1b}[31m\r\npe\u{202e}\u{e0041}x\u{61c}y"), "ri [31m pe x y");
        assert_eq!(printable("Réseau, IP №1"), "Réseau, IP №1");
        assert_eq!(printable("\n"), "");
    }
}
