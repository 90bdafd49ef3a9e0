use bgp::{Prefix, RouteOrigin, Timestamp};
use serde::{Serialize, Serializer};

use crate::{InvalidReason, OriginValidation, ValidationState, Vrp};

/// One answer of origin validation as Routinator's `/api/v1/validity` gives it, for programs that
/// read that.
///
/// It differs from our own notices in the max length, which is a text, in the sentence, and in
/// what a covering VRP is blamed for: Routinator asks the length before the AS, so that a VRP of
/// another AS that is too short as well stands under `unmatched_length`, and the reason of a
/// sub-prefix hijack may be `length`. State and VRPs are the same.
#[derive(Clone, Debug, Serialize)]
pub struct Validity<'a> {
    validated_route: ValidatedRoute<'a>,
    #[serde(rename = "generatedTime", skip_serializing_if = "Option::is_none")]
    generated_time: Option<Timestamp>,
}

/// A route with its verdict, an element of Routinator's `validated_routes`.
#[derive(Clone, Debug, Serialize)]
pub struct ValidatedRoute<'a> {
    route: ShownRoute<'a>,
    validity: Verdict<'a>,
}

#[derive(Clone, Debug, Serialize)]
struct ShownRoute<'a> {
    #[serde(serialize_with = "as_text")]
    origin_asn: &'a RouteOrigin,
    prefix: Prefix,
}

#[derive(Clone, Debug, Serialize)]
struct Verdict<'a> {
    state: ValidationState,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<InvalidReason>,
    description: &'static str,
    #[serde(rename = "VRPs")]
    vrps: Vrps<'a>,
}

#[derive(Clone, Debug, Serialize)]
struct Vrps<'a> {
    #[serde(serialize_with = "with_text_length")]
    matched: Vec<&'a Vrp>,
    #[serde(serialize_with = "with_text_length")]
    unmatched_as: Vec<&'a Vrp>,
    #[serde(serialize_with = "with_text_length")]
    unmatched_length: Vec<&'a Vrp>,
}

impl<'a> Validity<'a> {
    /// The answer for one route; `generated` is the age of the VRPs.
    pub fn new(
        prefix: Prefix,
        origin: &'a RouteOrigin,
        verdict: &'a OriginValidation,
        generated: Option<Timestamp>,
    ) -> Self {
        let validated_route = ValidatedRoute::new(prefix, origin, verdict);
        Validity { validated_route, generated_time: generated }
    }
}

impl<'a> ValidatedRoute<'a> {
    /// The answer for one of several routes.
    pub fn new(prefix: Prefix, origin: &'a RouteOrigin, verdict: &'a OriginValidation) -> Self {
        let vrps = Vrps::new(prefix, verdict);
        let reason = match verdict.state() {
            ValidationState::Invalid if vrps.unmatched_as.is_empty() => Some(InvalidReason::Length),
            ValidationState::Invalid => Some(InvalidReason::As),
            ValidationState::Valid | ValidationState::NotFound => None,
        };
        let state = verdict.state();
        let validity = Verdict { state, reason, description: description(state, reason), vrps };
        ValidatedRoute { route: ShownRoute { origin_asn: origin, prefix }, validity }
    }
}

impl<'a> Vrps<'a> {
    fn new(prefix: Prefix, verdict: &'a OriginValidation) -> Self {
        let unmatched = verdict.unmatched_as.iter().chain(&verdict.unmatched_length);
        let (unmatched_length, unmatched_as) =
            unmatched.partition(|vrp| prefix.length() > vrp.max_length());
        Vrps { matched: verdict.matched.iter().collect(), unmatched_as, unmatched_length }
    }
}

