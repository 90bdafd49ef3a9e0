use bgp::Family;

use super::{PeerUp, Setting};
use crate::update::Update;

/// Whether routes have path identifiers (RFC 7911), by family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AddPath {
    v4: bool,
    v6: bool,
}

/// The families that we read.
const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

impl AddPath {
    /// What the two ends agreed on for what the router receives.
    pub(super) fn received(up: &PeerUp) -> Self {
        Self::agreed(|family| up.sent.add_path(family).receive && up.received.add_path(family).send)
    }

    /// What the two ends agreed on for what the router sends.
    pub(super) fn sent(up: &PeerUp) -> Self {
        Self::agreed(|family| up.sent.add_path(family).send && up.received.add_path(family).receive)
    }

    /// A Loc-RIB has no other end: the capability alone says it (RFC 9069 section 4.4).
    pub(super) fn of_table(up: &PeerUp) -> Self {
        Self::agreed(|family| {
            let directions = up.sent.add_path(family);
            directions.receive || directions.send
        })
    }

    /// Whether either of two says so.
    pub(super) const fn or(self, other: Self) -> Self {
        AddPath { v4: self.v4 || other.v4, v6: self.v6 || other.v6 }
    }

    pub(super) const fn has(self, family: Family) -> bool {
        match family {
            Family::Ipv4 => self.v4,
            Family::Ipv6 => self.v6,
        }
    }

    /// The setting of the operator, or else what is known.
    pub(super) const fn by(self, setting: Setting) -> Self {
        match setting {
            Setting::Auto => self,
            Setting::On => AddPath { v4: true, v6: true },
            Setting::Off => AddPath { v4: false, v6: false },
        }
    }

    /// Reads an UPDATE the other way where it makes no sense as it should be read, and does make
    /// sense the other way; from then on that is how it should be read. False where nothing was
    /// wrong.
    ///
    /// GoBGP sends path identifiers in its Loc-RIB that it never announced, and no Peer Up for it.
    /// Where both readings make sense nothing is certain, and what is known stands: then it is for
    /// the operator to say.
    pub(super) fn correct(&mut self, update: &mut Update<'_>) -> bool {
        let mut corrected = false;
        for family in FAMILIES {
            let other = !self.has(family);
            let turned = update.with_add_path(family, other);
            if !update.is_sound(family) && turned.is_sound(family) {
                *update = turned;
                match family {
                    Family::Ipv4 => self.v4 = other,
                    Family::Ipv6 => self.v6 = other,
                }
                corrected = true;
            }
        }
        corrected
    }

    fn agreed(says: impl Fn(Family) -> bool) -> Self {
        AddPath { v4: says(Family::Ipv4), v6: says(Family::Ipv6) }
    }
}
