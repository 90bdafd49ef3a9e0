use crate::Scope;

/// What was read, what was passed over and why, what was damaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Records: MRT records, or lines.
    pub records: u64,
    /// Octets read from the source.
    pub packed_octets: u64,
    /// Octets of the unpacked stream that were decoded or passed over.
    pub octets: u64,
    /// What is not a route of IPv4 or IPv6 unicast, and was passed over.
    pub skipped: Skipped,
    /// Routes that were not pushed, since the filter only counts.
    pub counted: u64,
    /// End-of-RIB markers (RFC 4724 section 2).
    pub end_of_rib: u64,
    /// Damages by how much they lost.
    pub damaged: Damaged,
}

/// What was passed over because it holds no routes that we read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Records of another MRT type (OSPF, IS-IS, ..).
    pub types: u64,
    /// Records of another subtype (multicast tables, geo peer table, ..).
    pub subtypes: u64,
    /// OPEN, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH; of a stream, its control messages.
    pub messages: u64,
    /// Multiprotocol attributes and tables that are not AFI 1 or 2 with SAFI 1.
    pub families: u64,
    /// Messages that the collector itself sent (RFC 6396 section 4.4.5), where the filter does not want
    /// them: nobody's vantage point.
    pub sent: u64,
    /// BMP messages of VRFs that were not asked for.
    pub vrfs: u64,
}

/// Damages by how much they lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damaged {
    /// [`Scope::Attribute`].
    pub attributes: u64,
    /// [`Scope::Message`].
    pub messages: u64,
    /// [`Scope::Record`].
    pub records: u64,
    /// [`Scope::Stream`].
    pub streams: u64,
}

impl Statistics {
    pub(crate) const fn count_damage(&mut self, scope: Scope) {
        let counter = match scope {
            Scope::Attribute => &mut self.damaged.attributes,
            Scope::Message => &mut self.damaged.messages,
            Scope::Record => &mut self.damaged.records,
            Scope::Stream => &mut self.damaged.streams,
        };
        *counter += 1;
    }
}

impl Damaged {
    /// Those that cost a whole message, record or more: routes that nobody will know of.
    pub const fn lost(&self) -> u64 {
        self.messages + self.records + self.streams
    }

    /// All of them.
    pub const fn total(&self) -> u64 {
        self.attributes + self.messages + self.records + self.streams
    }
}
