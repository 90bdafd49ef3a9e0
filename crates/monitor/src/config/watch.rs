use bgp::{Asn, Prefix};
use toml::de::DeValue;
use validator::{Origins, Watch, WatchConflict, WatchList};

use super::fault::Fault;
use super::section::Section;
use super::value;

/// `[[watch]]`, all of them; origins and upstreams that are not said are those of the operator.
pub(super) fn read_all(
    sections: &[Section<'_>],
    own: &[Asn],
    upstreams: &[Asn],
) -> Option<WatchList> {
    let read = |section| read(section, own, upstreams).map(|watch| (watch, section));
    let watches: Vec<_> = sections.iter().filter_map(read).collect();
    let list = WatchList::new(watches.iter().map(|(watch, _)| watch.clone()), own.iter().copied());
    list.map_err(|conflict| {
        let (WatchConflict::Duplicate { prefix }
        | WatchConflict::Everything { prefix }
        | WatchConflict::MaxLength { prefix, .. }
        | WatchConflict::NotAnAggregate { prefix, .. }
        | WatchConflict::AggregateIsWatched { prefix, .. }
        | WatchConflict::NotAnnounced { prefix, .. }) = conflict;
        let expected = match conflict {
            WatchConflict::Duplicate { .. } => "one [[watch]] for each prefix",
            WatchConflict::Everything { .. } => "a prefix of ours",
            WatchConflict::MaxLength { .. }
            | WatchConflict::NotAnAggregate { .. }
            | WatchConflict::AggregateIsWatched { .. }
            | WatchConflict::NotAnnounced { .. } => "watches that agree",
        };
        // Of two watches of one prefix the second is one too many.
        let section = watches.iter().rfind(|(watch, _)| watch.prefix == prefix);
        if let Some((_, section)) = section {
            section.fault("prefix", conflict.to_string(), expected);
        }
    })
    .ok()
}

fn read(section: &Section<'_>, own: &[Asn], our_upstreams: &[Asn]) -> Option<Watch> {
    let prefix = section.required("prefix", "for example prefix = \"192.0.2.0/24\"", value::prefix);
    let origins = origins(section);
    let max_length = max_length(section, prefix);
    let description = section.optional("description", value::line);
    let announced = section.optional("announced", value::boolean).unwrap_or(true);
    let aggregates = aggregates(section, prefix);
    let min_vantage_ases = section.optional("min_vantage_ases", value::number(1..=10_000));
    let upstreams = section.list("upstreams", value::asn);
    let roa_required = section.optional("roa_required", value::boolean);
    let visibility = section.optional("visibility", value::number(0..=100));
    section.finish();
    if !announced && contradicts(section) {
        return None;
    }
    let prefix = prefix?;
    let origins = origins.unwrap_or_else(|| Origins::Only(own.to_vec()));
    let max_length = max_length.unwrap_or(prefix.length());
    let plain = Watch::new(prefix, origins, max_length);
    Some(Watch {
        description: description.unwrap_or_default(),
        announced,
        aggregates: aggregates.unwrap_or_default(),
        upstreams: upstreams
            .or_else(|| Some(our_upstreams.to_vec()))
            .filter(|list| !list.is_empty()),
        roa_required: roa_required.unwrap_or(false),
        visibility: visibility.unwrap_or(plain.visibility),
        min_vantage_ases,
        ..plain
    })
}

fn origins(section: &Section<'_>) -> Option<Origins> {
    const EXPECTED: &str = "a list of AS numbers, as [64500], or \"any\"";
    let any = section.optional("origins", |value| match value.get_ref() {
        DeValue::String(text) if text == "any" => Ok(true),
        DeValue::Array(_) => Ok(false),
        _ => Err(value::wrong(value, "does not say who may originate the prefix", EXPECTED)),
    })?;
    if any {
        return Some(Origins::Any);
    }
    let allowed = section.list("origins", value::asn)?;
    if allowed.is_empty() {
        let expected = format!("{EXPECTED}; where nobody may, announced = false");
        section.fault("origins", "'origins' is empty", expected);
    }
    Some(Origins::Only(allowed))
}

fn max_length(section: &Section<'_>, prefix: Option<Prefix>) -> Option<u8> {
    let Some(prefix) = prefix else {
        return section.optional("max_length", value::number(0..=128));
    };
    let (shortest, longest) = (prefix.length(), prefix.family().max_length());
    section.optional("max_length", |value| {
        value::number(shortest..=longest)(value).map_err(|fault| {
            let expected = format!("{shortest} to {longest}, the lengths of {prefix} and within");
            Fault { expected, ..fault }
        })
    })
}

fn aggregates(section: &Section<'_>, prefix: Option<Prefix>) -> Option<Vec<Prefix>> {
    section.list("aggregates", |value| {
        let aggregate = value::prefix(value)?;
        match prefix {
            Some(prefix) if !aggregate.covers(&prefix) || aggregate == prefix => {
                let expected = format!("a shorter prefix that covers {prefix}");
                Err(value::wrong(value, &format!("is not an aggregate of {prefix}"), &expected))
            }
            Some(_) | None => Ok(aggregate),
        }
    })
}

/// Nobody may announce it, so it cannot say who or how long.
fn contradicts(section: &Section<'_>) -> bool {
    let said: Vec<_> =
        ["origins", "max_length", "upstreams"].into_iter().filter(|key| section.has(key)).collect();
    for key in &said {
        let found = format!("'{key}' contradicts announced = false, which lets nobody announce it");
        section.fault(key, found, "either of the two");
    }
    !said.is_empty()
}
