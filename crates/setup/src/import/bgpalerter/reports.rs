//! `reports` become mail and channels, each with its groups of receivers.

use super::groups::{Contacts, DEFAULT, Groups, contacts};
use crate::import::imported::{Imported, ImportedChannel, ImportedChannelKind, ImportedMail};
use crate::import::notes::{Reasons, Table};
use crate::import::values::{host_port, is_mailbox, is_open_url, is_url};

/// One report module: whom it tells of what.
#[derive(Clone, Debug, Default)]
pub(super) struct Destination {
    /// The channels of the monitors that it listens to.
    pub(super) channels: Vec<String>,
    /// Our receivers by group.
    pub(super) groups: Contacts,
}

/// More channels nobody has.
const CHANNELS_MAX: usize = 64;

/// Modules that nothing takes the place of.
const GONE: Reasons = &[
    ("reportFile", "the store keeps all: `originwatch incidents list`, /api/v1/incidents"),
    ("reportPullAPI", "/api/v1/incidents of [web] takes its place"),
    (
        "reportKafka",
        "no channel for Kafka: a [[channel]] with type = \"exec\" can hand the event on",
    ),
    ("reportWebex", "no preset for Webex: a [[channel]] webhook with a template"),
    ("reportTelegram", "no preset for Telegram: a [[channel]] webhook with a template"),
    ("reportMatrix", "no preset for Matrix: a [[channel]] webhook with a template"),
];

/// Parameters of several modules.
const PARAMS_LOST: Reasons = &[
    ("templates", "another language of templates: [mail.templates], or `template` of a webhook"),
    ("resourceTemplates", "another language of templates: the preset has its own resource"),
    ("severity", "the severity is that of the incident"),
    ("headers", "the headers of a webhook are ours; key_file adds a bearer token"),
    ("key", "a secret, not copied: key_file"),
    ("token", "a secret, not copied: key_file"),
    ("noProxy", "[network] no_proxy names hosts that are reached without the proxy"),
];

const PARAMS_MOOT: Reasons = &[
    ("showPaths", "a notice shows who accepted the route"),
    ("colors", "the colour is that of the severity"),
    ("isTemplateJSON", "a webhook is always JSON"),
];

/// All of them. `groups` are those of a groups file.
pub(super) fn read(root: &Table<'_>, groups: &Groups, imported: &mut Imported) -> Vec<Destination> {
    let mut destinations = Vec::new();
    for report in root.tables("reports") {
        let channels = report.texts("channels").into_iter().map(str::to_owned).collect();
        let file = report.text("file").unwrap_or_default();
        let groups = groups.of(file);
        let found = module(file, &report, groups, imported);
        report.finish();
        destinations.extend(
            found.filter(|found| !found.is_empty()).map(|groups| Destination { channels, groups }),
        );
    }
    destinations
}

fn module(
    file: &str,
    report: &Table<'_>,
    groups: Option<&Contacts>,
    imported: &mut Imported,
) -> Option<Contacts> {
    let known = ["reportEmail", "reportSlack", "reportHTTP", "reportAlerta", "reportSyslog"];
    if !known.contains(&file) {
        let reason = GONE.iter().find(|(name, _)| *name == file);
        let why = reason.map_or("is not known here", |(_, why)| why);
        report.lost("file", why);
        report.lost("params", why);
        return None;
    }
    let params = report.table("params")?;
    let place = Place { params: &params, groups };
    let found = match file {
        "reportEmail" => mail(&place, imported),
        "reportSlack" => place.hooks("hooks", "slack", Some("slack"), imported),
        "reportAlerta" => place.hooks("urls", "alerta", Some("alerta"), imported),
        "reportHTTP" => {
            if params.text("method").is_some_and(|method| !method.eq_ignore_ascii_case("post")) {
                params.lost("method", "a webhook is a POST");
            }
            place.hooks("hooks", "webhook", None, imported)
        }
        _ => syslog(&params, imported),
    };
    params.all_lost(PARAMS_LOST);
    params.all_moot(PARAMS_MOOT);
    params.finish();
    Some(found)
}

/// The parameters of a module, and its groups in another file.
struct Place<'a, 'f> {
    params: &'a Table<'f>,
    groups: Option<&'a Contacts>,
}

impl Place<'_, '_> {
    /// Contacts by group, those of the module and those of the file.
    fn contacts(&self, key: &str) -> Contacts {
        let mut all = self.groups.cloned().unwrap_or_default();
        let own = self.params.table(key).map(|table| contacts(&table));
        for (group, more) in own.into_iter().flatten() {
            all.entry(group).or_default().extend(more);
        }
        all
    }

