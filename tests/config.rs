//! What a wrong config is told, and that the shipped one is right.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use alerter::replies::Allowed;
use archive::Archive;
use feeds::{FeedKind, Rib, RibPlace, RisLiveMode};
use originwatch::config::{Calendar, CalendarPlace, Config, Mailbox};
use rpki_sources::{Cache, Source};
use validator::Origins;

use crate::play::{assert_golden, originwatch, root};

const OPERATOR: &str = "[operator]\nname = \"Example\"\nasns = [64500]\n";

/// What stands under `[operator]`, one thing wrong with each.
const BROKEN: &[(&str, &str)] = &[
    ("a misspelt key", "[[watch]]\nprefix = \"198.18.0.0/21\"\norgins = [64500]\n"),
    ("a key with a dash", "[[watch]]\nprefix = \"198.18.0.0/21\"\nmax-length = 24\n"),
    ("a key that nobody knows", "[[watch]]\nprefix = \"198.18.0.0/21\"\ncolour = \"red\"\n"),
    ("a misspelt section", "[rkpi]\nsources = []\n"),
    ("a section in the singular", "[watch]\nprefix = \"198.18.0.0/21\"\n"),
    ("a section in the plural", "[[mail]]\nfrom = \"a@example.net\"\n"),
    ("host bits", "[[watch]]\nprefix = \"198.18.1.0/21\"\n"),
    ("IPv6 host bits", "[[watch]]\nprefix = \"2001:db8::1/32\"\n"),
    ("a prefix that is an address", "[[watch]]\nprefix = \"198.18.0.1\"\n"),
    ("a prefix that is too long", "[[watch]]\nprefix = \"198.18.0.0/33\"\n"),
    ("a prefix that is a number", "[[watch]]\nprefix = 198\n"),
    ("no prefix", "[[watch]]\norigins = [64500]\n"),
    ("the default route", "[[watch]]\nprefix = \"0.0.0.0/0\"\n"),
    (
        "an AS that is not a number",
        "[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = [64500, \"ASx\"]\n",
    ),
    ("an AS that is too large", "[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = [4294967296]\n"),
    ("an AS below zero", "[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = [-1]\n"),
    ("AS 0", "[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = [0]\n"),
    ("an AS without a list", "[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = 64500\n"),
    ("origins of a wrong word", "[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = \"all\"\n"),
    ("no origin", "[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = []\n"),
    ("a max_length that is too short", "[[watch]]\nprefix = \"198.18.0.0/21\"\nmax_length = 20\n"),
    ("a max_length that is too long", "[[watch]]\nprefix = \"198.18.0.0/21\"\nmax_length = 33\n"),
    ("a max_length in quotes", "[[watch]]\nprefix = \"198.18.0.0/21\"\nmax_length = \"24\"\n"),
    (
        "one prefix watched twice",
        "[[watch]]\nprefix = \"198.18.0.0/21\"\n\n[[watch]]\nprefix = \"198.18.0.0/21\"\norigins = [64501]\n",
    ),
    (
        "nobody may announce it, and somebody may",
        "[[watch]]\nprefix = \"198.18.0.0/21\"\nannounced = false\norigins = [64500]\nmax_length = 24\n",
    ),
    (
        "an aggregate that is not one",
        "[[watch]]\nprefix = \"198.18.0.0/21\"\naggregates = [\"198.18.0.0/24\"]\n",
    ),
    (
        "an aggregate that is watched",
        "[[watch]]\nprefix = \"198.18.0.0/15\"\n[[watch]]\nprefix = \"198.18.0.0/21\"\naggregates = [\"198.18.0.0/16\"]\n",
    ),
    ("a duration without a unit", "[incident]\nresolve_after = 15\n"),
    ("a duration of a wrong unit", "[incident]\nresolve_after = \"15 minutes\"\n"),
    ("a threshold of nothing", "[incident]\nmin_vantage_ases = 0\n"),
    ("a source of an unknown kind", "[rpki]\nsources = [ { jsn = \"vrps.json\" } ]\n"),
    ("a source with two places", "[rpki]\nsources = [ { json = \"a\", csv = \"b\" } ]\n"),
    ("a source without a place", "[rpki]\nsources = [ {} ]\n"),
    ("a source that is a string", "[rpki]\nsources = [ \"vrps.json\" ]\n"),
    ("an RTR cache without a port", "[rpki]\nsources = [ { rtr = \"127.0.0.1\" } ]\n"),
    ("a feed of an unknown type", "[[feed]]\ntype = \"rislive\"\n"),
    ("a feed without a type", "[[feed]]\nurl = \"wss://example.net/\"\n"),
    (
        "a key of another type of feed",
        "[[feed]]\ntype = \"ris-live\"\nlisten = \"127.0.0.1:11019\"\n",
    ),
    ("a feed of a wrong mode", "[[feed]]\ntype = \"ris-live\"\nmode = \"all\"\n"),
    ("a table without its collector", "[[feed]]\ntype = \"ris-live\"\nrib = \"rib.mrt\"\n"),
    (
        "tables of what is no collector of RIS",
        "[[feed]]\ntype = \"ris-live\"\nrib = { rrc1 = \"latest\", route-views2 = \"latest\", rrc21 = 1 }\n",
    ),
    ("an archive that is nowhere", "[archive]\nbroker = \"api.bgpkit.com\"\ncache_size = 0\n"),
    (
        "a proxy with a login in it, and half of a login",
        "[network]\nproxy = \"http://user:secret@proxy.example.net:3128\"\nusername = \"user\"\n",
    ),
    ("a proxy of another kind", "[network]\nproxy = \"socks5://proxy.example.net:1080\"\n"),
    ("what needs no proxy, and no proxy", "[network]\nno_proxy = [\"example.net\"]\n"),
    ("BMP without an allow list", "[[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:11019\"\n"),
    (
        "a router without an address",
        "[[feed]]\ntype = \"bmp\"\nlisten = \"localhost:11019\"\nrouters = [ { name = \"edge1\" } ]\n",
    ),
    (
        "a feed that this version does not read",
        "[[feed]]\ntype = \"kafka\"\nbrokers = [\"broker\"]\n",
    ),
    (
        "mail to nobody",
        "[mail]\nfrom = \"a@example.net\"\nto = []\nrelay = \"smtp://mail.example.net\"\n",
    ),
    (
        "addresses that are none",
        "[mail]\nfrom = \"example.net\"\nto = [\"noc@example.net\", \"noc at example.net\"]\nrelay = \"smtp://mail.example.net\"\n",
    ),
    (
        "an address with another header in it",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"noc@example.net\\nBcc: x@example.net\"]\nrelay = \"smtp://mail.example.net\"\n",
    ),
    (
        "a relay that is a web server",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\nrelay = \"https://mail.example.net\"\n",
    ),
    (
        "a relay with a password in it",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\nrelay = \"smtp://user:secret@mail.example.net\"\n",
    ),
    (
        "a password",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\nrelay = \"smtp://mail.example.net\"\npassword = \"secret\"\n",
    ),
    (
        "smtps without TLS",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\nrelay = \"smtps://mail.example.net\"\ntls = \"none\"\n",
    ),
    (
        "a password in the clear",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\nrelay = \"smtp://mail.example.net\"\ntls = \"none\"\nusername = \"u\"\npassword_file = \"p\"\n",
    ),
    (
        "half a login",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\nrelay = \"smtp://mail.example.net\"\nusername = \"u\"\n",
    ),
    (
        "a bare helo",
        "[mail]\nfrom = \"a@example.net\"\nto = [\"b@example.net\"]\nrelay = \"smtp://mail.example.net\"\nhelo = \"monitor\"\n",
    ),
    ("a mail section with nothing", "[mail]\n"),
    ("replies and templates with nothing", "[mail.replies]\n[mail.templates]\n"),
    (
        "replies to an address that has no room for a token, from nobody, to both mailboxes",
        "[mail.replies]\nreply_to = \"monitoring-replies@example.net\"\nkey_file = \"key\"\nallow = [\"nobody\", \"a@b@c\"]\nmaildir = \"new\"\nimap = \"imaps://mail.example.net\"\n",
    ),
    (
        "replies to an address with a detail, from a server in the clear",
        "[mail.replies]\nreply_to = \"watch+1@example.net\"\nkey_file = \"key\"\nimap = \"imap://mail.example.net\"\nusername = \"watch\"\n",
    ),
    (
        "a mailbox with a login in it",
        "[mail.replies]\nreply_to = \"watch@example.net\"\nkey_file = \"key\"\nimap = \"imaps://watch:secret@mail.example.net\"\n",
    ),
    (
        "a folder with the login of a server",
        "[mail.replies]\nreply_to = \"watch@example.net\"\nkey_file = \"key\"\nmaildir = \"replies\"\nusername = \"watch\"\n[mail.templates]\nfolder = 1\n",
    ),
    (
        "channels without a name, without a type, of no type",
        "[[channel]]\ntype = \"exec\"\ncommand = [\"/bin/true\"]\n[[channel]]\nname = \"a\"\n[[channel]]\nname = \"b\"\ntype = \"pigeon\"\n",
    ),
    (
        "a channel that is called mail",
        "[[channel]]\nname = \"mail\"\ntype = \"exec\"\ncommand = [\"/bin/true\"]\n",
    ),
    (
        "two channels of one name",
        "[[channel]]\nname = \"a\"\ntype = \"exec\"\ncommand = [\"/bin/true\"]\n[[channel]]\nname = \"a\"\ntype = \"syslog\"\nserver = \"udp://127.0.0.1\"\n",
    ),
    (
        "a webhook without a url",
        "[[channel]]\nname = \"a\"\ntype = \"webhook\"\npreset = \"slack\"\n",
    ),
    (
        "a url that is torn, and may be a secret",
        "[[channel]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"hooks.example.net/secret\"\n",
    ),
    (
        "a service without its key",
        "[[channel]]\nname = \"a\"\ntype = \"webhook\"\npreset = \"pagerduty\"\n",
    ),
    (
        "a template beside a preset",
        "[[channel]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"https://h/\"\npreset = \"slack\"\ntemplate = \"t\"\n",
    ),
    (
        "a key in the config",
        "[[channel]]\nname = \"a\"\ntype = \"webhook\"\nurl = \"https://h/\"\ntoken = \"hunter2\"\n",
    ),
    (
        "a program for a shell",
        "[[channel]]\nname = \"a\"\ntype = \"exec\"\ncommand = [\"page --noc | tee\"]\n",
    ),
    (
        "a syslog server of no transport",
        "[[channel]]\nname = \"a\"\ntype = \"syslog\"\nserver = \"log.example.net\"\n",
    ),
    (
        "a route to nowhere",
        "[[channel]]\nname = \"slack\"\ntype = \"exec\"\ncommand = [\"/bin/true\"]\n[[route]]\nto = [\"mail\", \"slak\"]\n",
    ),
    (
        "a route with everything wrong",
        "[[route]]\nkinds = [\"hijack\"]\nseverity = \"fatal\"\nprefixes = [\"198.18.0.1/21\"]\ndays = [\"monday\"]\nhours = \"8-18\"\n",
    ),
    (
        "escalation, reminder and digest without a time",
        "[[escalation]]\nto = []\n[reminder]\nevery = \"0s\"\n[digest]\nat = \"8\"\nto = []\n",
    ),
    ("nobody to tell for those in danger", "[endangered]\nto = [\"slack\"]\nalso = 1\n"),
    (
        "maintenance that ends before it begins",
        "[[maintenance]]\nname = \"a\"\nfrom = \"2026-12-02T02:00\"\nuntil = 2026-12-01T02:00:00Z\n[[maintenance]]\nname = \"b\"\nfrom = \"tomorrow\"\nuntil = \"2026-12-01\"\nexpects = [{ prefix = \"198.18.0.0/24\" }]\n",
    ),
    (
        "calendars without a name, with a time, of no web server",
        "[[maintenance]]\ncalendar = \"noc.ics\"\n[[maintenance]]\nname = \"a\"\ncalendar = \"a.ics\"\nfrom = \"2026-12-01T22:00\"\n[[maintenance]]\nname = \"b\"\ncalendar = \"caldav://noc:hunter2@calendar.example.net/\"\n",
    ),
    ("a page at a name", "[web]\nlisten = \"localhost:8080\"\n"),
    (
        "several things at once",
        "[[watch]]\nprefix = \"198.18.0.1/21\"\norigin = [64500]\n\n[incident]\nupdate_every = \"often\"\n\n[web]\nlisten = 8080\n",
    ),
    ("a quote that does not end", "[web]\nlisten = \"127.0.0.1:8080\n"),
    ("a key twice", "[web]\nlisten = \"127.0.0.1:8080\"\nlisten = \"127.0.0.1:8081\"\n"),
    ("a line that says nothing", "[web]\nlisten\n"),
];

