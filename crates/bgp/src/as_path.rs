use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Asn;

/// An AS_PATH (RFC 4271 section 4.3 and 5.1.2): the nearest AS first, the origin last.
///
/// Shown, and read, as `bgpdump` shows it: `64510 64511 {64512,64513}`, confederations in `(..)`
/// and `[..]`. Segments that show as nothing, or as one with their neighbour, are read so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AsPath {
    segments: Box<[Segment]>,
}

/// One segment of an AS_PATH. A segment may be empty: the wire can say so.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// AS_SEQUENCE (type 2): in order.
    Sequence(Box<[Asn]>),
    /// AS_SET (type 1): no order, from aggregation; deprecated by RFC 9774.
    Set(Box<[Asn]>),
    /// AS_CONFED_SEQUENCE (type 3, RFC 5065).
    ConfedSequence(Box<[Asn]>),
    /// AS_CONFED_SET (type 4, RFC 5065).
    ConfedSet(Box<[Asn]>),
}

/// Who originates a route, in the words of RFC 6811 section 2.
///
/// A route *has* an origin; a VRP *allows* one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteOrigin {
    /// The Route Origin ASN.
    As(Asn),
    /// The path ends in an AS_SET: the Route Origin ASN is NONE, no VRP can match. The members
    /// (sorted, each once) are kept as evidence.
    Set(Box<[Asn]>),
    /// The path ends in AS_TRANS (RFC 6793 section 4.2.3): an AS of four octets, and which one is not
    /// told. No VRP can match, and an AS of four octets cannot be told from it.
    Trans,
    /// NONE without a trace: the path cannot be read, or has no AS at all and the speaker's own AS is
    /// not known.
    None,
}

impl AsPath {
    /// A path of these segments, nearest first.
    pub fn new(segments: impl Into<Box<[Segment]>>) -> Self {
        AsPath { segments: segments.into() }
    }

    /// A path of one AS_SEQUENCE; an empty one gives the empty path.
    pub fn sequence(asns: impl IntoIterator<Item = u32>) -> Self {
        let asns: Box<[Asn]> = asns.into_iter().map(Asn::new).collect();
        if asns.is_empty() { Self::default() } else { Self::new([Segment::Sequence(asns)]) }
    }

    /// The segments, nearest first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the path holds no AS.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|segment| segment.asns().is_empty())
    }

    /// Every AS of the path, nearest first, set members in the order of the wire.
    pub fn asns(&self) -> impl DoubleEndedIterator<Item = Asn> + '_ {
        self.segments.iter().flat_map(|segment| segment.asns().iter().copied())
    }

    /// The Route Origin ASN (RFC 6811 section 2): the last AS of a final AS_SEQUENCE; NONE of a
    /// final AS_SET; of an empty path, or one that ends in a confederation segment, the AS of
    /// the speaker that gave us the route, `speaker`.
    pub fn origin(&self, speaker: Option<Asn>) -> RouteOrigin {
        let last = self.segments.iter().rfind(|segment| !segment.asns().is_empty());
        match last {
            Some(Segment::Sequence(asns)) => {
                asns.last().map_or(RouteOrigin::None, |asn| RouteOrigin::of(*asn))
            }
            Some(Segment::Set(asns)) => {
                let mut members = asns.to_vec();
                members.sort_unstable();
                members.dedup();
                RouteOrigin::Set(members.into())
            }
            Some(Segment::ConfedSequence(_) | Segment::ConfedSet(_)) | None => {
                speaker.map_or(RouteOrigin::None, RouteOrigin::As)
            }
        }
    }

    /// The AS that took the route from `asn`: its left neighbour on the path, prepending and
    /// confederation segments left aside. Members of an AS_SET have no order among themselves, so
    /// the neighbour of each stands before the set. AS 0 is no network's (RFC 7607), and nobody's neighbour.
    /// None where `asn` is not on the path or stands first.
    pub fn left_neighbour(&self, asn: Asn) -> Option<Asn> {
        let mut before = None;
        for segment in self.segments.iter().filter(|segment| !segment.is_confederation()) {
            let outside = before;
            for hop in segment.asns() {
                if *hop == asn {
                    let is_set = matches!(segment, Segment::Set(_));
                    return if is_set { outside } else { before };
                }
                before = if *hop == Asn::ZERO { before } else { Some(*hop) };
            }
        }
        None
    }
}

