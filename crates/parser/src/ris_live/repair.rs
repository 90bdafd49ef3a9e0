use serde::Deserialize;
use serde_json::{Map, Value};

use super::communities::Communities;
use super::hops::Hops;

/// The fields that a route can do without, and what each must be. Without `path` its origin is not
/// known, but that there is another route now is.
const FIELDS: [Field; 6] = [
    Field { name: "path", is_sound: is::<Hops> },
    Field { name: "community", is_sound: is::<Communities> },
    Field { name: "origin", is_sound: is::<String> },
    Field { name: "med", is_sound: is::<u64> },
    Field { name: "aggregator", is_sound: is::<String> },
    Field { name: "raw", is_sound: is::<String> },
];

/// That of each group of announcements.
const NEXT_HOP: Field = Field { name: "next_hop", is_sound: is::<String> };

struct Field {
    name: &'static str,
    is_sound: fn(&Value) -> bool,
}

/// A line that could not be read, without the fields that are not of their kind, and the names of
/// these. None where none of them is to blame.
pub(super) fn without_broken_fields(line: &[u8]) -> Option<(String, Vec<&'static str>)> {
    let mut value: Value = serde_json::from_slice(line).ok()?;
    let data = match value.get("data").is_some_and(Value::is_object) {
        true => value.get_mut("data")?,
        false => &mut value,
    };
    let data = data.as_object_mut()?;
    let mut broken: Vec<_> = FIELDS.iter().filter_map(|field| field.remove_broken(data)).collect();
    let groups = data.get_mut("announcements").and_then(Value::as_array_mut);
    let groups = groups.into_iter().flatten().filter_map(Value::as_object_mut);
    broken.extend(groups.filter_map(|group| NEXT_HOP.remove_broken(group)));
    broken.dedup();
    if broken.is_empty() { None } else { Some((value.to_string(), broken)) }
}

impl Field {
    /// Removes it where it is not of its kind; gives its name then.
    fn remove_broken(&self, data: &mut Map<String, Value>) -> Option<&'static str> {
        let value = data.get(self.name)?;
        if value.is_null() || (self.is_sound)(value) {
            return None;
        }
        data.remove(self.name).map(|_| self.name)
    }
}

fn is<T: for<'a> Deserialize<'a>>(value: &Value) -> bool {
    T::deserialize(value).is_ok()
}
