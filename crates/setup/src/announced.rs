//! RIPEstat's `announced-prefixes`: what an AS announced, as the vantage points of RIPE RIS saw it.

use bgp::{Asn, Prefix};
use serde_json::Value;

/// The text is not what RIPEstat answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnouncedError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// It is JSON of something else.
    #[error(
        "'{0}' is missing (expected RIPEstat's announced-prefixes: data.resource and data.prefixes)"
    )]
    Missing(&'static str),
    /// A prefix or an AS number is none.
    #[error("{0}")]
    Value(String),
}

/// The AS that was asked about, and its prefixes.
pub fn announced_prefixes(json: &[u8]) -> Result<(Asn, Vec<Prefix>), AnnouncedError> {
    let json: Value =
        serde_json::from_slice(json).map_err(|error| AnnouncedError::Json(error.to_string()))?;
    // Saved as it came, or only its `data`.
    let data = json.get("data").unwrap_or(&json);
    let resource = data.get("resource").ok_or(AnnouncedError::Missing("resource"))?;
    let asn = match resource {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        other => return Err(AnnouncedError::Value(format!("{other} is not an AS number"))),
    };
    let asn = asn
        .parse()
        .map_err(|error: bgp::ParseAsnError| AnnouncedError::Value(error.to_string()))?;
    let prefixes = data.get("prefixes").and_then(Value::as_array);
    let prefixes = prefixes.ok_or(AnnouncedError::Missing("prefixes"))?;
    let prefix = |one: &Value| {
        let text = one.get("prefix").unwrap_or(one).as_str().unwrap_or_default();
        text.parse()
            .map_err(|error: bgp::ParsePrefixError| AnnouncedError::Value(error.to_string()))
    };
    Ok((asn, prefixes.iter().map(prefix).collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_ripestat_is_read_whole_or_its_data_alone() {
        let data = r#"{"prefixes":[{"prefix":"198.18.0.0/21","timelines":[]},{"prefix":"2001:db8::/32"}],"resource":"64500"}"#;
        let expected = (
            Asn::new(64500),
            vec!["198.18.0.0/21".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        );
        assert_eq!(announced_prefixes(data.as_bytes()), Ok(expected.clone()));
        let whole = format!(r#"{{"status":"ok","data":{data}}}"#);
        assert_eq!(announced_prefixes(whole.as_bytes()), Ok(expected));
    }

    #[test]
    fn what_is_something_else_says_what_is_missing() {
        let error = |text: &str| announced_prefixes(text.as_bytes()).unwrap_err().to_string();
        assert!(error("frog").starts_with("not JSON: "));
        assert!(error("{}").starts_with("'resource' is missing"));
        assert!(error(r#"{"resource":1}"#).starts_with("'prefixes' is missing"));
        assert_eq!(error(r#"{"resource":[],"prefixes":[]}"#), "[] is not an AS number");
        assert!(error(r#"{"resource":1,"prefixes":[{"prefix":"frog"}]}"#).contains("'frog'"));
    }
}
