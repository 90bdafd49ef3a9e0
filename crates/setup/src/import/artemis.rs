//! ARTEMIS: the rules of its `config.yaml` become watches.
//!
//! `prefixes` and `asns` only hold what rules name by anchors. Where several rules are about one prefix, a route was
//! right there by any of them: their origins and neighbours are taken together.

use std::collections::BTreeSet;

use bgp::{Asn, Prefix};

use super::imported::{ForeignFile, ImportError, Imported, ImportedOrigins, ImportedWatch};
use super::notes::{Reasons, Source, Table};
use super::values;
use super::yaml::{self, Node};

/// ASes that one range may stand for.
const RANGE_MAX: u32 = 1000;

const SECTIONS: [&str; 5] = ["prefixes", "monitors", "asns", "rules", "autoignore"];

const MONITORS_LOST: Reasons = &[
    ("bgpstreamhist", "recordings are read by `originwatch replay`"),
    ("bgpstreamkafka", "no feed of Kafka: [[feed]] type = \"bmp\" takes your own routers"),
    ("betabmp", "no feed of Kafka: [[feed]] type = \"bmp\" takes your own routers"),
    ("exabgp", "no BGP session: [[feed]] type = \"bmp\" takes your own routers"),
];

const RULE_LOST: Reasons = &[
    ("prepend_seq", "sequences on a path are not matched; `upstreams` of the watch is nearest"),
    ("policies", "how far a route travels is not limited; `search --as-path` finds long paths"),
    ("no-export", "how far a route travels is not limited; `search --as-path` finds long paths"),
    ("community_annotations", "communities do not change what an incident is"),
];

/// What the files say, where the operator's ASes are these, or else the origins that the rules name.
pub fn import_artemis(files: &[ForeignFile], own: &[Asn]) -> Result<Imported, ImportError> {
    let mut imported = Imported { program: "ARTEMIS", ..Imported::default() };
    for file in files {
        let node = yaml::parse(&file.text)
            .map_err(|error| ImportError::Yaml { file: file.name.clone(), error })?;
        let source = Source::new(&file.name);
        let root =
            Table::root(&node, &source).filter(|root| SECTIONS.iter().any(|key| root.has(key)));
        let what = "is no config of ARTEMIS: it has no rules, no prefixes and no monitors";
        let root = root.ok_or_else(|| ImportError::Foreign { file: file.name.clone(), what })?;
        read(&root, &mut imported);
        drop(root);
        imported.files.push(file.name.clone());
        imported.notes.extend(source.into_notes());
    }
    if imported.watches.is_empty() {
        return Err(ImportError::NoPrefix);
    }
    imported.asns = match own {
        [] => imported.watches.values().filter_map(listed).flatten().copied().collect(),
        own => own.iter().copied().collect(),
    };
    if imported.asns.is_empty() {
        return Err(ImportError::NoAs);
    }
    imported.notes.sort_by_key(|note| (!note.lost, note.file.clone(), note.line));
    Ok(imported)
}

fn listed(watch: &ImportedWatch) -> Option<&BTreeSet<Asn>> {
    match &watch.origins {
        ImportedOrigins::Only(asns) => Some(asns),
        ImportedOrigins::Any | ImportedOrigins::Nobody => None,
    }
}

fn read(root: &Table<'_>, imported: &mut Imported) {
    // Rules repeat what these name.
    for section in ["prefixes", "asns"] {
        root.value(section);
    }
    if let Some(monitors) = root.table("monitors") {
        if monitors.texts("riperis").iter().any(|collector| !collector.is_empty()) {
            monitors.lost("riperis", "all collectors of RIPE RIS are asked");
        }
        if monitors.texts("bgpstreamlive").iter().any(|project| *project != "ris") {
            monitors.lost(
                "bgpstreamlive",
                "RIS Live takes the place of ris; RouteViews is only in recordings",
            );
        }
        monitors.all_lost(MONITORS_LOST);
        monitors.finish();
    }
    root.lost(
        "autoignore",
        "small incidents are not closed by themselves; min_vantage_ases keeps them from being told",
    );
    for rule in root.tables("rules") {
        read_rule(&rule, imported);
    }
    root.finish();
}

fn read_rule(rule: &Table<'_>, imported: &mut Imported) {
    let origins = origins(rule);
    let upstreams = match wildcard(rule, "neighbors") {
        true => BTreeSet::new(),
        false => asns(rule, "neighbors"),
    };
    match rule.texts("mitigation").as_slice() {
        [] | ["manual"] => {}
        _ => rule.lost(
            "mitigation",
            "nothing is announced by itself; a [[channel]] with type = \"exec\" is told",
        ),
    }
    rule.all_lost(RULE_LOST);
    match origins {
        None => rule.lost("prefixes", "not watched: the origins of the rule name no AS"),
        Some(origins) => {
            if origins == ImportedOrigins::Nobody && !upstreams.is_empty() {
                rule.lost("neighbors", "nobody may announce it: nobody stands next to its origin");
            }
            for node in rule.list("prefixes") {
                add(rule, node, &origins, &upstreams, imported);
            }
        }
    }
    rule.finish();
}

