use bgp::{AsPath, Asn, RouteOrigin, Segment};

use crate::as_size::AsSize;
use crate::cursor::Cursor;

/// An AS_PATH as it stands on the wire, merged with AS4_PATH as it is walked (RFC 6793 section
/// 4.2.3). Nothing is copied.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    leading: Segments<'a>,
    /// How many AS numbers of `leading` stand in front of `as4`; all where there is no AS4_PATH.
    take: usize,
    as4: Segments<'a>,
    /// Whether the first AS is left out.
    without_first: bool,
}

/// One segment of a [`Path`].
#[derive(Clone, Copy, Debug)]
pub struct PathSegment<'a> {
    /// Whether it is a set or a sequence, and of a confederation or not.
    pub kind: SegmentKind,
    size: AsSize,
    bytes: &'a [u8],
}

/// The kind of a path segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// AS_SET, type 1 (RFC 4271 section 4.3).
    Set,
    /// AS_SEQUENCE, type 2.
    Sequence,
    /// AS_CONFED_SEQUENCE, type 3 (RFC 5065).
    ConfedSequence,
    /// AS_CONFED_SET, type 4.
    ConfedSet,
}

impl<'a> Path<'a> {
    /// Of an AS_PATH alone.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], size: AsSize) -> Self {
        let leading = Segments { bytes, size };
        Path { leading, take: usize::MAX, as4: Segments::EMPTY, without_first: false }
    }

    /// Of an AS_PATH of two-octet numbers and an AS4_PATH. One that is longer than the AS_PATH is
    /// older than it, and ignored.
    pub(crate) fn merged(bytes: &'a [u8], as4: &'a [u8]) -> Self {
        let leading = Segments { bytes, size: AsSize::Two };
        let as4 = Segments { bytes: as4, size: AsSize::Four };
        // RFC 6793 section 6: confederation segments do not belong into AS4_PATH.
        let newer = as4.filter(|segment| !segment.kind.is_confederation());
        match leading.hops().checked_sub(newer.map(PathSegment::hops).sum()) {
            Some(take) => Path { leading, take, as4, without_first: false },
            None => Path::new(bytes, AsSize::Two),
        }
    }

    /// The same behind its first AS.
    #[inline]
    pub(crate) const fn behind_first(self) -> Self {
        Path { without_first: true, ..self }
    }

    /// The segments where they are those of AS_PATH, all and as they stand, as nearly always: for those
    /// who count nanoseconds.
    #[inline]
    pub(crate) const fn unmerged(self) -> Option<Segments<'a>> {
        match self.take == usize::MAX && !self.without_first {
            true => Some(self.leading),
            false => None,
        }
    }

    /// The segments, nearest AS first.
    #[inline]
    pub fn segments(self) -> impl Iterator<Item = PathSegment<'a>> {
        // None behind the cut. A confederation segment counts for nothing, so one that stands right
        // at the cut is taken, as RFC 6793 wants ("adjacent to a path segment that is prepended").
        let mut take = Some(self.take);
        let leading = self.leading.map_while(move |segment| {
            let left = take?;
            take = left.checked_sub(segment.hops());
            match take {
                Some(_) => Some(segment),
                None => Some(segment.first(left)).filter(|part| !part.bytes.is_empty()),
            }
        });
        let mut first = self.without_first;
        leading.chain(self.as4.filter(|segment| !segment.kind.is_confederation())).filter_map(
            move |segment| match std::mem::take(&mut first) {
                true => segment.behind_first(),
                false => Some(segment),
            },
        )
    }

    /// The Route Origin ASN (RFC 6811 section 2), read from the end of the path alone; see
    /// [`AsPath::origin`].
    #[inline]
    pub fn origin(self, speaker: Option<Asn>) -> RouteOrigin {
        let of_speaker = || speaker.map_or(RouteOrigin::None, RouteOrigin::As);
        self.named_origin().unwrap_or_else(of_speaker)
    }

    /// The same; none where the path leaves it to the speaker: it is empty, or ends in a confederation.
    #[inline]
    pub(crate) fn named_origin(self) -> Option<RouteOrigin> {
        // Of AS4_PATH only what `segments` takes of it: behind a confederation segment there, which
        // does not belong, stands nobody.
        let newer = self.as4.filter(|segment| !segment.kind.is_confederation()).last();
        let last = match newer {
            Some(segment) if !self.without_first => Some(segment),
            None if self.unmerged().is_some() => self.leading.last_filled(),
            _ => self.segments().filter(|segment| !segment.bytes.is_empty()).last(),
        };
        match last {
            Some(PathSegment { kind: SegmentKind::Sequence, size, bytes }) => {
                let tail = bytes.len().saturating_sub(size.octets());
                let last = Cursor::new(bytes.get(tail..).unwrap_or_default()).asn(size);
                Some(last.map_or(RouteOrigin::None, RouteOrigin::of))
            }
            Some(segment @ PathSegment { kind: SegmentKind::Set, .. }) => {
                Some(AsPath::new([segment.to_segment()]).origin(None))
            }
            Some(PathSegment {
                kind: SegmentKind::ConfedSequence | SegmentKind::ConfedSet,
                ..
            })
            | None => None,
        }
    }

    /// Whether this AS is a member of the confederation that the route came through.
    pub(crate) fn has_member(self, asn: Asn) -> bool {
        let mut members = self.segments().filter(|segment| segment.kind.is_confederation());
        members.any(|segment| segment.asns().any(|member| member == asn))
    }

    /// The path in words.
    pub fn to_as_path(self) -> AsPath {
        let mut segments: Vec<Segment> = Vec::new();
        for (index, segment) in self.segments().enumerate() {
            let segment = segment.to_segment();
            // The cut between AS_PATH and AS4_PATH may fall within what was one sequence.
            match (segments.last_mut(), segment) {
                (Some(Segment::Sequence(before)), Segment::Sequence(next))
                    if self.take != usize::MAX && index > 0 && before.len() + next.len() <= 255 =>
                {
                    *before = before.iter().chain(&next).copied().collect();
                }
                (_, segment) => segments.push(segment),
            }
        }
        AsPath::new(segments)
    }
}

