use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use validator::{Kind, RpkiSnapshot};

use super::clock::{Clock, Moment};
use super::doubt::Doubt;
use super::engine::Flow;
use super::input::{Input, PipeId};
use super::roa_watch::RoaWatch;
use super::sight::Sight;

/// What an engine leaves to the one after a reload: all that it knows of feeds that go on, and that does
/// not stand in the store.
pub(super) struct Legacy {
    pub(super) inputs: mpsc::Receiver<Input>,
    /// None before the first engine.
    pub(super) clock: Option<Clock>,
    pub(super) sight: Sight,
    pub(super) doubt: Doubt,
    pub(super) flows: HashMap<PipeId, Flow>,
    pub(super) told: HashMap<(Kind, String), bool>,
    pub(super) roa_watch: RoaWatch,
    /// By which the routes were judged last.
    pub(super) snapshot: Arc<RpkiSnapshot>,
}

impl Legacy {
    /// What the first engine begins with.
    pub(super) fn none(inputs: mpsc::Receiver<Input>) -> Self {
        Legacy {
            inputs,
            clock: None,
            sight: Sight::new(Moment::now()),
            doubt: Doubt::default(),
            flows: HashMap::new(),
            told: HashMap::new(),
            roa_watch: RoaWatch::default(),
            snapshot: Arc::default(),
        }
    }
}
