use std::fmt;
use std::io;

use crate::Compression;

/// Something that was not as the RFCs say: where, and how much is lost by it. Reading goes on
/// behind it, except where [`Scope::Stream`] says that there is no next whole thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {record} at byte {offset}: {kind}")]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageKind {
    /// An attribute is malformed and was dealt with as RFC 7606 says.
    #[error("{} is malformed, {treatment}", Name(*.attribute))]
    Attribute {
        /// Its type code.
        attribute: u8,
        /// What became of it.
        treatment: Treatment,
    },
    /// An attribute stands there twice; the first one counts (RFC 7606 section 3.g).
    #[error("{} stands there twice, the second is left out", Name(*.attribute))]
    RepeatedAttribute {
        /// Its type code.
        attribute: u8,
    },
    /// A mandatory attribute is missing; the routes count as withdrawn (RFC 7606 section 3.d).
    #[error("{} is missing, its routes count as withdrawn", Name(*.attribute))]
    MissingAttribute {
        /// Its type code.
        attribute: u8,
    },
    /// The attributes do not fill their field; the routes count as withdrawn (RFC 7606 section 4).
    #[error("attributes overrun their field, their routes count as withdrawn")]
    AttributeList,
    /// A prefix in a line of JSON is not one.
    #[error("text is not a prefix, one route is lost")]
    PrefixText,
    /// The lengths inside a BGP message contradict each other, or the message is cut.
    #[error("bgp message is cut, its routes are lost")]
    MessageLength,
    /// The prefixes of a BGP message cannot be told apart (RFC 7606 section 5.3).
    #[error("prefixes are malformed, the message is lost")]
    NlriSyntax,
    /// MP_REACH_NLRI or MP_UNREACH_NLRI is broken or repeated (RFC 7606 sections 3.g and 5.3).
    #[error("multiprotocol prefixes are malformed, the message is lost")]
    MultiprotocolNlri,
    /// A RIB entry names a peer that the peer index table does not have.
    #[error("peer {index} is not in the peer index table, one route is lost")]
    PeerIndex {
        /// The index.
        index: u16,
    },
    /// A RIB record before any peer index table: nobody knows whose routes these are.
    #[error("rib record without a peer index table before it, its routes are lost")]
    PeerIndexMissing,
    /// A peer index table is cut; the peers before the cut are used.
    #[error("peer index table is cut, the routes of the peers behind are lost")]
    PeerIndexTable,
    /// A record ends before its fields do; what stands before is used.
    #[error("record is cut, the rest of it is lost")]
    RecordLength,
    /// A session's address is neither IPv4 nor IPv6.
    #[error("session of unknown address family {afi}, the record is lost")]
    AddressFamily {
        /// The AFI of the record.
        afi: u16,
    },
    /// The OPEN messages of a BMP Peer Up cannot be read: what the session agreed on is not known.
    #[error("open messages of a peer up are malformed, what the session agreed on is not known")]
    PeerUpOpen,
    /// More peers, or more routers of one stream, than are kept apart.
    #[error("more peers than are kept, the record is lost")]
    TooMany,
    /// An OpenBMP message holds something else than whole BMP messages of version 3.
    #[error("openbmp message without a bmp message in it, it is lost")]
    OpenBmpContent,
    /// A line is not a RIS Live message.
    #[error("line is not a ris live message, it is lost")]
    Json,
    /// The server of a RIS Live stream says that something is wrong.
    #[error("ris live server reports an error")]
    ServerError,
    /// A line is longer than [`LINE_MAX`](crate::LINE_MAX).
    #[error("line is too long, it is lost")]
    LineLength,
    /// The stream starts with nothing that is known.
    #[error("neither mrt, bmp nor ris live messages")]
    UnknownFormat,
    /// The stream is packed in a way that is not read.
    #[error("packed by {packer}, which is not read: unpack it first")]
    UnknownPacking {
        /// By what.
        packer: &'static str,
    },
    /// The stream ends within a record.
    #[error("file ends within a record, that record is lost")]
    Truncated,
    /// A BMP message of another version than 3: where the next one begins is not known.
    #[error("bmp version {version} is not known, the rest is lost")]
    BmpVersion {
        /// The version.
        version: u8,
    },
    /// A BMP message that claims to be shorter than its header or longer than
    /// [`MESSAGE_MAX`](crate::bmp::MESSAGE_MAX).
    #[error("bmp message of {octets} bytes cannot be, the rest is lost")]
    BmpLength {
        /// The length it claims.
        octets: u32,
    },
    /// The compressed data is damaged or cut; what could be unpacked before was used.
    #[error("{0} data is damaged or cut, the rest of the file is lost")]
    Compressed(Compression),
    /// The source could not be read any further.
    #[error("read failed ({0}), the rest is lost")]
    Read(io::ErrorKind),
    /// No record header where one must be. So many octets were passed over to the next one.
    #[error("no record header, {octets} bytes are lost up to the next one")]
    Gap {
        /// How many.
        octets: u64,
    },
    /// No record header where one must be, nor anywhere behind it.
    #[error("no record header, the rest of the file is lost")]
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
            | DamageKind::PeerUpOpen
            | DamageKind::TooMany
            | DamageKind::OpenBmpContent
            | DamageKind::Json
            | DamageKind::ServerError
            | DamageKind::LineLength => Scope::Record,
            DamageKind::UnknownFormat
            | DamageKind::UnknownPacking { .. }
            | DamageKind::Truncated
            | DamageKind::BmpVersion { .. }
            | DamageKind::BmpLength { .. }
            | DamageKind::Compressed(_)
            | DamageKind::Read(_)
            | DamageKind::Gap { .. }
            | DamageKind::FramingLost => Scope::Stream,
        }
    }
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Treatment::Discarded => "it is left out",
            Treatment::Withdrawn => "its routes count as withdrawn",
        })
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
