//! Findings to incidents to notices: a deterministic fold.
//!
//! Start with [`Incidents`], the engine: findings go in with [`Incidents::handle`], a
//! [`Notice`] comes out of [`Incidents::poll`] when there is something worth telling. Behind it
//! stand one table of current routes (`route_table`), the incidents that they make (`group_key`,
//! `incident`, `occurrence`) and the pure decision of what changed (`changes`). A notice carries every fact that is
//! told later.
//!
//! ```
//! use bgp::Timestamp;
//! use incidents::{Incidents, Reason, Rules};
//! use validator::{Finding, IncidentKind};
//!
//! let mut incidents = Incidents::new(Rules::default(), std::sync::Arc::default());
//! let (at, kind, subject) = (Timestamp::from_seconds(0), IncidentKind::FeedSilent, "rrc00".to_owned());
//! incidents.handle(at, Finding::Condition { at, kind, subject, details: vec![], active: true });
//! assert_eq!(incidents.poll().map(|notice| notice.reason), Some(Reason::Opened));
//! assert!(incidents.poll().is_none());
//! ```
//!
//! It must never know feeds, wire formats, tokio, the clock, channels, or how things are said to
//! people: `now` is an argument, so a year of incidents replays in seconds and comes out the same
//! each time.

mod advice;
mod changes;
mod contacts;
mod country;
mod directory;
mod due;
mod engine;
mod evidence;
mod first_hops;
mod group_key;
mod history;
mod incident;
mod incident_id;
mod incident_view;
mod memory;
mod notice;
mod occurrence;
mod offender_activity;
pub mod pairs;
mod report;
mod route_entry;
mod route_table;
mod rules;
mod sources;
mod timers;
mod visibility;

pub use bgp::printable;
pub use changes::IncidentChange;
pub use contacts::{Contacts, ContactsError};
pub use country::{Country, ParseCountryError};
pub use directory::{AsDirectory, DirectoryError, Party};
pub use engine::Incidents;
pub use evidence::Evidence;
pub use first_hops::FirstHop;
pub use history::{Flapping, Past};
pub use incident::State;
pub use incident_id::{Fnv, IncidentId};
pub use incident_view::{IncidentSummary, IncidentView};
pub use notice::{
    Acceptor, Advice, AffectedPrefix, Home, MoreSpecific, Notice, Reason, Roa, Upstream,
    VantageCounts,
};
pub use offender_activity::{Extent, ExtentClass};
pub use rules::Rules;
pub use sources::{ClockStep, FeedGap, FeedState, OthersTold, RpkiState, Sources};
pub use timers::Timers;
