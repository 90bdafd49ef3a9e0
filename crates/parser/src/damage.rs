use std::fmt;
use std::io;

use crate::Compression;

/// Something that was not as the RFCs say: where, and how much is lost by it. Reading goes on
/// behind it, except where [`Scope::Stream`] says that there is no next whole thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The number of the record (MRT record or line), the first is 0.
    pub record: u64,
    /// Where in the unpacked stream, in octets.
    pub offset: u64,
    /// How much is lost.
    pub scope: Scope,
    /// What was found.
    pub kind: DamageKind,
}

/// How much is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// An attribute, or one route.
    Attribute,
    /// The routes of one BGP message, or of one RIB entry.
    Message,
    /// One record.
    Record,
    /// A part of the stream of unknown content, or all that follows.
    Stream,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// An attribute is malformed and was dealt with as RFC 7606 says.
    Attribute {
        /// Its type code.
        attribute: u8,
        /// What became of it.
        treatment: Treatment,
    },
    /// An attribute stands there twice; the first one counts (RFC 7606 section 3.g).
    RepeatedAttribute {
        /// Its type code.
        attribute: u8,
    },
    /// A mandatory attribute is missing; the routes count as withdrawn (RFC 7606 section 3.d).
    MissingAttribute {
        /// Its type code.
        attribute: u8,
    },
    /// The attributes do not fill their field; the routes count as withdrawn (RFC 7606 section 4).
    AttributeList,
    /// A prefix in a line of JSON is not one.
    PrefixText,
    /// The lengths inside a BGP message contradict each other, or the message is cut.
    MessageLength,
    /// The prefixes of a BGP message cannot be told apart (RFC 7606 section 5.3).
    NlriSyntax,
    /// MP_REACH_NLRI or MP_UNREACH_NLRI is broken or repeated (RFC 7606 sections 3.g and 5.3).
    MultiprotocolNlri,
    /// A RIB entry names a peer that the peer index table does not have.
    PeerIndex {
        /// The index.
        index: u16,
    },
    /// A RIB record before any peer index table: nobody knows whose routes these are.
    PeerIndexMissing,
    /// A peer index table is cut; the peers before the cut are used.
    PeerIndexTable,
    /// A record ends before its fields do; what stands before is used.
    RecordLength,
    /// A session's address is neither IPv4 nor IPv6.
    AddressFamily {
        /// The AFI of the record.
        afi: u16,
    },
    /// A line is not a RIS Live message.
    Json,
    /// The server of a RIS Live stream says that something is wrong.
    ServerError,
    /// A line is longer than [`LINE_MAX`](crate::LINE_MAX).
    LineLength,
    /// The stream starts with nothing that is known.
    UnknownFormat,
    /// The stream ends within a record.
    Truncated,
    /// The compressed data is damaged or cut; what could be unpacked before was used.
    Compressed(Compression),
    /// The source could not be read any further.
    Read(io::ErrorKind),
    /// No record header where one must be. So many octets were passed over to the next one.
    Gap {
        /// How many.
        octets: u64,
    },
    /// No record header where one must be, nor anywhere behind it.
    FramingLost,
}

/// What becomes of a malformed attribute (RFC 7606 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// "Attribute discard": the routes stand without it.
    Discarded,
    /// "Treat-as-withdraw": the routes count as withdrawn; of a RIB, as not there.
    Withdrawn,
}

