use std::sync::Arc;

use archive::RecordVisitor;
use bgp::{Asn, Timestamp};
use parser::bgpdump::{Lines, write_path};
use parser::{Element, Everything, Filter};
use regex::bytes::Regex;
use validator::{Near, RpkiSnapshot, ValidationState};

use crate::criteria::{Criteria, ElementType, Format};
use crate::line;
use crate::prefixes::{PrefixSet, Reach};

/// Looks for what the [`Criteria`] say among the elements of one input, and prints it.
#[derive(Clone, Debug)]
pub struct Query {
    conditions: Arc<Conditions>,
    format: Format,
    /// None where hits are only counted.
    tells: bool,
    hits: u64,
    memory: Memory,
    lines: Lines,
}

/// What is kept from one element to the next, to be quicker.
#[derive(Clone, Debug, Default)]
struct Memory {
    /// Room for the text of a path.
    path: Vec<u8>,
    near: Near,
}

#[derive(Debug)]
struct Conditions {
    prefixes: Option<PrefixSet>,
    origins: Vec<Asn>,
    peers: Vec<Asn>,
    path: Option<Regex>,
    state: Option<ValidationState>,
    snapshot: Option<Arc<RpkiSnapshot>>,
    types: Vec<ElementType>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    /// Whether there is no condition but the prefixes.
    any: bool,
    /// Whether nothing is asked but how many there are.
    only_counts: bool,
}

/// The prefixes of a query.
struct Prefixes(Arc<Conditions>);

impl Query {
    pub(crate) fn new(criteria: Criteria) -> Self {
        let Criteria { prefixes, origins, peers, as_path, state, snapshot, types, .. } = criteria;
        let Criteria { from, until, format, count, explain_errors, .. } = criteria;
        let reach = Reach { covered: prefixes.covered, covering: prefixes.covering };
        let any = origins.is_empty()
            && peers.is_empty()
            && as_path.is_none()
            && state.is_none()
            && types.is_empty()
            && from.is_none()
            && until.is_none();
        let conditions = Conditions {
            prefixes: (!prefixes.list.is_empty()).then(|| PrefixSet::new(&prefixes.list, reach)),
            origins,
            peers,
            path: as_path,
            state: state.map(ValidationState::from),
            snapshot,
            types,
            from,
            until,
            any,
            // Who wants every error explained has every attribute read.
            only_counts: any && count && !explain_errors,
        };
        let (conditions, lines) = (Arc::new(conditions), Lines::default());
        Query { conditions, format, tells: !count, hits: 0, memory: Memory::default(), lines }
    }

    /// How many elements were looked for.
    pub const fn hits(&self) -> u64 {
        self.hits
    }
}

impl RecordVisitor for Query {
    type Unit = u8;

    fn filter(&self) -> impl Filter + use<> {
        Prefixes(Arc::clone(&self.conditions))
    }

    #[inline]
    fn visit(&mut self, element: &Element<'_>, out: &mut Vec<u8>) {
        let state = match self.conditions.hold(element, &mut self.memory) {
            Ok(state) => state,
            Err(Miss) => return,
        };
        self.hits += 1;
        if !self.tells {
            return;
        }
        match self.format {
            Format::Bgpdump => self.lines.write(element, out),
            Format::Json => line::json(element, state, out),
            Format::Table => line::table(element, state, out),
        }
    }
}

/// The element is not looked for.
struct Miss;

impl Conditions {
    /// What RPKI says of a hit, where that is asked.
    #[inline]
    fn hold(
        &self,
        element: &Element<'_>,
        memory: &mut Memory,
    ) -> Result<Option<ValidationState>, Miss> {
        let Some(kind) = ElementType::of(element) else { return Err(Miss) };
        if self.any && self.snapshot.is_none() {
            // A prefix is what a session change does not have.
            let is_hit = self.prefixes.is_none() || element.nlri().is_some();
            return if is_hit { Ok(None) } else { Err(Miss) };
        }
        self.hold_all(kind, element, memory)
    }

    /// The cheap ones first.
    fn hold_all(
        &self,
        kind: ElementType,
        element: &Element<'_>,
        memory: &mut Memory,
    ) -> Result<Option<ValidationState>, Miss> {
        let held = (self.types.is_empty() || self.types.contains(&kind))
            && (self.peers.is_empty() || self.peers.contains(&element.vantage.asn))
            && self.from.is_none_or(|from| from <= element.at)
            && self.until.is_none_or(|until| element.at < until)
            && (self.prefixes.is_none() || element.nlri().is_some());
        if !held {
            return Err(Miss);
        }
        let asks_for_route =
            !self.origins.is_empty() || self.path.is_some() || self.state.is_some();
        let (Some(attributes), Some(nlri)) = (element.attributes(), element.nlri()) else {
            // What has no route has no origin either.
            return if asks_for_route { Err(Miss) } else { Ok(None) };
        };
        if !asks_for_route && self.snapshot.is_none() {
            return Ok(None);
        }
        let origin = element.origin();
        if !self.origins.is_empty()
            && !origin.members().iter().any(|asn| self.origins.contains(asn))
        {
            return Err(Miss);
        }
        let Memory { path, near } = memory;
        let snapshot = self.snapshot.as_ref();
        let state = snapshot.map(|it| it.vrps.state_near(nlri.prefix, &origin, near));
        if self.state.is_some() && self.state != state {
            return Err(Miss);
        }
        if let Some(wanted) = &self.path {
            path.clear();
            write_path(attributes.path(), path);
            if !wanted.is_match(path) {
                return Err(Miss);
            }
        }
        Ok(state)
    }
}

impl Filter for Prefixes {
    fn wants(&self, prefix: bgp::Prefix) -> bool {
        self.0.prefixes.as_ref().map_or_else(|| Everything.wants(prefix), |set| set.wants(prefix))
    }

    fn only_counts(&self) -> bool {
        self.0.only_counts
    }

    #[inline]
    fn wants_v4(&self, bits: u32, length: u8) -> bool {
        self.0.prefixes.as_ref().is_none_or(|set| set.wants_v4(bits, length))
    }

    #[inline]
    fn wants_v6(&self, bits: u128, length: u8) -> bool {
        self.0.prefixes.as_ref().is_none_or(|set| set.wants_v6(bits, length))
    }
}
