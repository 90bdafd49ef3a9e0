//! Bytes in, observations out: MRT dumps, BMP and RIS Live messages, of any age and writer.
//!
//! Start with [`Reader`]: it takes any source of bytes, finds out what they are, and pushes an
//! [`Item`] for every route, session change and damage into a sink. An [`Element`] borrows the bytes
//! it was read from and decodes what it is asked for: [`Element::origin`] reads the end of the
//! AS_PATH, [`Element::observation`] everything. A [`Filter`] decides by the prefix, before any
//! attribute is looked at.
//!
//! A router that is connected by BMP has a [`bmp::Session`] of its own, which tells what only a router
//! can tell beside the same items.
//!
//! Inside, [`Walker`] frames records and hands them to the decoder of their kind (`mrt`, `bmp`,
//! `ris_live`); all of them end in `update` and `attributes`, the one place where BGP is read.
//! Whoever has the bytes in memory uses the walker and leaves out the reader.
//!
//! What is broken costs only itself. An observer is not a speaker: a route is kept whatever RFC 7606
//! says of its attributes, as long as its prefix and AS_PATH can be read; what cannot be read puts the
//! route before it stale and never withdraws it. [`Damage`] tells how much was lost and where, and
//! reading goes on at the next whole thing. Nothing that the bytes
//! say can make this crate panic, hang or take memory without bound.
//!
//! It must never know of sockets, files, threads, clocks, RPKI or what an alert is.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

pub mod bgpdump;
pub mod bmp;

mod as_size;
mod attribute;
mod attributes;
mod code;
mod cursor;
mod damage;
mod digits;
mod element;
mod filter;
mod mrt;
mod nlri;
mod output;
mod path;
mod reader;
mod ris_live;
mod statistics;
mod step;
mod unpack;
mod update;
mod vantages;
mod walker;

pub use as_size::AsSize;
pub use attributes::Attributes;
pub use damage::{Damage, DamageKind, Scope};
pub use element::{Element, ElementKind, Item, RouteAttributes, Source};
pub use filter::{Everything, Filter, Received};
pub use mrt::RECORD_MAX;
pub use nlri::Nlri;
pub use path::{Path, PathSegment, SegmentKind};
pub use reader::Reader;
pub use statistics::{Damaged, Skipped, Statistics};
pub use step::Step;
pub use unpack::Compression;
pub use update::Session;
pub use walker::{Format, LINE_MAX, Walker};
