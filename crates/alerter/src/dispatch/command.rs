use std::net::IpAddr;

use crate::receiver::Receiver;
use crate::scope::Scope;
use crate::window::Window;
use bgp::Timestamp;
use incidents::{IncidentId, printable};
use serde::{Deserialize, Serialize};

/// Characters of a note or a name that are kept: a line, not a notification.
const LINE: usize = 500;

/// What a person, or a program in their name, wants of the dispatcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Who, as notifications and pages show it: a mail address, a login, the name of a file.
    pub by: String,
    /// What.
    #[serde(rename = "what")]
    pub action: Action,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Somebody works on it: no reminders and no escalation, until it becomes more serious, or
    /// reopens. Updates still come.
    Acknowledge {
        /// Which.
        incident: IncidentId,
    },
    /// Nothing is told of what lies in this scope until then; if it is still open then, one notification
    /// says what was missed. That an incident is over is told even so to whom it was told.
    Mute {
        /// What.
        scope: Scope,
        /// The end.
        until: Timestamp,
    },
    /// The mute of exactly this scope ends now.
    Unmute {
        /// What.
        scope: Scope,
    },
    /// It is as good as over: nothing more is told until it has really ended. If it reopens
    /// after that, this and an acknowledgement are forgotten.
    Close {
        /// Which.
        incident: IncidentId,
    },
    /// The AS next to us that an incident is about belongs there: an upstream or a peer of ours. It is over, and
    /// no later route through it is told; here it is acknowledged, and the engine does the rest.
    Accept {
        /// Which.
        incident: IncidentId,
    },
    /// A note that stands in later notices.
    Note {
        /// Which.
        incident: IncidentId,
        /// What.
        text: String,
    },
    /// One more maintenance window, or another one under a name that is taken.
    MaintenanceAdd {
        /// The window.
        window: Window,
    },
    /// A window that was [added](Action::MaintenanceAdd) ends now, or never comes.
    MaintenanceRemove {
        /// Its name.
        name: String,
    },
    /// The windows of one source (the config, a calendar), in place of all that came from there.
    SetWindows {
        /// The source, by a name that stays the same.
        source: String,
        /// The windows.
        windows: Vec<Window>,
    },
    /// The addresses that a receiver depends on (relay, mail exchangers, the host of a URL), in
    /// place of all that were known.
    SetAddresses {
        /// The receiver.
        #[serde(rename = "destination")]
        receiver: Receiver,
        /// Its addresses.
        addresses: Vec<IpAddr>,
    },
}

impl Action {
    /// The incident that is accepted: the engine has to know it, too.
    pub const fn accepted(&self) -> Option<&IncidentId> {
        match self {
            Action::Accept { incident } => Some(incident),
            Action::Acknowledge { .. }
            | Action::Mute { .. }
            | Action::Unmute { .. }
            | Action::Close { .. }
            | Action::Note { .. }
            | Action::MaintenanceAdd { .. }
            | Action::MaintenanceRemove { .. }
            | Action::SetWindows { .. }
            | Action::SetAddresses { .. } => None,
        }
    }
}

/// The command makes no sense now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such incident, or none any more.
    #[error("there is no incident {0} that can still change")]
    UnknownIncident(IncidentId),
    /// It is over already.
    #[error("{0} is over")]
    Over(IncidentId),
    /// It is not about who stands next to us.
    #[error("{0} is not about an AS next to ours (first-hop): there is nothing to accept")]
    NotAcceptable(IncidentId),
    /// The end has come already.
    #[error("the end, {until}, is not after now, {now}")]
    EndInThePast {
        /// The end.
        until: Timestamp,
        /// Now.
        now: Timestamp,
    },
    /// Nothing of exactly this scope is muted.
    #[error("{0} is not muted")]
    NotMuted(Scope),
    /// No window of this name was added by a command.
    #[error("no maintenance window was added under the name '{0}'")]
    UnknownWindow(String),
    /// A window ends before it begins.
    #[error("the maintenance window '{0}' ends before it begins")]
    EmptyWindow(String),
    /// There is nothing in the text.
    #[error("the {0} is empty")]
    Empty(&'static str),
}

/// What a person wrote, as one line that is safe everywhere.
pub(super) fn line(text: &str) -> String {
    printable(text).trim().chars().take(LINE).collect()
}
