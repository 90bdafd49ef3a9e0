//! What people answer to the mails, read from a Maildir; what programs and forgers send there.

use std::fs;
use std::thread;
use std::time::Instant;

use serde_json::Value;
use store::Store;

use crate::play::LIMIT;
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::relay::{ReceivedMail, Relay};
use crate::play::spool::{self, drop_in, updates};

const REPLIES: &str = "[mail.replies]
reply_to = \"watch@example.net\"
key_file = \"key\"
maildir = \"replies\"

[data]";

/// A place that reads replies.
fn place(relay: &Relay) -> Place {
    let place = spool::place(relay);
    are_read(&place);
    place
}

/// Has a place read replies.
pub(super) fn are_read(place: &Place) {
    place.edit("[data]", REPLIES);
    fs::write(place.path("key"), "0123456789abcdef0123456789abcdef\n").unwrap();
    for name in ["", "/new", "/cur", "/tmp"] {
        fs::create_dir(place.path(&format!("replies{name}"))).unwrap();
    }
}

/// Tells of the hijack of 2014, and stops.
fn told(relay: &Relay, place: &Place) -> ReceivedMail {
    let daemon = Daemon::start(&place.config());
    updates().iter().take(2).for_each(|file| drop_in(place, file));
    let opened = relay.next();
    daemon.stop();
    opened
}

/// A reply by the NOC, which is a recipient.
pub(super) fn reply(to: &str, id: &str, headers: &str, body: &str) -> String {
    let date = jiff::Zoned::now().strftime("%a, %d %b %Y %H:%M:%S %z");
    format!(
        "From: Night Shift <noc@example.net>\nTo: {to}\nSubject: Re: [LON01] CRITICAL\n\
         Date: {date}\nMessage-ID: <{id}@example.net>\n{headers}\n{body}\n"
    )
}

pub(super) fn deliver(place: &Place, name: &str, mail: &str) {
    fs::write(place.path(&format!("replies/new/{name}")), mail).unwrap();
}

