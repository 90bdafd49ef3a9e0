use std::time::Instant;

/// How the engine is, as it says itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// For people, on one line.
    pub status: String,
    /// Nothing is in the way of an alarm: every feed is up, and the store can be written.
    pub well: bool,
    /// When it last said so; none before it did.
    pub at: Option<Instant>,
}
