//! For `#[serde(with = "pairs")]`: a map as an array of pairs, because JSON objects take only strings
//! as keys.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes the map.
///
/// # Errors
///
/// Where the serializer has one.
pub fn serialize<'a, M, K, V, S>(map: &'a M, serializer: S) -> Result<S::Ok, S::Error>
where
    &'a M: IntoIterator<Item = (&'a K, &'a V)>,
    K: Serialize + 'a,
    V: Serialize + 'a,
    S: Serializer,
{
    serializer.collect_seq(map)
}

/// Reads the map.
///
/// # Errors
///
/// Where the input is no array of pairs.
pub fn deserialize<'de, M, K, V, D>(deserializer: D) -> Result<M, D::Error>
where
    M: FromIterator<(K, V)>,
    K: Deserialize<'de>,
    V: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
}
