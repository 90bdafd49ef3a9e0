//! Maintenance windows from a calendar.

use std::fs;

use jiff::{Timestamp, ToSpan as _};

use crate::play::daemon::Daemon;
use crate::play::relay::Relay;
use crate::play::spool::place;

#[test]
fn a_calendar_gives_windows_for_as_long_as_the_config_names_it() {
    let relay = Relay::start();
    let place = place(&relay);
    let from = Timestamp::now() + 24.hours();
    let event = |summary: &str, about: &str| {
        let from = from.strftime("%Y%m%dT%H%M%SZ");
        format!(
            "BEGIN:VEVENT\nUID:{summary}\nSUMMARY:{summary}\nDTSTART:{from}\nDURATION:PT2H\n\
             DESCRIPTION:{about}\nEND:VEVENT\n"
        )
    };
    let events = [event("Move", "198.18.0.0/24 to AS64501"), event("Party", "bring cake")].concat();
    let calendar = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{events}END:VCALENDAR\n");
    fs::write(place.path("noc.ics"), calendar).unwrap();
    let section = "[[maintenance]]\nname = \"noc\"\ncalendar = \"noc.ics\"\n\n[data]";
    place.edit("[data]", section);
    let mut daemon = Daemon::spawn(&place.config());
    let said = daemon.wait_for("calendar: ");
    assert!(said.contains("'Party' is no window: it names neither a prefix nor an AS"), "{said}");
    daemon.stop();
    let listed = place.done(&["maintenance", "list"]);
    assert!(listed.contains("calendar noc"), "{listed}");
    assert!(listed.contains("Move") && !listed.contains("Party"), "{listed}");
    assert!(listed.contains("198.18.0.0/24, AS64501; critical pierces it"), "{listed}");
    place.edit(section, "[data]");
    Daemon::start(&place.config()).stop();
    assert_eq!(place.done(&["maintenance", "list"]), "no maintenance windows\n");
}
