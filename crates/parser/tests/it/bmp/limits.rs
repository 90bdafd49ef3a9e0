//! Bytes that are made up.

use parser::bmp::{Config, Counters, Event, MESSAGE_MAX, Session};
use parser::{Everything, Item, Step};
use proptest::prelude::*;

use crate::play::frame::message;
use crate::play::story::Story;

#[test]
fn a_length_of_4_gb_is_not_waited_for() {
    let lost = |bytes: &[u8]| {
        let mut session = Session::new(Config::default());
        let mut lines = Vec::new();
        let step = session.step(bytes, None, &Everything, &mut |event| {
            if let Event::Item(Item::Damage(damage)) = event {
                lines.push(damage.to_string());
            }
        });
        let again = session.step(bytes, None, &Everything, &mut |_| panic!("it has ended"));
        (step, again, lines.join("\n"))
    };
    let end = |text: &str| (Step::End, Step::End, format!("record 0 at byte 0: {text}"));
    assert_eq!(
        lost(&[3, 0xff, 0xff, 0xff, 0xff, 0]),
        end("bmp message of 4294967295 bytes cannot be, the rest is lost")
    );
    assert_eq!(
        lost(&[3, 0, 0, 0, 5, 4]),
        end("bmp message of 5 bytes cannot be, the rest is lost")
    );
    assert_eq!(lost(&[4, 0, 0, 0, 6]), end("bmp version 4 is not known, the rest is lost"));
    assert_eq!(lost(b"GET / HTTP/1.1\r\n"), end("bmp version 71 is not known, the rest is lost"));
    let most = u32::try_from(MESSAGE_MAX).unwrap();
    let longest = [&[3], &most.to_be_bytes()[..], &[0]].concat();
    assert_eq!(lost(&longest).0, Step::More(MESSAGE_MAX));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_messages_never_panic(
        parts in prop::collection::vec(
            (0..8_u8, 0..5_u8, any::<u8>(), prop::collection::vec(any::<u8>(), 0..120)),
            1..20,
        ),
    ) {
        let mut stream = Vec::new();
        for (kind, peer, flags, bytes) in &parts {
            stream.extend(message(*kind, &[&[*peer, *flags], &bytes[..]].concat()));
        }
        let Counters { unknown, .. } = Story::of(&stream).counters;
        prop_assert!(unknown <= parts.len() as u64);
    }
}
