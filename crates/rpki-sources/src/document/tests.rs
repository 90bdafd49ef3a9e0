use std::io::Write;

use bgp::{Asn, Timestamp};
use proptest::prelude::*;
use validator::{Skipped, Vrp};

use super::*;

/// The one VRP of a document of one entry.
fn only(json: &str) -> (Vrp, Option<Timestamp>) {
    let snapshot = parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    let [found] = snapshot.vrps.iter_expiry().collect::<Vec<_>>().try_into().unwrap();
    found
}

/// The same VRP as each validator writes it.
const DIALECTS: [&str; 14] = [
    r#"{"roas":[{"asn":"AS64500","prefix":"192.0.2.0/24","maxLength":25,"ta":"ripe"}]}"#,
    r#"{"roas":[{"asn":64500,"prefix":"192.0.2.0/24","maxLength":25,"ta":"ripe"}]}"#,
    r#"{"vrps":[{"asn":"64500","prefix":"192.0.2.0/24","maxLength":"25"}]}"#,
    r#"{"metadata":{"vrps":1},"roas":[{"asn":64500,"prefix":"192.0.2.0/24","maxPrefixLength":25}]}"#,
    r#"{"data":[{"asn":"64500","prefix":"192.0.2.0/24","length":25,"trustAnchor":"RIPE"}]}"#,
    r#"[{"asn":"as64500","prefix":"192.0.2.0\/24","maxLength":25,"ta":null,"new":[{}]}]"#,
    "ASN,IP Prefix,Max Length,Trust Anchor\nAS64500,192.0.2.0/24,25,ripe\n",
    "\"ASN\",\"IP Prefix\",\"Max Length\",\"Trust Anchor\"\r\n\"AS64500\",\"192.0.2.0/24\",\"25\",\"ri,pe\"\r\n",
    "URI,ASN,IP Prefix,Max Length,Not Before,Not After\nN/A,AS64500,192.0.2.0/24,25,N/A,N/A",
    "prefix,maxlen,asn\n192.0.2.0/24,25,64500\n",
    "AS64500,192.0.2.0/24,25,ripe\n",
    "roa-set {\n    192.0.2.0/24 maxlen 25 source-as 64500\n}\n",
    "# made today\nroute 192.0.2.0/24 max 25 as 64500;\n",
    "\u{feff}\n [{\"asn\":64500,\"prefix\":\"192.0.2.0/24\",\"maxLength\":25}]",
];

#[test]
fn every_dialect_says_the_same() {
    let expected = Vrp::new("192.0.2.0/24".parse().unwrap(), 25, Asn::new(64500)).unwrap();
    for document in DIALECTS {
        assert_eq!(only(document), (expected, None), "{document}");
    }
}

#[test]
fn every_prefix_of_every_dialect_is_read_or_refused() {
    for document in DIALECTS {
        let bytes = document.as_bytes();
        for end in 0..bytes.len() {
            let result = parse(&bytes[..end]);
            // What is cut inside a JSON document is never taken for a smaller one.
            if bytes[0] == b'{' && !bytes[end..].trim_ascii().is_empty() {
                let error = result.unwrap_err();
                let cut = matches!(error, DocumentError::Truncated { .. } | DocumentError::Empty);
                assert!(cut, "{document} cut at {end}: {error}");
            }
        }
    }
}

#[test]
fn a_missing_max_length_is_the_prefix_length() {
    let expected = Vrp::new("192.0.2.0/24".parse().unwrap(), 24, Asn::new(64500)).unwrap();
    for document in [
        r#"[{"asn":64500,"prefix":"192.0.2.0/24"}]"#,
        r#"[{"asn":64500,"prefix":"192.0.2.0/24","maxLength":null}]"#,
        "ASN,Prefix,Max Length\n64500,192.0.2.0/24,\n",
        "192.0.2.0/24 source-as 64500\n",
    ] {
        assert_eq!(only(document), (expected, None), "{document}");
    }
}

#[test]
fn expiry_is_kept_wherever_it_is_said() {
    let at = Some(Timestamp::from_seconds(1_690_000_000));
    for (document, expires) in [
        (r#"[{"asn":1,"prefix":"192.0.2.0/24","expires":1690000000}]"#, at),
        (r#"[{"asn":1,"prefix":"192.0.2.0/24","expires":"2023-07-22T04:26:40Z"}]"#, at),
        (r#"[{"asn":1,"prefix":"192.0.2.0/24","expires":"soon"}]"#, None),
        (
            // Two ROAs say the same: it lives as long as the longer chain.
            r#"[{"asn":1,"prefix":"192.0.2.0/24","source":[
                {"type":"roa","tal":"ripe","validity":{"notAfter":"2030-01-01T00:00:00Z"},
                 "chainValidity":{"notAfter":"2023-07-22T04:26:40Z"}},
                {"type":"roa","tal":"ripe","chainValidity":{"notAfter":"2022-01-01T00:00:00Z"}}]}]"#,
            at,
        ),
        ("ASN,IP Prefix,Max Length,Trust Anchor,Expires\nAS1,192.0.2.0/24,24,ripe,1690000000", at),
    ] {
        assert_eq!(only(document).1, expires, "{document}");
    }
}

