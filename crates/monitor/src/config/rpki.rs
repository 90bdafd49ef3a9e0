use std::path::PathBuf;

use super::section::Section;
use super::value;
use rpki_sources::{Cache, Policy, Source, Sources};

/// `[rpki]`: where the VRPs come from. Without a source every route is `not-found`.
pub(super) fn read(section: Section<'_>) -> Option<Sources> {
    let default = Sources::default();
    let list = section.sections("sources").into_iter().map(source).collect::<Vec<_>>();
    let policy = section.optional("policy", value::word(POLICIES));
    let slurm = section.list("slurm", |value| Ok(section.folder().join(value::text(value)?)));
    let stale_after = section.optional("stale_after", value::duration);
    let collapse_percent = section.optional("collapse_percent", value::number(1..=100));
    let collapse_after = section.optional("collapse_after", value::duration);
    let broken_after = section.optional("broken_after", value::duration);
    section.finish();
    Some(Sources {
        list: list.into_iter().collect::<Option<_>>()?,
        policy: policy.unwrap_or(default.policy),
        slurm: slurm.unwrap_or_default(),
        stale_after: stale_after.unwrap_or(default.stale_after),
        collapse_percent: collapse_percent.unwrap_or(default.collapse_percent),
        collapse_after: collapse_after.unwrap_or(default.collapse_after),
        broken_after: broken_after.unwrap_or(default.broken_after),
    })
}

const POLICIES: &[(&str, Policy)] = &[("first", Policy::First), ("agree", Policy::Agree)];

fn source(section: Section<'_>) -> Option<Source> {
    const EXPECTED: &str =
        "one of { rtr = \"127.0.0.1:3323\" }, { json = \"vrps.json\" }, { csv = \"vrps.csv\" }";
    let address = section.optional("rtr", value::host_port);
    let tls = section.optional("tls", value::boolean).unwrap_or_default();
    let ca_file: Option<PathBuf> = section.path("ca_file");
    if address.is_none() && section.has("tls") {
        section.fault("tls", "tls without rtr", "{ rtr = \"cache.example.net:324\", tls = true }");
    }
    if !tls && ca_file.is_some() {
        section.fault("ca_file", "ca_file without tls", "tls = true beside it");
    }
    let rtr = address.map(|address| Source::Rtr(Cache { address, tls, ca_file }));
    let file = |key| {
        section.optional(key, |value| {
            let text = value::text(value)?;
            let source = Source::parse(&text, section.folder());
            match source {
                Ok(source @ (Source::File(_) | Source::Url(_))) => Ok(source),
                _ => Err(value::wrong(value, "is not a file or an http(s) URL", EXPECTED)),
            }
        })
    };
    let found = [rtr, file("json"), file("csv")];
    section.finish();
    match ["rtr", "json", "csv"].iter().filter(|key| section.has(key)).count() {
        // A key that is misspelt is told already.
        0 if section.keys().count() == 0 => {
            section.fault("rtr", "a source without a place", EXPECTED);
        }
        0 | 1 => {}
        _ => section.fault("rtr", "a source with several places", EXPECTED),
    }
    found.into_iter().flatten().next()
}
