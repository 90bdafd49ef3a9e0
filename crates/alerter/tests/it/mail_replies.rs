//! What people, programs and forgers answer.

use std::sync::LazyLock;
use std::time::Duration;

use alerter::AnnotatedNotice;
use alerter::content::mail::{Mail, MailComposer};
use alerter::dispatch::Action;
use alerter::replies::{
    Allowed, Bounced, CommandError, Incoming, Replies, Reply, ReplyKey, ReplyRefusal, Seen, Token,
    WeakKey,
};
use alerter::{Content, Scope};
use bgp::Timestamp;
use incidents::IncidentId;
use jiff::tz::TimeZone;
use mail_parser::MessageParser;
use proptest::prelude::*;

use crate::annotated::{annotated, bst};
use crate::lab::{FIRST, Lab};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn now() -> Timestamp {
    "2014-04-02T18:30:00Z".parse().unwrap()
}

fn replies() -> Replies {
    Replies {
        key: ReplyKey::new(SECRET).unwrap(),
        reply_to: "originwatch@example.net".parse().unwrap(),
        recipients: vec!["noc@example.net".parse().unwrap(), "boss@example.org".parse().unwrap()],
        allow: vec![
            Allowed::Domain("example.net".to_owned()),
            Allowed::Address("eve@partner.example".parse().unwrap()),
        ],
        time_zone: bst(),
    }
}

fn notice() -> AnnotatedNotice {
    static NOTICE: LazyLock<AnnotatedNotice> = LazyLock::new(|| {
        let mut lab = Lab::with_baseline();
        lab.hijack(0, 10, FIRST);
        lab.hijack(0, 11, FIRST);
        annotated(lab.last())
    });
    NOTICE.clone()
}

fn incident() -> IncidentId {
    notice().notice.incident
}

fn token(recipient: &str) -> Token {
    Token::new(&replies().key, &incident(), &recipient.parse().unwrap())
}

fn notification(body: &str) -> String {
    mail_with("", body)
}

/// A reply of the NOC, with more headers.
fn mail_with(headers: &str, body: &str) -> String {
    format!(
        "From: Night Shift <noc@example.net>\r\nTo: originwatch+{}@example.net\r\n\
         Subject: Re: [LON01] CRITICAL origin hijack\r\nDate: Wed, 2 Apr 2014 19:29:00 +0100\r\n\
         Message-ID: <reply.1@example.net>\r\n{headers}MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{}",
        token("noc@example.net"),
        body.replace('\n', "\r\n"),
    )
}

fn read(mail: &str) -> Result<Incoming, ReplyRefusal> {
    replies().read(now(), mail.as_bytes())
}

fn actions(mail: &str) -> Vec<Action> {
    let actions = match read(mail) {
        Ok(Incoming::Reply(reply)) => Ok(reply.actions),
        other => Err(other),
    };
    actions.unwrap()
}

fn ack() -> Action {
    Action::Acknowledge { incident: incident() }
}

fn mute(until: &str) -> Action {
    Action::Mute { scope: Scope::Incident(incident()), until: until.parse().unwrap() }
}

fn note(text: &str) -> Action {
    Action::Note { incident: incident(), text: text.to_owned() }
}

