//! Captures in the envelope of OpenBMP.

use parser::bmp::Config;

use super::captures::made;
use crate::play::envelope::{envelope, read};
use crate::play::frame::{message, messages};
use crate::play::story::Story;

#[test]
fn the_routers_of_a_stream_are_kept_apart() {
    let (one, two) = (made("frr84-pre-post-policy.bmp"), made("gobgp310-all-policies.bmp"));
    let mut stream = Vec::new();
    let mut others = messages(&two);
    for (kind, body) in messages(&one) {
        stream.extend(envelope(1, b"one", &message(kind, body)));
        if let Some((kind, body)) = others.next() {
            stream.extend(envelope(2, b"two", &message(kind, body)));
        }
    }
    for (kind, body) in others {
        stream.extend(envelope(2, b"two", &message(kind, body)));
    }
    let (story, routers) = read(&stream, Config::default());
    assert_eq!(routers.len(), 2);
    for (group, stream) in [("one", &one), ("two", &two)] {
        let config = Config { router: group.to_owned(), ..Config::default() };
        let alone = Story::with(stream, config, None);
        let of_group = |line: &&String| line.split([' ', ':']).any(|word| word == group);
        let told: Vec<&String> = story.lines.iter().filter(of_group).collect();
        assert_eq!(told, alone.lines.iter().collect::<Vec<_>>());
    }
}