impl DamageKind {
    /// How much this loses.
    pub const fn scope(self) -> Scope {
        match self {
            DamageKind::Attribute { treatment: Treatment::Discarded, .. }
            | DamageKind::RepeatedAttribute { .. }
            | DamageKind::PrefixText => Scope::Attribute,
            DamageKind::Attribute { .. }
            | DamageKind::MissingAttribute { .. }
            | DamageKind::AttributeList
            | DamageKind::MessageLength
            | DamageKind::NlriSyntax
            | DamageKind::MultiprotocolNlri
            | DamageKind::PeerIndex { .. } => Scope::Message,
            DamageKind::PeerIndexMissing
            | DamageKind::PeerIndexTable
            | DamageKind::RecordLength
            | DamageKind::AddressFamily { .. }
            | DamageKind::Json
            | DamageKind::ServerError
            | DamageKind::LineLength => Scope::Record,
            DamageKind::UnknownFormat
            | DamageKind::Truncated
            | DamageKind::Compressed(_)
            | DamageKind::Read(_)
            | DamageKind::Gap { .. }
            | DamageKind::FramingLost => Scope::Stream,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} at byte {}: {}", self.record, self.offset, self.kind)
    }
}

impl fmt::Display for DamageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DamageKind::Attribute { attribute, treatment } => {
                let what = match treatment {
                    Treatment::Discarded => "it is left out",
                    Treatment::Withdrawn => "its routes count as withdrawn",
                };
                write!(f, "{} is malformed, {what}", Name(*attribute))
            }
            DamageKind::RepeatedAttribute { attribute } => {
                write!(f, "{} stands there twice, the second is left out", Name(*attribute))
            }
            DamageKind::MissingAttribute { attribute } => {
                write!(f, "{} is missing, its routes count as withdrawn", Name(*attribute))
            }
            DamageKind::AttributeList => {
                f.write_str("attributes overrun their field, their routes count as withdrawn")
            }
            DamageKind::PrefixText => f.write_str("text is not a prefix, one route is lost"),
            DamageKind::MessageLength => f.write_str("bgp message is cut, its routes are lost"),
            DamageKind::NlriSyntax => f.write_str("prefixes are malformed, the message is lost"),
            DamageKind::MultiprotocolNlri => {
                f.write_str("multiprotocol prefixes are malformed, the message is lost")
            }
            DamageKind::PeerIndex { index } => {
                write!(f, "peer {index} is not in the peer index table, one route is lost")
            }
            DamageKind::PeerIndexMissing => {
                f.write_str("rib record without a peer index table before it, its routes are lost")
            }
            DamageKind::PeerIndexTable => {
                f.write_str("peer index table is cut, the routes of the peers behind are lost")
            }
            DamageKind::RecordLength => f.write_str("record is cut, the rest of it is lost"),
            DamageKind::AddressFamily { afi } => {
                write!(f, "session of unknown address family {afi}, the record is lost")
            }
            DamageKind::Json => f.write_str("line is not a ris live message, it is lost"),
            DamageKind::ServerError => f.write_str("ris live server reports an error"),
            DamageKind::LineLength => f.write_str("line is too long, it is lost"),
            DamageKind::UnknownFormat => f.write_str("neither mrt nor ris live messages"),
            DamageKind::Truncated => f.write_str("file ends within a record, that record is lost"),
            DamageKind::Compressed(compression) => {
                write!(f, "{compression} data is damaged or cut, the rest of the file is lost")
            }
            DamageKind::Read(kind) => write!(f, "read failed ({kind}), the rest is lost"),
            DamageKind::Gap { octets } => {
                write!(f, "no record header, {octets} bytes are lost up to the next one")
            }
            DamageKind::FramingLost => {
                f.write_str("no record header, the rest of the file is lost")
            }
        }
    }
}

/// An attribute as people know it.
struct Name(u8);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            1 => "ORIGIN",
            2 => "AS_PATH",
            3 => "NEXT_HOP",
            4 => "MULTI_EXIT_DISC",
            5 => "LOCAL_PREF",
            6 => "ATOMIC_AGGREGATE",
            7 => "AGGREGATOR",
            8 => "COMMUNITIES",
            14 => "MP_REACH_NLRI",
            15 => "MP_UNREACH_NLRI",
            16 => "EXTENDED COMMUNITIES",
            17 => "AS4_PATH",
            18 => "AS4_AGGREGATOR",
            32 => "LARGE_COMMUNITY",
            35 => "OTC",
            _ => return write!(f, "attribute {}", self.0),
        };
        f.write_str(name)
    }
}