impl<'a> PathSegment<'a> {
    /// The AS numbers in the order of the wire.
    #[inline]
    pub fn asns(self) -> impl Iterator<Item = Asn> + 'a {
        let mut cursor = Cursor::new(self.bytes);
        std::iter::from_fn(move || cursor.asn(self.size))
    }

    /// The same in words.
    pub fn to_segment(self) -> Segment {
        let asns = self.asns().collect();
        match self.kind {
            SegmentKind::Set => Segment::Set(asns),
            SegmentKind::Sequence => Segment::Sequence(asns),
            SegmentKind::ConfedSequence => Segment::ConfedSequence(asns),
            SegmentKind::ConfedSet => Segment::ConfedSet(asns),
        }
    }

    /// What it counts for in the length of a path: a set one, a confederation nothing (RFC 4271
    /// section 9.1.2.2, RFC 5065 section 5.3).
    #[inline]
    fn hops(self) -> usize {
        match self.kind {
            SegmentKind::Sequence => self.bytes.len() / self.size.octets(),
            SegmentKind::Set => 1,
            SegmentKind::ConfedSequence | SegmentKind::ConfedSet => 0,
        }
    }

    /// None where nothing is left.
    #[inline]
    fn behind_first(self) -> Option<Self> {
        let bytes = self.bytes.get(self.size.octets()..)?;
        (!bytes.is_empty()).then_some(PathSegment { bytes, ..self })
    }

    fn has_zero(self) -> bool {
        match self.size {
            AsSize::Two => self.bytes.chunks_exact(2).any(|asn| asn == [0; 2]),
            AsSize::Four => self.bytes.chunks_exact(4).any(|asn| asn == [0; 4]),
        }
    }

    fn first(self, asns: usize) -> Self {
        let octets = asns.saturating_mul(self.size.octets());
        PathSegment { bytes: self.bytes.get(..octets).unwrap_or(self.bytes), ..self }
    }
}

impl SegmentKind {
    /// Whether RFC 5065 defines it.
    pub const fn is_confederation(self) -> bool {
        matches!(self, SegmentKind::ConfedSequence | SegmentKind::ConfedSet)
    }

    #[inline]
    const fn of(octet: u8) -> Option<Self> {
        Some(match octet {
            1 => SegmentKind::Set,
            2 => SegmentKind::Sequence,
            3 => SegmentKind::ConfedSequence,
            4 => SegmentKind::ConfedSet,
            _ => return None,
        })
    }
}

