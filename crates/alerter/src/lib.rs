//! Notices to notifications to deliveries: who is told what, when, in which words, over which
//! channel.
//!
//! Start with [`dispatch`]: notices go in, what people want goes in, and a [`Notification`] comes out: a
//! [`Content`] and the [`Receiver`]s that get it. [`content`] says it in words, [`channels`] carry it,
//! [`replies`] are what comes back, [`calendar`] is where maintenance [`Window`]s come from.
//!
//! It must never know feeds, wire formats or SQLite. [`dispatch`] and [`content`] are pure: they ask no clock
//! and do no I/O.

mod annotations;
pub mod calendar;
mod channel_name;
pub mod channels;
pub mod content;
mod delivery_note;
pub mod dispatch;
mod dispatch_note;
mod drill;
mod notice;
mod notification;
mod receiver;
pub mod replies;
mod scope;
mod silence;
mod summary;
mod window;

pub use annotations::{Acknowledged, Annotations, Note, Signed};
pub use channel_name::ChannelName;
pub use content::mail;
pub use content::{grouped, html, moment, notice_text, plural, summary_text};
pub use delivery_note::DeliveryNote;
pub use dispatch_note::{DispatchNote, Hold};
pub use drill::drill;
pub use notice::{AnnotatedIncident, AnnotatedNotice, Operator};
pub use notification::{Content, Notification};
pub use receiver::Receiver;
pub use scope::Scope;
pub use silence::Silence;
pub use summary::{Cause, Queue, Row, StormKey, Summary, SummaryId};
pub use window::{Expected, ParseExpectedError, Standing, Window};
