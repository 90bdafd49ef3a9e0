use super::PeerUp;
use crate::AsSize;
use crate::update::Update;

/// How wide the AS numbers of one peer's paths are.
///
/// FRR leaves the A flag clear and tells the paths of a two-octet neighbour as they came; others set it
/// and send four octets. So the flag alone is not believed: the two OPEN messages say it, or else the
/// flag, and what the octets of a path can be decides against both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AsNumbers {
    /// What the OPEN messages say; none without a Peer Up, and of a Loc-RIB.
    agreed: Option<AsSize>,
    /// The width of the latest path that could have one alone.
    seen: Option<AsSize>,
}

impl AsNumbers {
    /// What the two ends agreed on: four octets where both offer them (RFC 6793 section 4.1).
    pub(super) const fn agreed(up: &PeerUp) -> Self {
        let agreed = match up.sent.four_octet_as && up.received.four_octet_as {
            true => AsSize::Four,
            false => AsSize::Two,
        };
        AsNumbers { agreed: Some(agreed), seen: None }
    }

    /// Settles how wide the AS numbers of an UPDATE are, and whether that is a guess: the octets fit
    /// neither what the OPEN messages nor what the flag says, or fit both where these disagree and no
    /// path of this peer has shown it.
    pub(super) fn settle(&mut self, update: &Update<'_>, flag: AsSize) -> (AsSize, bool) {
        let said = self.agreed.unwrap_or(flag);
        let fits = |size| update.fits(size).unwrap_or(true);
        let only = match (fits(AsSize::Two), fits(AsSize::Four)) {
            (true, false) => AsSize::Two,
            (false, true) => AsSize::Four,
            (true, true) if said != flag && update.fits(said).is_some() => {
                return (self.seen.unwrap_or(said), self.seen.is_none());
            }
            (true, true) | (false, false) => return (said, false),
        };
        self.seen = Some(only);
        (only, only != said && only != flag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Session;
    use AsSize::{Four, Two};

    /// An UPDATE with nothing but an AS_PATH of these octets.
    fn settle(numbers: &mut AsNumbers, path: &[u8], flag: AsSize) -> (AsSize, bool) {
        let attribute = [&[0x40, 2, u8::try_from(path.len()).unwrap()], path].concat();
        let length = u8::try_from(attribute.len()).unwrap();
        let bytes = [&[0, 0, 0, length], &attribute[..]].concat();
        let session = Session { as_size: Four, add_path_v4: false, add_path_v6: false };
        numbers.settle(&Update::new(&bytes, session).ok().unwrap(), flag)
    }

    #[test]
    fn what_the_octets_can_be_decides() {
        let two = [2, 3, 0xfb, 0xf0, 0xfb, 0xf6, 0xfb, 0xf7];
        let four = [2, 2, 0, 0, 0xfb, 0xf0, 0, 0, 0xfb, 0xf7];
        // AS64496 AS200 and then AS64666; or AS4227858632 AS33684634.
        let both = [2, 2, 0xfb, 0xf0, 0, 200, 2, 1, 0xfc, 0x9a];
        let unknown = AsNumbers::default();
        let of = |agreed| AsNumbers { agreed: Some(agreed), seen: None };
        let table = [
            (of(Two), &two[..], Four, (Two, false)),
            (of(Four), &four, Two, (Four, false)),
            (of(Two), &four, Four, (Four, false)),
            (unknown, &two, Two, (Two, false)),
            // Only the octets say so.
            (of(Four), &two, Four, (Two, true)),
            (unknown, &four, Two, (Four, true)),
            // Either may be.
            (of(Two), &both, Two, (Two, false)),
            (unknown, &both, Four, (Four, false)),
            (of(Two), &both, Four, (Two, true)),
            (of(Four), &both, Two, (Four, true)),
            // Nothing to be seen.
            (of(Two), &[], Four, (Two, false)),
            (of(Four), &[2, 9, 1], Two, (Four, false)),
        ];
        for (mut numbers, path, flag, expected) in table {
            assert_eq!(settle(&mut numbers, path, flag), expected, "{numbers:?} {path:?} {flag:?}");
        }
        let mut numbers = of(Two);
        assert_eq!(settle(&mut numbers, &four, Four), (Four, false));
        assert_eq!(
            settle(&mut numbers, &both, Four),
            (Four, false),
            "an earlier path has shown it"
        );
    }
}
