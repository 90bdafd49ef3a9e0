//! What is watched where the config does not name it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bgp::{Asn, Prefix};
use validator::{Origins, RpkiSnapshot, Watch, WatchList};

use crate::config::Config;
use crate::exit::Failure;

/// Why nothing is watched without `[[watch]]`.
pub(crate) fn none_named(config: &Config) -> String {
    let name = config.path.display();
    format!("{name} has no [[watch]], and no VRP names one of its asns: nothing to watch")
}

/// Without `[[watch]]`, what RPKI says is ours is watched, which may be nothing.
pub(crate) fn derive(
    config: &Config,
    snapshot: &RpkiSnapshot,
    remarks: &mut Vec<String>,
) -> Result<Arc<WatchList>, Failure> {
    let own = &config.operator.asns;
    let mut lengths: BTreeMap<Prefix, u8> = BTreeMap::new();
    for vrp in snapshot.vrps.iter().filter(|vrp| own.contains(&vrp.asn())) {
        let longest = lengths.entry(vrp.prefix()).or_default();
        *longest = vrp.max_length().max(*longest);
    }
    let upstreams = Some(config.operator.upstreams.clone()).filter(|list| !list.is_empty());
    let watch = |(prefix, max_length)| Watch {
        upstreams: upstreams.clone(),
        // Whoever else has a ROA for exactly this prefix may announce it too.
        ..Watch::new(prefix, Origins::Only(allowed(snapshot, prefix)), max_length)
    };
    if !lengths.is_empty() {
        let (name, count) = (config.path.display(), lengths.len());
        remarks.push(format!(
            "{name} has no [[watch]]: watching the {count} prefixes of the VRPs of its asns"
        ));
    }
    let watches = WatchList::new(lengths.into_iter().map(watch), own.iter().copied());
    watches.map(Arc::new).map_err(|conflict| Failure::Usage(conflict.to_string()))
}

fn allowed(snapshot: &RpkiSnapshot, prefix: Prefix) -> Vec<Asn> {
    let exact = snapshot.vrps.covering(prefix).filter(|vrp| vrp.prefix() == prefix);
    let mut asns: Vec<_> = exact.map(|vrp| vrp.asn()).collect();
    asns.sort_unstable();
    asns.dedup();
    asns
}
