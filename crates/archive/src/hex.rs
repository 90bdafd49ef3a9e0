use std::fmt::Write as _;

/// Octets a line.
const ROW: usize = 16;

/// Lines in front of the one where the damage is, and behind it.
const AROUND: usize = 2;

/// The octets around a place, as `hexdump -C` prints them, the line of the place marked. `offset` is
/// what the place is called. What is not at hand is left out.
pub(crate) fn window(bytes: &[u8], at: usize, offset: u64) -> String {
    let row = at / ROW * ROW;
    let first = row.saturating_sub(AROUND * ROW);
    let last = bytes.len().min(row + (AROUND + 1) * ROW);
    let mut text = String::new();
    let rows = bytes.get(first..last).unwrap_or_default().chunks(ROW);
    for (from, octets) in (first..).step_by(ROW).zip(rows) {
        let mark = if from == row { '>' } else { ' ' };
        let name = (offset + from as u64).saturating_sub(at as u64);
        let mut line = format!("\n  {mark} {name:08x} ");
        for octet in octets {
            // Writing to a string cannot fail.
            let _ = write!(line, " {octet:02x}");
        }
        text.push_str(&format!("{line:<62}  |"));
        text.extend(octets.iter().map(|octet| match octet {
            b' '..=b'~' => char::from(*octet),
            _ => '.',
        }));
        text.push('|');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_place_is_marked() {
        let bytes: Vec<u8> = (0x40..0x68).collect();
        assert_eq!(
            window(&bytes, 18, 1018),
            "
    000003e8  40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f  |@ABCDEFGHIJKLMNO|
  > 000003f8  50 51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f  |PQRSTUVWXYZ[\\]^_|
    00000408  60 61 62 63 64 65 66 67                          |`abcdefg|"
        );
        assert_eq!(window(&bytes, 1000, 1000), "");
    }
}
