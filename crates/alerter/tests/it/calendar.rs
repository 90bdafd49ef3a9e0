//! Calendars as people and their programs write them.

use alerter::calendar::{Calendar, CalendarError, read};
use alerter::{Expected, Window};
use bgp::Timestamp;
use proptest::prelude::*;
use validator::Severity;

fn now() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn calendar(events: &str) -> String {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//EN\n{events}END:VCALENDAR\n");
    text.replace('\n', "\r\n")
}

fn event(lines: &str) -> String {
    calendar(&format!("BEGIN:VEVENT\nUID:1@example.net\nSUMMARY:Move\n{lines}\nEND:VEVENT\n"))
}

fn of(text: &str) -> Calendar {
    read(text, now(), "Europe/London").unwrap()
}

/// From when to when.
fn times(text: &str) -> Vec<(String, String)> {
    let windows = of(text).windows;
    windows.iter().map(|window| (window.from.to_string(), window.until.to_string())).collect()
}

fn time(from: &str, until: &str) -> (String, String) {
    (from.to_owned(), until.to_owned())
}

const ABOUT: &str = "DESCRIPTION:198.18.0.0/24";

#[test]
fn an_event_that_says_what_it_is_about_is_a_window() {
    let lines = "DTSTART:20260310T220000Z\nDTEND:20260311T020000Z\nDESCRIPTION:We move 198.18.0.0/24\\,\n \
                 (2001:db8::/32) to AS64501. As agreed.\nX-ORIGINWATCH-PREFIX:198.18.8.0/21,198.18.0.0/24\n\
                 X-ORIGINWATCH-ASN:64500\nX-ORIGINWATCH-PIERCE:none\n\
                 X-ORIGINWATCH-EXPECT:announced:198.18.0.0/24:AS64501";
    let window = Window {
        prefixes: ["198.18.0.0/24", "198.18.8.0/21", "2001:db8::/32"]
            .map(|prefix| prefix.parse().unwrap())
            .into(),
        asns: vec![64500.into(), 64501.into()],
        pierce: None,
        expects: vec!["announced:198.18.0.0/24:AS64501".parse::<Expected>().unwrap()],
        ..Window::new(
            "Move",
            "2026-03-10T22:00:00Z".parse().unwrap(),
            "2026-03-11T02:00:00Z".parse().unwrap(),
        )
    };
    assert_eq!(of(&event(lines)), Calendar { windows: vec![window], remarks: vec![] });
    // What is expected says what it is about, too; and without more what is critical pierces.
    let expects = "DTSTART:20260310T220000Z\nDURATION:PT4H\nX-ORIGINWATCH-EXPECT:withdrawn:198.18.0.0/24:64500";
    let windows = of(&event(expects)).windows;
    assert_eq!(windows[0].prefixes, ["198.18.0.0/24".parse().unwrap()]);
    assert_eq!(windows[0].pierce, Some(Severity::Critical));
}

#[test]
fn what_says_nothing_of_it_is_no_window() {
    let at = "DTSTART:20260310T220000Z\nDTEND:20260311T020000Z\n";
    for (lines, why) in [
        (at.to_owned(), "it names neither a prefix nor an AS"),
        (format!("{at}DESCRIPTION:As agreed, asap, in 10.0.0.1 and AS"), "neither"),
        (
            format!("{at}X-ORIGINWATCH-PREFIX:198.18.0.1/24"),
            "PREFIX cannot be read: '198.18.0.1/24'",
        ),
        (format!("{at}{ABOUT}\nX-ORIGINWATCH-ASN:AS4294967296"), "ASN cannot be read"),
        (format!("{at}{ABOUT}\nX-ORIGINWATCH-PIERCE:fatal"), "PIERCE is 'fatal'"),
        (
            format!("{at}{ABOUT}\nX-ORIGINWATCH-EXPECT:gone:198.18.0.0/24:1"),
            "EXPECT cannot be read",
        ),
        (format!("DTSTART:20260310T220000Z\n{ABOUT}"), "it has no end"),
        (
            format!("DTSTART:20260310T220000Z\nDTEND:20260310T220000Z\n{ABOUT}"),
            "ends before it begins",
        ),
        (format!("DTEND:20260310T220000Z\n{ABOUT}"), "its times cannot be read"),
    ] {
        let Calendar { windows, remarks } = of(&event(&lines));
        assert_eq!((windows, remarks.len()), (vec![], 1), "{lines}");
        assert!(remarks[0].starts_with("'Move' is no window: "), "{remarks:?}");
        assert!(remarks[0].contains(why), "{why}: {remarks:?}");
    }
    let nothing = Calendar::default();
    assert_eq!(of(&event(&format!("{at}{ABOUT}\nSTATUS:CANCELLED"))), nothing);
    let over = format!("DTSTART:20250310T220000Z\nDTEND:20250311T020000Z\n{ABOUT}");
    assert_eq!(of(&event(&over)), nothing);
    let far = format!("DTSTART:20360310T220000Z\nDTEND:20360311T020000Z\n{ABOUT}");
    assert_eq!(of(&event(&far)), nothing);
}