/// Whole configs.
const BROKEN_OPERATORS: &[(&str, &str)] = &[
    ("an empty file", ""),
    ("no operator", "[web]\n"),
    ("an operator with nothing", "[operator]\n"),
    ("an operator without an AS", "[operator]\nname = \"Example\"\nasns = []\n"),
    (
        "a country by its name",
        "[operator]\nname = \"Example\"\nasns = [64500]\ncountry = \"England\"\n",
    ),
    (
        "a time zone that is none",
        "[operator]\nname = \"Example\"\nasns = [64500]\ntimezone = \"London\"\n",
    ),
    (
        "a site of two lines",
        "[operator]\nname = \"Example\"\nasns = [64500]\nsite = \"LON\\n01\"\n",
    ),
    ("an operator that is a string", "operator = \"Example\"\n"),
];

#[test]
fn every_broken_config_is_told_where_and_what_and_what_was_expected() {
    let mut told = String::new();
    let cases = BROKEN.iter().map(|(name, text)| (name, format!("{OPERATOR}\n{text}")));
    let operators = BROKEN_OPERATORS.iter().map(|(name, text)| (name, (*text).to_owned()));
    for (name, text) in cases.chain(operators) {
        let error = Config::parse(Path::new("originwatch.toml"), &text).expect_err(name);
        writeln!(told, "## {name}\n{}", error.report()).unwrap();
    }
    assert_golden("config/broken.txt", &told);
}

