use std::collections::VecDeque;
use std::time::Duration;

use clock::Moment;

use super::stamps::seconds;
use crate::SessionId;

/// A router that connected so often within [`FLAPPING_WITHIN`] does not stay: what it told each time is
/// not to be relied upon.
const FLAPPING: usize = 5;
const FLAPPING_WITHIN: Duration = Duration::from_secs(300);

/// VRFs that are named where it is said that they are left out.
const VRFS_NAMED: usize = 3;

/// One router of a feed.
#[derive(Debug)]
pub(super) struct Router {
    pub(super) session: Option<SessionId>,
    /// It has said something in this session.
    pub(super) heard: bool,
    pub(super) since: Moment,
    /// When it was last there, said something and stayed.
    pub(super) last_up: Moment,
    /// When it connected, the last times.
    pub(super) connected: VecDeque<Moment>,
    /// The VRFs that it has and nobody asked for.
    pub(super) left_out: Vec<String>,
}

impl Router {
    pub(super) const fn new(now: Moment) -> Self {
        Router {
            session: None,
            heard: false,
            since: now,
            last_up: now,
            connected: VecDeque::new(),
            left_out: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, session: SessionId, now: Moment) {
        (self.session, self.heard, self.since) = (Some(session), false, now);
        self.connected.push_back(now);
        if self.connected.len() > FLAPPING {
            self.connected.pop_front();
        }
    }

    pub(super) fn close(&mut self, now: Moment) {
        (self.session, self.heard, self.since) = (None, false, now);
    }

    pub(super) fn is_flapping(&self, now: Moment) -> bool {
        let first = self.connected.front().filter(|_| self.connected.len() == FLAPPING);
        first.is_some_and(|first| now.since(*first) < FLAPPING_WITHIN)
    }

    /// Whether it is connected, has said something, and stays.
    pub(super) fn is_up(&self, now: Moment) -> bool {
        self.heard && !self.is_flapping(now)
    }

    /// What it has and nobody asked for, in words for notices.
    pub(super) fn vrfs_left_out(&self, name: &str) -> Option<String> {
        let named = self.left_out.iter().take(VRFS_NAMED).map(String::as_str).collect::<Vec<_>>();
        let more = match self.left_out.len().saturating_sub(VRFS_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!named.is_empty()).then(|| format!("without {}{more} of {name}", named.join(", ")))
    }

    /// What is wrong with it, if it is not up.
    pub(super) fn trouble(&self, now: Moment) -> String {
        let since = seconds(self.since.wall);
        if self.is_flapping(now) {
            let minutes = FLAPPING_WITHIN.as_secs() / 60;
            return format!(
                "connects and is gone again, {FLAPPING} times within {minutes} minutes"
            );
        }
        match self.session {
            Some(_) => format!("connected since {since}, and has said nothing"),
            None => format!("no connection since {since}"),
        }
    }
}
