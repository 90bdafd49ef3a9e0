use std::collections::BTreeMap;

use crate::error::StoreError;
use crate::outbox::{Delivery, Outbox};

/// So many deliveries are kept in memory as well.
const MOST: usize = 1_000;

/// What waits in the outbox, once more in memory: nobody may be able to read it there any more.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    deliveries: BTreeMap<i64, Delivery>,
    /// The newest that was looked at.
    newest: i64,
}

impl Kept {
    /// What waits in this outbox.
    pub(crate) fn of(outbox: Outbox<'_>) -> Result<Self, StoreError> {
        let mut kept = Kept::default();
        kept.take_in(outbox)?;
        Ok(kept)
    }

    /// Takes in what waits since the last time.
    pub(crate) fn take_in(&mut self, outbox: Outbox<'_>) -> Result<(), StoreError> {
        let room = MOST.saturating_sub(self.deliveries.len());
        for delivery in outbox.waiting_behind(self.newest, room)? {
            self.newest = delivery.number;
            self.deliveries.insert(delivery.number, delivery);
        }
        Ok(())
    }

    /// Forgets what does not wait any more, and takes in what there was no room for.
    pub(crate) fn forget_ended(&mut self, outbox: Outbox<'_>) -> Result<(), StoreError> {
        if self.deliveries.is_empty() {
            return Ok(());
        }
        let waiting = outbox.numbers_waiting()?;
        self.deliveries.retain(|number, _| waiting.contains(number));
        self.take_in(outbox)
    }

    /// All of them, and of an outbox what of it can be read beside them.
    pub(crate) fn with_readable(&self, outbox: Outbox<'_>) -> BTreeMap<i64, Delivery> {
        let (mut deliveries, mut newest) = (self.deliveries.clone(), 0);
        // From the first on that cannot be read what is not kept is lost.
        while let Ok(Some(delivery)) = outbox.waiting_behind(newest, 1).map(|mut one| one.pop()) {
            newest = delivery.number;
            deliveries.insert(newest, delivery);
        }
        deliveries
    }
}