#[test]
fn a_mail_asks_for_replies_and_takes_them() {
    let mut head = MailComposer::new("originwatch@example.net".parse().unwrap(), TimeZone::UTC);
    head.replies = Some(replies().into());
    let content = Content::Notice(Box::new(notice()));
    let mail = Mail::compose(&content, &head, &"noc@example.net".parse().unwrap(), None).unwrap();
    let bytes = mail.formatted();
    let mail = MessageParser::default().parse(&bytes).unwrap();
    let reply_to = mail.reply_to().unwrap().first().unwrap().address().unwrap();
    assert_eq!(reply_to, format!("originwatch+{}@example.net", token("noc@example.net")));
    let text = mail.text_part(0).unwrap().text_contents().unwrap();
    assert!(text.contains(&format!("Reference: {}", token("noc@example.net"))), "{text}");

    // The whole mail quoted, as programs do, to the address that Reply-To names.
    let quoted: String = text.lines().map(|line| format!("> {}\r\n", line.trim_end())).collect();
    let answer = notification(&format!("ACK\n\nOn Wed, 2 Apr 2014, originwatch wrote:\n{quoted}"));
    let reply = Reply {
        message_id: "reply.1@example.net".to_owned(),
        from: "noc@example.net".to_owned(),
        actions: vec![ack()],
    };
    assert_eq!(read(&answer), Ok(Incoming::Reply(reply)));
    // To a program that does not heed Reply-To, with the reference in the quote alone.
    let plain = answer.replace(&format!("originwatch+{}", token("noc@example.net")), "originwatch");
    assert_ne!(plain, answer);
    assert_eq!(actions(&plain), [ack()]);
    // Our own mail is no reply to itself.
    assert_eq!(replies().read(now(), &bytes), Err(ReplyRefusal::Automatic("Auto-Submitted")));
}

#[test]
fn commands() {
    for (body, expected) in [
        ("ACK", vec![ack()]),
        ("\n\n  ack.  \n\nThanks,\nBob\n", vec![ack()]),
        ("Acknowledge!\nNOTE on it, ticket 4711\n", vec![ack(), note("on it, ticket 4711")]),
        ("MUTE 4h", vec![mute("2014-04-02T22:30:00Z")]),
        ("mute for 2 days", vec![mute("2014-04-04T18:30:00Z")]),
        ("mute 90min", vec![mute("2014-04-02T20:00:00Z")]),
        // Without an offset: local, an hour ahead of UTC.
        ("MUTE until 2014-04-03 08:00", vec![mute("2014-04-03T07:00:00Z")]),
        ("MUTE until 2014-04-03T08:00:00Z.", vec![mute("2014-04-03T08:00:00Z")]),
        ("MUTE until 20:00", vec![mute("2014-04-02T19:00:00Z")]),
        ("MUTE until 06:30", vec![mute("2014-04-03T05:30:00Z")]),
        ("UNMUTE", vec![Action::Unmute { scope: Scope::Incident(incident()) }]),
        ("close", vec![Action::Close { incident: incident() }]),
        ("ACK\nClose call that was, Bob", vec![ack()]),
        ("NOTE \u{202e}evil\u{7} text", vec![note("evil text")]),
        // Below the quote, and from a program that says nothing of who is quoted.
        ("> LON01\n> ACK, MUTE 4h\n\nCLOSE\n", vec![Action::Close { incident: incident() }]),
        ("Am 2. April 2014\num 20:26 schrieb X:\n> CLOSE\n\nACK\n", vec![ack()]),
        ("ACK\n-- \nMUTE 4h\n", vec![ack()]),
        ("ACK\n________________________________\nFrom: originwatch\nCLOSE\n", vec![ack()]),
    ] {
        assert_eq!(actions(&notification(body)), expected, "{body:?}");
    }
}

#[test]
fn what_is_no_command_does_nothing() {
    let none = |line: &str| ReplyRefusal::Command(CommandError::None(line.to_owned()));
    let no_end = |line: &str| ReplyRefusal::Command(CommandError::Mute(line.to_owned()));
    for (body, expected) in [
        ("", none("")),
        ("Thanks, we are looking into it.\nACK", none("Thanks, we are looking into it.")),
        ("Ack that, and call me", none("Ack that, and call me")),
        ("> ACK\n", none("")),
        ("-- \nACK\n", none("")),
        ("MUTE", no_end("MUTE")),
        ("MUTE forever", no_end("MUTE forever")),
        ("MUTE 0h", no_end("MUTE 0h")),
        ("MUTE 400d", no_end("MUTE 400d")),
        ("MUTE 99999999999999999999h", no_end("MUTE 99999999999999999999h")),
        ("MUTE until 2031-01-01", no_end("MUTE until 2031-01-01")),
        ("MUTE until 2031-01-01 00:00", no_end("MUTE until 2031-01-01 00:00")),
        // Half of what was meant would be worse than nothing.
        ("ACK\nMUTE 4x\n", no_end("MUTE 4x")),
        ("NOTE", ReplyRefusal::Command(CommandError::EmptyNote)),
        ("NOTE \u{202e}", ReplyRefusal::Command(CommandError::EmptyNote)),
    ] {
        assert_eq!(read(&notification(body)), Err(expected), "{body:?}");
    }
}

