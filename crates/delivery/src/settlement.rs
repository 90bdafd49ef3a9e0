use alerter::ChannelName;
use bgp::Timestamp;
use store::{Delivery, Outbox, StoreError};

/// What is to be written down of a delivery, once.
#[derive(Debug)]
pub(crate) struct Settlement {
    pub(crate) channel: ChannelName,
    pub(crate) number: i64,
    end: End,
}

/// How a delivery attempt ended.
#[derive(Debug)]
enum End {
    Taken,
    Deferred { next_attempt: Timestamp, error: String },
    Dead(String),
}

impl Settlement {
    pub(crate) fn taken(delivery: &Delivery) -> Self {
        Settlement::new(delivery, End::Taken)
    }

    pub(crate) fn deferred(delivery: &Delivery, next_attempt: Timestamp, error: String) -> Self {
        Settlement::new(delivery, End::Deferred { next_attempt, error })
    }

    pub(crate) fn dead(delivery: &Delivery, error: String) -> Self {
        Settlement::new(delivery, End::Dead(error))
    }

    fn new(delivery: &Delivery, end: End) -> Self {
        Settlement { channel: delivery.receiver.channel.clone(), number: delivery.number, end }
    }

    /// Whether it is not tried again.
    pub(crate) const fn is_final(&self) -> bool {
        self.next_attempt().is_none()
    }

    /// Whether it says that this delivery is not tried again.
    pub(crate) const fn is_final_of(&self, number: i64) -> bool {
        self.number == number && self.is_final()
    }

    /// When it is tried again, if it is.
    pub(crate) const fn next_attempt(&self) -> Option<Timestamp> {
        match self.end {
            End::Taken | End::Dead(_) => None,
            End::Deferred { next_attempt, .. } => Some(next_attempt),
        }
    }

    pub(crate) fn write(&self, outbox: Outbox<'_>) -> Result<(), StoreError> {
        match &self.end {
            End::Taken => outbox.record_taken(self.number),
            End::Deferred { next_attempt, error } => {
                outbox.record_deferred(self.number, *next_attempt, error)
            }
            End::Dead(error) => outbox.record_dead(self.number, error),
        }
    }
}
