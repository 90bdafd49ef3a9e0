use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bgp::{Asn, Vantage, View};

/// The vantage points of late, so that a route can point at its own.
#[derive(Clone, Debug)]
pub(crate) struct Vantages {
    collector: Arc<str>,
    /// Those that the data names, each once.
    collectors: HashSet<Arc<str>>,
    recent: Recent,
}

/// A vantage point at each place. Address and AS tell the place; two that share one take turns.
#[derive(Clone, Debug)]
struct Recent {
    places: Vec<Vantage>,
    /// Stands in for a place that is not there.
    spare: Vantage,
}

/// Collectors have fewer sessions. A map that keeps all of them costs a tenth of a scan.
const PLACES: usize = 256;

/// A stream that names more collectors than this is broken or hostile, and forgetting costs only
/// memory that could have been shared.
const COLLECTORS_MAX: usize = 1 << 16;

impl Vantages {
    pub(crate) fn new(collector: &str) -> Self {
        let collector = Arc::from(collector);
        let recent = Recent::new(&collector);
        Vantages { collector, collectors: HashSet::new(), recent }
    }

    /// A vantage point of the collector that was named in `new`.
    #[inline]
    pub(crate) fn get(&mut self, address: IpAddr, asn: Asn, view: View) -> &Vantage {
        let place = self.recent.place(address, asn);
        let is_it = (&place.address, place.asn, place.view) == (&address, asn, view)
            && Arc::ptr_eq(&place.collector, &self.collector);
        if !is_it {
            *place =
                Vantage { collector: Arc::clone(&self.collector), address, asn, view, vrf: None };
        }
        place
    }

    /// A vantage point of a collector that the data names.
    pub(crate) fn get_at(&mut self, collector: &str, address: IpAddr, asn: Asn) -> &Vantage {
        let view = View::AdjRibInPre;
        let place = self.recent.place(address, asn);
        let is_it = (&place.address, place.asn, place.view) == (&address, asn, view)
            && *place.collector == *collector;
        if !is_it {
            let collector = shared(&mut self.collectors, collector);
            *place = Vantage { collector, address, asn, view, vrf: None };
        }
        place
    }

    /// A vantage point that is not kept here.
    pub(crate) fn unkept(&self, address: IpAddr, asn: Asn) -> Vantage {
        let view = View::AdjRibInPre;
        Vantage { collector: Arc::clone(&self.collector), address, asn, view, vrf: None }
    }
}

impl Recent {
    fn new(collector: &Arc<str>) -> Self {
        let spare = Vantage {
            collector: Arc::clone(collector),
            address: Ipv4Addr::UNSPECIFIED.into(),
            asn: Asn::ZERO,
            view: View::AdjRibInPre,
            vrf: None,
        };
        Recent { places: vec![spare.clone(); PLACES], spare }
    }

    /// Peers at one exchange differ in the last octets of their addresses.
    #[inline]
    fn place(&mut self, address: IpAddr, asn: Asn) -> &mut Vantage {
        let last = match address {
            IpAddr::V4(address) => address.to_bits(),
            IpAddr::V6(address) => {
                let [.., high, low] = address.segments();
                u32::from(high) << 16 | u32::from(low)
            }
        };
        let mixed = (last ^ asn.number().rotate_left(16)).wrapping_mul(0x9e37_79b9);
        self.places.get_mut((mixed >> 24) as usize).unwrap_or(&mut self.spare)
    }
}

fn shared(collectors: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = collectors.get(name) {
        return Arc::clone(known);
    }
    if collectors.len() >= COLLECTORS_MAX {
        collectors.clear();
    }
    let name = Arc::from(name);
    collectors.insert(Arc::clone(&name));
    name
}
