use std::sync::Arc;

use clock::Moment;
use delivery::DeliveryEvent;
use feeds::FeedEvent;
use tokio::sync::mpsc;
use validator::RpkiSnapshot;

use super::clock::Clock;
use super::conditions::NotifiedConditions;
use super::feed_tracker::FeedTracker;
use super::input::Input;
use super::roa_watch::RoaWatch;

/// What an engine leaves to the one after a reload: all that it knows of feeds that go on, and that does
/// not stand in the store.
pub(super) struct CarriedState {
    pub(super) events: mpsc::Receiver<FeedEvent>,
    pub(super) deliveries: mpsc::Receiver<DeliveryEvent>,
    pub(super) inputs: mpsc::Receiver<Input>,
    /// None before the first engine.
    pub(super) clock: Option<Clock>,
    pub(super) feeds: FeedTracker,
    pub(super) notified: NotifiedConditions,
    pub(super) roa_watch: RoaWatch,
    /// By which the routes were judged last.
    pub(super) snapshot: Arc<RpkiSnapshot>,
    /// Since when RPKI data was waited for.
    pub(super) since: Moment,
}

impl CarriedState {
    /// What the first engine begins with.
    pub(super) fn none(
        events: mpsc::Receiver<FeedEvent>,
        deliveries: mpsc::Receiver<DeliveryEvent>,
        inputs: mpsc::Receiver<Input>,
    ) -> Self {
        let now = Moment::now();
        CarriedState {
            events,
            deliveries,
            inputs,
            clock: None,
            feeds: FeedTracker::new(now),
            notified: NotifiedConditions::default(),
            roa_watch: RoaWatch::default(),
            snapshot: Arc::default(),
            since: now,
        }
    }
}
