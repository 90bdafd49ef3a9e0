//! The rest of `config.yml`: RPKI, the API, and what runs the process.

use crate::config_text::VrpPlace;
use crate::import::imported::Imported;
use crate::import::notes::{Reasons, Table};
use crate::import::values::{host_port, is_url, listens};

const MOOT: Reasons = &[
    ("persistStatus", "the store keeps what was told"),
    ("alertOnlyOnce", "an incident is told once, then what changes"),
    ("fadeOffSeconds", "a suspicion stays as long as the route does"),
    ("checkFadeOffGroupsSeconds", "a suspicion stays as long as the route does"),
    ("monitoredPrefixesFiles", "the lists are read"),
    ("groupsFile", "the groups are read"),
    ("logging", "the log goes to standard error, and so to the journal"),
    ("environment", "it was about the log"),
    ("pidFile", "systemd knows the process"),
    ("multiProcess", "all cores are used"),
    ("maxMessagesPerSecond", "no message is left out"),
    ("volume", "[store] path says where data lies"),
    ("configVersion", "it was about the other program"),
    ("checkForUpdatesAtBoot", "packages are updated by the system"),
    ("alarmOnlyOnce", "an incident is told once, then what changes"),
];

const LOST: Reasons =
    &[("uptimeMonitors", "of an old version: /healthz, /readyz and [heartbeat] take its place")];

pub(super) fn read(root: &Table<'_>, imported: &mut Imported) {
    reminder(root, imported);
    prefix_lists(root);
    if let Some(rest) = root.table("rest") {
        let port = rest.number("port").unwrap_or(8011);
        // Null was every address, a missing key this machine.
        let host = if rest.has("host") { rest.text("host") } else { Some("localhost") };
        imported.web = listens(host, port);
        if imported.web.is_none() {
            rest.lost("host", "is no address to listen at");
        }
        rest.finish();
    }
    proxy(root, imported);
    rpki(root, imported);
    process_monitors(root, imported);
    root.all_moot(MOOT);
    root.all_lost(LOST);
}

fn prefix_lists(root: &Table<'_>) {
    const KEY: &str = "generatePrefixListEveryDays";
    match root.text(KEY) {
        Some("0") => root.moot(KEY, "the watches stay as they are"),
        Some(_) => root.lost(
            KEY,
            "`originwatch init --update` tells what is new; without any [[watch]] the VRPs decide",
        ),
        None => {}
    }
}

fn reminder(root: &Table<'_>, imported: &mut Imported) {
    const KEY: &str = "notificationIntervalSeconds";
    const TEN_YEARS: u64 = 10 * 365 * 86_400;
    let once = root.flag("alertOnlyOnce") == Some(true);
    match root.text(KEY).map(str::parse::<u64>) {
        Some(_) if once => {}
        Some(Ok(seconds @ 1..=TEN_YEARS)) => imported.remind_every = Some(seconds),
        Some(Ok(_) | Err(_)) => root.lost(KEY, "is no time to repeat anything after"),
        None => {}
    }
}

fn proxy(root: &Table<'_>, imported: &mut Imported) {
    let Some(url) = root.text("httpProxy") else { return };
    let rest = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let (login, place) = match rest.and_then(|rest| rest.rsplit_once('@')) {
        Some((_, place)) => (true, Some(place)),
        None => (false, rest),
    };
    let parts = place.and_then(|place| place.rsplit_once(':'));
    imported.proxy = parts.and_then(|(host, port)| {
        host_port(host.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()?)
    });
    match (&imported.proxy, login) {
        (None, _) => root.lost("httpProxy", "is no http:// proxy with a port"),
        (Some(_), true) => root.lost(
            "httpProxy",
            "its login is a secret, not copied: [network] username and password_file",
        ),
        (Some(_), false) => {}
    }
}

fn rpki(root: &Table<'_>, imported: &mut Imported) {
    let Some(rpki) = root.table("rpki") else { return };
    let document = |place: &str| Some(VrpPlace::Document(place.to_owned()));
    let file = rpki.text("vrpFile");
    let url = rpki.text("url").filter(|url| is_url(url, &["https", "http"]));
    let place = match (rpki.text("vrpProvider"), file, url) {
        (None | Some("external"), Some(file), _) => document(file),
        (Some("api"), _, Some(url)) => document(url),
        (None | Some("rpkiclient"), None, _) => {
            document("https://console.rpki-client.org/vrps.json")
        }
        (Some("ntt"), ..) => document("https://rpki.gin.ntt.net/api/export.json"),
        (Some("cloudflare"), ..) => document("https://rpki.cloudflare.com/rpki.json"),
        _ => {
            rpki.lost(
                "vrpProvider",
                "is not there any more, or lacks its file or URL: [rpki] sources",
            );
            None
        }
    };
    imported.vrps.extend(place);
    match rpki.number("markDataAsStaleAfterMinutes") {
        Some(0) => {
            rpki.lost("markDataAsStaleAfterMinutes", "data grows old here, and notices say so")
        }
        Some(minutes @ 1..=5_000_000) => imported.stale_after = Some(minutes),
        Some(_) => rpki.lost("markDataAsStaleAfterMinutes", "is longer than ten years"),
        None => {}
    }
    rpki.all_moot(&[
        ("refreshVrpListMinutes", "VRPs are fetched again by themselves"),
        ("preCacheROAs", "VRPs are held in memory"),
    ]);
    rpki.finish();
}

fn process_monitors(root: &Table<'_>, imported: &mut Imported) {
    for monitor in root.tables("processMonitors") {
        let params = monitor.table("params");
        match monitor.text("file") {
            Some("uptimeApi") => {
                monitor.moot("params", "/healthz and /readyz of [web] take its place");
            }
            Some("uptimeHealthcheck") => {
                params.as_ref().into_iter().for_each(|params| healthcheck(params, imported))
            }
            _ => {
                monitor.lost("file", "nothing takes its place: the log and /metrics tell");
                monitor.lost("params", "nothing takes its place: the log and /metrics tell");
            }
        }
        monitor.finish();
    }
}

fn healthcheck(params: &Table<'_>, imported: &mut Imported) {
    let every = params.number("intervalSeconds").unwrap_or(300).clamp(1, 86_400);
    match params.text("url").filter(|url| is_url(url, &["https", "http"])) {
        Some(url) => imported.heartbeat = Some((url.to_owned(), every)),
        None => params.lost("url", "is no http:// or https:// URL"),
    }
    if params.text("method").is_some_and(|method| !method.eq_ignore_ascii_case("get")) {
        params.lost("method", "the URL is asked for with GET");
    }
    params.finish();
}
