//! The prefix lists become watches, and `options.monitorASns` who we are.

use std::collections::{BTreeMap, BTreeSet};

use bgp::{Asn, Prefix};

use super::groups::DEFAULT;
use super::monitors::{MonitorKind, Monitors};
use super::routes::Grouped;
use crate::import::imported::{ImportError, Imported, ImportedOrigins, ImportedWatch};
use crate::import::notes::Table;
use crate::import::values;
use crate::import::yaml::Entry;

/// What the lists say, before it is known who we are.
pub(super) struct Lists<'a> {
    monitors: Option<&'a Monitors>,
    watches: BTreeMap<Prefix, ImportedWatch>,
    groups: BTreeMap<Prefix, String>,
    asns: BTreeMap<Asn, Neighbours>,
    upstreams: BTreeSet<Asn>,
    customers: BTreeSet<Asn>,
}

/// Who may stand next to an AS of ours; none where that is not looked at.
#[derive(Default)]
struct Neighbours {
    upstreams: Option<BTreeSet<Asn>>,
    downstreams: Option<BTreeSet<Asn>>,
}

impl<'a> Lists<'a> {
    pub(super) fn new(monitors: Option<&'a Monitors>) -> Self {
        let (watches, groups, asns) = Default::default();
        let (upstreams, customers) = Default::default();
        Lists { monitors, watches, groups, asns, upstreams, customers }
    }

    pub(super) fn read(&mut self, root: &Table<'_>) {
        for (entry, table) in root.each() {
            match (entry.key.as_str(), table) {
                ("options", Some(options)) => self.options(&options),
                (_, Some(table)) => self.prefix(root, entry, &table),
                (_, None) => root.lost_entry(entry, "is no table"),
            }
        }
    }

    fn prefix(&mut self, root: &Table<'_>, entry: &Entry, table: &Table<'_>) {
        let prefix = match values::prefix(&entry.key) {
            Ok((prefix, masked)) => {
                if masked {
                    root.lost_entry(entry, &format!("has host bits: watched as {prefix}"));
                }
                prefix
            }
            Err(why) => return root.lost_entry(entry, &format!("not watched: {why}")),
        };
        let mut asns: BTreeSet<Asn> = table.asns("asn").into_iter().collect();
        asns.extend(table.asns("base_asn"));
        if asns.is_empty() {
            root.lost_entry(entry, "names no origin: those of the operator are taken");
        }
        let origins = ImportedOrigins::Only(asns);
        let mut watch = ImportedWatch::new(origins, root.place(entry.line));
        watch.description = table.text("description").unwrap_or_default().to_owned();
        let longest = prefix.family().max_length();
        let ignores = table.flag("ignoreMorespecifics").or(table.flag("ignore_morespec"));
        let ignored = table.flag("ignore") == Some(true);
        if ignores == Some(true) {
            watch.max_length = Some(longest);
            for key in ["ignoreMorespecifics", "ignore_morespec"].into_iter().filter(|_| !ignored) {
                table.lost(key, "more-specifics of others are told all the same");
            }
        }
        if ignored {
            // Whoever announces it or a part of it: it is somebody else's.
            watch.origins = ImportedOrigins::Any;
            watch.max_length = Some(longest);
            watch.may_vanish = true;
            table.moot("ignore", "origins = \"any\": others may announce it and parts of it");
        }
        self.leave_out(table, &mut watch, longest);
        watch.roa_required = self.monitors.is_some_and(|monitors| monitors.roa_required);
        let group = table.text("group").unwrap_or(DEFAULT).to_owned();
        table.lost("path", "paths are not matched: `search --as-path` finds them");
        table.finish();
        if self.watches.insert(prefix, watch).is_some() {
            root.lost_entry(entry, &format!("{prefix} is watched twice: the last one counts"));
        }
        self.groups.insert(prefix, group);
    }

    /// The monitors that are not to look at this prefix.
    fn leave_out(&self, table: &Table<'_>, watch: &mut ImportedWatch, longest: u8) {
        let (included, excluded) = (table.texts("includeMonitors"), table.texts("excludeMonitors"));
        let Some(monitors) = self.monitors else {
            let why = "which monitors these are only the config says: name it, too";
            table.lost("includeMonitors", why);
            return table.lost("excludeMonitors", why);
        };
        let left_out = monitors.named.iter().filter(|(name, _)| {
            excluded.contains(&name.as_str())
                || !included.is_empty() && !included.contains(&name.as_str())
        });
        let key = if included.is_empty() { "excludeMonitors" } else { "includeMonitors" };
        for (name, kind) in left_out {
            match kind {
                MonitorKind::Hijack => watch.origins = ImportedOrigins::Any,
                MonitorKind::NewPrefix => watch.max_length = Some(longest),
                MonitorKind::Visibility => watch.may_vanish = true,
                MonitorKind::Path
                | MonitorKind::OwnAs
                | MonitorKind::Rpki
                | MonitorKind::Roas
                | MonitorKind::Neighbours => {
                    table.lost(
                        key,
                        &format!(
                            "{name} cannot be left out for one prefix; a [[route]] says who is told"
                        ),
                    );
                }
            }
        }
    }