#[test]
fn times_are_those_of_the_zone_that_is_named_or_else_of_the_operator() {
    for (lines, from, until) in [
        // Summer time begins in London on 29 March 2026, in New York on 8 March.
        (
            "DTSTART:20260331T220000\nDTEND:20260401T020000",
            "2026-03-31T21:00:00Z",
            "2026-04-01T01:00:00Z",
        ),
        (
            "DTSTART;TZID=America/New_York:20260310T220000\nDURATION:PT90M",
            "2026-03-11T02:00:00Z",
            "2026-03-11T03:30:00Z",
        ),
        // As Outlook calls it.
        (
            "DTSTART;TZID=W. Europe Standard Time:20260310T220000\nDURATION:PT1H",
            "2026-03-10T21:00:00Z",
            "2026-03-10T22:00:00Z",
        ),
        (
            "DTSTART;VALUE=DATE:20260401\nDTEND;VALUE=DATE:20260403",
            "2026-03-31T23:00:00Z",
            "2026-04-02T23:00:00Z",
        ),
        ("DTSTART;VALUE=DATE:20260310", "2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"),
        // It has begun.
        (
            "DTSTART:20260228T220000Z\nDTEND:20260301T020000Z",
            "2026-02-28T22:00:00Z",
            "2026-03-01T02:00:00Z",
        ),
    ] {
        assert_eq!(times(&event(&format!("{lines}\n{ABOUT}"))), [time(from, until)], "{lines}");
    }
}

#[test]
fn what_recurs_is_a_window_each_time() {
    let weekly = "DTSTART;TZID=Europe/London:20150106T030000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20260407T235959Z\n\
                  EXDATE;TZID=Europe/London:20260317T030000";
    let expected: Vec<_> = ["03-03T03", "03-10T03", "03-24T03", "03-31T02", "04-07T02"]
        .map(|at| {
            let (day, hour) = at.split_once('T').unwrap();
            let until = hour.parse::<u32>().unwrap() + 1;
            time(&format!("2026-{day}T{hour}:00:00Z"), &format!("2026-{day}T{until:02}:00:00Z"))
        })
        .into();
    assert_eq!(times(&event(&format!("{weekly}\n{ABOUT}"))), expected);
    // One of them was put off by a day.
    let moved = format!(
        "BEGIN:VEVENT\nUID:a\nSUMMARY:Move\nDTSTART:20260303T030000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n{ABOUT}\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nSUMMARY:Put off\nRECURRENCE-ID:20260304T030000Z\nDTSTART:20260305T030000Z\nDURATION:PT2H\n{ABOUT}\nEND:VEVENT\n"
    );
    assert_eq!(
        times(&calendar(&moved)),
        [
            time("2026-03-03T03:00:00Z", "2026-03-03T04:00:00Z"),
            time("2026-03-05T03:00:00Z", "2026-03-05T05:00:00Z"),
        ]
    );
    // A rule without an end is looked at for as long as it takes to come to an end of patience.
    let endless = format!("DTSTART:20260301T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY\n{ABOUT}");
    let Calendar { windows, remarks } = of(&event(&endless));
    assert_eq!((windows.len(), remarks.len()), (1000, 2), "{remarks:?}");
}

#[test]
fn two_of_one_name_and_time_are_told_apart() {
    let one = format!(
        "BEGIN:VEVENT\nUID:a\nSUMMARY:Work\nDTSTART:20260303T030000Z\nDURATION:PT1H\n{ABOUT}\nEND:VEVENT\n"
    );
    let windows = of(&calendar(&format!("{one}{}", one.replace("UID:a", "UID:b")))).windows;
    let names: Vec<_> = windows.iter().map(|window| window.name.as_str()).collect();
    assert_eq!(names, ["Work", "Work (2)"]);
}

#[test]
fn half_a_calendar_is_none() {
    let zone = "UTC";
    let whole = event(&format!("DTSTART:20260310T220000Z\nDTEND:20260311T020000Z\n{ABOUT}"));
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for end in 0..lines.len() {
        let cut = lines[..end].concat();
        let error = read(&cut, now(), zone).unwrap_err();
        assert_eq!(error == CalendarError::NotOne, end == 0, "{cut}");
    }
    assert_eq!(read("<html>404</html>", now(), zone), Err(CalendarError::NotOne));
    for end in 0..whole.len() {
        // Whatever comes of it.
        let _ = read(&whole[..end], now(), zone);
    }
}

proptest! {
    #[test]
    fn whatever_somebody_serves_is_read_or_refused(
        lines in prop::collection::vec(
            prop_oneof![
                Just("BEGIN:VEVENT".to_owned()),
                Just("END:VEVENT".to_owned()),
                Just("BEGIN:VCALENDAR".to_owned()),
                Just("END:VCALENDAR".to_owned()),
                Just(ABOUT.to_owned()),
                "DTSTART(;TZID=[A-Z]{0,3})?:2026[0-9]{4}T[0-9]{6}Z?",
                "DURATION:-?P[0-9]{1,9}[DWTHMS]{0,2}",
                "RRULE:FREQ=(DAILY|YEARLY|MINUTELY);(INTERVAL=[0-9]{1,9};)?BY(MONTHDAY|DAY|SETPOS)=-?[0-9]{1,3}[A-Z]{0,2}",
                "(EXDATE|RDATE|RECURRENCE-ID):[0-9T]{0,15}Z?",
                "[ -~]{0,40}",
            ],
            0..12,
        )
    ) {
        let text = calendar(&format!("BEGIN:VEVENT\n{}\nEND:VEVENT\n", lines.join("\n")));
        if let Ok(read) = read(&text, now(), "UTC") {
            prop_assert!(read.windows.iter().all(|window| window.from < window.until));
        }
    }
}
