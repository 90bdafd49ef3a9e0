//! Mails of the monitor, as they lie in a mailbox behind a real relay.

use std::collections::BTreeSet;
use std::fs;

use store::Store;

use super::mail_servers::{MailServers, Received};
use super::process::until;
use super::seen;
use crate::play::daemon::Daemon;
use crate::play::place::Place;
use crate::play::spool::{drop_in, place_with, updates};

/// The story of 2014, with a relay at this port of ours, under a name that its certificate bears.
fn place(servers: &MailServers, port: u16, tls: &str, to: &[&str]) -> Place {
    let place = place_with(port);
    place.edit(&format!("smtp://127.0.0.1:{port}"), &format!("smtp://localhost:{port}"));
    let certificate = servers.certificate();
    let tls = format!("tls = \"{tls}\"\nca_file = \"{}\"", certificate.display());
    place.edit("tls = \"none\"", &tls);
    let to: Vec<_> = to.iter().map(|user| format!("\"{user}@noc.test\"")).collect();
    place.edit("to = [\"noc@example.net\"]", &format!("to = [{}]", to.join(", ")));
    place
}

fn login(place: &Place, password: &str) {
    fs::write(place.path("password"), password).unwrap();
    place.edit("[data]", "username = \"noc\"\npassword_file = \"password\"\n\n[data]");
}

fn start(servers: &MailServers, place: &Place) -> Daemon {
    let command = servers.space.command(env!("CARGO_BIN_EXE_originwatch"));
    Daemon::spawn_as(command, &place.config())
}

/// The last words of the subjects.
fn course(mails: &[Received]) -> Vec<&str> {
    let subjects = mails.iter().map(|mail| mail.header("Subject").unwrap());
    subjects.map(|subject| subject.rsplit_once(" - ").unwrap().1).collect()
}

#[test]
fn one_story_is_one_thread_in_a_real_mailbox() {
    let servers = MailServers::start();
    for (port, tls, user) in [(587, "starttls", "noc"), (465, "implicit", "second")] {
        let place = place(&servers, port, tls, &[user]);
        login(&place, "secret");
        updates().iter().for_each(|file| drop_in(&place, file));
        let daemon = start(&servers, &place);
        let mails = servers.wait_for(user, COURSE.len());
        daemon.stop();
        assert_eq!(course(&mails), COURSE);
        let first = mails[0].header("Message-ID").unwrap();
        for (number, mail) in mails.iter().enumerate() {
            check(mail, user);
            let parent = (number > 0).then_some(first);
            assert_eq!((mail.header("In-Reply-To"), mail.header("References")), (parent, parent));
        }
        assert_eq!(ids(&mails).len(), COURSE.len());
        seen(&format!("{} mails by port {port}, {tls}, logged in: one thread", mails.len()));
    }
    let place = place(&servers, 587, "starttls", &["noc"]);
    login(&place, "wrong");
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    let mut daemon = start(&servers, &place);
    daemon.wait_for("mail held: the login has to be put right");
    daemon.stop();
    assert_eq!(servers.mailbox("noc").len(), COURSE.len());
    seen("a wrong password holds the mails");
}

const COURSE: [&str; 7] =
    ["OPEN", "UPDATE 01", "UPDATE 02", "RESOLVED", "REOPENED", "UPDATE 01", "RESOLVED"];

fn ids(mails: &[Received]) -> BTreeSet<&str> {
    mails.iter().map(|mail| mail.header("Message-ID").unwrap()).collect()
}

/// Header by header.
fn check(mail: &Received, user: &str) {
    assert_eq!(mail.defects(), &[] as &[serde_json::Value]);
    assert_eq!(mail.header("From"), Some("originwatch@example.net"));
    assert_eq!(mail.header("To"), Some(format!("{user}@noc.test").as_str()));
    assert!(mail.header("Subject").unwrap().starts_with("[LON01] CRITICAL origin hijack 198.18."));
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(mail.header("MIME-Version"), Some("1.0"));
    // The relay signs, if anybody does.
    assert_eq!(mail.headers("DKIM-Signature"), [""; 0]);
    let notice = mail.notice();
    assert_eq!(mail.header("Message-ID"), notice["message_id"].as_str());
    assert_eq!(mail.header("X-Originwatch-Incident"), notice["incident"].as_str());
    assert_eq!(mail.header("X-Originwatch-Kind"), notice["kind"].as_str());
    assert_eq!(mail.header("X-Originwatch-Severity"), notice["severity"].as_str());
    assert_eq!(mail.header("X-Originwatch-Reason"), notice["reason"].as_str());
    assert_eq!(mail.types(), ["text/plain", "text/html", "application/json"]);
    // ESMTPSA: with TLS and logged in (RFC 3848).
    let received = mail.headers("Received").join("\n");
    assert!(received.contains("from monitor.example.net (localhost [127.0.0.1])"), "{received}");
    assert!(received.contains("with ESMTPSA"), "{received}");
}

