//! Which keys the readers of a config ask for, and what is written there.

use std::cell::RefCell;

use toml::de::DeValue;

/// What the whole file is called.
pub(super) const ROOT: &str = "the config";

/// The sections of a config, each with the keys that it may have.
pub(super) type Log = RefCell<Vec<Asked>>;

/// One section.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// As it is written, `[incident]` or `[[watch]]`.
    pub(super) name: String,
    /// Each key that was asked for; what is written there, if it is.
    pub(super) keys: Vec<(&'static str, Option<Written>)>,
}

/// The value of a key.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Where it begins in the text.
    pub(super) start: usize,
    /// As it would be written on one line, without what may be a secret.
    pub(super) literal: String,
}

/// The value as it would be written on one line. Of a command only the program: arguments may be secrets.
pub(super) fn literal(key: &str, value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(items) => {
            let most = if key == "command" { 1 } else { usize::MAX };
            let mut items: Vec<_> = items.iter().map(|item| literal("", item.get_ref())).collect();
            if items.len() > most {
                items.truncate(most);
                items.push("\"..\"".to_owned());
            }
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| {
                let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                let name = key.get_ref();
                let plain = !name.is_empty() && name.chars().all(bare);
                let name = if plain { name.to_string() } else { quoted(name) };
                format!("{name} = {}", literal("", value.get_ref()))
            });
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A string of TOML, whose escapes are those of JSON. A login in a URL, and what stands behind its `?`, is left out.
fn quoted(text: &str) -> String {
    let text = bgp::printable(text);
    let open = match text.split_once("://") {
        Some((scheme, rest)) => {
            let place = rest.split(['?', '#']).next().unwrap_or_default();
            let (host, path) =
                place.split_once('/').map_or((place, None), |(host, path)| (host, Some(path)));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let path = path.map(|path| format!("/{path}")).unwrap_or_default();
            let query = if place.len() < rest.len() { "?.." } else { "" };
            format!("{scheme}://{host}{path}{query}")
        }
        None => text,
    };
    serde_json::Value::from(open).to_string()
}
