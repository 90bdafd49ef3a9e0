//! What notices say of the data behind them, and whether the RPKI data is fit for use.

use std::collections::BTreeMap;
use std::time::Duration;

use bgp::{Asn, Timestamp};
use clock::{Moment, StepDetector};
use feeds::FeedStatus;
use incidents::{ClockStep, FeedGap, FeedState, OthersTold, RpkiState, Sources};
use rpki_sources::{Fault, Health, Rpki};
use validator::{Condition, IncidentKind, WatchList};

use crate::config::Config;
use crate::watches;

/// How long there may be no RPKI data after the start.
const RPKI_WAIT: Duration = Duration::from_secs(300);

/// How long notices say that the clock was set.
const STEP_TOLD_FOR: Duration = Duration::from_secs(86_400);

/// What notices say of the feeds, the RPKI data and the clock. `tells_all`: some feed tells more than it is asked
/// for; `asked`: of whom they were asked, and since when they tell.
pub(super) fn sources(
    feeds: &[FeedStatus],
    rpki: &Rpki,
    tells_all: bool,
    asked: BTreeMap<Asn, Timestamp>,
    clock: Option<ClockStep>,
) -> Sources {
    let others = OthersTold::of(&rpki.snapshot.vrps, tells_all, asked);
    let feeds = feeds.iter().map(feed_state).collect();
    Sources { feeds, rpki: rpki_state(rpki), others, clock }
}

/// The last time that somebody set the clock, if notices are to say so.
pub(super) fn latest_step(steps: &StepDetector, now: Moment) -> Option<ClockStep> {
    let step = steps.latest(now, STEP_TOLD_FOR)?;
    // To the nearest second: reading two clocks takes a moment.
    let seconds = step.micros.saturating_add(500_000).div_euclid(1_000_000);
    Some(ClockStep { at: Timestamp::from_seconds(step.at.seconds()), seconds })
}

/// What notices say of the RPKI data; none where no source is to give any.
pub(super) fn rpki_state(rpki: &Rpki) -> Option<RpkiState> {
    let known = !rpki.sources.is_empty();
    known.then(|| RpkiState {
        vrps: rpki.snapshot.vrps.len(),
        generated: rpki.snapshot.generated,
        source: rpki.snapshot.source.clone(),
        stale: !matches!(rpki.health, Health::Fresh | Health::Disputed { .. }),
    })
}

fn feed_state(feed: &FeedStatus) -> FeedState {
    let gap = |gap: &feeds::FeedGap| {
        let feeds::FeedGap { router, from, until } = gap.clone();
        FeedGap { router, from, until }
    };
    FeedState {
        name: feed.name.clone(),
        kind: feed.kind.to_owned(),
        up: feed.up,
        last_seen: feed.last_seen,
        gaps: feed.gaps.iter().map(gap).collect(),
    }
}

/// Whether the RPKI data is too old; none where no source is to give any. `since` is when it was first
/// waited for.
pub(super) fn rpki_stale(rpki: &Rpki, since: Moment, now: Moment) -> Option<Condition> {
    if rpki.sources.is_empty() {
        return None;
    }
    let seconds = |at: Timestamp| Timestamp::from_seconds(at.seconds());
    let said = match rpki.health {
        Health::Fresh | Health::Disputed { .. } => None,
        Health::Waiting if now.since(since) < RPKI_WAIT => None,
        Health::Waiting => Some("no source has given any data".to_owned()),
        Health::Stale { since } => {
            Some(format!("the data has been too old since {}", seconds(since)))
        }
        Health::Expired { since } => {
            Some(format!("the last data ended at {}: all is not-found", seconds(since)))
        }
    };
    Some(Condition {
        kind: IncidentKind::RpkiStale,
        subject: "rpki".to_owned(),
        active: said.is_some(),
        details: said.into_iter().chain(rpki.remarks.clone()).collect(),
    })
}

/// Whether nothing is watched, since the VRPs name nothing of ours; none where the config names what is.
pub(super) fn nothing_watched(
    config: &Config,
    watches: &WatchList,
    rpki: &Rpki,
    since: Moment,
    now: Moment,
) -> Option<Condition> {
    if !config.watches.is_empty() {
        return None;
    }
    let may_come = matches!(rpki.health, Health::Waiting) && now.since(since) < RPKI_WAIT;
    let active = watches.is_empty() && !may_come;
    Some(Condition {
        kind: IncidentKind::RpkiStale,
        subject: "watches".to_owned(),
        active,
        details: active.then(|| watches::none_named(config)).into_iter().collect(),
    })
}

/// Each source of RPKI data, and the local exceptions: what has been wrong with it for so long that somebody
/// must be told, and a loss that is not believed yet, unless it is of a trust anchor, which has its own.
pub(super) fn rpki_faults(rpki: &Rpki, now: Moment) -> Vec<Condition> {
    let seconds = |at: Timestamp| Timestamp::from_seconds(at.seconds());
    let faults = rpki.lasting_faults(now.wall).into_iter();
    let condition = |(name, fault): (&str, Option<&Fault>)| {
        let fault =
            fault.map(|fault| format!("broken since {}: {}", seconds(fault.since), fault.reason));
        let of_it = rpki.held_back().filter(|(source, _)| *source == name);
        let unnamed = of_it.filter(|(_, held_back)| {
            held_back.losses.iter().any(|loss| loss.trust_anchor.is_none())
        });
        let details: Vec<_> =
            fault.into_iter().chain(unnamed.map(|(_, held_back)| held_back.to_string())).collect();
        Condition {
            kind: IncidentKind::RpkiStale,
            subject: name.to_owned(),
            active: !details.is_empty(),
            details,
        }
    };
    faults.map(condition).collect()
}
