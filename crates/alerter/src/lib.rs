//! From findings to a person: incidents, notices, and the channels that carry them.
//!
//! Start with [`Incidents`], the engine: findings go in with [`Incidents::handle`], a
//! [`Notice`] comes out of [`Incidents::poll`] when there is something worth telling. Behind it
//! stand one table of current routes (`routes`), the stories that they make (`story`,
//! `incident`) and the pure decision of what is news (`news`). A notice carries everything that
//! is told; `text`, `words` and [`mail`] only write it down. Between the notices and the outbox
//! stands the [`desk`]: who is told what, and when not.
//!
//! The core never knows feeds, wire formats, tokio or the clock: `now` is an argument, so a year
//! of incidents replays in seconds and comes out the same each time. Only [`deliver`] and [`store`]
//! do I/O.

mod advice;
mod agenda;
pub mod calendar;
mod country;
pub mod deliver;
pub mod desk;
mod directory;
mod draft;
mod drill;
mod extent;
mod incident;
mod incidents;
pub mod mail;
mod memory;
mod news;
mod notice;
mod notice_page;
mod page;
pub mod reply;
mod report;
mod routes;
mod rules;
mod sources;
pub mod store;
mod story;
mod summary_page;
mod text;
mod visibility;
mod words;

pub use country::{Country, ParseCountryError};
pub use directory::{AsDirectory, DirectoryError, Party};
pub use drill::drill;
pub use extent::{Extent, ExtentClass};
pub use incidents::{IncidentSummary, Incidents};
pub use news::News;
pub use notice::{
    Acceptor, Advice, AffectedPrefix, Evidence, Home, IncidentId, MoreSpecific, Notice, Past,
    Reason, Roa, State, Upstream, VantageCounts,
};
pub use rules::Rules;
pub use sources::{FeedGap, FeedSight, RpkiSight, Sources};
pub use words::{grouped, plural};
