//! From observations to findings: what RPKI says of a route, and which rule of the watch list it
//! meets or breaks.
//!
//! Start with [`Finding`]: what this crate is there to make. [`Classifier`] makes it out of an
//! observation, the [`WatchList`] and an [`RpkiSnapshot`].
//!
//! * A snapshot is made elsewhere, out of a document or of what an RTR session leaves; local exceptions
//!   ([`Slurm`]) are made here.
//! * [`VrpTable`] is RFC 6811, [`OriginValidation`] its verdict with the evidence;
//!   [`PathVerification`] is ASPA, [`OtcLeak`] RFC 9234.
//! * Between two snapshots: [`whatif`], [`roa_changes`], [`roa_expiries`],
//!   [`trust_anchor_losses`]. Of one: [`RoaReport`].
//!
//! Total functions throughout. This crate never knows bytes of BGP, feeds, or the time of day:
//! where expiry matters, `now` is an argument.

mod aspa;
mod classifier;
mod finding;
mod incident_kind;
mod interval_table;
mod kind_spec;
mod own_prefixes;
mod path;
mod roa_report;
mod roa_watch;
mod slurm;
mod snapshot;
mod table;
mod validity;
mod vrp;
mod watch;
mod watch_list;
mod whatif;

pub use aspa::{AspaTable, Hop};
pub use classifier::{Classifier, Neighbours};
pub use finding::{Condition, Finding, Held, Match, RouteFinding, RouteState};
pub use incident_kind::IncidentKind;
pub use kind_spec::{Accusation, Area, Headline, KindSpec, Remedy, Severities, Severity};
pub use own_prefixes::OwnPrefixes;
pub use path::{Direction, OtcLeak, PathFlaw, PathState, PathVerification, Ramp, Role, Step};
pub use roa_report::{Coverage, Exposure, RoaReport};
pub use roa_watch::{
    RoaChange, RoaExpiry, TrustAnchorLoss, VrpChange, roa_changes, roa_expiries,
    trust_anchor_losses,
};
pub use slurm::{PrefixFilter, Slurm, SlurmConflict};
pub use snapshot::{Expired, RpkiSnapshot, Skipped};
pub use table::{Near, VrpTable, VrpTableBuilder};
pub use validity::{ValidatedRoute, Validity};
pub use vrp::{InvalidReason, OriginValidation, ValidationState, Vrp, VrpError};
pub use watch::{Origins, Watch};
pub use watch_list::{WatchConflict, WatchList};
pub use whatif::{Announcement, Effect, whatif};
