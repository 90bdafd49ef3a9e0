use std::collections::HashMap;
use std::sync::Arc;

use feeds::{FeedEvent, Moment};
use tokio::sync::mpsc;
use validator::{Kind, RpkiSnapshot};

use super::clock::Clock;
use super::feed_tracker::FeedTracker;
use super::input::Input;
use super::roa_watch::RoaWatch;

/// What an engine leaves to the one after a reload: all that it knows of feeds that go on, and that does
/// not stand in the store.
pub(super) struct Legacy {
    pub(super) events: mpsc::Receiver<FeedEvent>,
    pub(super) inputs: mpsc::Receiver<Input>,
    /// None before the first engine.
    pub(super) clock: Option<Clock>,
    pub(super) feeds: FeedTracker,
    pub(super) told: HashMap<(Kind, String), bool>,
    pub(super) roa_watch: RoaWatch,
    /// By which the routes were judged last.
    pub(super) snapshot: Arc<RpkiSnapshot>,
    /// Since when RPKI data was waited for.
    pub(super) since: Moment,
}

impl Legacy {
    /// What the first engine begins with.
    pub(super) fn none(events: mpsc::Receiver<FeedEvent>, inputs: mpsc::Receiver<Input>) -> Self {
        let now = Moment::now();
        Legacy {
            events,
            inputs,
            clock: None,
            feeds: FeedTracker::new(now),
            told: HashMap::new(),
            roa_watch: RoaWatch::default(),
            snapshot: Arc::default(),
            since: now,
        }
    }
}
