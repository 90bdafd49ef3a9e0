//! The binary `originwatch`: config, command line, and the pipeline from files to mails.
//!
//! Start with [`cli`]: the commands and what they take. [`Config`](config::Config) is what
//! `originwatch.toml` means. [`replay`] is the pipeline: inputs, merged by time, through the
//! parser, the classifier and the incident engine, to notices. [`run`] is the same for as long as
//! it lives. [`replay_mailer`] carries the notices of a replay to a relay or into files.
//! [`rpki_sources`] fetches what RPKI says, once or for ever. [`incidents`], [`maintenance`] and
//! [`mail`] look into the store of a running [`run`], and leave requests there. [`init`] writes the config in
//! the first place, [`import`] from that of another program.
//!
//! This is the only crate that accepts a socket, reads a clock or catches a signal. It is
//! plumbing: it never knows wire formats, the rule of origin validation, or the rules of incidents.

mod arguments;
mod channels;
pub mod check;
pub mod cli;
pub mod config;
mod config_file;
pub mod config_in_force;
mod console;
mod directory;
mod dns;
mod drill;
pub mod exit;
pub mod format;
mod given_time;
pub mod help;
pub mod import;
pub mod incidents;
pub mod init;
pub mod mail;
mod mail_composer;
pub mod maintenance;
pub mod own_routes;
mod reclassify;
pub mod recordings;
pub mod replay;
pub mod replay_mailer;
mod requests;
pub mod roas;
pub mod run;
pub mod search;
pub mod validate;
mod watches;
mod way_out;
pub mod whatif;