#[test]
fn a_password_in_a_wrong_place_is_not_repeated() {
    let secret = BROKEN.iter().filter(|(_, text)| text.contains("secret"));
    for (name, text) in secret.clone() {
        let text = format!("{OPERATOR}{text}");
        let error = Config::parse(Path::new("originwatch.toml"), &text).expect_err(name);
        assert!(!error.report().contains("secret"), "{}", error.report());
    }
    assert_eq!(secret.count(), 5);
}

#[test]
fn every_cut_of_the_shipped_config_is_read_or_refused() {
    let text = shipped_text();
    let mut refused = 0;
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        if let Err(error) = Config::parse(Path::new("originwatch.toml"), &text[..end]) {
            assert!(error.report().starts_with("originwatch.toml:"), "cut at {end}");
            refused += 1;
        }
    }
    assert!(refused > 0, "an empty config is refused, if nothing else");
}

#[test]
fn the_shipped_config_means_what_it_says() {
    let path = root().join("config/originwatch.toml");
    let config = Config::load(Some(&path)).unwrap();
    assert_eq!(config.operator.site, "LON01");
    assert_eq!(config.operator.time_zone.iana_name(), Some("Europe/London"));
    let watches: Vec<_> = config.watches.iter().map(|watch| (**watch).clone()).collect();
    assert_eq!(watches.len(), 2);
    assert_eq!(watches[0].origins, Origins::Only(vec![64500.into()]));
    assert_eq!((watches[0].max_length, watches[0].announced), (24, true));
    assert_eq!((watches[1].max_length, watches[1].announced), (36, false));
    assert_eq!(
        config.rpki.list,
        [
            Source::Rtr(Cache::new("127.0.0.1:3323").unwrap()),
            Source::File(root().join("config/vrps.json")),
        ]
    );
    let FeedKind::RisLive { mode: RisLiveMode::Watched, .. } = &config.feeds[0].kind else {
        panic!("the first feed is {:?}", config.feeds[0]);
    };
    assert_eq!(config.archive, Archive::default());
    let mail = config.mail.unwrap();
    assert_eq!(mail.relay.to_string(), "smtp://mail.example.net:587");
    assert_eq!(mail.helo, "monitor.example.net");
    assert_eq!(config.store, root().join("config/originwatch.db"));
}

