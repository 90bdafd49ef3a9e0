use std::time::Duration;

/// Why a notification was not taken. What to do about it differs; see each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It defers (SMTP 4xx; HTTP 408, 425, 429, 5xx; a program that fails): try again later.
    #[error("{place} defers: {answer}")]
    Deferred {
        /// Which relay, host or program.
        place: String,
        /// Its answer.
        answer: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// It refuses this notification or recipient (SMTP 5xx; HTTP 4xx): trying again changes nothing.
    #[error("{place} refuses: {answer}")]
    Refused {
        /// Which relay or host.
        place: String,
        /// Its answer.
        answer: String,
    },
    /// It refuses user name, password or key, or wants them (SMTP 530, 534, 535, 538; HTTP 401, 403):
    /// a fault of the configuration, not of the notification. Keep it and shout.
    #[error("{place} refuses to authenticate us: {answer}")]
    Authentication {
        /// Which relay or host.
        place: String,
        /// Its answer.
        answer: String,
    },
    /// There is nothing behind the address (HTTP 3xx, 404, 405, 410; no such program): a fault of the
    /// configuration too. Keep it and shout.
    #[error("{place} is not where notifications go: {answer}")]
    Misconfigured {
        /// Which host or program.
        place: String,
        /// Its answer.
        answer: String,
    },
    /// No word within the time. The notification may have been taken.
    #[error("{place} gave no answer within {} s", .after.as_secs_f64())]
    TimedOut {
        /// Which relay, host or program.
        place: String,
        /// The time that was given.
        after: Duration,
    },
    /// The connection could not be made or broke; if it broke late, the notification may have been taken.
    #[error("{place} cannot be reached: {reason}")]
    Unreachable {
        /// Which relay or host.
        place: String,
        /// What happened.
        reason: String,
    },
}

impl SendError {
    /// How long the other side asks us to wait, if it does.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            SendError::Deferred { retry_after, .. } => *retry_after,
            SendError::Refused { .. }
            | SendError::Authentication { .. }
            | SendError::Misconfigured { .. }
            | SendError::TimedOut { .. }
            | SendError::Unreachable { .. } => None,
        }
    }
}

/// An error with its causes on one line: what the other side says may have several.
pub(super) fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    incidents::printable(&text)
}

/// What somebody said, fit for a log: one line of at most 200 characters.
pub(super) fn excerpt(said: &[u8]) -> String {
    bgp::excerpt(&String::from_utf8_lossy(said), 200)
}