/// How well the segments of one attribute can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Soundness {
    Sound,
    /// A segment without an AS in it, which says nothing and costs nothing.
    EmptySegment,
    /// AS 0, which stands for nobody.
    AsZero,
    /// An unknown type, an overrun, a leftover, or nothing but empty segments, which is no empty path:
    /// nobody knows what the octets mean.
    Broken,
}

/// Segments as they stand in one attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segments<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) size: AsSize,
}

impl<'a> Segments<'a> {
    const EMPTY: Self = Segments { bytes: &[], size: AsSize::Four };

    /// What RFC 7606 section 7.2 and RFC 7607 find wrong.
    pub(crate) fn check(mut self) -> Soundness {
        let (mut is_filled, mut has_empty, mut has_zero) = (false, false, false);
        let is_empty = self.bytes.is_empty();
        while !self.bytes.is_empty() {
            let Some(segment) = self.next() else { return Soundness::Broken };
            is_filled |= !segment.bytes.is_empty();
            has_empty |= segment.bytes.is_empty();
            has_zero |= segment.has_zero();
        }
        match (has_empty, has_zero) {
            _ if !is_filled && !is_empty => Soundness::Broken,
            (_, true) => Soundness::AsZero,
            (true, false) => Soundness::EmptySegment,
            (false, false) => Soundness::Sound,
        }
    }

    /// Whether all of the octets are segments.
    pub(crate) fn are_whole(mut self) -> bool {
        while !self.bytes.is_empty() {
            if self.next().is_none() {
                return false;
            }
        }
        true
    }

    #[inline]
    fn hops(self) -> usize {
        self.map(PathSegment::hops).sum()
    }

    #[inline]
    fn last_filled(self) -> Option<PathSegment<'a>> {
        self.filter(|segment| !segment.bytes.is_empty()).last()
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = PathSegment<'a>;

    #[inline]
    fn next(&mut self) -> Option<PathSegment<'a>> {
        let mut cursor = Cursor::new(self.bytes);
        let kind = SegmentKind::of(cursor.u8()?)?;
        let bytes = cursor.u8().map(usize::from)?;
        let bytes = cursor.take(bytes * self.size.octets())?;
        self.bytes = cursor.rest();
        Some(PathSegment { kind, size: self.size, bytes })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bgpdump::write_path;

    /// Segments of each kind as they stand on the wire, none of them empty.
    fn segments(size: AsSize) -> impl Strategy<Value = Vec<u8>> {
        let segment = (1..=4_u8, prop::collection::vec(any::<u16>(), 1..6));
        prop::collection::vec(segment, 0..5).prop_map(move |segments| {
            let mut bytes = Vec::new();
            for (kind, asns) in segments {
                bytes.extend([kind, u8::try_from(asns.len()).unwrap()]);
                for asn in asns {
                    match size {
                        AsSize::Two => bytes.extend(asn.to_be_bytes()),
                        AsSize::Four => bytes.extend((u32::from(asn) * 65_537).to_be_bytes()),
                    }
                }
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn a_path_is_written_as_the_one_in_words(
            four in segments(AsSize::Four),
            two in segments(AsSize::Two),
            as4 in segments(AsSize::Four),
        ) {
            let paths = [Path::new(&four, AsSize::Four), Path::merged(&two, &as4)];
            for path in paths.into_iter().flat_map(|path| [path, path.behind_first()]) {
                let mut text = Vec::new();
                write_path(path, &mut text);
                prop_assert_eq!(String::from_utf8(text).unwrap(), path.to_as_path().to_string());
            }
        }
    }

    /// Found by the fuzzer: the end of AS4_PATH was taken for the end of the path.
    #[test]
    fn confederation_at_the_end_of_as4_path_does_not_hide_the_origin() {
        let as_path = [2, 2, 0xfb, 0xf0, 0x5b, 0xa0];
        let confederation = [3, 1, 0, 0, 0xfc, 0];
        let newer = [2, 1, 0, 1, 0, 0];
        let speaker = Asn::new(64500);
        for (as4, origin) in [
            (confederation.to_vec(), RouteOrigin::Trans),
            ([&newer[..], &confederation].concat(), RouteOrigin::As(Asn::new(65536))),
            ([&confederation[..], &newer].concat(), RouteOrigin::As(Asn::new(65536))),
        ] {
            let path = Path::merged(&as_path, &as4);
            assert_eq!(path.origin(Some(speaker)), origin, "{as4:?}");
            assert_eq!(path.to_as_path().origin(Some(speaker)), path.origin(Some(speaker)));
        }
    }
}