#[test]
fn a_feed_may_begin_with_tables() {
    let text = format!(
        "{OPERATOR}[[feed]]\ntype = \"ris-live\"\n\
         rib = {{ rrc00 = \"latest\", rrc21 = \"rib.gz\", rrc25 = \"https://ris.example/rib\" }}\n\
         [archive]\ncache = \"cache\"\n"
    );
    let config = Config::parse(Path::new("/etc/originwatch.toml"), &text).unwrap();
    let FeedKind::RisLive { ribs, .. } = &config.feeds[0].kind else { panic!("{config:?}") };
    let rib = |collector: &str, place| Rib { collector: collector.to_owned(), place };
    assert_eq!(
        *ribs,
        [
            rib("rrc00", RibPlace::Latest),
            rib("rrc21", RibPlace::File("/etc/rib.gz".into())),
            rib("rrc25", RibPlace::Url("https://ris.example/rib".to_owned())),
        ]
    );
    let archive = Archive { cache: Some("/etc/cache".into()), ..Archive::default() };
    assert_eq!(config.archive, archive);
}

/// Each line that is commented out and looks like a key is taken into the config: a key that is
/// explained is a key that exists.
#[test]
fn every_key_that_the_shipped_config_explains_exists() {
    let text = shipped_text();
    let (all, taken) = with_all_keys(&text);
    assert_eq!(taken, 127);
    let config =
        Config::parse(Path::new("originwatch.toml"), &all).map_err(|e| e.report()).unwrap();
    assert_eq!(config.feeds.len(), 3);
    let names: Vec<_> = config.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["slack", "tickets", "siem", "pager"]);
    let (dispatcher, quiet) =
        (config.dispatch_rules(), alerter::dispatch::DispatchRules::default());
    assert_eq!(
        dispatcher.programs.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["pager", "siem", "tickets"]
    );
    assert_eq!(
        (&dispatcher.storm, dispatcher.notification_limit),
        (&quiet.storm, quiet.notification_limit)
    );
    let to = |receivers: &[alerter::Receiver]| -> Vec<String> {
        receivers.iter().map(ToString::to_string).collect()
    };
    let [route] = dispatcher.routing.rules.as_slice() else { panic!("{:?}", dispatcher.routing) };
    assert_eq!(to(&route.to), ["mail:noc@example.net", "mail:boss@example.net", "slack"]);
    let all = ["mail:noc@example.net", "slack", "tickets", "siem", "pager"];
    assert_eq!(to(&dispatcher.routing.default), all);
    assert_eq!(to(&dispatcher.escalation[0].to), ["mail:boss@example.net"]);
    assert_eq!(to(&dispatcher.also), ["slack"]);
    assert_eq!(dispatcher.remind_every, Some(Duration::from_secs(4 * 3600)));
    assert_eq!(to(&dispatcher.digest.unwrap().to), ["mail:noc@example.net"]);
    let [window] = config.maintenance.as_slice() else { panic!("{:?}", config.maintenance) };
    // London has no summer time in December.
    assert_eq!(window.from, "2026-12-01T22:00:00Z".parse().unwrap());
    assert_eq!(window.expects[0].to_string(), "198.18.0.0/24 by AS64500 should be announced");
    let place = CalendarPlace::File("noc.ics".into());
    assert_eq!(config.calendars, [Calendar { name: "noc".to_owned(), place }]);
    // What is called a default is one.
    let plain = Config::parse(Path::new("originwatch.toml"), &text).unwrap();
    assert_eq!(config.incident, plain.incident);
    assert_eq!(config.rpki, plain.rpki);
    let heartbeat = config.heartbeat.unwrap();
    assert_eq!(heartbeat.url, "https://hc.example.net/ping/4f1c");
    assert_eq!(heartbeat.every, Duration::from_secs(300));
    let proxy = config.proxy.unwrap();
    assert_eq!(proxy.address, "proxy.example.net:3128");
    assert_eq!(proxy.no_proxy, ["example.net", "192.0.2.0/24"]);
    let (all, plain) = (config.mail.unwrap(), plain.mail.unwrap());
    assert_eq!(all.failover_after, plain.failover_after);
    assert_eq!(all.give_up_after, plain.give_up_after);
    assert_eq!(all.give_up_after, Duration::from_secs(5 * 86_400));
    assert_eq!(all.templates.as_deref(), Some(Path::new("templates")));
    let replies = all.replies.unwrap();
    assert_eq!(replies.allow, [Allowed::Domain("example.net".to_owned())]);
    let Mailbox::Imap(server) = &replies.mailbox else { panic!("{replies:?}") };
    assert_eq!((server.host.as_str(), server.port), ("mail.example.net", 993));
}

