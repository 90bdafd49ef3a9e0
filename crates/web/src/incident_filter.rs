use alerter::AnnotatedIncident;
use bgp::{Asn, Prefix, Timestamp};
use incidents::State;
use serde::{Deserialize, Serialize};
use validator::{IncidentKind, Severity};

/// Which incidents somebody asks for, as parameters of a query; all of them where nothing is said. An empty
/// parameter says nothing: a form sends all that it has.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct IncidentFilter {
    #[serde(deserialize_with = "said")]
    state: Option<State>,
    #[serde(deserialize_with = "said")]
    kind: Option<IncidentKind>,
    #[serde(deserialize_with = "said")]
    severity: Option<Severity>,
    /// Of this prefix, of more specific or of less specific ones.
    #[serde(deserialize_with = "said")]
    prefix: Option<Prefix>,
    /// Of this offender.
    #[serde(deserialize_with = "said")]
    asn: Option<Asn>,
    /// Seen at or after this time ..
    #[serde(deserialize_with = "said")]
    since: Option<Timestamp>,
    /// .. and first seen before this one.
    #[serde(deserialize_with = "said")]
    until: Option<Timestamp>,
}

impl IncidentFilter {
    pub(crate) fn admits(&self, incident: &AnnotatedIncident) -> bool {
        let touches = |wanted: Prefix| {
            incident.prefixes.iter().any(|one| one.covers(&wanted) || wanted.covers(one))
        };
        self.state.is_none_or(|state| incident.state == state)
            && self.kind.is_none_or(|kind| incident.kind == kind)
            && self.severity.is_none_or(|severity| incident.severity == Some(severity))
            && self.prefix.is_none_or(touches)
            && self.asn.is_none_or(|asn| incident.offenders.iter().any(|party| party.asn == asn))
            && self.since.is_none_or(|since| incident.last_seen >= since)
            && self.until.is_none_or(|until| incident.first_seen < until)
    }
}

/// A parameter that says something.
fn said<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: for<'text> Deserialize<'text>,
    D: serde::Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let value = serde_json::Value::String(text.to_owned());
    T::deserialize(value).map(Some).map_err(serde::de::Error::custom)
}
