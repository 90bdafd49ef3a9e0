use std::collections::VecDeque;

/// How much of a line is handed on: RFC 5321 section 4.5.3.1.5 allows 512 octets with its end.
const LONGEST: usize = 510;

/// The octets of a code: what follows is text, and there need not be any.
const CODE: usize = 3;

/// What a relay says, made such that lettre can read it. It ends where a line has more than 1,000 octets or some that
/// are no UTF-8, and where a code stands alone; a refusal for good would look like a relay that is not there. And it
/// reads a line without an end for as long as there is memory.
#[derive(Debug, Default)]
pub(super) struct Replies {
    ready: VecDeque<u8>,
    /// How many octets the line has so far.
    length: usize,
}

impl Replies {
    /// This line comes before all that the relay says.
    pub(super) fn after(line: &str) -> Self {
        Replies { ready: line.bytes().collect(), length: 0 }
    }

    /// Takes in what has come.
    pub(super) fn take(&mut self, octets: &[u8]) {
        for octet in octets {
            match octet {
                b'\n' => {
                    let text: &[u8] = if self.length == CODE { b" \r\n" } else { b"\r\n" };
                    self.ready.extend(text);
                    self.length = 0;
                }
                b'\r' => {}
                _ if self.length == LONGEST => {}
                _ => {
                    self.ready.push_back(if octet.is_ascii() { *octet } else { b'?' });
                    self.length += 1;
                }
            }
        }
    }

    /// What can be read, at most so much; nothing where more must come first.
    pub(super) fn read(&mut self, most: usize) -> impl Iterator<Item = u8> + '_ {
        let many = most.min(self.ready.len());
        self.ready.drain(..many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(said: &[u8]) -> String {
        let mut replies = Replies::default();
        // However it is cut.
        said.chunks(7).for_each(|chunk| replies.take(chunk));
        String::from_utf8(replies.read(usize::MAX).collect()).unwrap()
    }

    #[test]
    fn every_line_can_be_read() {
        assert_eq!(read(b"250-a\r\n250 b\r\n"), "250-a\r\n250 b\r\n");
        assert_eq!(read(b"550\r\n354\n"), "550 \r\n354 \r\n");
        assert_eq!(
            read(b"550 Empf\xe4nger unbekannt \xc3\xa4\n"),
            "550 Empf?nger unbekannt ??\r\n"
        );
        let long = [b"550 ".as_slice(), &[b'x'; 5000], b"\r\n250 ok\r\n"].concat();
        assert_eq!(read(&long), format!("550 {}\r\n250 ok\r\n", "x".repeat(506)));
        // A line without an end costs no more than this.
        assert_eq!(read(&[b'y'; 100_000]).len(), 510);
        assert_eq!(read(&[b'\r'; 100_000]), "");
    }
}
