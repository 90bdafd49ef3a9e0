use std::net::IpAddr;
use std::path::PathBuf;

use alerter::Operator;

/// By what it runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store that it looks into and leaves requests in.
    pub store: PathBuf,
    /// What those who change something must show; none: nobody may.
    pub token: Option<String>,
    /// Where it listens.
    pub address: IpAddr,
    /// Under which names it may be asked beside its address and `localhost`.
    pub hosts: Vec<String>,
    /// Whose pages these are, and in which time zone they tell the time beside UTC.
    pub operator: Operator,
}