impl Segment {
    /// The members in the order of the wire.
    pub fn asns(&self) -> &[Asn] {
        match self {
            Segment::Sequence(asns)
            | Segment::Set(asns)
            | Segment::ConfedSequence(asns)
            | Segment::ConfedSet(asns) => asns,
        }
    }

    /// Whether RFC 5065 defines it: such segments stay inside one AS.
    pub const fn is_confederation(&self) -> bool {
        matches!(self, Segment::ConfedSequence(_) | Segment::ConfedSet(_))
    }
}

impl RouteOrigin {
    /// The origin of a path that ends in this AS.
    pub const fn of(last: Asn) -> Self {
        match last {
            Asn::TRANS => RouteOrigin::Trans,
            last => RouteOrigin::As(last),
        }
    }

    /// The origin where there is exactly one, and it is known.
    pub const fn asn(&self) -> Option<Asn> {
        match self {
            RouteOrigin::As(asn) => Some(*asn),
            RouteOrigin::Set(_) | RouteOrigin::Trans | RouteOrigin::None => None,
        }
    }

    /// Every AS that may have originated the route, as the path has it: one, AS_TRANS in the place of
    /// one, the members of a set, or nobody.
    pub fn members(&self) -> &[Asn] {
        match self {
            RouteOrigin::As(asn) => std::slice::from_ref(asn),
            RouteOrigin::Set(members) => members,
            RouteOrigin::Trans => &[Asn::TRANS],
            RouteOrigin::None => &[],
        }
    }

    /// Whether this AS may be the origin although the path does not name it: a four-octet one behind
    /// AS_TRANS.
    pub const fn may_hide(&self, asn: Asn) -> bool {
        matches!(self, RouteOrigin::Trans) && asn.number() > 0xffff
    }
}

/// The text is not an AS path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an AS path (expected numbers, sets as {{1,2}}, confederations as (1 2))")]
pub struct ParseAsPathError(String);

impl FromStr for AsPath {
    type Err = ParseAsPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseAsPathError(text.chars().take(60).collect());
        let mut segments: Vec<Segment> = Vec::new();
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '{' => rest.find('}').map(|end| end + 1),
                '(' => rest.find(')').map(|end| end + 1),
                '[' => rest.find(']').map(|end| end + 1),
                _ => Some(rest.find(['{', '(', '[']).unwrap_or(rest.len())),
            };
            let (part, behind) = rest.split_at(end.ok_or_else(error)?);
            segments.push(Segment::read(first, part).ok_or_else(error)?);
            rest = behind.trim_start();
        }
        Ok(AsPath::new(segments))
    }
}

impl Segment {
    fn read(first: char, part: &str) -> Option<Self> {
        let inner = match first {
            '{' | '(' | '[' => part.get(1..part.len() - 1)?,
            _ => part,
        };
        let words = inner.split([' ', ',']).filter(|word| !word.is_empty());
        let asns = words.map(|word| word.parse::<u32>().ok().map(Asn::new));
        let asns: Box<[Asn]> = asns.collect::<Option<_>>()?;
        Some(match first {
            '{' => Segment::Set(asns),
            '(' => Segment::ConfedSequence(asns),
            '[' => Segment::ConfedSet(asns),
            _ => Segment::Sequence(asns),
        })
    }
}

impl fmt::Display for AsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            segment.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, between, close) = match self {
            Segment::Sequence(_) => ("", " ", ""),
            Segment::Set(_) => ("{", ",", "}"),
            Segment::ConfedSequence(_) => ("(", " ", ")"),
            Segment::ConfedSet(_) => ("[", ",", "]"),
        };
        f.write_str(open)?;
        for (index, asn) in self.asns().iter().enumerate() {
            if index > 0 {
                f.write_str(between)?;
            }
            write!(f, "{}", asn.number())?;
        }
        f.write_str(close)
    }
}

impl fmt::Display for RouteOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteOrigin::As(asn) => asn.fmt(f),
            RouteOrigin::Set(members) => {
                f.write_str("{")?;
                for (index, asn) in members.iter().enumerate() {
                    write!(f, "{}{asn}", if index > 0 { "," } else { "" })?;
                }
                f.write_str("}")
            }
            RouteOrigin::Trans => write!(f, "{}", Asn::TRANS),
            RouteOrigin::None => f.write_str("NONE"),
        }
    }
}

