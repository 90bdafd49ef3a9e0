use std::sync::atomic::AtomicU64;

/// How far the reading of one input is; its threads count and the merge looks.
#[derive(Debug, Default)]
pub(crate) struct ProgressCounter {
    /// Octets read from the source.
    pub(crate) octets: AtomicU64,
    /// Records that were walked so far.
    pub(crate) records: AtomicU64,
}
