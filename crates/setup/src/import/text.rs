//! The config that an import becomes.

use std::fmt::Write as _;

use bgp::{Prefix, printable};

use super::imported::{
    Imported, ImportedChannel, ImportedChannelKind, ImportedMail, ImportedOrigins, ImportedRoute,
    ImportedWatch,
};
use crate::config_text::{line, numbers, quoted, sources};

/// The config, with a comment where each watch comes from. `name` is that of the operator. Whatever the texts in it
/// say, they stay in their place: strings are quoted, and comments are one line.
pub fn imported_text(imported: &Imported, name: &str) -> String {
    let mut text = String::new();
    let files = printable(&imported.files.join(", "));
    line!(
        text,
        "# originwatch, as `originwatch import` makes it of {files} ({}). It is yours now.",
        imported.program
    );
    line!(
        text,
        "# What is not carried it has said; `originwatch check` says whether you would be told."
    );
    operator(&mut text, imported, name);
    for (prefix, watch) in &imported.watches {
        text.push_str(&watch_text(*prefix, watch));
    }
    rpki(&mut text, imported);
    if let Some(ases) = imported.min_vantage_ases {
        line!(text, "\n[incident]\nmin_vantage_ases = {ases}");
    }
    feed(&mut text, imported);
    mail(&mut text, imported.mail.as_ref(), imported.channels.is_empty());
    imported.channels.iter().for_each(|channel| text.push_str(&channel_text(channel)));
    imported.routes.iter().for_each(|route| text.push_str(&route_text(route)));
    rest(&mut text, imported);
    text
}

fn operator(text: &mut String, imported: &Imported, name: &str) {
    line!(text, "\n[operator]\nname = {}", quoted(name));
    line!(text, "asns = {}", numbers(imported.asns.iter().copied()));
    for (key, asns) in [("upstreams", &imported.upstreams), ("customers", &imported.customers)] {
        if !asns.is_empty() {
            line!(text, "{key} = {}", numbers(asns.iter().copied()));
        }
    }
}

fn watch_text(prefix: Prefix, watch: &ImportedWatch) -> String {
    let mut text = String::new();
    line!(text, "\n[[watch]]  # {}\nprefix = \"{prefix}\"", printable(&watch.place));
    match &watch.origins {
        ImportedOrigins::Only(asns) if asns.is_empty() => {}
        ImportedOrigins::Only(asns) => line!(text, "origins = {}", numbers(asns.iter().copied())),
        ImportedOrigins::Any => line!(text, "origins = \"any\""),
        ImportedOrigins::Nobody => line!(text, "announced = false"),
    }
    if let Some(max_length) = watch.max_length {
        line!(text, "max_length = {max_length}");
    }
    if !printable(&watch.description).trim().is_empty() {
        line!(text, "description = {}", quoted(&watch.description));
    }
    if !watch.upstreams.is_empty() {
        line!(text, "upstreams = {}", numbers(watch.upstreams.iter().copied()));
    }
    if watch.roa_required {
        line!(text, "roa_required = true");
    }
    if watch.may_vanish {
        line!(text, "visibility = 0");
    }
    text
}

fn rpki(text: &mut String, imported: &Imported) {
    sources(text, &imported.vrps);
    if let Some(minutes) = imported.stale_after.filter(|_| !imported.vrps.is_empty()) {
        line!(text, "stale_after = \"{minutes}m\"");
    }
}

fn feed(text: &mut String, imported: &Imported) {
    let feed = &imported.ris_live;
    line!(text, "\n[[feed]]\ntype = \"ris-live\"");
    if let Some(url) = &feed.url {
        line!(text, "url = {}", quoted(url));
    }
    if feed.everything {
        line!(text, "mode = \"firehose\"");
    }
    if feed.table {
        line!(text, "rib = {{ rrc00 = \"latest\" }}");
    }
}

fn mail(text: &mut String, mail: Option<&ImportedMail>, alone: bool) {
    let Some(ImportedMail { from, to, relay, tls, username }) = mail else {
        if alone {
            line!(text, "\n# Nobody is told until this is filled in (or a [[channel]]).\n# [mail]");
            line!(text, "# from = \"originwatch@example.net\"\n# to = [\"noc@example.net\"]");
        }
        return;
    };
    line!(text, "\n[mail]\nfrom = {}\nto = {}", quoted(from), strings(to));
    if let Some(relay) = relay {
        line!(text, "relay = {}", quoted(relay));
    }
    if let Some(tls) = tls {
        line!(text, "tls = {}", quoted(tls));
    }
    if let Some(username) = username {
        line!(text, "username = {}", quoted(username));
        line!(text, "password_file = \"smtp-password\"  # not copied: put it there, on one line");
    }
}

fn channel_text(channel: &ImportedChannel) -> String {
    let mut text = String::new();
    line!(text, "\n[[channel]]\nname = {}", quoted(&channel.name));
    match &channel.kind {
        ImportedChannelKind::Webhook { preset, url } => {
            line!(text, "type = \"webhook\"");
            if let Some(preset) = preset {
                line!(text, "preset = {}", quoted(preset));
            }
            let file = || quoted(&format!("{}-url", channel.name));
            match url {
                Some(url) => line!(text, "url = {}", quoted(url)),
                None => {
                    line!(text, "url_file = {}  # not copied: put it there, on one line", file())
                }
            }
        }
        ImportedChannelKind::Syslog(server) => {
            line!(text, "type = \"syslog\"\nserver = {}", quoted(server));
        }
    }
    text
}

fn route_text(route: &ImportedRoute) -> String {
    let mut text = String::from("\n[[route]]\n");
    if !route.kinds.is_empty() {
        let kinds: Vec<_> = route.kinds.iter().map(|kind| kind.spec().name.to_owned()).collect();
        line!(text, "kinds = {}", strings(&kinds));
    }
    if !route.prefixes.is_empty() {
        let prefixes: Vec<_> = route.prefixes.iter().map(ToString::to_string).collect();
        line!(text, "prefixes = {}", strings(&prefixes));
    }
    line!(text, "to = {}", strings(&route.to));
    text
}

fn rest(text: &mut String, imported: &Imported) {
    if let Some(seconds) = imported.remind_every {
        line!(
            text,
            "\n[reminder]                          # of an open incident that nobody has acknowledged"
        );
        line!(text, "every = \"{seconds}s\"");
    }
    if let Some((url, every)) = &imported.heartbeat {
        line!(text, "\n[heartbeat]\nurl = {}\nevery = \"{every}s\"", quoted(url));
    }
    if let Some(proxy) = &imported.proxy {
        line!(text, "\n[network]\nproxy = {}", quoted(&format!("http://{proxy}")));
    }
    line!(text, "\n[store]\npath = \"originwatch.db\"");
    if let Some(listen) = imported.web {
        line!(text, "\n[web]\nlisten = \"{listen}\"");
    }
}

fn strings(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}
