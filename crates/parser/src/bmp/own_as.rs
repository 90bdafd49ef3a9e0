use bgp::{Asn, View};

use super::Setting;
use crate::{Path, SegmentKind};

/// What is known of the two ends of the session a path came over.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) view: View,
    /// The AS of the per-peer header; of a Loc-RIB the router's own.
    pub(super) peer: Asn,
    /// The AS of the OPEN that the router sent.
    pub(super) router: Option<Asn>,
}

/// Whether the router's own AS stands in front of a path that it received: FRR writes routes for BMP
/// as if it were to send them on to an external peer (FRR 8.0 and 8.4 seen; so do the collectors of
/// RouteViews).
///
/// Of a Loc-RIB the header names the router's AS, and a path in it never starts with that AS for
/// another reason. Of an Adj-RIB-In the OPEN that the router sent names it, and an internal session
/// is left alone; without the OPEN it takes a first AS that is not the peer's with the peer's right
/// behind it. A path that would be empty then is left alone as well.
pub(super) fn stands_in_front(path: Path<'_>, ends: Ends, setting: Setting) -> bool {
    let Some(first) = path.segments().next() else { return false };
    if first.kind != SegmentKind::Sequence || ends.is_sent() {
        return false;
    }
    let mut asns = path.segments().flat_map(|segment| segment.asns());
    let (Some(first), second) = (asns.next(), asns.next()) else { return false };
    match setting {
        Setting::On => true,
        Setting::Off => false,
        Setting::Auto => second.is_some_and(|second| ends.prove(first, second)),
    }
}

impl Ends {
    const fn is_sent(self) -> bool {
        matches!(self.view, View::AdjRibOutPre | View::AdjRibOutPost)
    }

    /// Whether both ends are the router's: an internal session, or a table of its own.
    pub(super) fn are_one(self) -> bool {
        self.view == View::LocRib || self.router == Some(self.peer)
    }

    fn prove(self, first: Asn, second: Asn) -> bool {
        match self.router {
            _ if self.view == View::LocRib => first == self.peer,
            Some(router) => first == router && router != self.peer,
            None => first != self.peer && second == self.peer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AsSize;

    fn found(view: View, peer: u32, router: Option<u32>, asns: &[u32]) -> bool {
        let mut bytes = vec![2, u8::try_from(asns.len()).unwrap()];
        bytes.extend(asns.iter().flat_map(|asn| asn.to_be_bytes()));
        let path = Path::new(&bytes, AsSize::Four);
        let ends = Ends { view, peer: Asn::new(peer), router: router.map(Asn::new) };
        stands_in_front(path, ends, Setting::Auto)
    }

    #[test]
    fn it_is_taken_off_only_where_that_is_proven() {
        let (pre, out, loc) = (View::AdjRibInPre, View::AdjRibOutPost, View::LocRib);
        assert!(found(pre, 4761, Some(64500), &[64500, 4761, 64666]));
        assert!(found(pre, 4761, Some(64500), &[64500, 3356]), "a route server's peer");
        assert!(found(pre, 4761, None, &[6447, 4761]));
        assert!(!found(pre, 4761, None, &[4761, 4761]), "the peer prepends");
        assert!(!found(pre, 4761, None, &[6447, 3356, 4761]));
        assert!(!found(pre, 4761, Some(64500), &[6447, 4761]), "not the router's");
        assert!(!found(pre, 64500, Some(64500), &[64500, 4761]), "internal");
        assert!(!found(pre, 4761, Some(64500), &[64500]));
        assert!(!found(out, 4761, Some(64500), &[64500, 3356]), "it belongs there");
        assert!(found(loc, 64500, None, &[64500, 4761]));
        assert!(!found(loc, 64500, None, &[4761, 64500]));
        assert!(!found(loc, 64500, None, &[64500]));
    }
}
