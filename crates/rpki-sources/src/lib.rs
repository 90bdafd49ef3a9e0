//! What RPKI says, kept fresh: RTR caches, validators' documents over HTTP, files and local exceptions
//! (SLURM) become one [`RpkiSnapshot`] that is swapped whole.
//!
//! Read in the order of the flow. [`Source`] is where VRPs come from. `rtr`, `http` and `file` follow
//! one source each, for ever ([`document`] reads what the last two bring), and put a [`SourceState`] into
//! a `report`. `belief` holds back a
//! set that collapses, and `choice` decides which data to use and how good it is: both without a clock or
//! a task. [`follow`] puts it all together,
//! with the SLURM files on top, and gives out [`Rpki`] over a watch channel; [`load_once`] does the
//! same once, for the commands that end.
//!
//! What was had once stays until something better is there or its time is over, and then that is
//! said: validation never stops silently.
//!
//! This crate uses `validator` for the snapshot and `network` for connections. It must never know an
//! incident, a feed or a config file: [`Sources`] is all that it is told, and what a verdict is used
//! for is none of its business.
//!
//! [`RpkiSnapshot`]: validator::RpkiSnapshot

mod belief;
mod choice;
pub mod document;
mod fault;
mod file;
mod follow;
mod held_back;
mod http;
mod log;
mod once;
mod report;
mod rtr;
pub mod slurm;
mod slurm_files;
mod source;
mod sources;
mod state;

pub use choice::Policy;
pub use fault::Fault;
pub use held_back::{HeldBack, Loss};
pub use once::{LoadError, load_once, load_once_blocking};
pub use source::{Cache, PUBLIC_VALIDATORS, Source, SourceError};
pub use sources::{Sources, follow};
pub use state::{Health, Rpki, SourceState};
