//! The router's side of the protocol, without a socket or a clock: PDUs go in, queries and whole
//! answers come out (RFC 6810, RFC 8210 section 8).

use rpki::rtr::pdu::ErrorCode;

use super::payload::{Holdings, Intake, PayloadError};
use super::pdu::{Pdu, PduError, Query, Timing};

/// The version that is tried first: 8210bis, with ASPA.
const NEWEST: u8 = 2;

/// What we know of one cache, over all the connections to it.
#[derive(Debug)]
pub(super) struct Session {
    version: u8,
    /// Whether this connection has agreed on the version.
    agreed: bool,
    /// What the cache calls what we have; none if it must send everything.
    known: Option<Known>,
    holdings: Holdings,
    exchange: Exchange,
    /// The state that the cache has told us of, asked or not.
    notified: Option<(u16, u32)>,
}

/// A name for a set of payloads. Session ids of different versions have nothing to do with each
/// other (RFC 8210 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    version: u8,
    session: u16,
    serial: u32,
}

#[derive(Debug)]
enum Exchange {
    Idle,
    Asked(Query),
    Receiving { query: Query, session: u16, intake: Intake },
}

/// What is to be done after a PDU.
#[derive(Debug)]
pub(super) enum Step {
    /// Read on.
    Wait,
    /// Send this.
    Ask(Query),
    /// An answer is complete: finish its intake and hand the holdings to [`Session::settle`].
    Complete(Box<Answer>),
}

/// A complete answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) intake: Intake,
    pub(super) known: Known,
    pub(super) timing: Option<Timing>,
}

/// Why the connection cannot go on. What we have stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Pdu(#[from] PduError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("{0} where none is due")]
    Unexpected(&'static str),
    #[error("session {found} in the answer, expected {expected}")]
    Session { found: u16, expected: u16 },
    #[error("protocol version {found} in a session of version {expected}")]
    Version { found: u8, expected: u8 },
    #[error("the cache has no data yet")]
    NoData,
    #[error("the cache does not speak protocol version {0}")]
    Unsupported(u8),
    #[error("the cache reports error {code}{}{text}", if text.is_empty() { "" } else { ": " })]
    Reported { code: u16, text: String },
}

impl SessionError {
    /// The code of the Error Report that goes to the cache; none where the cache has spoken last
    /// (RFC 8210 section 5.11: never an error in answer to an error).
    pub(super) fn code(&self) -> Option<ErrorCode> {
        match self {
            SessionError::Pdu(error) => Some(error.code()),
            SessionError::Payload(error) => Some(error.code()),
            SessionError::Session { .. } => Some(ErrorCode::CORRUPT_DATA),
            SessionError::Unexpected(_) => Some(ErrorCode::INVALID_REQUEST),
            SessionError::Version { .. } => Some(ErrorCode::UNEXPECTED_PROTOCOL_VERSION),
            SessionError::NoData | SessionError::Unsupported(_) | SessionError::Reported { .. } => {
                None
            }
        }
    }
}

impl Default for Session {
    fn default() -> Self {
        Session {
            version: NEWEST,
            agreed: false,
            known: None,
            holdings: Holdings::default(),
            exchange: Exchange::Idle,
            notified: None,
        }
    }
}

impl Session {
    /// A new connection is there: the first query.
    pub(super) fn connected(&mut self) -> Query {
        self.agreed = false;
        self.notified = None;
        self.ask()
    }

    /// The refresh interval is over, or the cache has news: the next query.
    pub(super) fn ask(&mut self) -> Query {
        let query = match self.known {
            Some(Known { version, session, serial }) if version == self.version => {
                Query::Serial { session, serial }
            }
            Some(_) | None => Query::Reset,
        };
        self.exchange = Exchange::Asked(query);
        query
    }

    /// The connection is gone; `refused` if the cache closed it or does not speak our version. True
    /// if the next one should be made at once, with what was learnt.
    ///
    /// An exchange about changes that did not end well is not repeated, since it may never end
    /// well: StayRTR closes without a word when it does not know our session. A cache that closes
    /// instead of answering the first query may be one that knows only older versions.
    pub(super) fn disconnected(&mut self, refused: bool) -> bool {
        let exchange = std::mem::replace(&mut self.exchange, Exchange::Idle);
        let refused = refused && !self.agreed;
        match exchange {
            Exchange::Asked(Query::Serial { .. })
            | Exchange::Receiving { query: Query::Serial { .. }, .. } => {
                self.known = None;
                refused
            }
            Exchange::Asked(Query::Reset) if refused && self.version > 0 => {
                self.version -= 1;
                true
            }
            Exchange::Idle | Exchange::Asked(_) | Exchange::Receiving { .. } => {
                // A cache that was restarting, or has been renewed, must not stay at an old version.
                self.version = NEWEST;
                false
            }
        }
    }