impl Serialize for AsPath {
    /// As it is shown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AsPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asns(numbers: &[u32]) -> Box<[Asn]> {
        numbers.iter().copied().map(Asn::new).collect()
    }

    #[test]
    fn origin_follows_rfc_6811_section_2() {
        let speaker = Some(Asn::new(64496));
        let sequence = Segment::Sequence(asns(&[1, 2, 3]));
        let set = Segment::Set(asns(&[5, 4, 5]));
        let confed = Segment::ConfedSequence(asns(&[64512]));
        let empty = Segment::Sequence(asns(&[]));
        let as_3 = RouteOrigin::As(Asn::new(3));
        let as_speaker = RouteOrigin::As(Asn::new(64496));
        let table = [
            (vec![sequence.clone()], as_3.clone()),
            (vec![confed.clone(), sequence.clone()], as_3.clone()),
            (vec![sequence.clone(), empty.clone()], as_3),
            (vec![sequence.clone(), set.clone()], RouteOrigin::Set(asns(&[4, 5]))),
            (vec![set], RouteOrigin::Set(asns(&[4, 5]))),
            (vec![], as_speaker.clone()),
            (vec![empty], as_speaker.clone()),
            (vec![confed.clone()], as_speaker.clone()),
            (vec![sequence, confed], as_speaker),
        ];
        for (segments, origin) in table {
            let path = AsPath::new(segments);
            assert_eq!(path.origin(speaker), origin, "{path}");
        }
        assert_eq!(AsPath::default().origin(None), RouteOrigin::None);
    }

    #[test]
    fn as_trans_is_an_as_of_four_octets_that_is_not_told() {
        let origin = AsPath::sequence([64496, 23456]).origin(None);
        assert_eq!((&origin, origin.asn()), (&RouteOrigin::Trans, None));
        assert_eq!((origin.to_string().as_str(), origin.members()), ("AS23456", &[Asn::TRANS][..]));
        assert!(origin.may_hide(Asn::new(65536)) && !origin.may_hide(Asn::new(65535)));
        assert_eq!(serde_json::to_string(&origin).unwrap(), r#""trans""#);
        assert!(!RouteOrigin::of(Asn::new(7)).may_hide(Asn::new(65536)));
    }

    #[test]
    fn left_neighbour_looks_through_prepending_and_confederations() {
        let path = AsPath::new([
            Segment::ConfedSequence(asns(&[64512])),
            Segment::Sequence(asns(&[3356, 4651, 4651, 4761, 4761])),
        ]);
        let neighbour = |asn| path.left_neighbour(Asn::new(asn)).map(Asn::number);
        assert_eq!(neighbour(4761), Some(4651));
        assert_eq!(neighbour(4651), Some(3356));
        assert_eq!(neighbour(3356), None);
        // RFC 7607: AS 0 is nobody, wherever it stands.
        let path = AsPath::sequence([3356, 0, 0, 4761, 0]);
        let neighbour = |asn| path.left_neighbour(Asn::new(asn)).map(Asn::number);
        assert_eq!(
            (neighbour(4761), neighbour(0), neighbour(3356)),
            (Some(3356), Some(3356), None)
        );
        assert_eq!(neighbour(1), None);
        let set = AsPath::new([
            Segment::Sequence(asns(&[3356])),
            Segment::Set(asns(&[64500, 64670])),
            Segment::Sequence(asns(&[7])),
        ]);
        assert_eq!(set.left_neighbour(Asn::new(64670)), Some(Asn::new(3356)));
        assert_eq!(set.left_neighbour(Asn::new(7)), Some(Asn::new(64670)));
    }

    #[test]
    fn shown_as_bgpdump_shows_it() {
        let path = AsPath::new([
            Segment::ConfedSequence(asns(&[64512, 64513])),
            Segment::ConfedSet(asns(&[64514, 64515])),
            Segment::Sequence(asns(&[1, 2])),
            Segment::Set(asns(&[3, 4])),
        ]);
        assert_eq!(path.to_string(), "(64512 64513) [64514,64515] 1 2 {3,4}");
        assert_eq!(path.to_string().parse(), Ok(path));
        assert_eq!("".parse(), Ok(AsPath::default()));
        for text in ["x", "1 {2", "1 {2,x}", "1 4294967296", "}"] {
            assert!(text.parse::<AsPath>().is_err(), "{text}");
        }
    }
}
