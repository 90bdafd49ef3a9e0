//! From observations to findings: what RPKI says of a route, and which rule of the watch list it
//! meets or breaks.
//!
//! Start with [`Finding`]: what this crate is there to make. [`Sieve`] makes it out of an
//! observation, the [`WatchList`] and an [`RpkiSnapshot`]; [`OriginValidation`] is RFC 6811 with
//! its evidence.
//!
//! Total functions throughout. This crate never knows bytes of BGP, feeds, or the time of day.

mod finding;
mod kind;
mod vrp;
mod watch;

pub use finding::{Finding, Held, Match, RouteFinding, Sight};
pub use kind::{Kind, Severity};
pub use vrp::{InvalidReason, OriginValidation, ValidationState, Vrp, VrpError};
pub use watch::{Origins, Watch};
