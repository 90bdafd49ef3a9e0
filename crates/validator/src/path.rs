use bgp::{AsPath, Asn, Route, Segment};

use crate::{AspaTable, Hop};

/// What the neighbour that a route comes from is to the one that receives it (RFC 9234 section 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// We buy transit from it.
    Provider,
    /// It buys transit from us.
    Customer,
    /// Neither buys transit from the other.
    Peer,
    /// It is a route server, and we are its client. It need not stand in the path.
    RouteServer,
    /// It is our client, and we are a route server.
    RouteServerClient,
    /// Not known, as for most neighbours of a collector. Only what no role could excuse is held
    /// against the path.
    #[default]
    Unknown,
}

/// What ASPA says of a path (draft-ietf-sidrops-aspa-verification section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathState {
    /// Every hop is as it must be, by attestation.
    Valid,
    /// The path has a hop that is forbidden by attestation: a leak or a forgery.
    Invalid,
    /// Too few attestations to say.
    Unknown,
}

/// A verdict on a path with its evidence; the state is computed from it.
///
/// The ASes of the path are AS(1), the origin, to AS(N), the neighbour, each once for its
/// prepending. The *up-ramp* goes from the origin to providers, the *down-ramp* from the
/// neighbour towards the origin, to providers as well; a route that nobody leaked has nothing
/// between the two but one peering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathVerification {
    /// Whether the path may go up only (from a customer or peer), or up and down.
    pub direction: Direction,
    /// Why the path is invalid without asking any ASPA.
    pub flaw: Option<PathFlaw>,
    /// How many ASes the path has, prepending left out: N in the draft.
    pub length: usize,
    /// From the origin.
    pub up: Ramp,
    /// From the neighbour.
    pub down: Ramp,
}

/// Which of the two algorithms (draft-ietf-sidrops-aspa-verification sections 6.2 and 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Received from below or beside: every hop must go up.
    Upstream,
    /// Received from above: the path goes up and then down.
    Downstream,
}

/// What makes a path invalid by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathFlaw {
    /// No AS at all.
    Empty,
    /// It has an AS_SET, whose order nobody knows (RFC 9774 deprecates it).
    AsSet,
    /// Its first AS is not the neighbour that sent it.
    NotFromNeighbour(Asn),
}

/// One ramp: how many ASes it has, at most and at least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ramp {
    /// As far as nothing is known against it.
    pub max: usize,
    /// As far as it is attested.
    pub min: usize,
    /// The step that ends it, by attestation: the customer's ASPA does not name the provider.
    pub stop: Option<Step>,
    /// The first step that is not attested, for want of an ASPA or against one.
    pub gap: Option<Step>,
}

/// A step from a customer to what must be its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// Whose ASPA is asked.
    pub customer: Asn,
    /// Who should be in it.
    pub provider: Asn,
}

impl Role {
    /// Which algorithm holds for routes from such a neighbour. A path that is invalid downstream
    /// is invalid upstream too, so that the former is right where nothing is known.
    pub const fn direction(self) -> Direction {
        match self {
            Role::Provider | Role::Unknown => Direction::Downstream,
            Role::Customer | Role::Peer | Role::RouteServer | Role::RouteServerClient => {
                Direction::Upstream
            }
        }
    }
}

impl PathVerification {
    /// Verifies a path that came from `neighbour`. Confederation segments are left aside: they
    /// lie within one AS.
    pub fn new(aspas: &AspaTable, path: &AsPath, neighbour: Asn, role: Role) -> Self {
        let mut pass = Pass::default();
        for segment in path.segments().iter().filter(|segment| !segment.is_confederation()) {
            match segment {
                Segment::Set(_) => pass.set = true,
                Segment::Sequence(_) | Segment::ConfedSequence(_) | Segment::ConfedSet(_) => {
                    segment.asns().iter().for_each(|asn| pass.step(aspas, *asn));
                }
            }
        }
        pass.finish(neighbour, role)
    }

    /// The outcome of the verification: what the ramps add up to.
    pub fn state(&self) -> PathState {
        let reach = |up, down| match self.direction {
            Direction::Upstream => up,
            Direction::Downstream => up + down,
        };
        if self.flaw.is_some() || reach(self.up.max, self.down.max) < self.length {
            PathState::Invalid
        } else if reach(self.up.min, self.down.min) < self.length {
            PathState::Unknown
        } else {
            PathState::Valid
        }
    }