/// The config with everything that stands in comments switched on, and how many lines that were.
fn with_all_keys(text: &str) -> (String, usize) {
    let is_key = |line: &str| {
        let body = line.trim_start().strip_prefix("# ").unwrap_or_default();
        let word = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        body.starts_with('[') || body.split_once(" = ").is_some_and(|(name, _)| word(name))
    };
    let mut taken = 0;
    let lines = text.lines().map(|line| {
        if is_key(line) {
            taken += 1;
            line.replacen("# ", "", 1)
        } else {
            line.to_owned()
        }
    });
    let all = lines.collect::<Vec<_>>().join("\n");
    (all, taken)
}

#[test]
fn the_place_of_the_config_is_the_start_of_relative_paths() {
    let text =
        format!("{OPERATOR}[data]\nas_names = \"names.csv\"\n[rpki]\nslurm = [\"/a\", \"b\"]\n");
    let config = Config::parse(Path::new("/etc/originwatch/originwatch.toml"), &text).unwrap();
    assert_eq!(config.as_names.as_deref(), Some(Path::new("/etc/originwatch/names.csv")));
    assert_eq!(config.rpki.slurm, [Path::new("/a"), Path::new("/etc/originwatch/b")]);
    assert_eq!(config.store, Path::new("/etc/originwatch/originwatch.db"));
}

