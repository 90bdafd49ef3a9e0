//! The words that every other crate speaks.
//!
//! Start with [`Observation`]: one vantage point announced or withdrew one prefix at one time.
//! It is made of a [`Timestamp`], a [`Vantage`] and a [`Change`], which carries a [`Route`] with
//! its [`AsPath`]. [`AsPath::origin`] answers the question that the whole project asks: who
//! originates this prefix (RFC 6811 section 2)?
//!
//! Nothing here reads bytes, knows RPKI or a watch list, or does I/O, so that the words stay small.

mod as_path;
mod asn;
mod distinguisher;
mod duration;
mod observation;
mod prefix;
mod printable;
mod route;
mod timestamp;
mod vantage;

pub use as_path::{AsPath, ParseAsPathError, RouteOrigin, Segment};
pub use asn::{Asn, AsnKind, ParseAsnError};
pub use distinguisher::{Distinguisher, ParseDistinguisherError};
pub use duration::parse_duration;
pub use observation::{Change, Event, Observation};
pub use prefix::{Family, ParsePrefixError, Prefix, PrefixError};
pub use printable::{excerpt, is_hidden, printable};
pub use route::{Community, LargeCommunity, Route};
pub use timestamp::{ParseTimestampError, Timestamp};
pub use vantage::{Vantage, View};
