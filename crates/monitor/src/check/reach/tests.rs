use std::path::Path;

use validator::VrpTable;

use super::*;
use crate::config::Config;

/// A place and its addresses.
#[derive(Clone, Copy)]
struct Needed(&'static str, &'static [&'static str]);

impl Needed {
    fn place(&self) -> Place {
        let addresses = self.1.iter().map(|address| address.parse().unwrap()).collect();
        Place { name: self.0.to_owned(), addresses }
    }
}

/// 198.18.0.0/21 is watched; AS64500, which is ours, may originate 203.0.113.0/24 as well.
fn told(ways: &[(&str, &[Needed])]) -> String {
    let text = "[operator]\nname = \"Example\"\nasns = [64500]\n\
                [[watch]]\nprefix = \"198.18.0.0/21\"\n";
    let config = Config::parse(Path::new("originwatch.toml"), text).unwrap();
    let vrp = |prefix: &str, asn: u32| {
        let prefix: Prefix = prefix.parse().unwrap();
        Vrp::new(prefix, prefix.length(), asn.into()).unwrap()
    };
    let vrps = [vrp("203.0.113.0/24", 64500), vrp("192.0.2.0/24", 64501)];
    let rpki = RpkiSnapshot::of(VrpTable::new(vrps));
    let way = |(name, needs): &(&str, &[Needed])| Way {
        name: (*name).to_owned(),
        needs: needs.iter().map(Needed::place).collect(),
    };
    let ways: Vec<_> = ways.iter().map(way).collect();
    let report = judge(&ways, &config.watches, &rpki).to_string();
    report.rsplit_once('\n').map(|(lines, _)| lines.to_owned()).unwrap_or_default()
}

const HOME: Needed = Needed("relay home", &["198.18.0.25"]);
const BEHIND_US: Needed = Needed("relay behind us", &["203.0.113.25"]);
const AWAY: Needed = Needed("relay away", &["192.0.2.25"]);
const BOTH: Needed = Needed("mailboxes of both", &["198.18.0.26", "2001:db8::26"]);
const LOCAL: Needed = Needed("resolver", &["127.0.0.53"]);
const LOST: Needed = Needed("relay lost", &[]);

#[test]
fn a_way_that_remains_is_enough() {
    assert_eq!(told(&[]), "");
    assert_eq!(
        told(&[("away", &[LOCAL, AWAY, BOTH])]),
        "note   mailboxes of both: 198.18.0.26 lies inside 198.18.0.0/21, which is watched\n\
         ok     ways out: if our prefixes are hijacked: away"
    );
    assert_eq!(
        told(&[("home", &[HOME]), ("behind", &[BEHIND_US]), ("away", &[AWAY])]),
        "note   relay home: 198.18.0.25 lies inside 198.18.0.0/21, which is watched\n\
         note   relay behind us: 203.0.113.25 may stand behind AS64500, which is ours \
         (VRP 203.0.113.0/24 AS64500)\n\
         ok     ways out: if our prefixes are hijacked: away"
    );
}

#[test]
fn no_way_that_remains_is_a_fault() {
    let fault = "fault  ways out: every one needs something inside our own prefixes: a hijack \
                 would take the alarm with it (a failover relay or a channel elsewhere helps)";
    assert_eq!(
        told(&[("home", &[AWAY, HOME]), ("behind", &[BEHIND_US])]),
        format!(
            "note   relay home: 198.18.0.25 lies inside 198.18.0.0/21, which is watched\n\
             note   relay behind us: 203.0.113.25 may stand behind AS64500, which is ours \
             (VRP 203.0.113.0/24 AS64500)\n{fault}"
        )
    );
    assert_eq!(
        told(&[("home", &[HOME]), ("lost", &[LOST])]),
        "note   relay home: 198.18.0.25 lies inside 198.18.0.0/21, which is watched\n\
         note   ways out: cannot be judged: names above have no address"
    );
}
