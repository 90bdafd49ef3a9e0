use std::path::PathBuf;

/// By what it runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store that it looks into and leaves requests in.
    pub store: PathBuf,
    /// What those who change something must show; none: nobody may.
    pub token: Option<String>,
}
