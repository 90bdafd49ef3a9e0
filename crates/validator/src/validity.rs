use bgp::{Prefix, RouteOrigin, Timestamp};
use serde::{Serialize, Serializer};

use crate::{InvalidReason, OriginValidation, ValidationState, Vrp};

/// One answer of origin validation in the shape of Routinator's `/api/v1/validity`, for programs
/// that read that.
///
/// Two things differ from our own notices: the max length is a text, and each answer carries a
/// sentence. `unmatched_length` holds VRPs of the same AS only, as the sentence says; Routinator
/// up to 0.10 put too-short VRPs of other ASes there too.
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
    matched: &'a [Vrp],
    #[serde(serialize_with = "with_text_length")]
    unmatched_as: &'a [Vrp],
    #[serde(serialize_with = "with_text_length")]
    unmatched_length: &'a [Vrp],
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
        ValidatedRoute {
            route: ShownRoute { origin_asn: origin, prefix },
            validity: Verdict {
                state: verdict.state(),
                reason: verdict.reason(),
                description: description(verdict),
                vrps: Vrps {
                    matched: &verdict.matched,
                    unmatched_as: &verdict.unmatched_as,
                    unmatched_length: &verdict.unmatched_length,
                },
            },
        }
    }
}

/// Routinator's sentences, which are those of RIPE's validator.
fn description(verdict: &OriginValidation) -> &'static str {
    match (verdict.state(), verdict.reason()) {
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

fn with_text_length<S: Serializer>(vrps: &[Vrp], serializer: S) -> Result<S::Ok, S::Error> {
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
