//! Recordings that are made here, and what a test needs to know of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use fixtures::bmp::{Reason, Router, View};
use fixtures::mrt::{self, Form};
use fixtures::recordings::MADE;
use fixtures::table::Shape;
use fixtures::{Event, Scenario, Speaker, Update, What, bmp, internet, pack, recordings, ris_live};

pub(crate) const MRT_FILES: usize = 36;
/// As `originwatch search` counts.
pub(crate) const RIB_LINES: usize = 3205;
pub(crate) const UPDATES_LINES: usize = 1500;
pub(crate) const PLAIN_LINES: usize = 12;

pub(crate) const RIB: &str = "mrt/route-views.made.rib.bz2";
pub(crate) const UPDATES: &str = "mrt/ris.rrc06.updates.gz";
/// It begins when all of the former is over.
pub(crate) const LATER_UPDATES: &str = "mrt/route-views.made.updates.bz2";
/// Not compressed.
pub(crate) const PLAIN: &str = "mrt/of-2015";
/// Its last record, and where that begins.
pub(crate) const PLAIN_END: (usize, usize) = (7, 641);
/// Two small tables, not compressed.
pub(crate) const TABLES: [&str; 2] = ["mrt/table-dump-v2-unicast", "mrt/one-of-table"];
/// A session with ADD-PATH whose records do not say so, and how many of them are damaged therefore.
pub(crate) const DAMAGED: (&str, usize) = ("mrt/unmarked-addpath", 25);
/// A RIB whose copies behind each other, so many, are larger than a search may be.
pub(crate) const LARGE: (&str, usize) = ("mrt/wide-rib.gz", 8);
/// So many files are many.
pub(crate) const MANY: u32 = 1_500;
/// A prefix of the RIB, with what the RIB has of it, around it, and its origin.
pub(crate) const PREFIX: &str = "198.18.0.0/15";
pub(crate) const AROUND: [&str; 2] = ["0.0.0.0/0", PREFIX];
pub(crate) const ORIGIN_OF_PREFIX: &str = "AS64496";
/// A part of it and its length: AS64500 does not originate it.
pub(crate) const PART_OF_PREFIX: &str = "198.19.255.255/32,32";
/// What the updates have: a peer, an origin, two neighbours on paths, and a minute.
pub(crate) const PEER: &str = "3002";
pub(crate) const ORIGIN: &str = "22553";
pub(crate) const NEIGHBOURS: &str = "3007 663";
pub(crate) const MINUTE: (&str, i64) = ("2026-01-01T00:02:00Z", MADE + 120);
/// A router that tells of a hijack, of another inside, and of a prefix of its own.
pub(crate) const ROUTER: &str = "bmp/router.bmp";

/// Those of each format, in a folder of the build.
struct Made {
    folder: PathBuf,
    mrt: Vec<String>,
    bmp: Vec<String>,
    ris_live: Vec<String>,
}

static MADE_HERE: LazyLock<Made> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recordings");
    let write = |files: Vec<(String, Vec<u8>)>| {
        let write = |(name, octets): (String, Vec<u8>)| {
            write_once(&folder.join(&name), &octets);
            name
        };
        files.into_iter().map(write).collect()
    };
    let [mrt, bmp, ris_live] = [of_mrt(), of_bmp(), of_ris_live()].map(write);
    Made { folder, mrt, bmp, ris_live }
});

/// In one step, since another run may read it.
fn write_once(path: &Path, octets: &[u8]) {
    if fs::read(path).is_ok_and(|there| there == octets) {
        return;
    }
    let folder = path.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    let whole = tempfile::NamedTempFile::new_in(folder).unwrap();
    fs::write(whole.path(), octets).unwrap();
    whole.persist(path).unwrap();
}

/// The MRT files: of every type, packed, cut, damaged, of two members.
pub(crate) fn mrt() -> Vec<String> {
    MADE_HERE.mrt.clone()
}

/// Streams of BMP.
pub(crate) fn bmp() -> Vec<String> {
    MADE_HERE.bmp.clone()
}

/// Messages of RIS Live, one a line.
pub(crate) fn ris_live() -> Vec<String> {
    MADE_HERE.ris_live.clone()
}

/// Where a recording lies.
pub(crate) fn path(name: &str) -> PathBuf {
    MADE_HERE.folder.join(name)
}

fn of_mrt() -> Vec<(String, Vec<u8>)> {
    let named = |(name, octets)| (format!("mrt/{name}"), octets);
    let mut files: Vec<_> = recordings::mrt().into_iter().map(named).collect();
    let updates = recordings::updates();
    let mut damaged = updates.clone();
    damaged.iter_mut().skip(500).step_by(331).for_each(|octet| *octet ^= 0x24);
    let (one, other) = updates.split_at(updates.len() / 3);
    let later = internet::updates(MADE + 3600, &internet::speakers(8), 300);
    for (name, octets) in [
        (RIB, pack::bzip2(&rib(1))),
        (UPDATES, pack::gzip(&updates)),
        (LATER_UPDATES, pack::bzip2(&mrt::bgp4mp(&later, Form::default()))),
        (TABLES[1], one_of_table()),
        (PLAIN, of_2015()),
        (DAMAGED.0, unmarked_add_path()),
        (LARGE.0, pack::gzip(&rib(4).repeat(12))),
        ("mrt/members.gz", [pack::gzip(one), pack::gzip(other)].concat()),
        ("mrt/cut", updates[..updates.len() - 5].to_vec()),
        ("mrt/damaged", damaged),
    ] {
        files.push((name.to_owned(), octets));
    }
    files
}

