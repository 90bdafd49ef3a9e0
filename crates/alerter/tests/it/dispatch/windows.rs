//! Maintenance windows, on the real engine where they expect a route.

use alerter::dispatch::{Action, Refusal};
use alerter::{Cause, Content, Expected, Standing, Summary, Window};
use bgp::Asn;
use incidents::Reason;
use validator::Severity;

use super::office::{Office, dispatch_rules, id, notice};
use crate::lab::{FIRST, Lab, SECOND, at, prefix};

fn window() -> Window {
    let mut window = Window::new("core upgrade", at(100), at(4000));
    window.prefixes = vec![prefix(FIRST)];
    window
}

fn summary(office: &Office) -> &Summary {
    let last = office.notifications.last().map(|notification| match &notification.content {
        Content::Summary(summary) => Some(summary.as_ref()),
        Content::Notice(_) => None,
    });
    last.flatten().unwrap()
}

#[test]
fn what_is_expected_is_told_after_the_window_in_one_notification() {
    let mut office = Office::new(dispatch_rules());
    office.command(0, Action::MaintenanceAdd { window: window() }).unwrap();
    office.hear(notice(1, 50, 0, Reason::Opened, Severity::Warning));
    office.hear(notice(2, 200, 0, Reason::Opened, Severity::Warning));
    office.hear(notice(3, 300, 0, Reason::Opened, Severity::Warning));
    assert_eq!(
        office.dispatcher.annotations(&id(2)).unwrap().expected.as_deref(),
        Some("core upgrade")
    );
    office.hear(notice(1, 1000, 1, Reason::Update, Severity::Warning));
    office.hear(notice(3, 1100, 1, Reason::Resolved, Severity::Warning));
    office.hear(notice(1, 1200, 2, Reason::Resolved, Severity::Warning));
    // What is critical pierces it.
    office.worse(2, 1300, 1, Severity::Critical);
    office.hear(notice(4, 1400, 0, Reason::Opened, Severity::Warning));
    office.wait(4000);
    office.hear(notice(4, 5000, 1, Reason::Resolved, Severity::Warning));
    insta::assert_snapshot!("maintenance", office.course());
}

#[test]
fn a_window_that_nothing_pierces_holds_everything_and_ends_when_it_is_removed() {
    let mut office = Office::new(dispatch_rules());
    let all = Window { pierce: None, ..Window::new("night", at(0), at(9000)) };
    office.command(0, Action::MaintenanceAdd { window: all }).unwrap();
    office.say(1, 10, 0, Reason::Opened);
    assert_eq!(office.notifications.len(), 0);
    let remove = |name: &str| Action::MaintenanceRemove { name: name.into() };
    let unknown = Err(Refusal::UnknownWindow("day".into()));
    assert_eq!(office.command(20, remove("day")), unknown);
    office.command(20, remove("night")).unwrap();
    assert_eq!(summary(&office).row_count, 1);
    assert_eq!(summary(&office).rows[0].held, 1);
    assert_eq!(office.dispatcher.windows().count(), 0);
}

#[test]
fn windows_of_a_source_are_replaced_by_what_it_says_now() {
    let mut office = Office::new(dispatch_rules());
    let set = |windows| Action::SetWindows { source: "calendar".into(), windows };
    office.command(0, set(vec![window(), Window::new("past", at(-10), at(-5))])).unwrap();
    office.hear(notice(1, 200, 0, Reason::Opened, Severity::Warning));
    office.restart();
    // The same one goes on, with another end.
    office.command(300, set(vec![Window { until: at(6000), ..window() }])).unwrap();
    office.wait(4500);
    assert_eq!(office.notifications.len(), 0);
    office.command(5000, set(vec![])).unwrap();
    assert_eq!(summary(&office).row_count, 1);
    let empty = Window { until: at(50), ..window() };
    let refused = office.command(5000, Action::MaintenanceAdd { window: empty });
    assert_eq!(refused, Err(Refusal::EmptyWindow("core upgrade".into())));
    let over = office.command(5000, Action::MaintenanceAdd { window: window() });
    assert_eq!(over, Err(Refusal::EndInThePast { until: at(4000), now: at(5000) }));
}

#[test]
fn what_should_have_happened_and_did_not_is_told() {
    let mut lab = Lab::with_baseline();
    let expected =
        |text: &str, stands| Expected { prefix: prefix(text), origin: Asn::new(64500), stands };
    let met =
        [expected(FIRST, Standing::Announced), expected("198.18.4.0/24", Standing::Withdrawn)];
    let unmet =
        [expected(SECOND, Standing::Withdrawn), expected("198.18.5.0/24", Standing::Announced)];
    let mut office = Office::new(dispatch_rules());
    std::mem::swap(&mut office.incidents, &mut lab.incidents);
    let expects = [met, unmet].concat();
    office.command(0, Action::MaintenanceAdd { window: Window { expects, ..window() } }).unwrap();
    office.wait(4000);
    let summary = summary(&office);
    assert_eq!(summary.unmet, unmet);
    assert_eq!((summary.row_count, summary.severity), (0, Severity::Warning));
    assert!(
        matches!(&summary.cause, Cause::Maintenance { window } if window.name == "core upgrade")
    );
}
