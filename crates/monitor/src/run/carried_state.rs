use std::sync::Arc;

use clock::{Moment, StepDetector};
use delivery::{CarriedQueues, DeliveryEvent, ReplyLog};
use feeds::FeedEvent;
use store::Journal;
use tokio::sync::mpsc;
use validator::RpkiSnapshot;

use super::clock::Clock;
use super::conditions::NotifiedConditions;
use super::feed_tracker::FeedTracker;
use super::input::Input;
use super::roa_watch::RoaWatch;
use super::store_faults::StoreFaults;

/// What an engine leaves to the one after a reload: the store, which stays open, or what could not be written
/// would be lost, and all that it knows of feeds that go on.
pub(super) struct CarriedState {
    pub(super) events: mpsc::Receiver<FeedEvent>,
    pub(super) deliveries: mpsc::Receiver<DeliveryEvent>,
    pub(super) inputs: mpsc::Receiver<Input>,
    /// None before the first engine.
    pub(super) store: Option<OpenStore>,
    /// None before the first engine.
    pub(super) clock: Option<Clock>,
    pub(super) clock_steps: StepDetector,
    pub(super) queues: CarriedQueues,
    pub(super) feeds: FeedTracker,
    pub(super) notified: NotifiedConditions,
    pub(super) roa_watch: RoaWatch,
    /// By which the routes were judged last.
    pub(super) snapshot: Arc<RpkiSnapshot>,
    /// Since when RPKI data was waited for.
    pub(super) since: Moment,
}

/// The store with what is not written yet.
pub(super) struct OpenStore {
    pub(super) journal: Journal,
    pub(super) replies: ReplyLog,
    pub(super) faults: StoreFaults,
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
            store: None,
            clock: None,
            clock_steps: StepDetector::new(now),
            queues: CarriedQueues::none(now),
            feeds: FeedTracker::new(now),
            notified: NotifiedConditions::default(),
            roa_watch: RoaWatch::default(),
            snapshot: Arc::default(),
            since: now,
        }
    }
}
