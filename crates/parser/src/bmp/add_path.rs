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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{AsSize, Session};

    /// A message that withdraws these IPv4 prefixes, of path identifiers where there are some.
    fn message(routes: &[(u32, u32, u8)], add_path: bool) -> Vec<u8> {
        let mut field = Vec::new();
        for (path_id, bits, length) in routes {
            if add_path {
                field.extend(path_id.to_be_bytes());
            }
            let mask = u32::MAX.checked_shl(32 - u32::from(*length)).unwrap_or(0);
            field.push(*length);
            field.extend(&(bits & mask).to_be_bytes()[..usize::from(length.div_ceil(8))]);
        }
        let length = u16::try_from(field.len()).unwrap();
        [&length.to_be_bytes(), &field[..], &[0, 0]].concat()
    }

    fn read(bytes: &[u8], known: &mut AddPath) -> (Vec<u32>, bool) {
        let session = Session {
            as_size: AsSize::Four,
            add_path_v4: known.has(Family::Ipv4),
            add_path_v6: known.has(Family::Ipv6),
        };
        let mut update = Update::new(bytes, session).ok().unwrap();
        let corrected = known.correct(&mut update);
        (update.path_ids(), corrected)
    }

    proptest! {
        #[test]
        fn what_was_agreed_on_stands_where_it_is_sound(
            routes in prop::collection::vec((any::<u32>(), any::<u32>(), 8..=32_u8), 0..20),
            add_path in any::<bool>(),
        ) {
            let mut known = AddPath { v4: add_path, v6: false };
            let (path_ids, corrected) = read(&message(&routes, add_path), &mut known);
            let sent = routes.iter().map(|(path_id, ..)| if add_path { *path_id } else { 0 });
            prop_assert_eq!((path_ids, corrected), (sent.collect::<Vec<_>>(), false));
        }

        #[test]
        fn small_path_identifiers_show_whatever_was_agreed_on(
            routes in prop::collection::vec((0..0x1_0000_u32, any::<u32>(), 0..=32_u8), 1..20),
        ) {
            let mut known = AddPath::default();
            let (path_ids, corrected) = read(&message(&routes, true), &mut known);
            let sent: Vec<u32> = routes.iter().map(|(path_id, ..)| *path_id).collect();
            prop_assert_eq!((path_ids, corrected, known.v4), (sent, true, true));
        }
    }
}
