//! VRPs as validators of others wrote them.

use std::io::Write;

use bgp::Asn;
use proptest::prelude::*;
use rpki_sources::document::{DocumentError, parse};
use validator::{RpkiSnapshot, Skipped};

use crate::fixture;

/// Every file of VRPs with what it holds: VRPs, ASPAs, router keys, skipped entries.
///
/// Routinator's own test set lists each entry twice.
const FIXTURES: [(&str, [usize; 4]); 13] = [
    ("NLnetLabs+routinator/output-111.bird2", [1, 0, 0, 0]),
    ("NLnetLabs+routinator/output-111.csv", [1, 0, 0, 0]),
    ("NLnetLabs+routinator/output-111.csvcompat", [1, 0, 0, 0]),
    ("NLnetLabs+routinator/output-111.csvext", [1, 0, 0, 0]),
    ("NLnetLabs+routinator/output-111.json", [1, 1, 2, 0]),
    ("NLnetLabs+routinator/output-111.jsonext", [1, 1, 2, 0]),
    ("NLnetLabs+routinator/output-111.openbgpd", [1, 0, 0, 0]),
    ("NLnetLabs+rtrtr/vrps-metadata.json", [2, 0, 0, 0]),
    ("NLnetLabs+rtrtr/vrps.rpki-client.json", [2, 0, 1, 0]),
    // Forty entries, but it is one page of ten four times.
    ("RIPE-NCC+rpki-validator-3/roas-response-0-50.json", [10, 0, 0, 0]),
    ("bgp+stayrtr/cmd__stayrtr__smalltest.rpki.json", [2, 0, 0, 0]),
    ("bgp+stayrtr/cmd__stayrtr__test.rpki.json", [19, 2, 3, 0]),
    ("cloudflare+gortr/cmd__gortr__test.rpki.json", [2, 0, 0, 0]),
];

const RPKI_CLIENT_2023: &str = "jeffsw+rpkilog/roa_test.rpkiclient2023.json";
const RPKI_CLIENT_2025: &str = "jeffsw+rpkilog/rpkiclient_summary_20250720T093135Z.json.bz2";

#[test]
fn every_fixture_is_read() {
    for (name, counts) in FIXTURES.into_iter().chain([(RPKI_CLIENT_2023, [379, 2, 3, 0])]) {
        let snapshot = parse(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let RpkiSnapshot { vrps, aspas, router_keys, skipped, .. } = snapshot;
        assert_eq!([vrps.len(), aspas.len(), router_keys, skipped.count], counts, "{name}");
    }
}

/// The counts stand in the data set's own description and in the dump's metadata.
#[test]
fn the_dump_of_2025_has_723_521_vrps() {
    let snapshot = parse(&fixture(RPKI_CLIENT_2025)).unwrap();
    let family = |family| snapshot.vrps.iter().filter(move |vrp| vrp.prefix().family() == family);
    assert_eq!(snapshot.vrps.len(), 723_521);
    assert_eq!(family(bgp::Family::Ipv6).count(), 143_155);
    assert_eq!(snapshot.vrps.iter().filter(|vrp| vrp.asn() == Asn::ZERO).count(), 2_419);
    let anchors: Vec<_> = snapshot.trust_anchors.iter().map(|(n, c)| (n.as_str(), *c)).collect();
    let expected = [
        ("afrinic", 26_326),
        ("apnic", 153_201),
        ("arin", 203_995),
        ("lacnic", 39_011),
        ("ripe", 300_988),
    ];
    assert_eq!(anchors, expected);
    assert_eq!((snapshot.aspas.len(), snapshot.router_keys), (100, 2));
    assert_eq!(snapshot.generated, "2025-07-20T09:31:33Z".parse().ok());
    assert_eq!(snapshot.skipped, Skipped::default());
    assert!(snapshot.vrps.iter_expiry().all(|(_, expires)| expires.is_some()));
    // At this size the index is at its widest: each VRP must find itself.
    use validator::ValidationState::{Invalid, Valid};
    for vrp in snapshot.vrps.iter() {
        let state = snapshot.vrps.state(vrp.prefix(), &bgp::RouteOrigin::As(vrp.asn()));
        let forbids = vrp.asn() == Asn::ZERO;
        let expected = if forbids { Invalid } else { Valid };
        assert_eq!(state, expected, "{vrp}");
    }
}

#[test]
fn every_prefix_of_every_small_fixture_is_read_or_refused() {
    for (name, _) in FIXTURES {
        let bytes = fixture(name);
        for end in 0..bytes.len() {
            let result = parse(&bytes[..end]);
            // What is cut inside a JSON document is never taken for a smaller one.
            if bytes[0] == b'{' && !bytes[end..].trim_ascii().is_empty() {
                let error = result.unwrap_err();
                let cut = matches!(error, DocumentError::Truncated { .. } | DocumentError::Empty);
                assert!(cut, "{name} cut at {end}: {error}");
            }
        }
    }
}

#[test]
fn compressed_by_content_and_cut() {
    let plain = fixture(RPKI_CLIENT_2023);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&plain).unwrap();
    let expected = parse(&plain).unwrap();
    for packed in [gzip.finish().unwrap(), bzip2.finish().unwrap()] {
        assert_eq!(parse(&packed).unwrap(), expected);
        let error = parse(&packed[..packed.len() / 2]).unwrap_err();
        assert!(matches!(error, DocumentError::Compression(_)), "{error}");
    }
}

proptest! {
    /// Whatever is damaged, it is read or refused, and what is read can be asked.
    #[test]
    fn a_damaged_fixture_is_read_or_refused(
        fixture_number in 0..FIXTURES.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = fixture(FIXTURES[fixture_number].0);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(snapshot) = parse(&bytes) {
            for vrp in snapshot.vrps.iter() {
                prop_assert!(snapshot.vrps.contains(&vrp), "{}", vrp);
            }
        }
    }
}