/// None where origins are named that are none.
fn origins(rule: &Table<'_>) -> Option<ImportedOrigins> {
    if !rule.has("origin_asns") {
        return Some(ImportedOrigins::Nobody);
    }
    if wildcard(rule, "origin_asns") {
        return Some(ImportedOrigins::Any);
    }
    let asns = asns(rule, "origin_asns");
    (!asns.is_empty()).then_some(ImportedOrigins::Only(asns))
}

fn wildcard(rule: &Table<'_>, key: &str) -> bool {
    rule.texts(key).iter().any(|text| matches!(text.trim(), "*" | "-1"))
}

/// AS numbers, lists of them with commas, and ranges, as `300- 310`.
fn asns(rule: &Table<'_>, key: &str) -> BTreeSet<Asn> {
    if rule.is_empty(key) {
        rule.lost(key, "names nobody: an AS set that was not resolved?");
    }
    let mut asns = BTreeSet::new();
    for text in rule.texts(key).into_iter().flat_map(|text| text.split(',')) {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.trim().parse::<Asn>().ok().map(Asn::number);
        match number(first).zip(number(last)) {
            Some((first @ 1.., last)) if first <= last && last - first < RANGE_MAX => {
                asns.extend((first..=last).map(Asn::new));
            }
            _ => rule.lost(
                key,
                &format!(
                    "'{}' is no AS number and no range of at most {RANGE_MAX}",
                    bgp::excerpt(text, 40)
                ),
            ),
        }
    }
    asns
}

fn add(
    rule: &Table<'_>,
    node: &Node,
    origins: &ImportedOrigins,
    upstreams: &BTreeSet<Asn>,
    imported: &mut Imported,
) {
    let yaml::Value::Text(text) = &node.value else {
        return rule.lost_at(node.line, "prefixes", "is no prefix");
    };
    let (prefix, max_length) = match range(text) {
        Ok(Range { prefix, max_length, said }) => {
            said.into_iter().for_each(|said| rule.lost_at(node.line, "prefixes", &said));
            (prefix, max_length)
        }
        Err(why) => return rule.lost_at(node.line, "prefixes", &format!("not watched: {why}")),
    };
    let mut watch = ImportedWatch::new(origins.clone(), rule.place(node.line));
    watch.max_length = max_length.filter(|_| *origins != ImportedOrigins::Nobody);
    if *origins != ImportedOrigins::Nobody {
        watch.upstreams.clone_from(upstreams);
    }
    let both = match imported.watches.remove(&prefix) {
        Some(before) => together(before, watch),
        None => watch,
    };
    imported.watches.insert(prefix, both);
}

/// What either of two rules about one prefix allows.
fn together(before: ImportedWatch, after: ImportedWatch) -> ImportedWatch {
    let origins = match (before.origins, after.origins) {
        (ImportedOrigins::Any, _) | (_, ImportedOrigins::Any) => ImportedOrigins::Any,
        (ImportedOrigins::Nobody, other) | (other, ImportedOrigins::Nobody) => other,
        (ImportedOrigins::Only(one), ImportedOrigins::Only(other)) => {
            ImportedOrigins::Only(one.union(&other).copied().collect())
        }
    };
    // Without a list any neighbour is right.
    let upstreams = match before.upstreams.is_empty() || after.upstreams.is_empty() {
        true => BTreeSet::new(),
        false => before.upstreams.union(&after.upstreams).copied().collect(),
    };
    let max_length = before.max_length.max(after.max_length);
    ImportedWatch { origins, upstreams, max_length, ..after }
}

/// A prefix with an operator of RFC 2622.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    prefix: Prefix,
    max_length: Option<u8>,
    /// What a watch cannot say of it.
    said: Vec<String>,
}

/// `P`, `P^-`, `P^+`, `P^n` or `P^n-m` (RFC 2622 section 2).
fn range(text: &str) -> Result<Range, String> {
    let (place, operator) = match text.split_once('^') {
        Some((place, operator)) => (place, Some(operator.trim())),
        None => (text, None),
    };
    let (prefix, masked) = values::prefix(place)?;
    let mut said = Vec::new();
    if masked {
        said.push(format!("has host bits: watched as {prefix}"));
    }
    let (own, longest) = (prefix.length(), prefix.family().max_length());
    let length = |text: &str| text.trim().parse::<u8>().ok();
    let (shortest, max_length) = match operator {
        None => (own, None),
        Some("+") => (own, Some(longest)),
        Some("-") => (own + 1, Some(longest)),
        Some(lengths) => {
            let (from, to) = lengths.split_once('-').unwrap_or((lengths, lengths));
            let lengths = length(from).zip(length(to));
            let fits = |(from, to): &(u8, u8)| own <= *from && from <= to && *to <= longest;
            let (from, to) = lengths
                .filter(fits)
                .ok_or_else(|| format!("'{}' is no range of RFC 2622", bgp::excerpt(text, 60)))?;
            (from, Some(to))
        }
    };
    if shortest > own {
        said.push(format!("{prefix} itself may be announced too: a watch has no shortest length"));
    }
    Ok(Range { prefix, max_length: max_length.filter(|length| *length > own), said })
}
