//! SLURM files of others.

use bgp::Asn;
use rpki_sources::slurm::parse;
use validator::{RpkiSnapshot, Vrp, VrpTable};

use crate::fixture;

fn vrp(place: &str, max: u8, asn: u32) -> Vrp {
    Vrp::new(place.parse().unwrap(), max, Asn::new(asn)).unwrap()
}

/// Each SLURM file of the data set: prefix filters, prefix assertions, ASPA assertions.
const FIXTURES: [(&str, [usize; 3]); 8] = [
    ("NLnetLabs+routinator/output-111.slurm", [0, 2, 0]),
    ("NLnetLabs+routinator/output-111.slurm2", [0, 2, 2]),
    ("NLnetLabs+routinator/slurm-full.json", [3, 2, 0]),
    ("NLnetLabs+rpki-rs/slurm-full.json", [3, 2, 0]),
    ("NLnetLabs+rtrtr/exceptions.json", [3, 2, 0]),
    ("bgp+stayrtr/cmd__stayrtr__test.slurm.json", [1, 1, 0]),
    ("bgp+stayrtr/prefixfile__slurm.json", [3, 2, 0]),
    ("cloudflare+gortr/cmd__gortr__test.slurm.json", [1, 1, 0]),
];

#[test]
fn every_fixture_is_read() {
    for (name, counts) in FIXTURES {
        let slurm = parse(&fixture(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let found = [slurm.filters.len(), slurm.assertions.len(), slurm.aspa_assertions.len()];
        assert_eq!(found, counts, "{name}");
    }
    let template = "hivedc+Routinator-Local-Exceptions-SLURM/rpki-exceptions.json";
    assert_eq!(
        parse(&fixture(template)).unwrap_err().to_string(),
        "line 15, column 33: invalid address: invalid IP address syntax (at \"prefix\": \
         \"170.39.196.X/28\")"
    );
}

#[test]
fn every_prefix_of_every_fixture_is_refused() {
    for (name, _) in FIXTURES {
        let bytes = fixture(name);
        let whole = bytes.trim_ascii_end().len();
        for end in 0..whole {
            assert!(parse(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
    }
}

/// RFC 8416 section 3.3.1 and 3.4.1 on the example of section 3.6 (the rpki-rs fixture).
#[test]
fn filters_and_assertions_of_rfc_8416() {
    let slurm = parse(&fixture("NLnetLabs+rpki-rs/slurm-full.json")).unwrap();
    let before = [
        ("covered by the filter's prefix", vrp("192.0.2.0/24", 24, 64500), false),
        ("more specific", vrp("192.0.2.128/25", 25, 64500), false),
        ("less specific: not encompassed", vrp("192.0.0.0/16", 24, 64500), true),
        ("its AS is filtered", vrp("10.0.0.0/8", 8, 64496), false),
        ("prefix and AS fit", vrp("198.51.100.128/25", 25, 64497), false),
        ("the prefix fits, the AS does not", vrp("198.51.100.0/24", 24, 64498), true),
        ("the AS fits, the prefix does not", vrp("198.51.101.0/24", 24, 64497), true),
    ];
    let table = VrpTable::new(before.iter().map(|(_, vrp, _)| *vrp));
    let after = slurm.apply(&RpkiSnapshot::of(table));
    for (rule, vrp, stays) in before {
        assert_eq!(after.vrps.contains(&vrp), stays, "{rule}");
    }
    // Added although one filter names their AS: filters are for what RPKI says.
    assert!(after.vrps.contains(&vrp("198.51.100.0/24", 24, 64496)));
    assert!(after.vrps.contains(&vrp("2001:db8::/32", 48, 64496)));
    assert_eq!(after.vrps.len(), 5);
}
