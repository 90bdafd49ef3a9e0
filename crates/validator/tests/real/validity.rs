//! What others say of the same routes.

use std::collections::BTreeMap;

use bgp::{Asn, Prefix, RouteOrigin};
use fixtures::real::recording;
use serde_json::json;
use validator::{ValidatedRoute, Vrp, VrpTable};

/// What RIPEstat, which asks Routinator, said in 2026 of the routes of known incidents, VRP by
/// VRP (dim-tsoukalas/RouteCause, MIT).
#[test]
fn agrees_with_ripestat_on_known_incidents() {
    #[derive(serde::Deserialize)]
    struct Answer {
        status: String,
        validating_roas: Vec<Roa>,
    }
    #[derive(serde::Deserialize)]
    struct Roa {
        max_length: u8,
        origin: Asn,
        prefix: Prefix,
        validity: String,
    }
    let json = std::fs::read(recording("misc/dim-tsoukalas+RouteCause/rpki_cache.json")).unwrap();
    let answers: BTreeMap<String, Answer> = serde_json::from_slice(&json).unwrap();
    assert_eq!(answers.len(), 25);
    for (route, answer) in answers {
        let (prefix, origin) = route.split_once('|').unwrap();
        let (prefix, origin) = (prefix.parse().unwrap(), origin.parse().unwrap());
        let vrp = |roa: &Roa| Vrp::new(roa.prefix, roa.max_length, roa.origin).unwrap();
        let table = VrpTable::new(answer.validating_roas.iter().map(vrp));
        let origin = RouteOrigin::As(origin);
        let verdict = table.validate(prefix, &origin);
        let ours = serde_json::to_value(ValidatedRoute::new(prefix, &origin, &verdict)).unwrap();
        let ours = &ours["validity"];
        let status = match (ours["state"].as_str().unwrap(), ours["reason"].as_str()) {
            ("valid", _) => "valid",
            ("not-found", _) => "unknown",
            ("invalid", Some("as")) => "invalid_asn",
            ("invalid", _) => "invalid_length",
            (other, _) => panic!("{route}: {other}"),
        };
        assert_eq!(status, answer.status, "{route}");
        for roa in &answer.validating_roas {
            let list = match roa.validity.as_str() {
                "valid" => &ours["VRPs"]["matched"],
                "invalid_asn" => &ours["VRPs"]["unmatched_as"],
                "invalid_length" => &ours["VRPs"]["unmatched_length"],
                other => panic!("{route}: {other}"),
            };
            let named = json!({
                "asn": roa.origin.to_string(),
                "prefix": roa.prefix,
                "max_length": roa.max_length.to_string(),
            });
            assert!(list.as_array().unwrap().contains(&named), "{route}: {}", vrp(roa));
        }
    }
}
