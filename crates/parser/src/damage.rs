use std::fmt;
use std::io;

use crate::{AsSize, Compression, code};

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
    /// One record: all routes in it.
    Record,
    /// A part of the stream of unknown content, or all that follows.
    Stream,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageKind {
    /// An attribute is malformed (RFC 7606 section 7). The routes are kept: what cannot be read of it is
    /// left out, as an observer needs it neither for a prefix nor for its origin.
    #[error("{} is malformed, what cannot be read of it is left out", Name(*.attribute))]
    Attribute {
        /// Its type code.
        attribute: u8,
    },
    /// An attribute has flags that its type forbids (RFC 7606 section 3.c). It is read all the same.
    #[error("{} has wrong flags ({flags:#04x}), it is read all the same", Name(*.attribute))]
    AttributeFlags {
        /// Its type code.
        attribute: u8,
        /// Attribute flags as they stand on the wire.
        flags: u8,
    },
    /// An attribute stands there twice; the first one counts (RFC 7606 section 3.g).
    #[error("{} stands there twice, the second is left out", Name(*.attribute))]
    RepeatedAttribute {
        /// Its type code.
        attribute: u8,
    },
    /// A mandatory attribute is missing (RFC 7606 section 3.d). Only of AS_PATH it costs something: who
    /// originates the routes cannot be read.
    #[error("{} is missing{}", Name(*.attribute), Lost(*.attribute))]
    MissingAttribute {
        /// Its type code.
        attribute: u8,
    },
    /// AS_PATH is malformed (RFC 7606 section 7.2): who originates the routes cannot be read.
    #[error("AS_PATH is malformed{}", Lost(code::AS_PATH))]
    AsPath,
    /// AS 0 stands in AS_PATH, which makes it malformed (RFC 7607 section 2). It is read all the same.
    #[error("AS 0 stands in AS_PATH, it is read all the same")]
    AsZero,
    /// What a router says of the width of AS numbers contradicts itself or the path, so that path and
    /// origin are a guess.
    #[error("AS numbers are read as {octets} octets, which is a guess")]
    AsSizeGuessed {
        /// Two or four.
        octets: u8,
    },
    /// The attributes do not fill their field (RFC 7606 section 4). Those before are used.
    #[error("attributes overrun their field, those behind are lost")]
    AttributeList,
    /// A field of a RIS Live message is not of its kind. The routes stand without it.
    #[error("{field} of a ris live message is malformed, it is left out")]
    JsonField {
        /// Name of the field in the JSON object.
        field: &'static str,
    },
    /// A prefix in a line of JSON is not one.
    #[error("text is not a prefix, one route is lost")]
    PrefixText,
    /// The lengths inside a BGP message contradict each other, or the message is cut.
    #[error("bgp message is cut, its routes are lost")]
    MessageLength,
    /// The prefixes of a BGP message cannot be told apart (RFC 7606 section 5.3).
    #[error("prefixes are malformed, their routes are lost")]
    NlriSyntax,
    /// MP_REACH_NLRI or MP_UNREACH_NLRI is broken or repeated (RFC 7606 sections 3.g and 5.3).
    #[error("multiprotocol prefixes are malformed, their routes are lost")]
    MultiprotocolNlri,
    /// A RIB entry names a peer that the peer index table does not have.
    #[error("peer {index} is not in the peer index table, one route is lost")]
    PeerIndex {
        /// Peer index of the RIB entry.
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
        /// Name of the packing program.
        packer: &'static str,
    },
    /// The stream ends within a record.
    #[error("file ends within a record, that record is lost")]
    Truncated,
    /// A BMP message of another version than 3: where the next one begins is not known.
    #[error("bmp version {version} is not known, the rest is lost")]
    BmpVersion {
        /// Version as it stands in the header.
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
        /// How many octets were skipped.
        octets: u64,
    },
    /// No record header where one must be, nor anywhere behind it.
    #[error("no record header, the rest of the file is lost")]
    FramingLost,
}

impl DamageKind {
    /// AS numbers were taken for so wide.
    pub(crate) const fn guessed(size: AsSize) -> Self {
        let octets = match size {
            AsSize::Two => 2,
            AsSize::Four => 4,
        };
        DamageKind::AsSizeGuessed { octets }
    }

    /// How much this loses.
    pub const fn scope(self) -> Scope {
        match self {
            DamageKind::Attribute { .. }
            | DamageKind::AttributeFlags { .. }
            | DamageKind::RepeatedAttribute { .. }
            | DamageKind::AsZero
            | DamageKind::AsSizeGuessed { .. }
            | DamageKind::AttributeList
            | DamageKind::JsonField { .. }
            | DamageKind::PrefixText => Scope::Attribute,
            DamageKind::MissingAttribute { attribute } if attribute != code::AS_PATH => {
                Scope::Attribute
            }
            DamageKind::MissingAttribute { .. }
            | DamageKind::AsPath
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
            9 => "ORIGINATOR_ID",
            10 => "CLUSTER_LIST",
            14 => "MP_REACH_NLRI",
            15 => "MP_UNREACH_NLRI",
            16 => "EXTENDED COMMUNITIES",
            17 => "AS4_PATH",
            18 => "AS4_AGGREGATOR",
            25 => "IPv6 EXTENDED COMMUNITIES",
            32 => "LARGE_COMMUNITY",
            35 => "OTC",
            _ => return write!(f, "attribute {}", self.0),
        };
        f.write_str(name)
    }
}

/// What is lost by the lack of an attribute.
struct Lost(u8);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            code::AS_PATH => f.write_str(", its routes cannot be read and those before are stale"),
            _ => Ok(()),
        }
    }
}
