use validator::{Finding, IncidentKind};

use crate::lab::{DAY, Lab, MINUTE, at, line};

fn condition(
    kind: IncidentKind,
    subject: &str,
    details: &[&str],
    second: i64,
    active: bool,
) -> Finding {
    Finding::Condition {
        at: at(second),
        kind,
        subject: subject.to_owned(),
        details: details.iter().map(|detail| (*detail).to_owned()).collect(),
        active,
    }
}

#[test]
fn a_condition_opens_at_once_clears_and_comes_back() {
    let mut lab = Lab::new();
    let tell = |lab: &mut Lab, second, active| {
        let silent = condition(
            IncidentKind::FeedSilent,
            "ris-live",
            &["no message for 60 s"],
            second,
            active,
        );
        lab.incidents.handle(at(second), silent);
        lab.drain();
    };
    tell(&mut lab, 0, false);
    assert_eq!(lab.timeline(), []);
    tell(&mut lab, 1, true);
    tell(&mut lab, 2, true);
    assert_eq!(lab.incidents.view().summaries()[0].subject, "ris-live");
    tell(&mut lab, 100, false);
    lab.tick(3600);
    tell(&mut lab, 7200, true);
    assert_eq!(
        lab.timeline(),
        [line(1, "OPEN", 0), line(100 + 15 * MINUTE, "RESOLVED", 0), line(7200, "REOPENED", 0)]
    );
    assert_eq!(lab.last().subject, "ris-live");
    assert_eq!(lab.last().details, ["no message for 60 s"]);
}

#[test]
fn a_condition_is_seen_as_long_as_it_lasts_and_not_when_it_is_told_to_be_over_again() {
    let mut lab = Lab::new();
    let mut seen = |second, active| {
        if let Some(active) = active {
            let silent = condition(IncidentKind::FeedSilent, "ris-live", &[], second, active);
            lab.incidents.handle(at(second), silent);
        }
        lab.tick(second);
        lab.incidents.view().summaries()[0].last_seen
    };
    let lasting = [seen(1, Some(true)), seen(50, None)];
    let over = [seen(100, Some(false)), seen(150, None), seen(200, Some(false))];
    assert_eq!((lasting, over), ([at(1), at(50)], [at(100); 3]));
    lab.tick(3600);
    assert_eq!(lab.last().last_seen, at(100));
}

#[test]
fn what_happens_and_does_not_last_is_told_once_and_each_time() {
    let mut lab = Lab::new();
    for (second, change) in [(0, "removed 198.18.0.0/21"), (60, "added 198.18.0.0/21")] {
        let change = condition(IncidentKind::RoaChange, "ROAs", &[change], second, true);
        lab.incidents.handle(at(second), change);
        lab.drain();
    }
    lab.tick(30 * DAY);
    assert_eq!(lab.timeline(), [line(0, "OPEN", 0), line(60, "OPEN", 0)]);
    assert_ne!(lab.notices[0].incident, lab.notices[1].incident);
    assert!(lab.incidents.view().summaries().is_empty());
}
