//! Relays that fail, and what becomes of the mails.

use std::fs;

use store::Store;

use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::spool::{self, drop_in, updates};

/// A daemon whose spool holds the first notice.
fn daemon(place: &Place) -> Daemon {
    updates().iter().take(2).for_each(|file| drop_in(place, file));
    Daemon::start(&place.config())
}

#[test]
fn another_relay_takes_over() {
    let (first, second) = (
        Relay::answering(|line| line.starts_with("RCPT").then_some("451 4.7.1 try again later")),
        Relay::start(),
    );
    let place = spool::place(&first);
    let failover = format!(
        "tls = \"none\"\nfailover = [\"smtp://127.0.0.1:{}\"]\nfailover_after = \"1s\"",
        second.port
    );
    place.edit("tls = \"none\"", &failover);
    let mut daemon = daemon(&place);
    daemon.wait_for("mail deferred");
    let mail = second.next();
    assert_eq!(mail.header("X-Originwatch-Reason").unwrap(), "opened");
    daemon.stop();
    assert_eq!(first.rest().len(), 0);
}

#[test]
fn a_recipient_that_is_refused_is_told_to_the_others_and_costs_them_nothing() {
    let relay = Relay::answering(|line| match line.contains("gone@") && line.starts_with("RCPT") {
        true => Some("550 5.1.1 no such user"),
        false => None,
    });
    let place = spool::place(&relay);
    place.edit("to = [\"noc@example.net\"]", "to = [\"gone@example.net\", \"noc@example.net\"]");
    let daemon = daemon(&place);
    let kinds = [relay.next(), relay.next()].map(|mail| {
        assert_eq!(mail.header("To").unwrap(), "noc@example.net");
        mail.header("X-Originwatch-Kind").unwrap()
    });
    assert_eq!(kinds, ["origin-hijack", "delivery-failing"]);
    daemon.stop();
    let store = Store::open(&place.path("originwatch.db")).unwrap();
    assert_eq!(store.outbox().queue_length().unwrap().0, 0);
    assert!(store.outbox().queue_length().unwrap().1 >= 1);
}

#[test]
fn a_login_that_is_refused_keeps_the_mails() {
    let relay = Relay::answering(|line| line.starts_with("AUTH").then_some("535 5.7.8 no"));
    let place = spool::place(&relay);
    fs::write(place.path("password"), "secret\n").unwrap();
    let login = "tls = \"none\"\nusername = \"originwatch\"\npassword_file = \"password\"";
    place.edit("tls = \"none\"", login);
    let mut daemon = daemon(&place);
    daemon.wait_for("mail held: the login has to be put right");
    daemon.wait_for("delivery-failing");
    let said = daemon.stop();
    assert!(!said.contains("secret"), "{said}");
    let store = Store::open(&place.path("originwatch.db")).unwrap();
    let (waiting, dead) = store.outbox().queue_length().unwrap();
    assert!(waiting >= 1, "{waiting}");
    assert_eq!(dead, 0);
}