#[test]
fn replies_in_html_alone() {
    let html = |body: &str| notification(body).replace("text/plain", "text/html");
    for body in [
        "<div dir=\"ltr\">ACK</div><br><div class=\"gmail_quote\">On Wed:<blockquote>CLOSE</blockquote></div>",
        "<html><body><p>ACK</p><div id=\"appendonsend\"></div><hr><p>CLOSE</p></body></html>",
        "<p>ACK</p><blockquote type=\"cite\"><p>CLOSE</p></blockquote>",
        "<div>ACK<br></div><div style=\"border:none;border-top:solid #E1E1E1 1.0pt\"><p>CLOSE</p></div>",
        "<style>p { color: red }</style><p>&#65;CK</p>",
        // What its writer did not see is not wanted.
        "<p>ACK</p><div style=\"display:none\">CLOSE</div>",
        "<span hidden>CLOSE</span><p>ACK</p>",
    ] {
        assert_eq!(actions(&html(body)), [ack()], "{body}");
    }
}

#[test]
fn programs_are_not_obeyed() {
    for header in [
        "Auto-Submitted: auto-replied\r\n",
        "Precedence: auto_reply\r\n",
        "Precedence: bulk\r\n",
        "X-Autoreply: yes\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        "Return-Path: <>\r\n",
    ] {
        let refusal = read(&mail_with(header, "ACK")).unwrap_err();
        assert!(matches!(refusal, ReplyRefusal::Automatic(_)), "{header}: {refusal}");
    }
    for header in
        ["Auto-Submitted: no\r\n", "Return-Path: <noc@example.net>\r\n", "Precedence: list\r\n"]
    {
        assert_eq!(actions(&mail_with(header, "ACK")), [ack()], "{header}");
    }
    let vacation = notification("ACK").replace("Subject: Re:", "Subject: Automatic reply:");
    assert_eq!(read(&vacation), Err(ReplyRefusal::Automatic("its subject")));
}

#[test]
fn a_token_is_for_its_recipient_and_its_incident() {
    let from = |sender: &str, to: &str| {
        let mine = token("noc@example.net").to_string();
        notification("ACK")
            .replace("noc@example.net", sender)
            .replace(&mine, &token(to).to_string())
    };
    assert_eq!(actions(&from("noc@example.net", "noc@example.net")), [ack()]);
    assert_eq!(actions(&from("BOSS@example.org", "boss@example.org")), [ack()]);
    // Who reads a list answers with the token of the list.
    assert_eq!(actions(&from("alice@example.net", "noc@example.net")), [ack()]);
    assert_eq!(actions(&from("eve@partner.example", "boss@example.org")), [ack()]);
    let stranger = |who: &str| Err(ReplyRefusal::Stranger(who.to_owned()));
    assert_eq!(read(&from("x@sub.example.net", "noc@example.net")), stranger("x@sub.example.net"));
    assert_eq!(read(&from("x@partner.example", "noc@example.net")), stranger("x@partner.example"));
    // A recipient outside of `allow` has no other token than its own.
    let forged = Err(ReplyRefusal::Forged { incident: incident() });
    assert_eq!(read(&from("boss@example.org", "noc@example.net")), forged);
    // Of another incident.
    let right = token("noc@example.net").to_string();
    let other = right.replace("as4761", "as4762");
    let other = read(&notification("ACK").replace(&right, &other)).unwrap_err();
    let about = incident().to_string().replace("AS4761", "AS4762");
    assert_eq!(other.to_string(), format!("the reply token for {about} is not ours"));
    let none = notification("ACK").replace(&format!("+{right}"), "");
    assert_eq!(read(&none), Err(ReplyRefusal::NoToken));
    let two = notification("ACK").replace("From: ", "From: boss@example.org, ");
    assert_eq!(read(&two), Err(ReplyRefusal::Missing("single sender")));
    for other in ["From: boss@example.org\r\n", "FROM: noc@example.net\r\n"] {
        let two = read(&mail_with(other, "ACK"));
        assert_eq!(two, Err(ReplyRefusal::Missing("single sender")), "{other}");
    }
}