/// The names of the mails in a folder.
fn lying(place: &Place, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(place.path(&format!("replies/{folder}"))).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits until nothing lies where mails arrive.
fn all_moved(place: &Place) {
    let begun = Instant::now();
    while !lying(place, "new").is_empty() {
        assert!(begun.elapsed() < LIMIT, "{:?}", lying(place, "new"));
        thread::yield_now();
    }
}

fn marks(place: &Place) -> Value {
    place.listed()[0]["marks"].clone()
}

#[test]
fn a_reply_is_done_once_whatever_is_cut_off() {
    let relay = Relay::start();
    let place = place(&relay);
    let opened = told(&relay, &place);
    let to = opened.header("Reply-To").unwrap();
    deliver(&place, "1.a", &reply(&to, "one", "", "ACK\nNOTE on it\n\n> quoted\n> CLOSE"));
    let mut daemon = Daemon::spawn(&place.config());
    daemon.wait_for("a reply is done");
    all_moved(&place);
    daemon.stop();
    assert_eq!(lying(&place, "cur"), ["1.a:2,S"]);
    let done = marks(&place);
    assert_eq!(done["acknowledged"]["by"], "noc@example.net");
    assert_eq!(done["notes"].as_array().unwrap().len(), 1);
    assert_eq!(done.get("closed"), None);
    // As if it had been killed between the commit and the mark; and sent again by somebody else.
    fs::rename(place.path("replies/cur/1.a:2,S"), place.path("replies/new/1.a")).unwrap();
    deliver(&place, "2.b", &reply(&to, "one", "", "NOTE again"));
    let mut daemon = Daemon::spawn(&place.config());
    daemon.wait_for("a reply does nothing: it was read before");
    daemon.wait_for("a reply does nothing: it was read before");
    all_moved(&place);
    daemon.stop();
    assert_eq!(lying(&place, "cur"), ["1.a:2,S", "2.b:2,S"]);
    assert_eq!(marks(&place), done);
}

#[test]
fn programs_strangers_and_forgers_do_nothing_and_get_no_answer() {
    let relay = Relay::start();
    let place = place(&relay);
    let opened = told(&relay, &place);
    let to = opened.header("Reply-To").unwrap();
    let first = to.find('.').unwrap() + 1;
    let letter = if &to[first..=first] == "a" { "b" } else { "a" };
    let forged = format!("{}{letter}{}", &to[..first], &to[first + 1..]);
    let stranger = reply(&to, "3", "", "CLOSE").replace("noc@example.net", "eve@example.org");
    let away = reply(&to, "4", "Auto-Submitted: auto-replied\n", "CLOSE");
    let mails = [
        ("1", reply(&forged, "1", "", "CLOSE"), "is not ours"),
        ("2", reply("watch@example.net", "2", "", "CLOSE"), "no reply token"),
        ("3", stranger, "eve@example.org is no recipient"),
        ("4", away, "written by a program: Auto-Submitted"),
        ("5", reply(&to, "5", "", "Thanks!"), "'Thanks!' is no command"),
        ("6", "\u{0}\u{0}".to_owned(), "no single sender"),
    ];
    mails.iter().for_each(|(name, mail, _)| deliver(&place, name, mail));
    deliver(&place, "7", &"x".repeat(1024 * 1024 + 1));
    let mut daemon = Daemon::spawn(&place.config());
    for (refused, (_, _, why)) in (1..).zip(&mails) {
        let said = daemon.wait_for("a mail does nothing");
        let counted = format!("refused={refused}");
        assert!(said.contains(why) && said.contains(&counted), "{why}: {said}");
    }
    daemon.wait_for("a mail is left as it is");
    daemon.stop();
    assert_eq!((lying(&place, "new").len(), lying(&place, "cur").len()), (1, 6));
    assert_eq!(marks(&place), Value::Null);
    assert_eq!(relay.rest().len(), 0);
}

#[test]
fn a_mail_that_comes_back_is_doubtful_and_told() {
    let relay = Relay::start();
    let place = place(&relay);
    let opened = told(&relay, &place);
    let report = format!(
        "From: MAILER-DAEMON@example.net\nTo: originwatch@example.net\nReturn-Path: <>\n\
         Subject: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=b\n\n--b\n\nIt did not arrive.\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.net\n\n\
         Final-Recipient: rfc822; NOC@example.net\nAction: failed\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 no such user\n\n--b\nContent-Type: text/rfc822-headers\n\n\
         Message-ID: {}\n\n--b--\n",
        opened.id()
    );
    deliver(&place, "1", &report.replace(&opened.id(), "<not-ours@example.net>"));
    deliver(&place, "2", &report);
    let mut daemon = Daemon::spawn(&place.config());
    daemon.wait_for("a bounce of no mail of ours");
    daemon.wait_for("a mail came back");
    // A spool of recordings tells the time.
    drop_in(&place, &updates()[2]);
    let mut told = relay.next();
    while told.header("X-Originwatch-Kind").unwrap() != "delivery-failing" {
        told = relay.next();
    }
    assert!(told.0.contains("5.1.1 smtp; 550 no such user"), "{}", told.0);
    daemon.stop();
    let store = Store::open(&place.path("originwatch.db")).unwrap();
    // Anybody can write such a report: it gives nothing up.
    assert_eq!(store.outbox().queue_length().unwrap().1, 0);
    drop(store);
    let queue = place.command(&["mail", "queue", "--format", "json"]);
    assert_eq!(queue.code, Some(1), "{}", queue.stderr);
    let queue: Vec<Value> = serde_json::from_str(&queue.stdout).unwrap();
    let doubtful: Vec<_> = queue.iter().filter(|one| one["state"] == "doubtful").collect();
    assert_eq!(doubtful.len(), 1, "{queue:?}");
    assert_eq!(doubtful[0]["message_id"], opened.id());
    assert_eq!(doubtful[0]["last_error"], "bounced: 5.1.1 smtp; 550 no such user");
}

#[test]
fn a_template_that_does_not_render_is_told_with_its_line_and_one_that_does_speaks() {
    let relay = Relay::start();
    let place = place(&relay);
    place.edit("[mail.replies]", "[mail.templates]\nfolder = \"templates\"\n\n[mail.replies]");
    fs::create_dir(place.path("templates")).unwrap();
    fs::write(place.path("templates/notice.text"), "Hello\n{{ notice.knid }}\n").unwrap();
    fs::write(place.path("templates/notice.subject"), "{{ notice.site }} at night").unwrap();
    fs::write(place.path("templates/.notice.text.swp"), [0xff]).unwrap();
    let (status, said) = Daemon::spawn(&place.config()).wait();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("templates/notice.text:2: undefined value"), "{said}");
    fs::remove_file(place.path("templates/notice.text")).unwrap();
    let opened = told(&relay, &place);
    assert_eq!(opened.header("Subject").unwrap(), "LON01 at night");
}
