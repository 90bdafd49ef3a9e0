//! `mail test`: drills through every channel.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use validator::IncidentKind;

use super::channels::hook;
use crate::check::dns;
use crate::play::place::Place;
use crate::play::relay::Relay;
use crate::play::spool;
use crate::play::{Run, originwatch};

fn mail_test(place: &Place, more: &[&str]) -> Run {
    let config = place.config();
    let arguments = ["mail", "test", "-c"].map(OsStr::new).into_iter().chain([config.as_os_str()]);
    originwatch(arguments.chain(more.iter().map(OsStr::new)))
}

#[test]
fn a_drill_of_every_kind_goes_through_every_channel_and_says_that_it_is_one() {
    let relay = Relay::start();
    let (port, events) = hook();
    let place = spool::place(&relay);
    let channel = format!(
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{port}/T0/secret\"\n[[feed]]"
    );
    place.edit("[[feed]]", &channel);
    let run = mail_test(&place, &["--all"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    let all: BTreeSet<String> = IncidentKind::ALL.iter().map(ToString::to_string).collect();
    let mails = relay.rest();
    let kinds = mails.iter().map(|mail| mail.header("X-Originwatch-Kind").unwrap());
    assert_eq!(kinds.collect::<BTreeSet<_>>(), all);
    for mail in &mails {
        assert_eq!(mail.header("X-Originwatch-Drill").as_deref(), Some("yes"));
        assert!(mail.header("Subject").unwrap().starts_with("[LON01] DRILL "));
    }
    // What is opened there is closed there.
    let mut expected = Vec::new();
    for kind in IncidentKind::ALL {
        let (open, close) = (events.try_recv().unwrap().1, events.try_recv().unwrap().1);
        assert_eq!(open["key"], close["key"]);
        for (event, action, status) in [(open, "open", "OPEN"), (close, "close", "RESOLVED")] {
            assert_eq!((&event["kind"], &event["action"]), (&kind.name().into(), &action.into()));
            assert!(event["title"].as_str().unwrap().contains("DRILL"), "{event}");
            assert!(event["text"].as_str().unwrap().contains("This is a drill"), "{event}");
            expected.push(format!("hook: {kind} {status}: taken"));
        }
    }
    let mailed =
        |kind: IncidentKind| format!("mail:noc@example.net: {kind} OPEN: taken: 250 taken");
    expected.extend(IncidentKind::ALL.map(mailed));
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), expected);
    assert!(!place.path("originwatch.db").exists());
}

#[test]
fn unless_all_are_asked_for_a_drill_is_one_notification() {
    let relay = Relay::start();
    let place = spool::place(&relay);
    let run = mail_test(&place, &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout, "mail:noc@example.net: origin-hijack OPEN: taken: 250 taken\n");
    assert_eq!(relay.rest().len(), 1);
    assert_eq!(mail_test(&place, &["--all", "--kind", "feed-silent"]).code, Some(2));
}

/// The check itself sends nothing; what comes behind it does, and waits for the answer of the relay.
#[test]
fn a_check_that_is_to_send_ends_with_a_drill() {
    let relay = Relay::start();
    let place = spool::place(&relay);
    let config = place.config();
    let dns = dns::start("");
    let check = |more: &[&str]| {
        let arguments = ["check", "--resolver", &dns, "-c"].map(OsStr::new).into_iter();
        originwatch(arguments.chain([config.as_os_str()]).chain(more.iter().map(OsStr::new)))
    };
    let run = check(&["--send"]);
    let last = run.stdout.lines().last().unwrap();
    assert_eq!(
        last, "mail:noc@example.net: origin-hijack OPEN: taken: 250 taken",
        "{}",
        run.stdout
    );
    let mails = relay.rest();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].header("X-Originwatch-Drill").as_deref(), Some("yes"));
    for refused in [["--send", "--offline"], ["--send", "--format=json"]] {
        assert_eq!(check(&refused).code, Some(2), "{refused:?}");
    }
}

#[test]
fn a_drill_that_is_not_taken_is_told_with_what_the_server_said() {
    let relay =
        Relay::answering(|line| line.starts_with("RCPT").then_some("550 5.1.1 no such user"));
    let place = spool::place(&relay);
    let port = relay.port;
    let refused = |kind: &str, to: &str| {
        format!(
            "mail:{to}: {kind} OPEN: 127.0.0.1:{port} refuses: permanent error (550): 5.1.1 no such user\n"
        )
    };
    let run = mail_test(&place, &["--to", "gone@example.org", "--kind", "feed-silent"]);
    assert_eq!((run.code, run.stdout), (Some(1), refused("feed-silent", "gone@example.org")));
    let program =
        "[[channel]]\nname = \"pager\"\ntype = \"exec\"\ncommand = [\"/nowhere/pager\"]\n[[feed]]";
    place.edit("[[feed]]", program);
    let run = mail_test(&place, &["--channel", "pager", "--all"]);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!((run.code, lines.len()), (Some(1), 2), "{lines:?}");
    let told = "pager: origin-hijack OPEN: pager is not where notifications go: No such file";
    assert!(lines[0].starts_with(told), "{lines:?}");
    let rest = 2 * IncidentKind::ALL.len() - 1;
    assert_eq!(lines[1], format!("pager: {rest} more not tried"));
    let run = mail_test(&place, &["--channel", "slack"]);
    let told = "originwatch: there is no channel 'slack' (there is: mail, pager)\n";
    assert_eq!((run.code, run.stderr.as_str()), (Some(2), told));
}
