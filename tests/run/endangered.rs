//! A relay that lies inside the prefix that is hijacked.

use super::channels::hook;
use crate::play::LIMIT;
use crate::play::daemon::Daemon;
use crate::play::relay::Relay;
use crate::play::spool::{self, drop_in, updates};

#[test]
fn while_a_relay_lies_in_a_hijacked_prefix_others_are_told_at_once_and_why() {
    let relay = Relay::start();
    let (port, events) = hook();
    let place = spool::place(&relay);
    // As an address: it is known whatever DNS says, or does not, of the rest.
    place.edit("tls = \"none\"", "tls = \"none\"\nfailover = [\"smtp://198.18.0.25:25\"]");
    // By themselves notices go to the mailbox alone.
    let channel = format!(
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\n\
         [[route]]\nto = [\"mail\"]\n[endangered]\nto = [\"hook\"]\n[[feed]]"
    );
    place.edit("[[feed]]", &channel);
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("depends on these");
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    let (_, event) = events.recv_timeout(LIMIT).unwrap();
    let incident = event["key"].as_str().unwrap();
    assert_eq!((&event["reason"], &event["kind"]), (&"opened".into(), &"origin-hijack".into()));
    let why = format!(
        "mail:noc@example.net lies in 198.18.0.0/21, which {incident} is about, and may not be reached: \
         others are told as well."
    );
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(event["text"].as_str().unwrap()).contains(&why), "{event}");
    let mail = relay.next();
    assert_eq!(mail.header("X-Originwatch-Incident").as_deref(), Some(incident));
    daemon.stop();
}
