use std::io::Write as _;

use bzip2::Compression;
use bzip2::write::BzEncoder;
use proptest::prelude::*;

use super::*;

fn packed(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Gives a few octets at a time, as a pipe does.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = buffer.len().min(997);
        self.0.read(&mut buffer[..octets])
    }
}

/// What comes out, and what ends it.
fn unpacked(packed: impl Read, pool: &Pool) -> (Vec<u8>, Option<io::ErrorKind>) {
    let _entered = pool.enter();
    let mut out = Vec::new();
    let mut bzip2 = match Bzip2::new(packed, pool) {
        Ok(bzip2) => bzip2,
        Err(error) => return (out, Some(error.kind())),
    };
    loop {
        match bzip2.next(Vec::new) {
            Ok(Some(block)) => out.extend(block),
            Ok(None) => return (out, None),
            Err(error) => return (out, Some(error.kind())),
        }
    }
}

/// The library's answer.
fn library(packed: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    let read = bzip2::read::MultiBzDecoder::new(packed).read_to_end(&mut out);
    (out, read.is_ok())
}

/// Texts of all kinds: long runs, few octets, many octets, none.
fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..3000),
        proptest::collection::vec(0_u8..3, 0..3000),
        proptest::collection::vec((any::<u8>(), 1_usize..700), 0..40).prop_map(|runs| {
            runs.into_iter().flat_map(|(octet, length)| vec![octet; length]).collect()
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_packed_comes_out(texts in proptest::collection::vec(text(), 1..4), level in 1_u32..=9) {
        let pool = Pool::new(2);
        let streams: Vec<u8> = texts.iter().flat_map(|text| packed(text, level)).collect();
        prop_assert_eq!(unpacked(&streams[..], &pool), (texts.concat(), None));
    }

    #[test]
    fn damage_is_told_as_the_library_tells_it(
        text in text(),
        cut in any::<prop::sample::Index>(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 0..3),
        truncate: bool,
    ) {
        let pool = Pool::new(2);
        let mut stream = packed(&text, 1);
        for (place, bit) in flips {
            let place = place.index(stream.len() - 4) + 4;
            stream[place] ^= 1 << bit;
        }
        if truncate {
            stream.truncate(cut.index(stream.len()));
        }
        let ((ours, error), (theirs, well)) = (unpacked(&stream[..], &pool), library(&stream));
        if well {
            prop_assert_eq!((ours, error), (theirs, None));
        } else {
            // The library may hand out octets of a block before it finds it damaged, or keep back
            // those of a whole one; we hand out whole blocks.
            prop_assert!(error.is_some());
            prop_assert!(text.starts_with(&ours));
        }
    }
}

#[test]
fn many_blocks_of_many_streams_keep_their_order() {
    let pool = Pool::new(3);
    let mut text = Vec::new();
    for number in 0..400_000_u64 {
        text.extend((number * number % 99_991).to_string().bytes());
    }
    let streams = [packed(&text, 1), packed(b"", 9), packed(&text[..1000], 5), packed(&text, 1)];
    let expected = [&text[..], &text[..1000], &text].concat();
    let streams = streams.concat();
    assert!(streams.len() > 1 << 19, "more than is read at once");
    assert_eq!(unpacked(&streams[..], &pool), (expected.clone(), None));
    assert_eq!(unpacked(Trickle(&streams), &pool), (expected, None));
}

#[test]
fn of_a_cut_stream_the_whole_blocks_come_out() {
    let pool = Pool::new(2);
    let text: Vec<u8> =
        (0..400_000_u32).flat_map(|n| (n % 1009).to_string().into_bytes()).collect();
    let stream = packed(&text, 1);
    let (out, error) = unpacked(&stream[..stream.len() / 2], &pool);
    assert_eq!(error, Some(io::ErrorKind::UnexpectedEof));
    assert_eq!(out.len() % 100_000 / 1000, 99, "blocks of 100 k less a few octets");
    assert!(text.starts_with(&out));
}

#[test]
fn a_header_alone_is_a_cut_stream() {
    let pool = Pool::new(1);
    assert_eq!(unpacked(&b"BZh9"[..], &pool), (Vec::new(), Some(io::ErrorKind::UnexpectedEof)));
}

/// A piece that was cut where data looked like a magic number.
#[test]
fn pieces_are_joined_as_they_were() {
    let stream = packed(&(0..9999_u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>(), 9);
    let whole = Pieces::new(&stream[4..]).next().unwrap().unwrap();
    let decoded = decode_one(whole.clone(), Vec::new());
    assert!(decoded.result.is_ok());
    for at in [49, 80, 81, 1000, 4321] {
        let part = |from: u64, to: u64| {
            let mut piece = Piece { last: whole.last, ..Piece::default() };
            let bits = (from..to).map(|bit| {
                let octet = whole.bytes[usize::try_from(bit / 8).unwrap()];
                octet >> (7 - bit % 8) & 1
            });
            bits.for_each(|bit| {
                let bit = Piece { bytes: vec![bit << 7], length: 1, ..Piece::default() };
                piece.join(&Piece { last: whole.last, ..bit });
            });
            piece
        };
        let mut head = part(0, at);
        let short = decode_one(head.clone(), Vec::new());
        assert_eq!(short.result, Err(BlockError::Short), "{at}");
        head.join(&part(at, whole.length));
        assert_eq!(head, whole, "{at}");
    }
}

/// The library decodes what we would hand to it.
#[test]
fn a_block_makes_a_stream_of_its_own() {
    let text = b"to be or not to be, that is the question".repeat(100);
    let piece = Pieces::new(&packed(&text, 9)[4..]).next().unwrap().unwrap();
    assert_eq!(library(&piece.stream()), (text, true));
}

#[test]
fn nothing_is_decoded_of_what_is_too_long() {
    let pool = Pool::new(1);
    let mut stream = packed(b"x", 9);
    stream.truncate(20);
    stream.resize(usize::try_from(PIECE_MAX / 8).unwrap() + (1 << 20), 0x55);
    assert_eq!(unpacked(&stream[..], &pool), (Vec::new(), Some(io::ErrorKind::InvalidData)));
}
