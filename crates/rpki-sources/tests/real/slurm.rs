//! SLURM files of others.

use rpki_sources::slurm::parse;

use crate::fixture;

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

/// What each of them does to VRPs is tested on the example itself.
#[test]
fn the_example_of_rfc_8416_is_read_alike_by_all_who_copied_it() {
    let example = parse(include_bytes!("../rfc8416.json")).unwrap();
    for name in [
        "NLnetLabs+routinator/slurm-full.json",
        "NLnetLabs+rpki-rs/slurm-full.json",
        "NLnetLabs+rtrtr/exceptions.json",
        "bgp+stayrtr/prefixfile__slurm.json",
    ] {
        assert_eq!(parse(&fixture(name)).unwrap(), example, "{name}");
    }
}