    /// Takes the next PDU.
    pub(super) fn handle(&mut self, version: u8, pdu: Pdu) -> Result<Step, SessionError> {
        match pdu {
            Pdu::Error { code, text } => return Err(self.reported(code, text)),
            // Before the version is agreed on, a notify says nothing (RFC 8210 section 7).
            Pdu::SerialNotify { .. } if !self.agreed => return Ok(Step::Wait),
            Pdu::SerialNotify { .. }
            | Pdu::CacheResponse { .. }
            | Pdu::Prefix { .. }
            | Pdu::RouterKey { .. }
            | Pdu::Aspa { .. }
            | Pdu::EndOfData { .. }
            | Pdu::CacheReset => self.agree(version)?,
        }
        match pdu {
            Pdu::SerialNotify { session, serial } => {
                self.notified = Some((session, serial));
                Ok(self.follow())
            }
            Pdu::CacheResponse { session } => self.response(session),
            Pdu::CacheReset => match self.exchange {
                Exchange::Asked(Query::Serial { .. }) => {
                    self.known = None;
                    Ok(Step::Ask(self.ask()))
                }
                Exchange::Idle | Exchange::Asked(Query::Reset) | Exchange::Receiving { .. } => {
                    Err(SessionError::Unexpected("a Cache Reset"))
                }
            },
            Pdu::EndOfData { session, serial, timing } => self.end(session, serial, timing),
            payload @ (Pdu::Prefix { .. }
            | Pdu::RouterKey { .. }
            | Pdu::Aspa { .. }
            | Pdu::Error { .. }) => self.payload(payload).map(|()| Step::Wait),
        }
    }

    /// Takes over a complete answer; what to ask next, where the cache has news already.
    pub(super) fn settle(&mut self, known: Known, holdings: Holdings) -> Step {
        self.known = Some(known);
        self.holdings = holdings;
        self.follow()
    }

    /// The protocol version of this connection.
    pub(super) fn version(&self) -> u8 {
        self.version
    }

    /// Whether an answer is due.
    pub(super) fn is_waiting(&self) -> bool {
        !matches!(self.exchange, Exchange::Idle)
    }

    /// What the cache has said, as of the last complete answer.
    pub(super) fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// A cache of an older version may answer in that (RFC 8210 section 7); once agreed on, the
    /// version stays.
    fn agree(&mut self, found: u8) -> Result<(), SessionError> {
        if !self.agreed {
            self.version = self.version.min(found);
        }
        if found != self.version {
            return Err(SessionError::Version { found, expected: self.version });
        }
        self.agreed = true;
        Ok(())
    }

    fn reported(&self, code: u16, text: String) -> SessionError {
        match ErrorCode(code) {
            ErrorCode::NO_DATA_AVAILABLE => SessionError::NoData,
            ErrorCode::UNSUPPORTED_PROTOCOL_VERSION if !self.agreed => {
                SessionError::Unsupported(self.version)
            }
            _ => SessionError::Reported { code, text },
        }
    }

    /// Asks if the cache has told of something that we do not have. While an answer is due that
    /// waits: the notify may have crossed our query.
    fn follow(&mut self) -> Step {
        if self.is_waiting() {
            return Step::Wait;
        }
        let Some((session, serial)) = self.notified.take() else { return Step::Wait };
        match self.known {
            Some(known) if (known.session, known.serial) == (session, serial) => Step::Wait,
            Some(known) if known.session != session => {
                self.known = None;
                Step::Ask(self.ask())
            }
            Some(_) | None => Step::Ask(self.ask()),
        }
    }

    fn response(&mut self, session: u16) -> Result<Step, SessionError> {
        let Exchange::Asked(query) = self.exchange else {
            return Err(SessionError::Unexpected("a Cache Response"));
        };
        let intake = match query {
            Query::Reset => Intake::whole(),
            Query::Serial { session: expected, .. } if session != expected => {
                return Err(SessionError::Session { found: session, expected });
            }
            Query::Serial { .. } => Intake::changes(self.holdings.clone()),
        };
        self.exchange = Exchange::Receiving { query, session, intake };
        Ok(Step::Wait)
    }

    fn payload(&mut self, pdu: Pdu) -> Result<(), SessionError> {
        let Exchange::Receiving { intake, .. } = &mut self.exchange else {
            return Err(SessionError::Unexpected("a payload"));
        };
        match pdu {
            Pdu::Prefix { action, vrp } => intake.vrp(action, vrp)?,
            Pdu::Aspa { action, customer, scope, providers } => {
                intake.aspa(action, (customer, scope), providers)?;
            }
            Pdu::RouterKey { action } => intake.router_key(action)?,
            Pdu::SerialNotify { .. }
            | Pdu::CacheResponse { .. }
            | Pdu::EndOfData { .. }
            | Pdu::CacheReset
            | Pdu::Error { .. } => return Err(SessionError::Unexpected("a PDU")),
        }
        Ok(())
    }

    fn end(
        &mut self,
        found: u16,
        serial: u32,
        timing: Option<Timing>,
    ) -> Result<Step, SessionError> {
        match std::mem::replace(&mut self.exchange, Exchange::Idle) {
            Exchange::Receiving { session, intake, .. } if session == found => {
                let known = Known { version: self.version, session, serial };
                Ok(Step::Complete(Box::new(Answer { intake, known, timing })))
            }
            other @ (Exchange::Idle | Exchange::Asked(_) | Exchange::Receiving { .. }) => {
                let error = match other {
                    Exchange::Receiving { session: expected, .. } => {
                        SessionError::Session { found, expected }
                    }
                    Exchange::Idle | Exchange::Asked(_) => {
                        SessionError::Unexpected("an End of Data")
                    }
                };
                self.exchange = other;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