/// Many prefixes that nobody holds in another, and one that holds some and lies in the default route.
fn rib(times: u32) -> Vec<u8> {
    let speakers = internet::speakers(8);
    let (one, two) = (speakers[0], speakers[1]);
    let mut table = internet::table(MADE.try_into().unwrap(), &speakers, 400 * times)
        .row("0.0.0.0/0", &[(one, "3001 64510")])
        .row("198.18.0.0/15", &[(two, "3002 64510 64496")])
        .row("198.18.0.0/16", &[(one, "3001 64497"), (two, "3002 64510 64497")])
        .row("198.19.255.255/32", &[(one, "3001 64498")])
        .row("198.0.0.0/8", &[]);
    table.rows.retain(|row| !row.routes.is_empty());
    table.v2(Shape::Unicast)
}

/// A message of each kind, as if of the day that a broker is asked about.
fn of_2015() -> Vec<u8> {
    // 2015-10-14T16:05:00Z.
    const THEN: i64 = 1_444_838_700;
    let mut scenario = recordings::messages();
    scenario.events.iter_mut().for_each(|event| event.at -= (MADE - THEN) * 1_000_000);
    mrt::bgp4mp(&scenario, Form::default())
}

/// Another peer index, and all rows but the first.
fn one_of_table() -> Vec<u8> {
    let mut table = recordings::table();
    table.rows.remove(0);
    table.v2(Shape::Unicast)
}

/// ADD-PATH as BIRD 1 wrote it: as MESSAGE_AS4 (RFC 8050 came later).
fn unmarked_add_path() -> Vec<u8> {
    let peer = Speaker::new(64_500, "192.0.2.7");
    let mut octets = Vec::new();
    for number in 0..33 {
        let prefix = format!("198.18.{number}.0/24");
        let update = Update::announce(&[&prefix], "64500 64501").path_id(1 + number);
        let scenario = Scenario::new().says(MADE + i64::from(number), peer, update);
        let mut record = mrt::bgp4mp(&scenario, Form { add_path: true, ..Form::default() });
        // The subtype, of BGP4MP_MESSAGE_AS4.
        record[6..8].copy_from_slice(&[0, 4]);
        octets.extend(record);
    }
    octets
}

fn of_bmp() -> Vec<(String, Vec<u8>)> {
    let own = Speaker::new(64_500, "192.0.2.254");
    let many = internet::updates(MADE, &internet::speakers(4), 200);
    vec![
        (ROUTER.to_owned(), router(own)),
        ("bmp/messages.bmp".to_owned(), bmp::tell(&recordings::messages(), own, "edge1")),
        ("bmp/many.bmp".to_owned(), bmp::tell(&at_once(many), own, "edge1")),
    ]
}

/// Its only peer announces a prefix that is watched, and passes on a part of it; of both it tells what comes in,
/// what it takes and what it uses, and of a prefix of its own. The first is withdrawn, and then the peer is gone.
fn router(own: Speaker) -> Vec<u8> {
    let peer = Speaker::new(4761, "127.0.0.2");
    let at = |second, what| Event { at: (MADE + second) * 1_000_000, speaker: peer, what };
    let hijack = Update::announce(&["198.51.100.0/24"], "4761");
    let part = Update::announce(&["198.51.100.128/25"], "4761 3356 64666");
    let ours = Update::announce(&["192.0.2.0/24"], "");
    let over = Update::withdraw(&["198.51.100.0/24"]);
    let views = [View::InPre, View::InPost, View::LocRib];
    let mut router = Router::new(own).initiation("made for a test", "edge1");
    for view in views {
        router = router.peer_up(&at(0, What::Up), view);
    }
    for (second, update) in [(1, hijack), (1, part), (19, over)] {
        for view in views {
            router = router.monitor(&at(second, What::Update(update.clone())), view, &update);
        }
        router = router.monitor(&at(second, What::Up), View::LocRib, &ours).statistics(
            &at(second, What::Up),
            3,
            2,
        );
    }
    for view in [View::InPre, View::InPost] {
        router = router.peer_down(&at(21, What::Down), view, Reason::RemoteNotification);
    }
    router.octets()
}

fn of_ris_live() -> Vec<(String, Vec<u8>)> {
    let many = internet::updates(MADE, &internet::speakers(8), 300);
    vec![
        ("rislive/messages".to_owned(), lines(&recordings::messages())),
        ("rislive/many".to_owned(), lines(&at_once(many))),
    ]
}

fn lines(scenario: &Scenario) -> Vec<u8> {
    ris_live::lines(scenario, "rrc21").into_bytes()
}

/// All of it within a second: what is sent at once happens at once.
fn at_once(mut scenario: Scenario) -> Scenario {
    for (number, event) in (0..).zip(&mut scenario.events) {
        event.at = MADE * 1_000_000 + number * 1000;
    }
    scenario
}
