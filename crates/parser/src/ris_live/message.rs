use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use bgp::{Asn, Timestamp};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// What a line is.
pub(super) enum Line<'a> {
    Message(Box<Message<'a>>),
    /// `ris_subscribe_ok`, `ris_rrc_list`, `pong`.
    Control,
    /// `ris_error`.
    Error,
    Broken,
}

/// The `data` of a `ris_message`. Every field may be missing; numbers and texts are read from
/// either, since RIS Live has changed its mind.
#[derive(serde::Deserialize)]
pub(super) struct Message<'a> {
    timestamp: Option<f64>,
    #[serde(borrow)]
    peer: Option<Text<'a>>,
    peer_asn: Option<Asn>,
    #[serde(borrow)]
    host: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    state: Option<Text<'a>>,
    pub(super) path: Option<Vec<Hop>>,
    pub(super) community: Option<Vec<Numbers>>,
    #[serde(borrow)]
    pub(super) origin: Option<Text<'a>>,
    pub(super) med: Option<u64>,
    #[serde(borrow)]
    pub(super) aggregator: Option<Text<'a>>,
    #[serde(borrow)]
    announcements: Option<Vec<Announcement<'a>>>,
    #[serde(borrow)]
    withdrawals: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub(super) raw: Option<Text<'a>>,
}

/// The prefixes that share a next hop.
#[derive(serde::Deserialize)]
pub(super) struct Announcement<'a> {
    #[serde(borrow)]
    next_hop: Option<Text<'a>>,
    #[serde(borrow)]
    prefixes: Option<Vec<Text<'a>>>,
}

/// An AS, or the members of an AS_SET.
pub(super) enum Hop {
    As(Asn),
    Set(Vec<Asn>),
}

/// A community: two numbers, or three of a large one. What is longer counts as none.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    values: [u32; 3],
    count: usize,
}

/// A text, borrowed from the line unless it has escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    data: Option<Message<'a>>,
}

/// The type alone, whatever the shape of the data.
#[derive(serde::Deserialize)]
struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    data: Option<IgnoredAny>,
}

impl<'a> Line<'a> {
    pub(super) fn read(line: &'a [u8]) -> Self {
        if let Ok(Envelope { kind, data: Some(message) }) = serde_json::from_slice(line)
            && kind.as_ref().is_none_or(|kind| kind.as_str() == "ris_message")
        {
            return Line::Message(Box::new(message));
        }
        let Ok(Kind { kind, data }) = serde_json::from_slice(line) else { return Line::Broken };
        match kind.as_ref().map(Text::as_str) {
            Some("ris_error") => Line::Error,
            Some("ris_subscribe_ok" | "ris_unsubscribe_ok" | "ris_rrc_list" | "pong") => {
                Line::Control
            }
            // No envelope: the message itself.
            _ if data.is_none() => serde_json::from_slice(line).map_or(Line::Broken, Line::Message),
            _ => Line::Broken,
        }
    }
}

impl<'a> Message<'a> {
    /// Rounded to the microsecond: the number is decimal, and its nearest double is a little off.
    pub(super) fn at(&self) -> Option<Timestamp> {
        let micros = (self.timestamp.filter(|seconds| seconds.is_finite())? * 1e6).round();
        #[expect(clippy::cast_possible_truncation, reason = "it was rounded, and `as` saturates")]
        let micros = micros as i64;
        Some(Timestamp::from_micros(micros))
    }

    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.peer.as_ref()?.as_str().parse().ok()
    }

    pub(super) const fn asn(&self) -> Option<Asn> {
        self.peer_asn
    }

    /// `rrc21`, whether the host is written short or in full.
    pub(super) fn collector(&self) -> Option<&str> {
        let host = self.host.as_ref()?.as_str();
        Some(host.strip_suffix(".ripe.net").unwrap_or(host))
    }

    /// The type; some messages have none, and show it.
    pub(super) fn kind(&self) -> &str {
        match &self.kind {
            Some(kind) => kind.as_str(),
            None if self.announcements.is_some() || self.withdrawals.is_some() => "UPDATE",
            None if self.state.is_some() => "RIS_PEER_STATE",
            None => "",
        }
    }

    pub(super) fn state(&self) -> Option<&str> {
        self.state.as_ref().map(Text::as_str)
    }

    pub(super) fn announcements(&self) -> &[Announcement<'a>] {
        self.announcements.as_deref().unwrap_or_default()
    }

    pub(super) fn withdrawals(&self) -> impl Iterator<Item = &str> {
        self.withdrawals.iter().flatten().map(Text::as_str)
    }
}

impl Announcement<'_> {
    pub(super) fn next_hop(&self) -> Option<&str> {
        self.next_hop.as_ref().map(Text::as_str)
    }

    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.prefixes.iter().flatten().map(Text::as_str)
    }
}

impl Numbers {
    pub(super) fn as_slice(&self) -> &[u32] {
        self.values.get(..self.count).unwrap_or_default()
    }
}

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Hop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HopVisitor;
        impl<'de> Visitor<'de> for HopVisitor {
            type Value = Hop;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an AS number or a list of them")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Hop, E> {
                let number = u32::try_from(number).map_err(E::custom)?;
                Ok(Hop::As(Asn::new(number)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hop, E> {
                text.parse().map(Hop::As).map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Hop, A::Error> {
                let mut set = Vec::new();
                while let Some(member) = members.next_element()? {
                    set.push(member);
                }
                Ok(Hop::Set(set))
            }
        }
        deserializer.deserialize_any(HopVisitor)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumbersVisitor;
        impl<'de> Visitor<'de> for NumbersVisitor {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
                let mut numbers = Numbers { values: [0; 3], count: 0 };
                while let Some(number) = list.next_element()? {
                    if let Some(value) = numbers.values.get_mut(numbers.count) {
                        *value = number;
                    }
                    numbers.count += 1;
                }
                Ok(numbers)
            }
        }
        deserializer.deserialize_seq(NumbersVisitor)
    }
}
