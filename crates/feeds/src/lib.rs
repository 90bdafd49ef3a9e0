//! Live feeds: bytes come in, findings go out.
//!
//! Start with [`Manager`]: it runs a task or a thread for each feed of the config. A feed opens a
//! `session` for each connection and each file, which decodes and classifies where the bytes come in
//! (`classify`, which a replay uses as well), and sends [`FeedEvent`]s over one bounded channel. What a
//! session reads is counted in its [`Activity`].
//!
//! A replay has a [`Recording`] instead: the same classification, in the order of the recordings' time.
//!
//! On the other side whoever owns the incidents keeps three things of this crate, each a pure state that
//! is told what time it is: [`FeedHealth`] says which feeds and routers are up, [`Staleness`] which
//! vantage points nobody has told of since a gap, [`CollectorRibs`] what was withdrawn while tables were
//! read. So a slow or hostile feed hurts itself alone, and an engine never sees a byte.
//!
//! This crate never knows incidents, the store, or mail.

mod activity;
mod bmp;
mod classify;
mod collector_ribs;
mod context;
mod event;
mod health;
mod initial_rib;
mod known_origins;
mod log;
mod manager;
mod mrt_dir;
mod position;
mod recording;
mod ris_live;
mod session;
mod settings;
mod staleness;
mod vantage_points;

pub use activity::Activity;
pub use bmp::{ListenError, bind};
pub use classify::{ElementClassifier, SharedPrefixes};
pub use collector_ribs::{CollectorRibs, rib_key};
pub use event::{Batch, Closed, FeedEvent, FeedId, Opened, RibSummary, SessionId, SessionKind};
pub use health::{FeedGap, FeedHealth, FeedStatus, RouterStatus};
pub use initial_rib::InitialRibs;
pub use known_origins::{KnownOrigins, OffenderFilter};
pub use manager::{Manager, Socket, WantedFeed};
pub use position::{Position, PositionError, folder_key};
pub use recording::{ElementCounts, FindingVisitor, Found, Recording};
pub use ris_live::reach as reach_ris_live;
pub use session::{Blocked, EVENTS};
pub use settings::{BmpRouter, Feed, FeedKind, Rib, RibPlace, RisLiveMode, Tristate};
pub use staleness::Staleness;
