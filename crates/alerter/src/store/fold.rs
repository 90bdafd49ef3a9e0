use bgp::Timestamp;

use super::file::{Came, Entry};
use crate::desk::{Desk, Letter, Refusal};
use crate::{Incidents, Notice};

/// Engine and desk as one fold: the same when something happens and when it is read back.
#[derive(Debug)]
pub(super) struct Fold {
    pub(super) incidents: Incidents,
    pub(super) desk: Desk,
}

/// What came of one step.
#[derive(Debug, Default)]
pub(super) struct Yield {
    pub(super) notices: Vec<Notice>,
    pub(super) letters: Vec<Letter>,
    /// Why an order was not followed.
    pub(super) refusal: Option<Refusal>,
}

impl Fold {
    /// Takes one thing in, after everything that was due before it, in the order of time.
    pub(super) fn take(&mut self, entry: Entry) -> Yield {
        let Entry { now, came } = entry;
        let mut came_of = Yield::default();
        while let Some(due) = self.incidents.next_timeout().filter(|due| *due <= now) {
            self.desk.handle_timeout(due, &self.incidents);
            self.incidents.handle_timeout(due);
            self.pass_on(due, &mut came_of);
        }
        self.desk.handle_timeout(now, &self.incidents);
        match came {
            Came::Finding(finding) => self.incidents.handle(now, *finding),
            Came::Order(order) => {
                came_of.refusal = self.desk.order(now, order, &self.incidents).err();
            }
            Came::Time => self.incidents.handle_timeout(now),
        }
        self.pass_on(now, &mut came_of);
        came_of
    }

    /// When time alone does something.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        let due = [self.incidents.next_timeout(), self.desk.next_timeout()];
        due.into_iter().flatten().min()
    }

    fn pass_on(&mut self, now: Timestamp, came_of: &mut Yield) {
        while let Some(notice) = self.incidents.poll() {
            self.desk.handle(now, notice.clone(), &self.incidents);
            came_of.notices.push(notice);
        }
        while let Some(letter) = self.desk.poll() {
            came_of.letters.push(letter);
        }
    }
}