    /// A channel for each URL. Where the URL is a secret, or may hold one, it is not copied.
    fn hooks(
        &self,
        key: &str,
        module: &str,
        preset: Option<&'static str>,
        imported: &mut Imported,
    ) -> Contacts {
        let mut receivers = Contacts::new();
        let contacts = self.contacts(key).into_iter();
        let each = contacts
            .flat_map(|(group, urls)| urls.into_iter().map(move |url| (group.clone(), url)));
        for (group, url) in each {
            let shown = bgp::excerpt(&group, 40);
            if !is_url(&url, &["https", "http"]) {
                self.params.lost(key, &format!("what group {shown} has is no URL"));
                continue;
            }
            if imported.channels.len() >= CHANNELS_MAX {
                self.params.lost(key, "too many channels: the rest is left out");
                break;
            }
            let is_open = preset != Some("slack") && is_open_url(&url, &["https", "http"]);
            if !is_open {
                self.params.lost(
                    key,
                    &format!(
                        "the URL of group {shown} may be a secret, not copied: put it into url_file"
                    ),
                );
            }
            let kind = ImportedChannelKind::Webhook { preset, url: is_open.then_some(url) };
            let name = add_channel(imported, module, &group, kind);
            receivers.entry(group).or_default().push(name);
        }
        receivers
    }
}

/// A name of its own: of the module, then of the group, then a number.
fn add_channel(
    imported: &mut Imported,
    module: &str,
    group: &str,
    kind: ImportedChannelKind,
) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let group: String = group.chars().map(plain).take(20).collect();
    let stem = if group == DEFAULT { module.to_owned() } else { format!("{module}-{group}") };
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let taken = |name: &String| imported.channels.iter().any(|channel| channel.name == *name);
    let mut names = std::iter::once(stem.clone()).chain(numbered);
    let name = names.find(|name| !taken(name)).unwrap_or_default();
    imported.channels.push(ImportedChannel { name: name.clone(), kind });
    name
}

fn syslog(params: &Table<'_>, imported: &mut Imported) -> Contacts {
    let transport = params.text("transport").unwrap_or("udp");
    let port = params.number("port").unwrap_or(514);
    let server = params.text("host").and_then(|host| host_port(host, port));
    let (Some(server), "udp" | "tcp") = (server, transport) else {
        params.lost("host", "is no syslog server over udp or tcp");
        return Contacts::new();
    };
    let kind = ImportedChannelKind::Syslog(format!("{transport}://{server}"));
    let name = add_channel(imported, "syslog", DEFAULT, kind);
    Contacts::from([(DEFAULT.to_owned(), vec![name])])
}

fn mail(place: &Place<'_, '_>, imported: &mut Imported) -> Contacts {
    let params = place.params;
    let mut receivers = Contacts::new();
    for (group, addresses) in place.contacts("notifiedEmails") {
        for address in addresses {
            match is_mailbox(&address) {
                true => receivers.entry(group.clone()).or_default().push(address),
                false => params
                    .lost("notifiedEmails", &format!("what group {group} has is no mail address")),
            }
        }
    }
    let (relay, tls, username) = relay(params);
    let from = params.text("senderEmail").unwrap_or_default();
    let default = receivers.get(DEFAULT).or_else(|| receivers.values().next()).cloned();
    let Some(to) = default.filter(|_| is_mailbox(from) && imported.mail.is_none()) else {
        for key in ["senderEmail", "smtp", "notifiedEmails"] {
            params.lost(key, "a [mail] has one sender that is an address, and a receiver");
        }
        return Contacts::new();
    };
    let from = from.to_owned();
    imported.mail = Some(ImportedMail { from, to, relay, tls, username });
    for addresses in receivers.values_mut() {
        addresses.iter_mut().for_each(|address| *address = format!("mail:{address}"));
    }
    receivers
}

/// nodemailer takes TLS where the server offers it, unless it is told otherwise.
fn relay(params: &Table<'_>) -> (Option<String>, Option<&'static str>, Option<String>) {
    let Some(smtp) = params.table("smtp") else { return (None, None, None) };
    let secure = smtp.flag("secure") == Some(true);
    let clear = smtp.flag("ignoreTLS") == Some(true);
    let host = smtp.text("host").unwrap_or("localhost");
    let port = smtp.number("port").unwrap_or(if secure { 465 } else { 587 });
    let username = login(&smtp);
    let scheme = if secure { "smtps" } else { "smtp" };
    let relay = host_port(host, port).map(|place| format!("{scheme}://{place}"));
    if relay.is_none() {
        smtp.lost("host", "is no mail relay");
    }
    let local = ["localhost", "127.0.0.1", "::1"].contains(&host);
    let tls = match (secure, clear, &username) {
        (true, ..) => "implicit",
        (false, _, Some(_)) if !local => {
            smtp.lost("ignoreTLS", "a login is only shown over TLS: tls = \"starttls\"");
            "starttls"
        }
        (false, true, _) => "none",
        (false, false, _) => "opportunistic",
    };
    if let Some(tls) = smtp.table("tls") {
        if tls.flag("rejectUnauthorized") == Some(false) {
            tls.lost(
                "rejectUnauthorized",
                "certificates are checked: [mail] ca_file names who signed them",
            );
        }
        tls.finish();
    }
    smtp.finish();
    (relay, Some(tls), username)
}

fn login(smtp: &Table<'_>) -> Option<String> {
    let auth = smtp.table("auth")?;
    auth.lost("pass", "a secret, not copied: put it into password_file");
    auth.moot("type", "the relay and we agree on how to log in");
    let user = auth.text("user").filter(|user| !user.trim().is_empty()).map(str::to_owned);
    auth.finish();
    user
}
