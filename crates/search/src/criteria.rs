use std::sync::Arc;

use bgp::{Asn, Prefix, Timestamp};
use clap::ValueEnum;
use parser::{Element, ElementKind};
use regex::bytes::Regex;
use validator::{RpkiSnapshot, ValidationState};

/// What is looked for, and how hits are told. Of an empty list, and of what is none, everything is a hit.
#[derive(Clone, Debug)]
pub struct Criteria {
    /// Which prefixes.
    pub prefixes: Prefixes,
    /// Routes that one of these ASes originates, alone or as a member of an AS_SET.
    pub origins: Vec<Asn>,
    /// What vantage points in one of these ASes told.
    pub peers: Vec<Asn>,
    /// Routes whose AS path, as text, matches.
    pub as_path: Option<Regex>,
    /// Routes of this origin validation state.
    pub state: Option<RovState>,
    /// What to validate with; hits tell their state where it is there.
    pub snapshot: Option<Arc<RpkiSnapshot>>,
    /// Elements of one of these types.
    pub types: Vec<ElementType>,
    /// What was recorded at this time or later.
    pub from: Option<Timestamp>,
    /// What was recorded before this time.
    pub until: Option<Timestamp>,
    /// How hits are printed.
    pub format: Format,
    /// Hits are only counted, and not printed.
    pub count: bool,
    /// Damage in every attribute is told, also in those that change no count.
    pub explain_errors: bool,
}

/// Which prefixes are looked for: all where none is listed.
#[derive(Clone, Debug, Default)]
pub struct Prefixes {
    /// These.
    pub list: Vec<Prefix>,
    /// More specific ones as well.
    pub covered: bool,
    /// Less specific ones as well.
    pub covering: bool,
}

/// How hits are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The lines of `bgpdump -m`.
    Bgpdump,
    /// One object a line.
    Json,
    /// Columns for people.
    Table,
}

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ElementType {
    /// A route was announced.
    Announce,
    /// A route was withdrawn.
    Withdraw,
    /// A route is in a RIB.
    Rib,
    /// A session changed its state.
    State,
}

/// A validation state on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RovState {
    /// A VRP matches.
    Valid,
    /// VRPs cover the route, and none matches.
    Invalid,
    /// No VRP covers the route.
    NotFound,
}

impl ElementType {
    /// The type of this element.
    pub(crate) const fn of(element: &Element<'_>) -> Option<Self> {
        Some(match element.kind {
            ElementKind::Rib { .. } => ElementType::Rib,
            ElementKind::Announce { .. } => ElementType::Announce,
            ElementKind::Withdraw { .. } => ElementType::Withdraw,
            ElementKind::State { .. } => ElementType::State,
            ElementKind::Unreadable => return None,
        })
    }
}

impl From<RovState> for ValidationState {
    fn from(state: RovState) -> Self {
        match state {
            RovState::Valid => ValidationState::Valid,
            RovState::Invalid => ValidationState::Invalid,
            RovState::NotFound => ValidationState::NotFound,
        }
    }
}
