//! Links that are cut, and routers that die.

use super::lab::{Lab, OURS};
use super::seen;

const KIND: &str = "origin-hijack";

/// Nothing says good-bye on a link that is cut: the monitor must find out by itself.
#[test]
fn a_router_that_is_cut_off_is_missed_and_tells_all_again_when_it_is_back() {
    let mut lab = Lab::start("resolve_after = \"2s\"");
    lab.announce(OURS);
    lab.mail(KIND, "opened");
    lab.cut_bmp();
    seen("the link between the monitor and edge2 drops everything");
    let down = lab.mail("router-down", "opened");
    assert!(down.header("Subject").unwrap().contains("edge2"));
    lab.withdraw(OURS);
    lab.frr_lacks(&format!("show bgp ipv4 unicast {OURS}"), "4761");
    lab.mend_bmp();
    lab.wait_for_peer("edge2", "10.89.0.61");
    seen("the link is back, and edge2 tells its table again");
    lab.mail("router-down", "resolved");
    lab.mail(KIND, "resolved");
    let (notices, left) = lab.finish(KIND);
    assert_eq!((notices.len(), left), (2, 0));
}

/// A session that goes down takes its routes along.
#[test]
fn a_session_that_is_cut_ends_what_came_over_it_and_brings_it_again() {
    let mut lab = Lab::start("resolve_after = \"2s\"");
    lab.announce(OURS);
    let opened = lab.mail(KIND, "opened");
    lab.cut_bgp();
    seen("the links between our routers and AS4761 are down");
    lab.mail(KIND, "resolved");
    lab.mend_bgp();
    seen("they are up again");
    let reopened = lab.mail(KIND, "reopened");
    assert_eq!(reopened.header("In-Reply-To"), opened.header("Message-ID"));
    let (notices, left) = lab.finish(KIND);
    assert_eq!((notices.len(), left), (3, 0));
}

#[test]
fn routers_that_die_are_told_and_the_hijack_stays_open_till_they_say_otherwise() {
    let mut lab = Lab::start("resolve_after = \"1m\"");
    lab.announce(OURS);
    let opened = lab.mail(KIND, "opened");
    lab.kill_routers();
    seen("both routers were killed");
    let mut told = [(); 2].map(|()| lab.mail("router-down", "opened").header("Subject").unwrap());
    told.sort();
    assert!(told[0].contains("edge1") && told[1].contains("edge2"), "{told:?}");
    lab.start_routers();
    seen("both routers were started again");
    for _ in 0..2 {
        lab.mail("router-down", "resolved");
    }
    let (notices, left) = lab.finish(KIND);
    assert_eq!((notices.len(), left), (1, 0), "{notices:#?}");
    assert_eq!(notices[0]["message_id"], opened.id());
}
