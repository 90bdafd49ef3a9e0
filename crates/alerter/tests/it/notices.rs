//! The words: golden texts and mails. `INSTA_UPDATE=always cargo test -p alerter` writes them
//! anew; the diff is read.

use alerter::content::mail::{Mail, MailComposer};
use alerter::{AnnotatedNotice, Content, DeliveryNote, Operator, notice_text};
use incidents::{AsDirectory, Incidents};
use jiff::tz::TimeZone;
use mail_parser::MessageParser;
use validator::{Finding, IncidentKind};

use crate::annotated::{annotated, bst};
use crate::lab::{FIRST, Lab, SECOND, at, rules};

/// Four notices of one story, with an update that has much to say.
fn story() -> Vec<AnnotatedNotice> {
    let mut lab = Lab::with_baseline();
    for n in 0..50 {
        lab.hijack(0, 10, &format!("203.{n}.0.0/16"));
    }
    lab.hijack(5, 10, FIRST);
    lab.hijack(41, 13, FIRST);
    lab.hijack(60, 14, SECOND);
    lab.announce(70, 2, "198.18.9.0/24", &[102, 64511, 3356, 4761]);
    lab.tick(3600);
    for n in [10, 13, 14] {
        lab.recover(9000, n, FIRST);
        lab.recover(9000, n, SECOND);
    }
    lab.withdraw(9010, 2, "198.18.9.0/24");
    lab.tick(20_000);
    lab.hijack(50_000, 10, FIRST);
    lab.hijack(50_001, 13, FIRST);
    lab.notices.iter().map(annotated).collect()
}

fn mail(notice: &AnnotatedNotice) -> String {
    mail_that_is_late(notice, None)
}

fn mail_that_is_late(notice: &AnnotatedNotice, late: Option<&DeliveryNote>) -> String {
    let composer = MailComposer::new("originwatch@example.net".parse().unwrap(), bst());
    let recipient = "NOC <noc@example.net>".parse().unwrap();
    let content = Content::Notice(Box::new(notice.clone()));
    let mail = Mail::compose(&content, &composer, &recipient, late).unwrap();
    String::from_utf8(mail.formatted()).unwrap()
}

/// The text and the HTML as a mail program shows them.
fn shown(mail: &str) -> (String, String) {
    let message = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let text = message.text_part(0).unwrap().text_contents().unwrap().to_owned();
    let html = message.html_part(0).unwrap().text_contents().unwrap().to_owned();
    (text.replace("\r\n", "\n"), html.replace("\r\n", "\n"))
}

#[test]
fn texts() {
    let story = story();
    let status: Vec<String> = story.iter().map(|notice| notice.status()).collect();
    // Another prefix, and then our upstream: neither waits.
    assert_eq!(status, ["OPEN", "UPDATE 01", "UPDATE 02", "RESOLVED", "REOPENED"]);
    for notice in &story {
        let name = format!("text-{}", notice.status().to_lowercase().replace(' ', "-"));
        insta::assert_snapshot!(name, notice_text(notice, &bst()));
    }
}

#[test]
fn json() {
    insta::assert_snapshot!("json-update", serde_json::to_string_pretty(&story()[2]).unwrap());
}

#[test]
fn mails() {
    let story = story();
    insta::assert_snapshot!("mail-opened", mail(&story[0]).replace("\r\n", "\n"));
    insta::assert_snapshot!("html-update", shown(&mail(&story[2])).1);
    let heads: Vec<String> = story.iter().map(|n| head(&mail(n))).collect();
    insta::assert_snapshot!("mail-heads", heads.join("\n--\n"));
}

#[test]
fn the_other_kinds() {
    let mut lab = Lab::with_baseline();
    let mut both = |second, prefix: &str, path: &[u32]| {
        for n in [10, 11] {
            let mut path = path.to_vec();
            path.insert(0, 100 + n);
            lab.announce(second, n, prefix, &path);
        }
    };
    both(0, "198.18.0.0/25", &[64510, 64500]);
    both(1, "198.18.0.0/16", &[3356, 666]);
    both(2, "45.83.220.0/22", &[64510, 64500]);
    let conditions = [
        (IncidentKind::FeedSilent, "ris-live", "no message since 18:20:00 UTC"),
        (
            IncidentKind::RoaChange,
            "ROAs",
            "removed 198.18.0.0/21-24 AS64500: 198.18.0.0/21 is invalid now",
        ),
        (
            IncidentKind::DeliveryFailing,
            "noc@example.net",
            "mail.example.net:25 defers: 451 greylisted",
        ),
    ];
    for (kind, subject, detail) in conditions {
        let (subject, details) = (subject.to_owned(), vec![detail.to_owned()]);
        let condition = Finding::Condition { at: at(3), kind, subject, details, active: true };
        lab.incidents.handle(at(3), condition);
        lab.drain();
    }
    let texts: Vec<String> =
        lab.notices.iter().map(|n| notice_text(&annotated(n), &TimeZone::UTC)).collect();
    assert_eq!(texts.len(), 6);
    insta::assert_snapshot!("text-other-kinds", texts.join("\n=====\n\n"));
}

