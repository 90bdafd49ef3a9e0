use bgp::{Prefix, Timestamp};

use crate::Rules;
use crate::group_key::GroupKey;
use crate::route_entry::RouteKey;
use crate::route_table::RouteTable;
use crate::timers::Timers;

/// What time alone brings.
pub(crate) enum Due {
    /// A route that nobody has confirmed for too long is given up.
    GiveUp(RouteKey),
    /// A loss of visibility has lasted.
    Loss(Prefix),
    /// An incident is told, resolved or forgotten.
    Incident,
}

impl Due {
    /// What comes first, and when.
    pub(crate) fn next(
        routes: &RouteTable,
        timers: &Timers<GroupKey>,
        rules: &Rules,
    ) -> Option<(Timestamp, Due)> {
        let stale = routes.oldest_stale();
        let give_up = stale.map(|(since, key)| (since + rules.forget_after, Due::GiveUp(key)));
        let lost = routes.oldest_loss();
        let loss = lost.map(|(since, prefix)| (since + rules.visibility_after, Due::Loss(prefix)));
        let incident = timers.next().map(|due| (due, Due::Incident));
        [give_up, loss, incident].into_iter().flatten().min_by_key(|(due, _)| *due)
    }
}
