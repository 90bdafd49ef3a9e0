//! A folder that is followed: the reconstruction of 2014, as if it were dropped there today.

use std::fs;

use serde_json::Value;

use crate::play::daemon::Daemon;
use crate::play::place::without_feeds;
use crate::play::relay::Relay;
use crate::play::spool::{drop_in, place, updates};

fn ids(notices: &[Value]) -> Vec<&str> {
    notices.iter().map(|notice| notice["message_id"].as_str().unwrap()).collect()
}

#[test]
fn a_spool_gives_what_a_replay_gives() {
    let relay = Relay::start();
    let place = place(&relay);
    updates().iter().for_each(|file| drop_in(&place, file));
    let replayed = place.replayed(&[&place.path("rib.mrt.gz"), &place.path("spool")]);
    let mut daemon = Daemon::start(&place.config());
    let mails: Vec<_> = replayed.iter().map(|_| relay.next()).collect();
    daemon.wait_for("updates.20140403.0800");
    daemon.stop();
    assert_eq!(without_feeds(place.stored()), without_feeds(replayed.clone()));
    let mailed: Vec<_> = mails.iter().map(|mail| mail.id()).collect();
    assert_eq!(mailed, ids(&replayed));
    assert_eq!(relay.rest().len(), 0);
}

#[test]
fn killed_at_any_moment_it_goes_on_as_if_nothing_had_been() {
    let relay = Relay::start();
    let place = place(&relay);
    let files = updates();
    files.iter().for_each(|file| drop_in(&place, file));
    let replayed = place.replayed(&[&place.path("rib.mrt.gz"), &place.path("spool")]);
    // In the middle of a file, and right behind each commit that holds a notice, before its mail.
    let mut mails = Vec::new();
    for moment in ["reading", "LON01 - BGP origin hijack"].into_iter().cycle() {
        if place.stored().len() == replayed.len() {
            break;
        }
        let mut daemon = Daemon::spawn(&place.config());
        daemon.wait_for(moment);
        daemon.kill();
        mails.extend(relay.rest());
    }
    let daemon = Daemon::start(&place.config());
    while !replayed
        .iter()
        .all(|notice| mails.iter().any(|mail| mail.id() == notice["message_id"].as_str().unwrap()))
    {
        mails.push(relay.next());
    }
    daemon.stop();
    assert_eq!(without_feeds(place.stored()), without_feeds(replayed));
}

#[test]
fn a_second_instance_is_refused() {
    let relay = Relay::start();
    let place = place(&relay);
    let first = Daemon::start(&place.config());
    let (status, said) = Daemon::spawn(&place.config()).wait();
    assert_eq!(status.code(), Some(3), "{said}");
    let store = place.path("originwatch.db");
    let expected = format!("originwatch: store: {} is in use by another instance", store.display());
    assert!(said.ends_with(&expected), "{said}");
    first.stop();
}

#[test]
fn a_config_that_cannot_be_read_again_leaves_the_old_one() {
    let relay = Relay::start();
    let place = place(&relay);
    let mut daemon = Daemon::start(&place.config());
    place.edit("[incident]", "[incidnet]");
    daemon.signal("HUP");
    daemon.wait_for("the config cannot be used: the old one stays");
    place.edit("[incidnet]", "[incident]");
    place.edit("site = \"LON01\"", "site = \"LON02\"");
    daemon.signal("HUP");
    daemon.wait_for(" running ");
    // It works on, and under the new one.
    updates().iter().take(5).for_each(|file| drop_in(&place, file));
    let mail = relay.next();
    assert!(mail.header("Subject").unwrap().starts_with("[LON02] CRITICAL"), "{mail:?}");
    daemon.stop();
}

#[test]
fn a_file_that_comes_too_late_is_told() {
    let relay = Relay::start();
    let place = place(&relay);
    let files = updates();
    drop_in(&place, &files[1]);
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("updates.20140402.1");
    drop_in(&place, &files[2]);
    daemon.wait_for(files[2].file_name().unwrap().to_str().unwrap());
    drop_in(&place, &files[0]);
    let line = daemon.wait_for("came too late and is left out");
    assert!(line.contains(files[0].file_name().unwrap().to_str().unwrap()), "{line}");
    daemon.stop();
}

#[test]
fn a_file_that_is_damaged_costs_what_is_damaged() {
    let relay = Relay::start();
    let place = place(&relay);
    fs::write(place.path("spool/updates.20140402.1700.gz"), [0x1f, 0x8b, 8, 0, 1, 2, 3]).unwrap();
    fs::write(place.path("spool/updates.20140402.1701"), "<html>not found</html>").unwrap();
    fs::write(place.path("spool/updates.20140402.1702"), "").unwrap();
    let mut daemon = Daemon::start(&place.config());
    daemon.wait_for("neither mrt, bmp nor ris live messages");
    updates().iter().take(5).for_each(|file| drop_in(&place, file));
    relay.next();
    let said = daemon.stop();
    assert!(said.contains("cannot be read any further"), "{said}");
}
