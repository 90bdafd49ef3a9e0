use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bgp::{Asn, Vantage, View};

/// Each vantage point once, so that a route can point at its own.
#[derive(Clone, Debug)]
pub(crate) struct Vantages {
    collector: Arc<str>,
    collectors: HashMap<Arc<str>, usize>,
    sessions: HashMap<Session, Vantage>,
}

/// The place of the collector's name, the peer's address and AS, the table.
type Session = (usize, IpAddr, Asn, View);

/// A collector has a few hundred sessions. A stream that names more than this is broken or hostile,
/// and forgetting costs only time.
const SESSIONS_MAX: usize = 1 << 16;

impl Vantages {
    pub(crate) fn new(collector: &str) -> Self {
        Vantages {
            collector: Arc::from(collector),
            collectors: HashMap::new(),
            sessions: HashMap::new(),
        }
    }

    /// A vantage point of the collector that was named in `new`.
    pub(crate) fn get(&mut self, address: IpAddr, asn: Asn, view: View) -> &Vantage {
        self.bound();
        let collector = &self.collector;
        let vantage = || Vantage { collector: Arc::clone(collector), address, asn, view };
        self.sessions.entry((0, address, asn, view)).or_insert_with(vantage)
    }

    /// A vantage point of a collector that the data names.
    pub(crate) fn get_at(&mut self, collector: &str, address: IpAddr, asn: Asn) -> &Vantage {
        self.bound();
        let place = match self.collectors.get(collector) {
            Some(place) => *place,
            None => {
                let place = self.collectors.len() + 1;
                self.collectors.insert(Arc::from(collector), place);
                place
            }
        };
        let view = View::AdjRibInPre;
        let session = (place, address, asn, view);
        let known = self.collectors.get_key_value(collector);
        let collector = known.map_or(&self.collector, |(name, _)| name);
        let vantage = || Vantage { collector: Arc::clone(collector), address, asn, view };
        self.sessions.entry(session).or_insert_with(vantage)
    }

    /// A vantage point that is not kept here.
    pub(crate) fn unkept(&self, address: IpAddr, asn: Asn) -> Vantage {
        let view = View::AdjRibInPre;
        Vantage { collector: Arc::clone(&self.collector), address, asn, view }
    }

    fn bound(&mut self) {
        if self.sessions.len() >= SESSIONS_MAX || self.collectors.len() >= SESSIONS_MAX {
            self.sessions.clear();
            self.collectors.clear();
        }
    }
}