#[test]
fn programs_may_fold_the_case_of_an_address() {
    let right = token("noc@example.net").to_string();
    for folded in [right.to_uppercase(), right.to_lowercase()] {
        assert_eq!(actions(&notification("ACK").replace(&right, &folded)), [ack()]);
        assert_eq!(Token::parse(&folded), Some(token("noc@example.net")));
    }
}

#[test]
fn another_key_makes_other_tokens() {
    let key = ReplyKey::new(b"another secret of the same program").unwrap();
    let other = Replies { key, ..replies() };
    let refused = other.read(now(), notification("ACK").as_bytes());
    assert_eq!(refused, Err(ReplyRefusal::Forged { incident: incident() }));
    assert_eq!(ReplyKey::new(b"short").map(drop), Err(WeakKey(5)));
    assert_eq!(format!("{:?}", replies().key), "ReplyKey(..)");
}

#[test]
fn an_old_reply_is_refused_and_a_repeated_one_is_known() {
    let days = |days: u64| now() + Duration::from_secs(days * 86_400);
    let mail = notification("ACK");
    assert!(replies().read(days(6), mail.as_bytes()).is_ok());
    let written: Timestamp = "2014-04-02T18:29:00Z".parse().unwrap();
    assert_eq!(replies().read(days(8), mail.as_bytes()), Err(ReplyRefusal::OutOfTime(written)));
    let ahead = mail.replace("2 Apr 2014", "4 Apr 2014");
    assert!(matches!(read(&ahead), Err(ReplyRefusal::OutOfTime(_))));
    for missing in ["Message-ID", "Date"] {
        let without = mail.replace(&format!("\r\n{missing}: "), "\r\nX-Gone: ");
        assert!(matches!(read(&without), Err(ReplyRefusal::Missing(_))), "{missing}");
    }

    let mut seen = Seen::default();
    assert!(seen.is_new(now(), "reply.1@example.net"));
    assert!(!seen.is_new(days(7), "reply.1@example.net"));
    let saved = serde_json::to_string(&seen).unwrap();
    let mut seen: Seen = serde_json::from_str(&saved).unwrap();
    assert!(!seen.is_new(days(8), "reply.1@example.net"));
    // By then its date is refused.
    assert!(seen.is_new(days(9), "reply.1@example.net"));
}