#[test]
fn a_loss_that_is_over_is_not_said_to_be_there_still() {
    let mut lab = Lab::with_baseline();
    (0..30).for_each(|n| lab.withdraw(0, n, FIRST));
    lab.tick(300);
    (0..30).for_each(|n| lab.recover(600, n, FIRST));
    lab.tick(3600);
    let [opened, resolved] =
        [0, 1].map(|n| notice_text(&annotated(&lab.notices[n]), &TimeZone::UTC));
    assert!(opened.contains("10 of 40 vantage points that had it still carry it"), "{opened}");
    assert!(opened.contains("Do first:     Look whether our own routers"), "{opened}");
    assert!(resolved.contains("seen by 40 of 40 vantage points"), "{resolved}");
    assert!(resolved.contains("Until:") && resolved.contains("Lasted:       10 min"), "{resolved}");
    assert!(!resolved.contains("still carry") && !resolved.contains("not seen"), "{resolved}");
}

#[test]
fn no_line_is_wider_than_72_columns_where_a_space_allows() {
    for notice in story() {
        for line in notice_text(&notice, &bst()).lines() {
            let one_word = line.split_whitespace().count() <= 2;
            assert!(line.chars().count() <= 72 || one_word, "{line}");
        }
    }
}

#[test]
fn the_same_notice_gives_the_same_bytes() {
    let notice = &story()[2];
    assert_eq!(mail(notice), mail(notice));
}

#[test]
fn names_from_a_registry_cannot_add_a_header_or_a_line() {
    let evil = "4761,\"X\r\nBcc: evil@example.org\r\n\r\nboo\u{202e}\",ID\n4651,A\u{1b}[2Jb,TH\n";
    let (directory, _) = AsDirectory::parse(evil.as_bytes());
    let mut lab = Lab::with_baseline();
    lab.incidents = Incidents::new(rules(), directory.into());
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    let operator = Operator::new("LON01\r\nBcc: evil@example.org", "", bst());
    let notice = AnnotatedNotice::new(lab.last().clone(), &operator);
    let mail = mail(&notice);
    let (head, _) = mail.split_once("\r\n\r\n").unwrap();
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    let text = notice_text(&notice, &TimeZone::UTC);
    assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
    assert!(!mail.contains('\u{1b}') && !text.contains('\u{1b}') && !text.contains('\u{202e}'));
}

fn head(mail: &str) -> String {
    mail.split("\r\n\r\n").next().unwrap().replace("\r\n", "\n")
}

#[test]
fn a_late_mail_says_so_before_anything_else() {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    // A notice is composed from what the store holds of it.
    let json = serde_json::to_string(&annotated(lab.last())).unwrap();
    let notice: AnnotatedNotice = serde_json::from_str(&json).unwrap();
    assert_eq!(notice, annotated(lab.last()));
    let by = std::time::Duration::from_secs(3 * 3600 + 90);
    let why = "mx.example.net:25 defers: 451\r\nBcc: all@example.net".to_owned();
    let late = mail_that_is_late(&notice, Some(&DeliveryNote::Late { by, why }));
    let on_time = mail(&notice);
    let first = "This mail is 3 h 1 min late. What held it up:\n\
                 mx.example.net:25 defers: 451 Bcc: all@example.net\n\nLON01";
    let (text, html) = shown(&late);
    assert!(text.starts_with(first), "{text}");
    assert!(html.find("3 h 1 min late").unwrap() < html.find("<h1").unwrap(), "{html}");
    assert!(late.contains("\r\nX-Originwatch-Delayed: 10890 s\r\n"), "{late}");
    assert!(!late.contains("\nBcc:"), "{late}");
    assert!(!on_time.contains("late") && !on_time.contains("Delayed"), "{on_time}");
}
