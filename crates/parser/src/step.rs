/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// One record, or a gap between two, is done with; it filled so many octets.
    Read(usize),
    /// The bytes end within a record: at least so many are needed. Never at the end of the stream.
    More(usize),
    /// There is nothing more to come.
    End,
}
