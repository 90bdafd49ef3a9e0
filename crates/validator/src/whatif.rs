use std::fmt;

use bgp::{Asn, Prefix, RouteOrigin};
use serde::Serialize;

use crate::{OriginValidation, RpkiSnapshot, ValidationState};

/// A route that we announce, or mean to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Announcement {
    /// The prefix that is announced.
    pub prefix: Prefix,
    /// Who originates it.
    pub origin: Asn,
}

/// What a change of RPKI does to one of our routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// The route whose verdict differs.
    pub announcement: Announcement,
    /// The verdict before.
    pub before: OriginValidation,
    /// The verdict after.
    pub after: OriginValidation,
}

/// What becomes of each of these routes when one snapshot takes the place of another, in the
/// order of the routes, the unchanged ones too ([`Effect::changed`]).
pub fn whatif(
    before: &RpkiSnapshot,
    after: &RpkiSnapshot,
    announcements: impl IntoIterator<Item = Announcement>,
) -> Vec<Effect> {
    let effect = |announcement: Announcement| Effect {
        announcement,
        before: announcement.validate(before),
        after: announcement.validate(after),
    };
    announcements.into_iter().map(effect).collect()
}

impl Announcement {
    /// What origin validation says of it.
    pub fn validate(&self, snapshot: &RpkiSnapshot) -> OriginValidation {
        snapshot.vrps.validate(self.prefix, &RouteOrigin::As(self.origin))
    }
}

impl fmt::Display for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.prefix, self.origin)
    }
}

impl Effect {
    /// Whether the state is another one.
    pub fn changed(&self) -> bool {
        self.before.state() != self.after.state()
    }

    /// Whether the route is dropped from now on by whoever drops invalid routes.
    pub fn breaks(&self) -> bool {
        self.changed() && self.after.state() == ValidationState::Invalid
    }
}

impl fmt::Display for Effect {
    /// `198.18.4.0/24 AS64500 becomes invalid (length)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.changed() { "becomes" } else { "stays" };
        write!(f, "{} {verb} {}", self.announcement, self.after.state())?;
        match self.after.reason() {
            Some(reason) => write!(f, " ({})", reason.name()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Vrp, VrpTable};

    #[test]
    fn each_route_is_told_with_both_verdicts() {
        let snapshot = |vrps: &[(&str, u8, u32)]| {
            let vrp = |(place, max, asn): &(&str, u8, u32)| {
                Vrp::new(place.parse().unwrap(), *max, Asn::new(*asn)).unwrap()
            };
            RpkiSnapshot::of(vrps.iter().map(vrp).collect::<VrpTable>())
        };
        let before = snapshot(&[("198.18.0.0/21", 24, 64500)]);
        let after = snapshot(&[("198.18.0.0/21", 21, 64500), ("192.0.2.0/24", 24, 0)]);
        let routes = ["198.18.0.0/21", "198.18.4.0/24", "192.0.2.0/24", "203.0.113.0/24"];
        let routes = routes.map(|prefix| Announcement {
            prefix: prefix.parse().unwrap(),
            origin: Asn::new(64500),
        });
        let effects = whatif(&before, &after, routes);
        let told: Vec<_> = effects.iter().map(|e| (e.to_string(), e.breaks())).collect();
        let expected = [
            ("198.18.0.0/21 AS64500 stays valid", false),
            ("198.18.4.0/24 AS64500 becomes invalid (length)", true),
            ("192.0.2.0/24 AS64500 becomes invalid (as)", true),
            ("203.0.113.0/24 AS64500 stays not-found", false),
        ];
        assert_eq!(told, expected.map(|(text, breaks)| (text.to_owned(), breaks)));
        assert_eq!(effects[1].before.matched, before.vrps.iter().collect::<Vec<_>>());
    }
}