#[test]
fn generated_is_found_in_every_spelling() {
    let at = Some(Timestamp::from_seconds(1_690_000_000));
    for metadata in [
        r#"{"generated":1690000000,"generatedTime":"2000-01-01T00:00:00Z"}"#,
        r#"{"generatedTime":"2023-07-22T04:26:40Z"}"#,
        r#"{"buildtime":"2023-07-22T04:26:40Z","elapsedtime":"1"}"#,
        r#"{"generated":"","buildtime":"2023-07-22T04:26:40Z"}"#,
    ] {
        let document = format!(r#"{{"metadata":{metadata},"roas":[]}}"#);
        assert_eq!(parse(document.as_bytes()).unwrap().generated, at, "{metadata}");
    }
    assert_eq!(parse(br#"{"metadata":7,"roas":[]}"#).unwrap().generated, None);
}

#[test]
fn one_bad_entry_costs_itself_alone() {
    let document = r#"{"roas":[
        {"asn":64500,"prefix":"192.0.2.0/24","maxLength":24,"ta":"ripe"},
        {"asn":64500,"prefix":"192.0.2.1/24","maxLength":24,"ta":"ripe"},
        {"asn":"AS-1","prefix":"192.0.2.0/24"},
        {"asn":64500,"prefix":"192.0.2.0/24","maxLength":33},
        {"asn":64500},
        null,
        {"asn":4294967296,"prefix":"192.0.2.0/24"},
        {"asn":64500,"prefix":"192.0.2.0/24","maxLength":24.5},
        {"asn":64501,"prefix":"192.0.2.0/24","ta":"apnic"}]}"#;
    let snapshot = parse(document.as_bytes()).unwrap();
    let reasons = [
        "entry 2: '192.0.2.1/24': host bits are set (the network is 192.0.2.0/24)",
        "entry 3: 'AS-1' is not an AS number (expected 0 to 4294967295, as 64500 or AS64500)",
        "entry 4: max length 33 does not fit 192.0.2.0/24",
        "entry 5: missing field `prefix`",
        "entry 6: invalid type: null, expected struct RawVrp",
    ];
    let reasons = reasons.map(String::from).into();
    assert_eq!(snapshot.skipped, Skipped { count: 7, reasons });
    assert_eq!(snapshot.vrps.len(), 2);
    let anchors = [("apnic".to_owned(), 1), ("ripe".to_owned(), 1)];
    assert_eq!(snapshot.trust_anchors, anchors.into());
}

#[test]
fn one_bad_line_costs_itself_alone() {
    let csv = "ASN,IP Prefix,Max Length,Trust Anchor\n\
               AS1,192.0.2.0/24,24,ripe\nAS1,192.0.2.9/24,24,ripe\nAS1\nAS2,192.0.2.0/24,x,ripe\n";
    let snapshot = parse(csv.as_bytes()).unwrap();
    let reasons = [
        "entry 2: '192.0.2.9/24': host bits are set (the network is 192.0.2.0/24)",
        "entry 3: '' is not a prefix (expected an address and a length, as 192.0.2.0/24)",
        "entry 4: 'x' is not a length",
    ];
    assert_eq!(snapshot.vrps.len(), 1);
    assert_eq!(snapshot.skipped, Skipped { count: 3, reasons: reasons.map(String::from).into() });
}

#[test]
fn what_is_not_a_source_is_called_by_its_name() {
    for (document, message) in [
        ("", "empty: expected VRPs as JSON or CSV"),
        (" \n\t", "empty: expected VRPs as JSON or CSV"),
        ("<!DOCTYPE html>\n<html>", "looks like HTML, not VRPs: it starts with '<!DOCTYPE html>'"),
        (r#"{"roas":[{"asn":1"#, "cut off at line 1, column 17: the JSON is not complete"),
        ("{\n \"roas\":[1,,]}", "not JSON at line 2, column 12: expected value"),
        (
            r#"{"status":"ok","data_call":{}}"#,
            "JSON without VRPs: expected a list under 'roas' or 'vrps', found 'status', 'data_call'",
        ),
        (
            r#"{"roas":7}"#,
            "JSON without VRPs: expected a list under 'roas' or 'vrps', found 'roas'",
        ),
        ("{}", "JSON without VRPs: expected a list under 'roas' or 'vrps', found nothing"),
        (r#"{"slurmVersion":1}"#, "a SLURM file, not VRPs: list it under slurm"),
        (
            r#"[1,2]"#,
            "none of 2 entries is a VRP; the first: entry 1: invalid type: integer `1`, \
             expected struct RawVrp",
        ),
        ("Not found\n", "neither JSON nor CSV: it starts with 'Not found'"),
        (
            "{\"roas\":[{\"asn\":1,\"prefix\":\"192.0.2.0/24\"}]} x",
            "not JSON at line 1, column 46: trailing characters",
        ),
    ] {
        let error = parse(document.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message, "{document}");
    }
    let error = parse(b"{\"roas\":[\n\"\xff\"]}").unwrap_err();
    assert_eq!(error.to_string(), "not JSON at line 2, column 2: not UTF-8");
}

#[test]
fn aspas_of_every_shape_are_united_by_customer() {
    let document = r#"{"roas":[],
        "aspas":[{"customer":"AS1","providers":["AS3","AS2"],"ta":"x"},
                 {"customer_asid":1,"expires":5,"providers":[2,4]},
                 {"customer_asid":1,"providers":"none"}],
        "provider_authorizations":{"ipv4":[{"customer_asid":5,"providers":[6]}],
                                   "ipv6":[{"customer_asid":5,"providers":[7]}]}}"#;
    let snapshot = parse(document.as_bytes()).unwrap();
    let asns = |numbers: &[u32]| numbers.iter().copied().map(Asn::new).collect::<Vec<_>>();
    assert_eq!(snapshot.aspas.providers(Asn::new(1)), Some(&asns(&[2, 3, 4])[..]));
    assert_eq!(snapshot.aspas.providers(Asn::new(5)), Some(&asns(&[6, 7])[..]));
    let reason = "ASPA 3: invalid type: string \"none\", expected a sequence".to_owned();
    assert_eq!(snapshot.skipped, Skipped { count: 1, reasons: vec![reason] });
}

#[test]
fn compressed_by_content_and_cut() {
    let entry = |asn: u32| format!(r#"{{"asn":{asn},"prefix":"192.0.2.0/24","maxLength":25}}"#);
    let entries: Vec<_> = (1..400).map(entry).collect();
    let plain = format!(r#"{{"metadata":{{}},"roas":[{}]}}"#, entries.join(",")).into_bytes();
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

#[test]
fn a_bomb_is_refused_at_the_limit() {
    let vrps = br#"[{"asn":1,"prefix":"192.0.2.0/24"}]"#;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(vrps).unwrap();
    gzip.write_all(&[b' '; 1 << 16]).unwrap();
    let bomb = gzip.finish().unwrap();
    let size = vrps.len() + (1 << 16);
    let parse = |bytes, input: &[u8]| parse_within(Limits { bytes, ..LIMITS }, input);
    assert_eq!(parse(size - 1, &bomb), Err(DocumentError::TooLarge(size - 1)));
    assert_eq!(parse(size, &bomb).unwrap().vrps.len(), 1);
    assert_eq!(parse(vrps.len() - 1, vrps), Err(DocumentError::TooLarge(vrps.len() - 1)));
}

#[test]
fn more_vrps_than_can_be_are_refused() {
    let parse = |vrps, input: &str| {
        let snapshot = parse_within(Limits { vrps, ..LIMITS }, input.as_bytes());
        snapshot.map(|snapshot| snapshot.vrps.len())
    };
    let csv = "AS1,192.0.2.0/24,24\nAS2,192.0.2.0/24,24\n";
    let json = r#"[{"asn":1,"prefix":"192.0.2.0/24"},{"asn":2,"prefix":"192.0.2.0/24"}]"#;
    for input in [csv, json] {
        assert_eq!(parse(2, input), Ok(2));
        assert_eq!(parse(1, input), Err(DocumentError::TooMany(1)));
    }
}

proptest! {
    /// Whatever is damaged, it is read or refused, and what is read can be asked.
    #[test]
    fn a_damaged_document_is_read_or_refused(
        number in 0..DIALECTS.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = DIALECTS[number].as_bytes().to_vec();
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

#[test]
fn a_max_length_stands_before_a_length() {
    let json = r#"[{"asn":64500,"prefix":"192.0.2.0/24","length":24,"maxLength":25}]"#;
    assert_eq!(parse(json.as_bytes()).unwrap().vrps.iter().next().unwrap().max_length(), 25);
}

/// Of rpki-client and of Routinator's jsonext.
#[test]
fn aspas_end_at_their_expiry() {
    let json = r#"{"roas":[{"asn":1,"prefix":"192.0.2.0/24"}],"aspas":[
        {"customer_asid":1,"expires":10,"providers":[2]},
        {"customer":"AS3","providers":["AS4"],"source":[{"type":"aspa","tal":"ripe",
            "validity":{"notAfter":"1970-01-01T00:00:30Z"},
            "chainValidity":{"notAfter":"1970-01-01T00:00:20Z"}}]},
        {"customer":"AS5","providers":["AS6"],"ta":"ripe"}]}"#;
    let snapshot = parse(json.as_bytes()).unwrap();
    let left = |now| {
        let left = snapshot.unexpired(Timestamp::from_seconds(now));
        left.aspas.iter().map(|(customer, _)| customer.number()).collect::<Vec<_>>()
    };
    assert_eq!([left(9), left(10), left(20)], [vec![1, 3, 5], vec![3, 5], vec![5]]);
}

#[test]
fn the_name_of_a_trust_anchor_cannot_break_a_line() {
    let json = "[{\"asn\":1,\"prefix\":\"192.0.2.0/24\",\"ta\":\"ri\\u001b[31m\\r\\npe\\u202e\"}]";
    let snapshot = parse(json.as_bytes()).unwrap();
    assert_eq!(snapshot.trust_anchors.keys().collect::<Vec<_>>(), ["ri [31m pe"]);
}
