use std::borrow::Cow;
use std::net::IpAddr;

use bgp::{Asn, Timestamp};
use serde::de::IgnoredAny;
use smallvec::SmallVec;

use super::communities::Communities;
use super::hops::Hops;

/// What a line is. Nearly all are messages, which are read at once and not kept.
#[expect(clippy::large_enum_variant, reason = "a box for each message costs more than the moves")]
pub(super) enum Line<'a> {
    Message(Message<'a>),
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
    pub(super) path: Option<Hops>,
    pub(super) community: Option<Communities>,
    #[serde(borrow)]
    pub(super) origin: Option<Text<'a>>,
    pub(super) med: Option<u64>,
    #[serde(borrow)]
    pub(super) aggregator: Option<Text<'a>>,
    #[serde(borrow)]
    announcements: Option<SmallVec<[Announcement<'a>; 1]>>,
    #[serde(borrow)]
    withdrawals: Option<SmallVec<[Text<'a>; 2]>>,
    #[serde(borrow)]
    pub(super) raw: Option<Text<'a>>,
}

/// The prefixes that share a next hop.
#[derive(serde::Deserialize)]
pub(super) struct Announcement<'a> {
    #[serde(borrow)]
    next_hop: Option<Text<'a>>,
    #[serde(borrow)]
    prefixes: Option<SmallVec<[Text<'a>; 2]>>,
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
    /// JSON is UTF-8 (RFC 8259 section 8.1); to ask that once is quicker than of every text.
    pub(super) fn read(line: &'a [u8]) -> Self {
        let Ok(line) = std::str::from_utf8(line) else { return Line::Broken };
        if let Ok(Envelope { kind, data: Some(message) }) = serde_json::from_str(line)
            && kind.as_ref().is_none_or(|kind| kind.as_str() == "ris_message")
        {
            return Line::Message(message);
        }
        let Ok(Kind { kind, data }) = serde_json::from_str(line) else { return Line::Broken };
        match kind.as_ref().map(Text::as_str) {
            Some("ris_error") => Line::Error,
            Some("ris_subscribe_ok" | "ris_unsubscribe_ok" | "ris_rrc_list" | "pong") => {
                Line::Control
            }
            // No envelope: the message itself.
            _ if data.is_none() => serde_json::from_str(line).map_or(Line::Broken, Line::Message),
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

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
