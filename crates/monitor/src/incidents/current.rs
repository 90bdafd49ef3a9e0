use std::sync::Arc;

use alerter::{AnnotatedIncident, AnnotatedNotice};
use bgp::Prefix;
use incidents::{ExtentClass, FirstHop, Notice, OthersTold, Sources};
use store::StoreClient;

use crate::config::Config;
use crate::directory;
use crate::exit::Failure;

/// How an incident stands now, in place of how it stood when it was last told.
pub(super) struct Current {
    /// Under the number and the reason of the last notice.
    pub(super) notice: AnnotatedNotice,
    /// Who stands next to us on the paths to the watched prefixes that it is about.
    pub(super) first_hops: Vec<(Prefix, Vec<FirstHop>)>,
}

impl Current {
    /// Of one that was told, and of which this is the last notice.
    pub(super) fn of(
        client: &StoreClient,
        config: &Config,
        incident: &AnnotatedIncident,
        last: &AnnotatedNotice,
    ) -> Result<Self, Failure> {
        let directory = directory::load(config, &mut Vec::new())?;
        let mut incidents = client.engine(config.rules(), Arc::new(directory))?;
        incidents.set_sources(sources(last));
        let view = incidents.view();
        let now = view.look(view.now(), &incident.summary.incident);
        // What is over for good stands as it was told last.
        let now = now.map_or_else(
            || last.notice.clone(),
            |now| Notice { reason: last.reason, update: last.update, ..now },
        );
        let mut watched: Vec<Prefix> = now.prefixes.iter().filter_map(|one| one.watched).collect();
        watched.sort_unstable();
        watched.dedup();
        let first_hops = watched.into_iter().map(|prefix| (prefix, view.first_hops(prefix)));
        let first_hops = first_hops.filter(|(_, hops)| !hops.is_empty()).collect();
        Ok(Current { notice: AnnotatedNotice::new(now, &config.told_as()), first_hops })
    }
}

/// What the daemon sees of feeds and RPKI data is its own: what it last told of them is the best that is known
/// here.
fn sources(last: &Notice) -> Sources {
    let others = match last.extent.class {
        ExtentClass::Unknown => OthersTold::No,
        ExtentClass::Targeted | ExtentClass::Mass => OthersTold::Yes,
    };
    let (feeds, rpki, clock) = (last.feeds.clone(), last.rpki.clone(), last.clock);
    Sources { feeds, rpki, others, clock }
}
