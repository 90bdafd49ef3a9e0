use super::*;
use validator::{AspaTable, RpkiSnapshot, VrpTable};

fn vrp(place: &str, max: u8, asn: u32) -> Vrp {
    Vrp::new(place.parse().unwrap(), max, Asn::new(asn)).unwrap()
}

/// The example of RFC 8416 section 3.6, without its router keys.
const RFC_8416: &str = include_str!("../../tests/rfc8416.json");

#[test]
fn a_file_is_read_whole_or_refused() {
    let slurm = parse(RFC_8416.as_bytes()).unwrap();
    let found = [slurm.filters.len(), slurm.assertions.len(), slurm.aspa_assertions.len()];
    assert_eq!(found, [3, 2, 0]);
    for end in 0..RFC_8416.trim_end().len() {
        assert!(parse(&RFC_8416.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

/// RFC 8416 section 3.3.1 and 3.4.1 on the filters and assertions of its section 3.6.
#[test]
fn filters_and_assertions_of_rfc_8416() {
    let slurm = parse(RFC_8416.as_bytes()).unwrap();
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

#[test]
fn aspas_of_version_2() {
    let file = br#"{"slurmVersion":2,
        "validationOutputFilters":{"aspaFilters":[{"customerAsn":1},{"customerAsn":2}]},
        "locallyAddedAssertions":{"aspaAssertions":[
            {"customerAsn":2,"providerAsns":[9],"comment":"instead"},
            {"customerAsn":3,"providerAsns":[9]}]}}"#;
    let asns = |numbers: &[u32]| numbers.iter().copied().map(Asn::new).collect::<Vec<_>>();
    let table = |entries: &[(u32, &[u32])]| {
        let mut table = AspaTable::default();
        for (customer, providers) in entries {
            table.add(Asn::new(*customer), asns(providers));
        }
        table
    };
    let aspas = table(&[(1, &[4]), (2, &[4]), (3, &[4]), (5, &[4])]);
    let after = parse(file).unwrap().apply(&RpkiSnapshot { aspas, ..Default::default() });
    assert_eq!(after.aspas, table(&[(2, &[9]), (3, &[4, 9]), (5, &[4])]));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let file = |version: u32, filters: &str, assertions: &str| {
        format!(
            "{{\"slurmVersion\":{version},\n\"validationOutputFilters\":{{{filters}}},\n\
             \"locallyAddedAssertions\":{{{assertions}}}}}"
        )
    };
    for (file, message) in [
        (file(3, "", ""), "slurmVersion 3 is not known (expected 1 or 2)"),
        (file(1, r#""aspaFilters":[]"#, ""), "'aspaFilters' needs slurmVersion 2"),
        (file(1, "", r#""aspaAssertions":[]"#), "'aspaAssertions' needs slurmVersion 2"),
        (
            file(1, r#""prefixFilters":[{"asn":1},{"comment":"all"}]"#, ""),
            "prefixFilters, entry 2: neither prefix nor asn",
        ),
        (
            file(
                1,
                "",
                r#""prefixAssertions":[{"asn":1,"prefix":"192.0.2.0/24","maxPrefixLength":20}]"#,
            ),
            "line 3, column 100: max-length smaller than prefix length (at \
             .2.0/24\",\"maxPrefixLength\":20})",
        ),
        (
            file(1, "", r#""prefixAssertions":[{"asn":1,"prefix":"192.0.2.1/24"}]"#),
            "line 3, column 78: non-zero host portion (at asn\":1,\"prefix\":\"192.0.2.1/24\")",
        ),
        (
            file(1, r#""prefixFilter":[]"#, ""),
            "line 2, column 41: unknown field `prefixFilter`, expected one of `prefixFilters`, \
             `bgpsecFilters`, `aspaFilters`",
        ),
        (
            file(1, "", r#""prefixAssertions":[{"asn":1}]"#),
            "line 3, column 55: missing field `prefix`",
        ),
        (
            file(2, r#""aspaFilters":[{"comment":"all"}]"#, ""),
            "aspaFilters, entry 1: no customerAsn",
        ),
        (String::new(), "line 1, column 0: EOF while parsing a value"),
    ] {
        assert_eq!(parse(file.as_bytes()).unwrap_err().to_string(), message, "{file}");
    }
}

/// RFC 8416 section 4.2: no address may stand in the prefixes of two files.
#[test]
fn files_that_overlap_are_refused() {
    let file = |json: &str| parse(json.as_bytes()).unwrap();
    let filters = file(
        r#"{"slurmVersion":1,"validationOutputFilters":{"prefixFilters":[
            {"prefix":"192.0.2.0/24"},{"asn":64500}]},"locallyAddedAssertions":{}}"#,
    );
    let asserts = |prefix: &str| {
        file(&format!(
            r#"{{"slurmVersion":2,"validationOutputFilters":{{}},"locallyAddedAssertions":{{
                "prefixAssertions":[{{"asn":64500,"prefix":"{prefix}"}}],
                "aspaAssertions":[{{"customerAsn":64500,"providerAsns":[1]}}]}}}}"#
        ))
    };
    let combine = |files: &[(&str, &Slurm)]| {
        let named = files.iter().map(|(name, slurm)| ((*name).to_owned(), (*slurm).clone()));
        Slurm::combine(named.collect())
    };
    let (apart, below) = (asserts("192.0.3.0/24"), asserts("192.0.2.128/25"));
    let both = combine(&[("a", &filters), ("b", &apart)]).unwrap();
    assert_eq!((both.filters.len(), both.assertions.len()), (2, 1));
    assert_eq!(
        combine(&[("a", &filters), ("b", &below)]).unwrap_err().to_string(),
        "a and b contradict: 192.0.2.0/24 and 192.0.2.128/25"
    );
    assert_eq!(
        combine(&[("x", &Slurm::default()), ("b", &below), ("c", &apart)]).unwrap_err().to_string(),
        "b and c contradict: both have ASPAs of AS64500"
    );
    assert!(combine(&[]).unwrap().is_empty());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    let plain = RFC_8416.as_bytes();
    let marked = [b"\xef\xbb\xbf", plain].concat();
    assert_eq!(parse(&marked), parse(plain));
}
