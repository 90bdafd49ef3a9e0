//! What the engine knows, written down so that it can go on after a restart as if nothing had
//! happened.

use std::collections::VecDeque;

use bgp::{Asn, Timestamp};
use serde::{Deserialize, Serialize};

use crate::extent::Elsewhere;
use crate::incident::Incident;
use crate::notice::Past;
use crate::routes::RouteTable;

/// Everything that the past decides. The rest of the engine comes from the config.
#[derive(Debug, Deserialize)]
pub(crate) struct Memory {
    pub(crate) now: Timestamp,
    pub(crate) routes: RouteTable,
    pub(crate) elsewhere: Elsewhere,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) archive: VecDeque<(Box<[Asn]>, Past)>,
}

/// The same, borrowed.
#[derive(Debug, Serialize)]
pub(crate) struct MemoryRef<'a> {
    pub(crate) now: Timestamp,
    pub(crate) routes: &'a RouteTable,
    pub(crate) elsewhere: &'a Elsewhere,
    pub(crate) incidents: Vec<&'a Incident>,
    pub(crate) archive: &'a VecDeque<(Box<[Asn]>, Past)>,
}

/// A map as an array of pairs: JSON objects take only strings as keys.
pub(crate) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<'a, M, K, V, S>(map: &'a M, serializer: S) -> Result<S::Ok, S::Error>
    where
        &'a M: IntoIterator<Item = (&'a K, &'a V)>,
        K: Serialize + 'a,
        V: Serialize + 'a,
        S: Serializer,
    {
        serializer.collect_seq(map)
    }

    pub(crate) fn deserialize<'de, M, K, V, D>(deserializer: D) -> Result<M, D::Error>
    where
        M: FromIterator<(K, V)>,
        K: Deserialize<'de>,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