    /// The steps that make it so: of an invalid path those that are forbidden, of an unknown one
    /// those that are not attested.
    pub fn evidence(&self) -> impl Iterator<Item = Step> {
        let ramps = [Some(self.up), (self.direction == Direction::Downstream).then_some(self.down)];
        let state = self.state();
        ramps.into_iter().flatten().filter_map(move |ramp| match state {
            PathState::Invalid => ramp.stop,
            PathState::Unknown => ramp.gap,
            PathState::Valid => None,
        })
    }
}

/// What one walk from the neighbour to the origin notes; positions count from the neighbour, 1.
#[derive(Default)]
struct Pass {
    set: bool,
    /// The AS before this one, and the first of all.
    previous: Option<Asn>,
    first: Option<Asn>,
    length: usize,
    /// Where the down-ramp ends: the first such step.
    down_stop: Option<(usize, Step)>,
    down_gap: Option<(usize, Step)>,
    /// Where the up-ramp ends: the last such step, since it comes from the other end.
    up_stop: Option<(usize, Step)>,
    up_gap: Option<(usize, Step)>,
}

impl Pass {
    fn step(&mut self, aspas: &AspaTable, asn: Asn) {
        let Some(previous) = self.previous.replace(asn) else {
            (self.first, self.length) = (Some(asn), 1);
            return;
        };
        if previous == asn {
            return; // Prepending.
        }
        let at = self.length;
        self.length += 1;
        let down = Step { customer: previous, provider: asn };
        match aspas.hop(down.customer, down.provider) {
            Hop::ProviderPlus => {}
            Hop::NoAttestation => self.down_gap = self.down_gap.or(Some((at, down))),
            Hop::NotProviderPlus => {
                self.down_gap = self.down_gap.or(Some((at, down)));
                self.down_stop = self.down_stop.or(Some((at, down)));
            }
        }
        let up = Step { customer: asn, provider: previous };
        match aspas.hop(up.customer, up.provider) {
            Hop::ProviderPlus => {}
            Hop::NoAttestation => self.up_gap = Some((at, up)),
            Hop::NotProviderPlus => (self.up_gap, self.up_stop) = (Some((at, up)), Some((at, up))),
        }
    }

    fn finish(self, neighbour: Asn, role: Role) -> PathVerification {
        let length = self.length;
        // From this side a ramp that stops at the n-th step has n ASes, from the other the rest.
        let down = |end: Option<(usize, Step)>| end.map_or(length, |(at, _)| at);
        let up = |end: Option<(usize, Step)>| end.map_or(length, |(at, _)| length - at);
        let flaw = match self.first {
            _ if self.set => Some(PathFlaw::AsSet),
            None => Some(PathFlaw::Empty),
            // A route server does not add its AS (RFC 7947 section 2.2.2.1).
            Some(first) if first != neighbour && role != Role::RouteServer => {
                Some(PathFlaw::NotFromNeighbour(first))
            }
            Some(_) => None,
        };
        let step = |end: Option<(usize, Step)>| end.map(|(_, step)| step);
        PathVerification {
            direction: role.direction(),
            flaw,
            length,
            up: Ramp {
                max: up(self.up_stop),
                min: up(self.up_gap),
                stop: step(self.up_stop),
                gap: step(self.up_gap),
            },
            down: Ramp {
                max: down(self.down_stop),
                min: down(self.down_gap),
                stop: step(self.down_stop),
                gap: step(self.down_gap),
            },
        }
    }
}

/// A route that its OTC attribute proves leaked (RFC 9234 section 5, ingress).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OtcLeak {
    /// Who said that it must only go to customers.
    pub only_to_customer: Asn,
    /// Who sent it all the same.
    pub neighbour: Asn,
}

impl OtcLeak {
    /// The leak that the route is when a neighbour in this role sends it, if it is one.
    pub fn of(route: &Route, neighbour: Asn, role: Role) -> Option<Self> {
        let only_to_customer = route.only_to_customer?;
        let leaked = match role {
            // Whoever marked it, it has gone down already and must not come up again.
            Role::Customer | Role::RouteServerClient => true,
            // A peer marks its own routes, and passes on no others to peers.
            Role::Peer => only_to_customer != neighbour,
            Role::Provider | Role::RouteServer | Role::Unknown => false,
        };
        leaked.then_some(OtcLeak { only_to_customer, neighbour })
    }
}

#[cfg(test)]
mod tests;
