//! BGPalerter: `config.yml`, the prefix lists and the groups file that it names, also those of old versions.
//!
//! `prefixes` become watches, `groups` receivers of some of them, `connectors` feeds, `monitors` say which kinds are wanted, `reports` become mail and
//! channels, `routes` says who is told of what; `process` is the rest, `ancestor` the program of 2019.

mod ancestor;
mod connectors;
mod groups;
mod monitors;
mod prefixes;
mod process;
mod reports;
mod routes;

use bgp::Asn;

use super::imported::{ForeignFile, ImportError, Imported};
use super::notes::{Source, Table};
use super::yaml::{self, Node};
use groups::Groups;
use monitors::Monitors;
use prefixes::Lists;
use reports::Destination;

/// What a file of BGPalerter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileKind {
    Config,
    Ancestor,
    Groups,
    Prefixes,
}

/// Keys that only `config.yml` has.
const OF_CONFIG: [&str; 9] = [
    "connectors",
    "monitors",
    "reports",
    "monitoredPrefixesFiles",
    "notificationIntervalSeconds",
    "logging",
    "rpki",
    "configVersion",
    "environment",
];

/// What the files say, where the operator's ASes are these, or else those that the files name.
pub fn import_bgpalerter(files: &[ForeignFile], own: &[Asn]) -> Result<Imported, ImportError> {
    let parsed = files.iter().map(parsed).collect::<Result<Vec<_>, _>>()?;
    let mut imported = Imported { program: "BGPalerter", ..Imported::default() };
    imported.files = files.iter().map(|file| file.name.clone()).collect();
    let mut sources: Vec<_> = files.iter().map(|file| Source::new(&file.name)).collect();
    read(&parsed, &sources, own, &mut imported)?;
    imported.notes.extend(sources.drain(..).flat_map(Source::into_notes));
    imported.notes.sort_by_key(|note| (!note.lost, note.file.clone(), note.line));
    Ok(imported)
}

/// The files that a config names and that are read beside it, as it names them.
pub fn other_files_of_bgpalerter(file: &ForeignFile) -> Result<Vec<String>, ImportError> {
    let (node, kind) = parsed(file)?;
    let source = Source::new(&file.name);
    let Some(root) = Table::root(&node, &source).filter(|_| kind == FileKind::Config) else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> =
        root.texts("monitoredPrefixesFiles").into_iter().map(str::to_owned).collect();
    names.extend(root.text("groupsFile").map(str::to_owned));
    Ok(names)
}

fn parsed(file: &ForeignFile) -> Result<(Node, FileKind), ImportError> {
    let node = yaml::parse(&file.text)
        .map_err(|error| ImportError::Yaml { file: file.name.clone(), error })?;
    let source = Source::new(&file.name);
    let kind = Table::root(&node, &source).and_then(|root| kind_of(&root));
    let what = "is no config, no prefix list and no groups file of BGPalerter";
    kind.map(|kind| (node, kind))
        .ok_or_else(|| ImportError::Foreign { file: file.name.clone(), what })
}

fn kind_of(root: &Table<'_>) -> Option<FileKind> {
    let entries = root.each();
    let keys: Vec<&str> = entries.iter().map(|(entry, _)| entry.key.as_str()).collect();
    if keys.iter().any(|key| OF_CONFIG.contains(key)) {
        Some(FileKind::Config)
    } else if keys.contains(&"monitored-prefixes-files") {
        Some(FileKind::Ancestor)
    } else if !keys.is_empty() && keys.iter().all(|key| key.starts_with("report")) {
        Some(FileKind::Groups)
    } else {
        let is_prefix = |key: &&str| key.contains('/') || *key == "options";
        keys.iter().any(is_prefix).then_some(FileKind::Prefixes)
    }
}

fn read(
    parsed: &[(Node, FileKind)],
    sources: &[Source],
    own: &[Asn],
    imported: &mut Imported,
) -> Result<(), ImportError> {
    let tables = || {
        let each = parsed.iter().zip(sources);
        each.filter_map(|((node, kind), source)| Some((*kind, Table::root(node, source)?)))
    };
    let of = |wanted: FileKind| tables().filter(move |(kind, _)| *kind == wanted);
    let mut groups = Groups::default();
    of(FileKind::Groups).for_each(|(_, root)| groups.read(&root));
    let mut monitors = None;
    let mut destinations: Vec<Destination> = Vec::new();
    for (_, root) in of(FileKind::Config) {
        connectors::read(&root, imported);
        monitors = Some(Monitors::read(&root, imported));
        destinations.extend(reports::read(&root, &groups, imported));
        process::read(&root, imported);
        root.finish();
    }
    of(FileKind::Ancestor).for_each(|(_, root)| ancestor::read(&root, imported));
    let mut lists = Lists::new(monitors.as_ref());
    of(FileKind::Prefixes).for_each(|(_, root)| lists.read(&root));
    let grouped = lists.settle(own, imported)?;
    if let Some(monitors) = &monitors {
        imported.routes = routes::of(&destinations, monitors, &grouped, imported);
    }
    Ok(())
}
