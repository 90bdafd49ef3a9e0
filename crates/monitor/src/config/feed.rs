use feeds::{BmpRouter, Feed, FeedKind, Rib, RibPlace, RisLiveMode, Tristate};
use toml::Spanned;
use toml::de::DeValue;

use super::fault::Fault;
use super::section::Section;
use super::value;

/// RIPE NCC's own, which needs no registration.
const RIS_LIVE: &str = "wss://ris-live.ripe.net/v1/ws/";

const TRISTATE: &[(&str, Tristate)] =
    &[("auto", Tristate::Auto), ("on", Tristate::On), ("off", Tristate::Off)];

#[derive(Clone, Copy)]
enum Type {
    RisLive,
    Bmp,
    MrtDir,
}

/// Each `[[feed]]`. Where none is written, RIS Live, so that nobody is blind who did not choose to be: who says
/// `feed = []` does.
pub(super) fn read_all(root: &Section<'_>) -> Vec<Feed> {
    let written = root.sections("feed").into_iter().filter_map(read).collect();
    if root.has("feed") { written } else { vec![unwritten()] }
}

fn unwritten() -> Feed {
    let (url, mode, ribs) = (RIS_LIVE.to_owned(), RisLiveMode::Watched, Vec::new());
    Feed { kind: FeedKind::RisLive { url, mode, ribs }, min_vantage_ases: None, silent_after: None }
}

fn read(section: Section<'_>) -> Option<Feed> {
    const TYPES: &[(&str, Type)] =
        &[("ris-live", Type::RisLive), ("bmp", Type::Bmp), ("mrt-dir", Type::MrtDir)];
    let expected = "a type: \"ris-live\", \"bmp\" or \"mrt-dir\"";
    // Without a type nobody knows which keys are right: one fault is enough.
    let kind_of = section.required("type", expected, |value| match value.get_ref().as_str() {
        // It was to be read one day, and configs of others have it: an unknown word would mislead.
        Some("kafka") => Err(value::wrong(value, "is not read by this version", expected)),
        _ => value::word(TYPES)(value),
    })?;
    let kind = match kind_of {
        Type::RisLive => ris_live(&section),
        Type::Bmp => bmp(&section),
        Type::MrtDir => mrt_dir(&section),
    };
    // A file does not say who its collector is: there the key is one too many.
    let min_vantage_ases = match kind_of {
        Type::RisLive | Type::Bmp => {
            section.optional("min_vantage_ases", value::number(1..=10_000))
        }
        Type::MrtDir => None,
    };
    let silent_after = section.optional("silent_after", value::duration);
    section.finish();
    Some(Feed { kind: kind?, min_vantage_ases, silent_after })
}

fn ris_live(section: &Section<'_>) -> Option<FeedKind> {
    const MODES: &[(&str, RisLiveMode)] =
        &[("watched", RisLiveMode::Watched), ("firehose", RisLiveMode::Firehose)];
    let url = section.optional("url", |value| {
        let expected = "a ws:// or wss:// URL, as \"wss://ris-live.ripe.net/v1/ws/\"";
        let url = value::string(value, expected)?;
        match url.starts_with("wss://") || url.starts_with("ws://") {
            true => Ok(url.to_owned()),
            false => Err(value::wrong(value, "is not the URL of a web socket", expected)),
        }
    });
    let mode = section.optional("mode", value::word(MODES));
    let ribs = section.entries("rib", RIB, |name, value| rib(section, name, value));
    Some(FeedKind::RisLive {
        url: url.unwrap_or_else(|| RIS_LIVE.to_owned()),
        mode: mode.unwrap_or(RisLiveMode::Watched),
        ribs: ribs.unwrap_or_default(),
    })
}

const RIB: &str = "a table for each collector, as { rrc21 = \"latest\", rrc25 = \"rib.mrt.gz\" }";

fn rib(section: &Section<'_>, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Rib, Fault> {
    // Under another name its peers would be other vantage points than those of the feed.
    let number = name.strip_prefix("rrc").filter(|number| number.len() == 2);
    if !number.is_some_and(|number| number.bytes().all(|octet| octet.is_ascii_digit())) {
        let found = format!("'{}' is no collector of RIPE RIS", value::short(name));
        return Err(Fault::new(value.span(), found, "rrc and two digits, as rrc21"));
    }
    let text = value::string(value, "\"latest\", a file, or an http(s):// URL")?;
    let place = match text {
        "latest" => RibPlace::Latest,
        url if url.starts_with("https://") || url.starts_with("http://") => {
            RibPlace::Url(url.to_owned())
        }
        path => RibPlace::File(section.folder().join(path)),
    };
    Ok(Rib { collector: name.to_owned(), place })
}

fn bmp(section: &Section<'_>) -> Option<FeedKind> {
    let listen =
        section.required("listen", "for example listen = \"127.0.0.1:11019\"", value::socket);
    if !section.has("routers") {
        section.missing(
            "routers",
            "who may connect, as [ { address = \"192.0.2.1\", name = \"edge1\" } ]",
        );
    }
    let vrfs = section.list("vrfs", value::line).unwrap_or_default();
    let router = |section: &Section<'_>| router(section, &vrfs);
    let routers = section.sections("routers").iter().filter_map(router).collect();
    Some(FeedKind::Bmp { listen: listen?, routers })
}

/// One of them; `vrfs` are those of all.
fn router(section: &Section<'_>, vrfs: &[String]) -> Option<BmpRouter> {
    let address =
        section.required("address", "for example address = \"192.0.2.1\"", value::address);
    let name = section.optional("name", value::line);
    let own_as_in_path = section.optional("own_as_in_path", value::word(TRISTATE));
    let add_path = section.optional("add_path", value::word(TRISTATE));
    let own_vrfs = section.list("vrfs", value::line);
    section.finish();
    let address = address?;
    Some(BmpRouter {
        address,
        name: name.unwrap_or_else(|| address.to_string()),
        own_as_in_path: own_as_in_path.unwrap_or_default(),
        add_path: add_path.unwrap_or_default(),
        vrfs: own_vrfs.unwrap_or_else(|| vrfs.to_vec()),
    })
}

fn mrt_dir(section: &Section<'_>) -> Option<FeedKind> {
    if !section.has("path") {
        section.missing("path", "the folder, as path = \"/var/spool/mrt\"");
    }
    let rib = section.path("rib");
    section.path("path").map(|path| FeedKind::MrtDir { path, rib })
}