/// RFC 3464 appendix E, "A simple DSN", with a mail of ours in it.
const DSN: &str = "Date: Thu, 7 Jul 1994 17:16:05 -0400\r\n\
    From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>\r\n\
    Message-Id: <199407072116.RAA14128@CS.UTK.EDU>\r\n\
    Subject: Returned mail: Cannot send message for 5 days\r\n\
    To: <originwatch@example.net>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=delivery-status;\r\n\
    \tboundary=\"RAA14128.773615765/CS.UTK.EDU\"\r\n\r\n\
    --RAA14128.773615765/CS.UTK.EDU\r\n\r\n\
    The original message was received at Sat, 2 Jul 1994 17:10:28 -0400\r\n\
    --RAA14128.773615765/CS.UTK.EDU\r\n\
    content-type: message/delivery-status\r\n\r\n\
    Reporting-MTA: dns; cs.utk.edu\r\n\r\n\
    Original-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n\
    Final-Recipient: rfc822;louisl@larry.slip.umd.edu\r\n\
    Action: failed\r\n\
    Status: 4.0.0\r\n\
    Diagnostic-Code: smtp; 426 connection timed\r\n out\r\n\
    Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n\r\n\
    Final-Recipient: rfc822;boss@example.org\r\nAction: delayed\r\nStatus: 4.4.7\r\n\r\n\
    Final-Recipient: rfc822;fine@example.org\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n\
    --RAA14128.773615765/CS.UTK.EDU\r\n\
    content-type: message/rfc822\r\n\r\n\
    From: originwatch@example.net\r\n\
    Message-ID: <OW-20140402-AS4761-3587.0@originwatch>\r\n\
    To: louisl@larry.slip.umd.edu\r\nSubject: x\r\n\r\nbody\r\n\
    --RAA14128.773615765/CS.UTK.EDU--\r\n";

#[test]
fn bounces_are_told_apart_from_replies() {
    let id = Some("OW-20140402-AS4761-3587.0@originwatch".to_owned());
    let bounced = |recipient: &str, status: &str, failed, diagnostic: &str| Bounced {
        message_id: id.clone(),
        recipient: recipient.to_owned(),
        status: status.to_owned(),
        failed,
        diagnostic: diagnostic.to_owned(),
    };
    let expected = vec![
        bounced("louisl@larry.slip.umd.edu", "4.0.0", true, "smtp; 426 connection timed out"),
        bounced("boss@example.org", "4.4.7", false, ""),
    ];
    assert_eq!(read(DSN), Ok(Incoming::Bounces(expected.clone())));
    // As Postfix and Exchange send it: the header alone.
    let header_only = DSN.replace("message/rfc822", "text/rfc822-headers");
    assert_eq!(read(&header_only), Ok(Incoming::Bounces(expected)));
    // A receipt (RFC 8098) is a report, and no bounce.
    let receipt = DSN.replace("delivery-status", "disposition-notification");
    assert_eq!(read(&receipt), Err(ReplyRefusal::Automatic("a report")));
}

#[test]
fn every_truncation_is_read_or_refused() {
    for mail in [notification("ACK\nNOTE x\n"), DSN.to_owned()] {
        for end in 0..mail.len() {
            let _ = replies().read(now(), &mail.as_bytes()[..end]);
        }
    }
    assert_eq!(read(""), Err(ReplyRefusal::Unreadable));
}

proptest! {
    #[test]
    fn nobody_guesses_a_token(proof in "[a-z2-7]{16}") {
        let right = token("noc@example.net").to_string();
        let guess = format!("{}.{proof}", right.split('.').next().unwrap());
        prop_assume!(guess != right);
        let forged = Err(ReplyRefusal::Forged { incident: incident() });
        prop_assert_eq!(read(&notification("ACK").replace(&right, &guess)), forged);
    }

    #[test]
    fn what_is_quoted_is_never_done(quote in "(\\PC{0,40}\n){0,8}", command in "ACK|CLOSE|MUTE 4h") {
        let quoted: String = quote.lines().map(|line| format!("> {line}\n")).collect();
        let body = format!("Hm.\n\nOn Wed, X wrote:\n{quoted}> {command}\n>> {command}\n");
        let refused = ReplyRefusal::Command(CommandError::None("Hm.".to_owned()));
        prop_assert_eq!(read(&notification(&body)), Err(refused));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = replies().read(now(), &bytes);
        let mut mail = notification("").into_bytes();
        mail.extend(bytes);
        let _ = replies().read(now(), &mail);
    }
}
