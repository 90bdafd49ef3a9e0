/// How wide AS numbers are on a session (RFC 6793): a fact of the record type or of the OPEN
/// messages, never guessed from the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsSize {
    /// Two octets; AS4_PATH and AS4_AGGREGATOR carry what does not fit.
    Two,
    /// Four octets: both ends have announced the capability.
    Four,
}

impl AsSize {
    /// The width of one AS number, in octets.
    pub const fn octets(self) -> usize {
        match self {
            AsSize::Two => 2,
            AsSize::Four => 4,
        }
    }
}
