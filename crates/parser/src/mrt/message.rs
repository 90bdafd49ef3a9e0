//! The UPDATE in a record, whatever the type of the record.

use std::net::IpAddr;

use bgp::{Asn, Timestamp, View};

use crate::attributes::Ends;
use crate::output::Output;
use crate::update::{Lost, MANDATORY, Origin, Update};
use crate::vantages::Vantages;
use crate::{Filter, Item, Source};

/// Whose message it is, as its record says.
pub(super) struct Peer {
    pub(super) address: IpAddr,
    pub(super) asn: Asn,
    pub(super) view: View,
    /// The AS of the collector, or of the router that wrote the file.
    pub(super) local_asn: Option<Asn>,
}

/// Tells what an UPDATE says.
pub(super) fn tell_update<S: FnMut(Item<'_>)>(
    update: Result<Update<'_>, Lost<'_>>,
    (at, source): (Timestamp, Source),
    peer: &Peer,
    vantages: &mut Vantages,
    filter: &impl Filter,
    output: &mut Output<'_, S>,
) {
    let Peer { address, asn, view, local_asn: local } = *peer;
    let mut wanted = 0;
    let update = update.and_then(|mut update| {
        output.statistics.skipped.families += update.skipped;
        let is_end_of_rib = update.end_of_rib().is_some() && update.skipped == 0;
        output.statistics.end_of_rib += u64::from(is_end_of_rib);
        wanted = update.wanted(filter);
        match update.lost() {
            Some(lost) if wanted == 0 || filter.only_counts() => Err(lost),
            _ => Ok(update),
        }
    });
    if filter.only_counts() {
        output.statistics.counted += wanted;
    }
    if update.is_ok() && (wanted == 0 || filter.only_counts()) {
        return;
    }
    let origin = Origin { at, vantage: vantages.get(address, asn, view), source };
    let ends = Ends { vantage: asn, local, is_internal: asn == Asn::ZERO };
    match update {
        Ok(update) => {
            update.tell(&update.attributes(MANDATORY, ends), origin, filter, output);
        }
        Err(lost) => lost.tell(origin, output),
    }
}