#[test]
fn what_is_refused_is_told_and_what_is_deferred_arrives_once() {
    let servers = MailServers::start();
    let to = ["gone", "large", "never", "full", "slow", "noc"];
    let place = place(&servers, 25, "opportunistic", &to);
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    let daemon = start(&servers, &place);
    // The hijack, and for each of the three who are refused for good that they are.
    let mails = servers.wait_for("noc", 4);
    let kinds = |mails: &[Received]| {
        let kinds = mails.iter().map(|mail| mail.header("X-Originwatch-Kind").unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    let mut told = kinds(&mails);
    told.sort();
    assert_eq!(told, ["delivery-failing", "delivery-failing", "delivery-failing", "origin-hijack"]);
    for mail in mails.iter().filter(|mail| mail.notice()["kind"] == "delivery-failing") {
        seen(mail.header("Subject").unwrap());
    }
    assert!(servers.mailbox("slow").is_empty());
    servers.let_in("slow");
    seen("550, 552 and 554 are told; 450 and 452 wait; now the one with 450 may have its mail");
    servers.wait_for("slow", 4);
    daemon.stop();
    let slow = servers.mailbox("slow");
    assert_eq!((slow.len(), ids(&slow)), (4, ids(&mails)));
    assert!(servers.mailbox("full").is_empty());
    let store = Store::open(&place.path("originwatch.db")).unwrap();
    let (waiting, dead) = store.outbox().queue_length().unwrap();
    // The same four are for each of the six: two have them, one waits, three never will.
    assert_eq!((waiting, dead), (4, 12));
    seen("it has each of them once, what is for 452 waits, and the rest are dead letters");
}

#[test]
fn a_reply_in_a_real_mailbox_acknowledges() {
    let servers = MailServers::start();
    let place = place(&servers, 587, "starttls", &["noc"]);
    login(&place, "secret");
    let certificate = servers.certificate();
    let replies = format!(
        "[mail.replies]\nreply_to = \"second@noc.test\"\nkey_file = \"key\"\n\
         imap = \"imaps://localhost\"\nusername = \"second\"\npassword_file = \"password\"\n\
         ca_file = \"{}\"\n\n[data]",
        certificate.display()
    );
    place.edit("[data]", &replies);
    fs::write(place.path("key"), "0123456789abcdef0123456789abcdef").unwrap();
    updates().iter().take(2).for_each(|file| drop_in(&place, file));
    let mut daemon = start(&servers, &place);
    let opened = servers.wait_for("noc", 1);
    let to = opened[0].header("Reply-To").unwrap();
    seen(&format!("the mail asks for replies to {to}"));
    let date = jiff::Zoned::now().strftime("%a, %d %b %Y %H:%M:%S %z");
    let mail = |to: &str, id: &str, body: &str| {
        format!(
            "From: noc@noc.test\r\nTo: {to}\r\nDate: {date}\r\nSubject: Re: {id}\r\n\
             Message-ID: <{id}@noc.test>\r\n\r\n{body}\r\n"
        )
    };
    servers.send(to, &mail(to, "ack", "ACK\r\nNOTE on it"));
    daemon.wait_for("a reply is done");
    daemon.wait_for("a reply is done");
    seen("a reply over SMTP and IMAP acknowledges");
    // The same again, and one whose token was made up.
    servers.send(to, &mail(to, "ack", "CLOSE"));
    let forged = format!("{}aaaaaaaaaaaaaaaa@noc.test", &to[..=to.find('.').unwrap()]);
    servers.send(&forged, &mail(&forged, "forged", "CLOSE"));
    daemon.wait_for("a reply does nothing: it was read before");
    daemon.wait_for("is not ours");
    until("all three are marked", || servers.seen("second").len() == 3);
    seen("the same again and a forged one do nothing, and all are marked as seen");
    daemon.stop();
    let marks = place.listed()[0]["marks"].clone();
    assert_eq!(marks["acknowledged"]["by"], "noc@noc.test");
    assert_eq!(marks["notes"][0]["text"], "on it");
    assert_eq!(marks.get("closed"), None);
}