/// Routinator's sentences, which are those of RIPE's validator.
fn description(state: ValidationState, reason: Option<InvalidReason>) -> &'static str {
    match (state, reason) {
        (ValidationState::Valid, _) => "At least one VRP Matches the Route Prefix",
        (_, Some(InvalidReason::As)) => {
            "At least one VRP Covers the Route Prefix, but no VRP ASN matches the route origin ASN"
        }
        (_, Some(InvalidReason::Length)) => {
            "At least one VRP Covers the Route Prefix, but the Route Prefix length is greater \
             than the maximum length allowed by VRP(s) matching this route origin ASN"
        }
        (_, None) => "No VRP Covers the Route Prefix",
    }
}

fn as_text<S: Serializer>(origin: &RouteOrigin, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(origin)
}

fn with_text_length<S: Serializer>(vrps: &[&Vrp], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown {
        asn: String,
        prefix: Prefix,
        max_length: String,
    }
    serializer.collect_seq(vrps.iter().map(|vrp| Shown {
        asn: vrp.asn().to_string(),
        prefix: vrp.prefix(),
        max_length: vrp.max_length().to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use bgp::Asn;

    use super::*;

    /// The shape is that of Routinator 0.15's `/api/v1/validity`, read off its answers.
    #[test]
    fn answers_read_as_routinators() {
        let vrp =
            |place: &str, max, asn| Vrp::new(place.parse().unwrap(), max, Asn::new(asn)).unwrap();
        let prefix = "198.51.100.0/24".parse().unwrap();
        let origin = RouteOrigin::As(Asn::new(4761));
        let show = |verdict: &OriginValidation| {
            let generated = Some(Timestamp::from_seconds(1_795_294_825));
            serde_json::to_string(&Validity::new(prefix, &origin, verdict, generated)).unwrap()
        };
        let ours = vrp("198.51.100.0/24", 24, 64500);
        let wide = vrp("198.51.0.0/16", 16, 4761);
        let before = "{\"validated_route\":{\"route\":{\"origin_asn\":\"AS4761\",\
            \"prefix\":\"198.51.100.0/24\"},\"validity\":{";
        let after = "}}},\"generatedTime\":\"2026-11-21T21:00:25Z\"}";
        let unmatched_as = OriginValidation { unmatched_as: vec![ours], ..Default::default() };
        let wide_of_another = vrp("198.51.0.0/16", 16, 64500);
        let unmatched_length = OriginValidation {
            unmatched_as: vec![wide_of_another],
            unmatched_length: vec![wide],
            ..Default::default()
        };
        let matched = OriginValidation { matched: vec![wide], ..Default::default() };
        let ours = r#"{"asn":"AS64500","prefix":"198.51.100.0/24","max_length":"24"}"#;
        let too_short = r#"{"asn":"AS64500","prefix":"198.51.0.0/16","max_length":"16"},{"asn":"AS4761","prefix":"198.51.0.0/16","max_length":"16"}"#;
        let wide = r#"{"asn":"AS4761","prefix":"198.51.0.0/16","max_length":"16"}"#;
        for (verdict, head, lists) in [
            (
                &unmatched_as,
                r#""state":"invalid","reason":"as","description":"At least one VRP Covers the Route Prefix, but no VRP ASN matches the route origin ASN""#,
                ["", ours, ""],
            ),
            (
                &unmatched_length,
                r#""state":"invalid","reason":"length","description":"At least one VRP Covers the Route Prefix, but the Route Prefix length is greater than the maximum length allowed by VRP(s) matching this route origin ASN""#,
                ["", "", too_short],
            ),
            (
                &matched,
                r#""state":"valid","description":"At least one VRP Matches the Route Prefix""#,
                [wide, "", ""],
            ),
            (
                &OriginValidation::default(),
                r#""state":"not-found","description":"No VRP Covers the Route Prefix""#,
                ["", "", ""],
            ),
        ] {
            let [matched, unmatched_as, unmatched_length] = lists;
            let vrps = format!(
                r#""VRPs":{{"matched":[{matched}],"unmatched_as":[{unmatched_as}],"unmatched_length":[{unmatched_length}]"#
            );
            assert_eq!(show(verdict), format!("{before}{head},{vrps}{after}"));
        }
    }
}
