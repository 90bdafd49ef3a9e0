use bgp::Family;

use super::{PeerUp, Setting};
use crate::update::Update;

/// Whether routes have path identifiers (RFC 7911), by family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AddPath {
    v4: Reading,
    v6: Reading,
}

/// How the routes of one family are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reading {
    /// What the OPEN messages say.
    agreed: bool,
    /// Messages that can only have path identifiers, less those that can have none.
    evidence: i8,
}

/// The families that we read.
const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

/// More evidence than this is not kept, so that it can turn.
const EVIDENCE_MAX: i8 = 64;

impl AddPath {
    /// What the two ends agreed on for what the router receives.
    pub(super) fn received(up: &PeerUp) -> Self {
        Self::agreed(|family| up.sent.add_path(family).receive && up.received.add_path(family).send)
    }

    /// What the two ends agreed on for what the router sends.
    pub(super) fn sent(up: &PeerUp) -> Self {
        Self::agreed(|family| up.sent.add_path(family).send && up.received.add_path(family).receive)
    }

    /// A Loc-RIB has no other end: the capability alone says it (RFC 9069 section 5.2).
    pub(super) fn of_table(up: &PeerUp) -> Self {
        Self::agreed(|family| {
            let directions = up.sent.add_path(family);
            directions.receive || directions.send
        })
    }

    /// Whether either of two says so; of this one, what was seen since.
    pub(super) const fn or(mut self, other: Self) -> Self {
        self.v4.agreed |= other.v4.agreed;
        self.v6.agreed |= other.v6.agreed;
        self
    }

    /// Whether a family should have them: as the operator says, or as was seen, or as was agreed.
    pub(super) const fn has(self, family: Family, setting: Setting) -> bool {
        let known = match family {
            Family::Ipv4 => self.v4,
            Family::Ipv6 => self.v6,
        };
        match (setting, known.evidence) {
            (Setting::On, _) => true,
            (Setting::Off, _) => false,
            (Setting::Auto, 0) => known.agreed,
            (Setting::Auto, evidence) => evidence > 0,
        }
    }

    /// Settles how an UPDATE is read: in the one way that makes sense; where both do or none, as its
    /// family was mostly read so far. True where that is not what the two ends agreed on.
    ///
    /// GoBGP sends path identifiers in its Loc-RIB that it never announced, and no Peer Up for it.
    /// Nothing is certain of a message that makes sense both ways before others have shown; then it
    /// is for the operator to say.
    pub(super) fn settle(&mut self, update: &mut Update<'_>) -> bool {
        let mut turned = false;
        for family in FAMILIES {
            if !update.has_routes(family) {
                continue;
            }
            let sound = |has| update.with_add_path(family, has).is_sound(family);
            let step = match (sound(false), sound(true)) {
                (true, false) => -1,
                (false, true) => 1,
                _ => 0,
            };
            let expected = self.has(family, Setting::Auto);
            let known = match family {
                Family::Ipv4 => &mut self.v4,
                Family::Ipv6 => &mut self.v6,
            };
            known.evidence = (known.evidence + step).clamp(-EVIDENCE_MAX, EVIDENCE_MAX);
            let has = if step == 0 { expected } else { step > 0 };
            turned |= has != known.agreed;
            *update = update.with_add_path(family, has);
        }
        turned
    }

    fn agreed(says: impl Fn(Family) -> bool) -> Self {
        let known = |family| Reading { agreed: says(family), evidence: 0 };
        AddPath { v4: known(Family::Ipv4), v6: known(Family::Ipv6) }
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
        let session = Session { as_size: AsSize::Four, add_path_v4: false, add_path_v6: false };
        let mut update = Update::new(bytes, session).ok().unwrap();
        let turned = known.settle(&mut update);
        (update.path_ids(), turned)
    }

    #[test]
    fn one_message_does_not_outweigh_many() {
        let mut known = AddPath::agreed(|_| true);
        let plain = message(&[(0, 0xc633_6400, 24)], false);
        for _ in 0..3 {
            assert_eq!(read(&plain, &mut known), (vec![0], true));
        }
        assert_eq!(read(&message(&[(1, 0xc633_6400, 24)], true), &mut known), (vec![1], false));
        // It makes sense either way: two networks, or one with a path identifier.
        let both = message(&[(0, 0xc633_6400, 24), (0, 0xc633_6500, 24)], false);
        assert_eq!(read(&both, &mut known), (vec![0, 0], true));
    }

    proptest! {
        #[test]
        fn what_was_agreed_on_stands_where_it_is_sound(
            routes in prop::collection::vec((any::<u32>(), any::<u32>(), 8..=32_u8), 0..20),
            add_path in any::<bool>(),
        ) {
            let mut known = AddPath::agreed(|_| add_path);
            let (path_ids, turned) = read(&message(&routes, add_path), &mut known);
            let sent = routes.iter().map(|(path_id, ..)| if add_path { *path_id } else { 0 });
            prop_assert_eq!((path_ids, turned), (sent.collect::<Vec<_>>(), false));
        }

        #[test]
        fn small_path_identifiers_show_whatever_was_agreed_on(
            routes in prop::collection::vec((0..0x1_0000_u32, any::<u32>(), 0..=32_u8), 1..20),
        ) {
            let mut known = AddPath::default();
            let (path_ids, turned) = read(&message(&routes, true), &mut known);
            let sent: Vec<u32> = routes.iter().map(|(path_id, ..)| *path_id).collect();
            prop_assert_eq!((path_ids, turned, known.v4.evidence), (sent, true, 1));
        }
    }
}