#[test]
fn a_config_that_cannot_be_read_is_a_usage_error() {
    let run = originwatch(["check", "-c", "no/such/originwatch.toml"]);
    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.stderr,
        "originwatch: cannot read the config no/such/originwatch.toml: No such file or directory (os error 2)\n"
    );
}

#[test]
fn bytes_that_are_no_text_are_named_by_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("originwatch.toml");
    std::fs::write(&path, b"[operator]\nname = \"Exampl\xe9\"\n").unwrap();
    let error = Config::load(Some(&path)).unwrap_err().to_string();
    assert!(error.ends_with("originwatch.toml:2:15: a byte that is not UTF-8"), "{error}");
}

fn shipped_text() -> String {
    std::fs::read_to_string(root().join("config/originwatch.toml")).unwrap()
}

#[test]
fn one_router_of_our_own_is_enough_and_a_feed_may_ask_for_more() {
    let config = |feeds: &str| {
        let text = format!("[operator]\nname = \"Example\"\nasns = [64500]\n{feeds}");
        let config = Config::parse(Path::new("originwatch.toml"), &text);
        config.map(|config| config.rules().min_vantage_ases_of).map_err(|error| error.report())
    };
    let routers = "routers = [{ address = \"192.0.2.1\", name = \"edge1\" }]";
    let bmp = format!("[[feed]]\ntype = \"bmp\"\nlisten = \"127.0.0.1:11019\"\n{routers}\n");
    assert_eq!(config(&bmp).unwrap(), [("edge1".to_owned(), 1)].into());
    let two = format!("{bmp}min_vantage_ases = 2\n");
    assert_eq!(config(&two).unwrap(), [("edge1".to_owned(), 2)].into());
    let ris = config("[[feed]]\ntype = \"ris-live\"\nmin_vantage_ases = 5\n").unwrap();
    assert_eq!((ris.len(), ris.get("rrc25")), (100, Some(&5)));
    let files = "[[feed]]\ntype = \"mrt-dir\"\npath = \"/spool\"\nmin_vantage_ases = 5\n";
    assert!(config(files).unwrap_err().contains("unknown key 'min_vantage_ases'"));
}

/// Nobody is blind who did not choose to be.
#[test]
fn without_a_word_about_feeds_ris_live_is_the_feed() {
    let feeds = |more: &str| {
        let text = format!("{more}[operator]\nname = \"Example\"\nasns = [64500]\n");
        Config::parse(Path::new("originwatch.toml"), &text).unwrap().feeds
    };
    let written = feeds("feed = [ { type = \"ris-live\" } ]\n");
    assert_eq!((feeds(""), written.len()), (written, 1));
    assert_eq!(feeds("feed = []\n"), []);
}

#[test]
fn without_a_relay_it_is_that_of_this_machine() {
    let relay = |more: &str| {
        let to = "from = \"a@example.net\"\nto = [\"b@example.net\"]\n";
        let text = format!("{OPERATOR}[mail]\n{to}{more}");
        Config::parse(Path::new("originwatch.toml"), &text).unwrap().mail.unwrap().relay.to_string()
    };
    assert_eq!(relay(""), "smtp://localhost:25");
    assert_eq!(relay("tls = \"implicit\"\n"), "smtps://localhost:465");
    assert_eq!(relay("relay = \"smtp://mail.example.net\"\n"), "smtp://mail.example.net:587");
}
