use bgp::Timestamp;

use crate::file::{Came, Entry};
use alerter::AnnotatedNotice;
use alerter::Notification;
use alerter::dispatch::{Dispatcher, Refusal};
use incidents::Incidents;

/// Engine and dispatcher as one fold: the same when something happens and when it is read back.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) incidents: Incidents,
    pub(crate) dispatcher: Dispatcher,
}

/// What came of one step.
#[derive(Debug, Default)]
pub(crate) struct Yield {
    pub(crate) notices: Vec<AnnotatedNotice>,
    pub(crate) notifications: Vec<Notification>,
    /// Why an order was not followed.
    pub(crate) refusal: Option<Refusal>,
}

impl Fold {
    /// Takes one thing in, after everything that was due before it, in the order of time.
    pub(crate) fn take(&mut self, entry: Entry) -> Yield {
        let Entry { now, came } = entry;
        let mut came_of = Yield::default();
        while let Some(due) = self.incidents.next_timeout().filter(|due| *due <= now) {
            self.dispatcher.handle_timeout(due, &self.incidents);
            self.incidents.handle_timeout(due);
            self.pass_on(due, &mut came_of);
        }
        self.dispatcher.handle_timeout(now, &self.incidents);
        match came {
            Came::Finding(finding) => self.incidents.handle(now, *finding),
            Came::Order(order) => {
                came_of.refusal = self.dispatcher.order(now, order, &self.incidents).err();
            }
            Came::Time => self.incidents.handle_timeout(now),
        }
        self.pass_on(now, &mut came_of);
        came_of
    }

    /// When time alone does something.
    pub(crate) fn next_timeout(&self) -> Option<Timestamp> {
        let due = [self.incidents.next_timeout(), self.dispatcher.next_timeout()];
        due.into_iter().flatten().min()
    }

    fn pass_on(&mut self, now: Timestamp, came_of: &mut Yield) {
        while let Some(notice) = self.incidents.poll() {
            came_of.notices.push(self.dispatcher.annotated(notice.clone()));
            self.dispatcher.handle(now, notice, &self.incidents);
        }
        while let Some(notification) = self.dispatcher.poll() {
            came_of.notifications.push(notification);
        }
    }
}
