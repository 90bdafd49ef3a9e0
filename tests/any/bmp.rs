//! Routers: what one sends, sent to the daemon's port.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;

use crate::play::bmp::{PREFIX, feed, watch};
use crate::play::daemon::Daemon;
use crate::play::place::{Place, without_times};
use crate::play::relay::Relay;
use crate::recordings::{self, ROUTER};

#[test]
fn a_router_gives_what_a_replay_of_its_bytes_gives() {
    let relay = Relay::start();
    let (port, feed) = feed("127.0.0.1", "");
    let place = Place::new(relay.port, &feed);
    let capture = recordings::path(ROUTER);
    watch(&place, PREFIX);
    // What a router of ours holds is told at once; a replay does not know whose it is.
    place.edit("visibility_after = \"0s\"", "visibility_after = \"0s\"\nopen_after = \"0s\"");
    let mut daemon = Daemon::start(&place.config());
    let mut router = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // A router that trickles: every boundary is somewhere within a message.
    for bytes in fs::read(&capture).unwrap().chunks(7) {
        router.write_all(bytes).unwrap();
    }
    // Three incidents: who gets their mail out first is not decided, nor whether one becomes worse before. That the
    // hijack's route goes is no loss of visibility: ours never stood there.
    let mails = std::iter::repeat_with(|| relay.next());
    let opened =
        mails.filter(|mail| mail.header("X-Originwatch-Reason").as_deref() == Some("opened"));
    let mut kinds: Vec<_> = opened.map(|mail| mail.header("X-Originwatch-Kind")).take(3).collect();
    kinds.sort();
    drop(router);
    daemon.wait_for("disconnected: closed by the router");
    daemon.stop();
    let replayed = place.replayed(&[&capture]);
    let of = |notices: Vec<serde_json::Value>| {
        // At its end a replay tells what the daemon still gathers.
        let told = |n: &serde_json::Value| n["reason"] != "update";
        let notices = without_times(notices).into_iter().filter(told);
        let short =
            notices.map(|n| (n["kind"].clone(), n["offenders"].clone(), n["prefixes"].clone()));
        let mut short: Vec<_> = short.map(|parts| format!("{parts:?}")).collect();
        short.sort();
        short
    };
    assert_eq!(of(place.stored()), of(replayed));
    assert_eq!(
        kinds,
        ["origin-hijack", "own-as-new-prefix", "sub-prefix-hijack"]
            .map(|kind| Some(kind.to_owned()))
    );
}
