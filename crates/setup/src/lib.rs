//! From what RPKI, tables and registries say of an AS to a config that watches it.
//!
//! Start with [`Facts`]: all that is known of the operator's ASes. [`Proposal::new`] makes of it what should be
//! watched, each origin with its [`Evidence`], and what looks wrong already ([`Issue`]).
//! [`config_text`] writes that down as a config with comments, [`update`] adds what is new to a config that
//! is there and leaves the operator's own lines alone.
//!
//! In the order of the flow: `announced` and `route_objects` read what RIPEstat and routing registries say,
//! `survey` gathers who holds which route, `proposal` decides, `config_text` and `update` write. `import` is the other
//! way to a config: from one of BGPalerter or ARTEMIS ([`import_bgpalerter`], [`import_artemis`]), with a [`Note`] of
//! each key that has no counterpart.
//!
//! No clock, no file, no socket. This crate never knows feeds, incidents or how a config is read.

mod announced;
mod config_text;
mod evidence;
mod facts;
mod import;
mod issue;
mod proposal;
mod route_objects;
mod survey;
mod update;

pub use announced::{AnnouncedError, announced_prefixes};
pub use config_text::{Answers, MailAnswers, VrpPlace, config_text};
pub use evidence::{Evidence, Visibility};
pub use facts::Facts;
pub use import::{
    ForeignFile, ImportError, Imported, ImportedChannel, ImportedChannelKind, ImportedMail,
    ImportedOrigins, ImportedRoute, ImportedWatch, Note, RisLive, YamlError, import_artemis,
    import_bgpalerter, imported_text, other_files_of_bgpalerter,
};
pub use issue::Issue;
pub use proposal::{AllowedOrigin, Proposal, ProposedWatch, Upstream};
pub use route_objects::{RouteObject, route_objects};
pub use survey::{RouteSeen, Survey};
pub use update::{Change, Update, UpdateError, update};