    fn options(&mut self, options: &Table<'_>) {
        options.moot("generate", "`originwatch init --update` tells what is new");
        if let Some(asns) = options.table("monitorASns") {
            for (entry, table) in asns.each() {
                match entry.key.trim().parse::<Asn>() {
                    Ok(asn) if asn != Asn::ZERO => {
                        let neighbours = table.as_ref().map(Neighbours::read);
                        self.asns.insert(asn, neighbours.unwrap_or_default());
                    }
                    Ok(_) | Err(_) => asns.lost_entry(entry, "is no AS number"),
                }
            }
            self.neighbours(options);
        }
        options.finish();
    }

    /// One list holds for all our ASes: only where each of them has one, and somebody looked at it.
    fn neighbours(&mut self, options: &Table<'_>) {
        let upstreams: Vec<_> =
            self.asns.values().filter_map(|one| one.upstreams.as_ref()).collect();
        let customers: Vec<_> =
            self.asns.values().filter_map(|one| one.downstreams.as_ref()).collect();
        let looks = |monitors: &Monitors| monitors.has(MonitorKind::Neighbours);
        if !self.monitors.is_none_or(looks) {
            if !upstreams.is_empty() || !customers.is_empty() {
                options.lost(
                    "monitorASns",
                    "no monitorPathNeighbors looked at upstreams and downstreams: left out",
                );
            }
            return;
        }
        let all = self.asns.len();
        let union = |lists: Vec<&BTreeSet<Asn>>, key: &str| {
            if !lists.is_empty() && lists.len() < all {
                options.lost(
                    "monitorASns",
                    &format!("not each AS has {key}, and here one list holds for all: left out"),
                );
                return BTreeSet::new();
            }
            if lists.windows(2).any(|pair| pair[0] != pair[1]) {
                options.lost("monitorASns", &format!("the ASes differ in their {key}, and here one list holds for all: all of them together"));
            }
            lists.into_iter().flatten().copied().collect()
        };
        self.upstreams = union(upstreams, "upstreams");
        self.customers = union(customers, "downstreams");
    }

    /// Everything into the import; with the prefixes of each group.
    pub(super) fn settle(
        self,
        own: &[Asn],
        imported: &mut Imported,
    ) -> Result<Grouped, ImportError> {
        if self.watches.is_empty() {
            return Err(ImportError::NoPrefix);
        }
        let named: BTreeSet<Asn> = match (own, self.asns.is_empty()) {
            ([_, ..], _) => own.iter().copied().collect(),
            ([], false) => self.asns.keys().copied().collect(),
            ([], true) => self.watches.values().flat_map(listed).collect(),
        };
        if named.is_empty() {
            return Err(ImportError::NoAs);
        }
        imported.asns = named;
        imported.upstreams = self.upstreams;
        imported.customers = self.customers;
        imported.watches = self.watches;
        let mut grouped = Grouped::new();
        for (prefix, group) in self.groups {
            grouped.entry(group).or_default().push(prefix);
        }
        Ok(grouped)
    }
}

impl Neighbours {
    fn read(table: &Table<'_>) -> Self {
        if table.text("group").is_some_and(|group| group != DEFAULT) {
            table.lost("group", "a [[route]] knows prefixes and kinds, no AS");
        }
        let list = |key: &str| {
            // What is null says nothing; what is empty said that there is nobody.
            if table.is_empty(key) {
                table.lost(key, "an empty list would mean nobody, which cannot be said here");
            }
            let asns: BTreeSet<Asn> = table.asns(key).into_iter().collect();
            (!asns.is_empty()).then_some(asns)
        };
        let neighbours =
            Neighbours { upstreams: list("upstreams"), downstreams: list("downstreams") };
        table.finish();
        neighbours
    }
}

fn listed(watch: &ImportedWatch) -> Vec<Asn> {
    match &watch.origins {
        ImportedOrigins::Only(asns) => asns.iter().copied().collect(),
        ImportedOrigins::Any | ImportedOrigins::Nobody => Vec::new(),
    }
}
