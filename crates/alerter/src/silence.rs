use bgp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::scope::Scope;

/// Nothing is told for a while of what lies in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Till when.
    pub until: Timestamp,
    /// What was muted.
    pub scope: Scope,
}
