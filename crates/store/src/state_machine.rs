use alerter::dispatch::{Command, Dispatcher, Refusal};
use alerter::{AnnotatedNotice, Notification};
use bgp::Timestamp;
use incidents::Incidents;

use crate::entry::{Entry, Event};

/// Engine and dispatcher as one fold: the same when something happens and when it is read back.
#[derive(Debug)]
pub(crate) struct StateMachine {
    pub(crate) incidents: Incidents,
    pub(crate) dispatcher: Dispatcher,
}

/// What came of one step.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) notices: Vec<AnnotatedNotice>,
    pub(crate) notifications: Vec<Notification>,
    /// Why a command was refused.
    pub(crate) refusal: Option<Refusal>,
}

impl StateMachine {
    /// Takes one thing in, after everything that was due before it, in the order of time.
    pub(crate) fn take(&mut self, entry: Entry) -> Output {
        let Entry { now, event } = entry;
        let mut output = Output::default();
        while let Some(due) = self.incidents.next_timeout().filter(|due| *due <= now) {
            self.dispatcher.handle_timeout(due, &self.incidents);
            self.incidents.handle_timeout(due);
            self.pass_on(due, &mut output);
        }
        self.dispatcher.handle_timeout(now, &self.incidents);
        match event {
            Event::Finding(finding) => self.incidents.handle(now, *finding),
            Event::Command(command) => {
                output.refusal = self.command(now, command).err();
            }
            Event::Time => self.incidents.handle_timeout(now),
        }
        self.pass_on(now, &mut output);
        output
    }

    /// What is accepted the engine has to know, too.
    fn command(&mut self, now: Timestamp, command: Command) -> Result<(), Refusal> {
        let Some(incident) = command.action.accepted().cloned() else {
            return self.dispatcher.command(now, command, &self.incidents);
        };
        if !self.incidents.view().can_be_accepted(&incident) {
            return Err(Refusal::NotAcceptable(incident));
        }
        self.dispatcher.command(now, command, &self.incidents)?;
        self.incidents.accept(now, &incident);
        Ok(())
    }

    /// When time alone does something.
    pub(crate) fn next_timeout(&self) -> Option<Timestamp> {
        let due = [self.incidents.next_timeout(), self.dispatcher.next_timeout()];
        due.into_iter().flatten().min()
    }

    fn pass_on(&mut self, now: Timestamp, output: &mut Output) {
        while let Some(notice) = self.incidents.poll() {
            output.notices.push(self.dispatcher.annotated(notice.clone()));
            self.dispatcher.handle(now, notice, &self.incidents);
        }
        while let Some(notification) = self.dispatcher.poll() {
            output.notifications.push(notification);
        }
    }
}
