use proptest::prelude::*;
use rpki::rtr::payload as oracle_payload;
use rpki::rtr::pdu as oracle;
use rpki::rtr::state::State;

use super::*;

/// What the `rpki` crate writes.
macro_rules! written {
    ($pdu:expr) => {{
        let mut bytes = Vec::new();
        let writing = async { $pdu.write(&mut bytes).await.unwrap() };
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(writing);
        bytes
    }};
}

fn vrp(place: &str, max_length: u8, asn: u32) -> Vrp {
    Vrp::new(place.parse().unwrap(), max_length, Asn::new(asn)).unwrap()
}

fn asns(numbers: &[u32]) -> Vec<Asn> {
    numbers.iter().copied().map(Asn::new).collect()
}

/// The whole of these bytes is one PDU.
fn one(bytes: &[u8]) -> (u8, Pdu) {
    let (version, pdu, length) = read(bytes).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    (version, pdu)
}

/// One of each kind, as the `rpki` crate writes them, with what they mean.
fn examples() -> Vec<(Vec<u8>, (u8, Pdu))> {
    [payloads(), controls()].concat()
}

fn payloads() -> Vec<(Vec<u8>, (u8, Pdu))> {
    let providers = [64_510_u32, 64_511].map(oracle_asn);
    let providers = oracle::ProviderAsns::try_from_iter(providers).unwrap();
    let nobody = oracle::ProviderAsns::empty();
    let key = oracle::RouterKeyInfo::new(vec![7; 91].into()).unwrap();
    let v4 = "198.18.0.0".parse().unwrap();
    let v6 = "2001:db8::".parse().unwrap();
    let aspa = |action, providers: &[u32]| {
        let (customer, providers) = (Asn::new(64_500), asns(providers));
        (2, Pdu::Aspa { action, customer, scope: Scope::Any, providers })
    };
    let prefix = |action, vrp| Pdu::Prefix { action, vrp };
    vec![
        (
            written!(oracle::Ipv4Prefix::new(2, 1, 21, 24, v4, oracle_asn(64_500))),
            (2, prefix(Action::Announce, vrp("198.18.0.0/21", 24, 64_500))),
        ),
        (
            written!(oracle::Ipv6Prefix::new(0, 0, 32, 48, v6, oracle_asn(u32::MAX))),
            (0, prefix(Action::Withdraw, vrp("2001:db8::/32", 48, u32::MAX))),
        ),
        (
            written!(oracle::RouterKey::new(1, 1, [5; 20], oracle_asn(1), key)),
            (1, Pdu::RouterKey { action: Action::Announce }),
        ),
        (
            written!(oracle::Aspa::new(2, 1, oracle_asn(64_500), providers)),
            aspa(Action::Announce, &[64_510, 64_511]),
        ),
        (
            written!(oracle::Aspa::new(2, 0, oracle_asn(64_500), nobody)),
            aspa(Action::Withdraw, &[]),
        ),
    ]
}

fn controls() -> Vec<(Vec<u8>, (u8, Pdu))> {
    let (session, serial) = (0x1234, 0xdead_beef);
    let state = State::from_parts(session, serial.into());
    let timing = oracle_payload::Timing { refresh: 30, retry: 10, expire: 600 };
    let told = Some(Timing { refresh: 30, retry: 10, expire: 600 });
    vec![
        (written!(oracle::SerialNotify::new(1, state)), (1, Pdu::SerialNotify { session, serial })),
        (written!(oracle::CacheResponse::new(0, state)), (0, Pdu::CacheResponse { session })),
        (
            written!(oracle::EndOfData::new(0, state, timing)),
            (0, Pdu::EndOfData { session, serial, timing: None }),
        ),
        (
            written!(oracle::EndOfData::new(2, state, timing)),
            (2, Pdu::EndOfData { session, serial, timing: told }),
        ),
        (written!(oracle::CacheReset::new(1)), (1, Pdu::CacheReset)),
        (
            written!(oracle::Error::new(1, 4, b"what was wrong", b"not\nhere")),
            (1, Pdu::Error { code: 4, text: "not here".to_owned() }),
        ),
    ]
}

fn oracle_asn(number: u32) -> rpki::resources::Asn {
    number.into()
}

#[test]
fn what_the_rpki_crate_writes_is_read_as_it_is_meant() {
    for (bytes, expected) in examples() {
        assert_eq!(one(&bytes), expected);
    }
}

#[test]
fn what_is_not_there_yet_is_waited_for() {
    for (bytes, _) in examples() {
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Ok(None), "{bytes:02x?} cut at {end}");
        }
    }
}

/// Captured from StayRTR 0.5.1, which writes ASPAs as draft-ietf-sidrops-8210bis-10 says.
#[test]
fn aspas_of_stayrtr() {
    let announced = [
        2, 11, 0, 0, 0, 0, 0, 24, // header, nothing in the field
        1, 0, 0, 2, 0, 0, 0xfb, 0xf4, // flags, AFI flags, two providers, customer
        0, 0, 0xfb, 0xfe, 0, 0, 0xfb, 0xff,
    ];
    let aspa = |action, scope, providers| {
        (2, Pdu::Aspa { action, customer: Asn::new(64_500), scope, providers })
    };
    let both = asns(&[64_510, 64_511]);
    assert_eq!(one(&announced), aspa(Action::Announce, Scope::Family(0), both));
    let withdrawn = [2, 11, 0, 0, 0, 0, 0, 16, 0, 1, 0, 0, 0, 0, 0xfb, 0xf4];
    assert_eq!(one(&withdrawn), aspa(Action::Withdraw, Scope::Family(1), vec![]));
}

/// Captured from RTRTR 0.3.3.
#[test]
fn aspas_of_rtrtr() {
    let announced = [
        2, 11, 1, 0, 0, 0, 0, 20, // header with the flags
        0, 0, 0xfb, 0xf4, 0, 0, 0xfb, 0xfe, 0, 0, 0xfb, 0xff,
    ];
    let expected = Pdu::Aspa {
        action: Action::Announce,
        customer: Asn::new(64_500),
        scope: Scope::Any,
        providers: asns(&[64_510, 64_511]),
    };
    assert_eq!(one(&announced), (2, expected));
}

#[test]
fn a_header_that_lies_is_told_before_its_body_comes() {
    let header = |version: u8, kind: u8, length: u32| {
        let [a, b, c, d] = length.to_be_bytes();
        read(&[version, kind, 0, 0, a, b, c, d])
    };
    for (version, kind, length) in [
        (1, 4, 19),
        (1, 4, 21),
        (1, 6, 20),
        (1, 4, u32::MAX),
        (1, 4, 0),
        (0, 7, 24),
        (1, 7, 12),
        (1, 9, 31),
        (2, 9, 65_533),
        (1, 10, 15),
        (1, 10, u32::MAX),
        (2, 11, 14),
        (2, 11, 65_536),
    ] {
        assert_eq!(header(version, kind, length), Err(PduError::Length { kind, length }));
    }
    // Not in this version (router keys), not at all, from a router.
    for kind in [1, 2, 5, 12, 255] {
        assert_eq!(header(1, kind, 8), Err(PduError::Type(kind)));
    }
    assert_eq!(header(3, 4, 20), Err(PduError::Version(3)));
    // An Error Report says what is wrong in whatever version; FORT 1.6 says it in 255.
    assert_eq!(header(255, 10, 16), Ok(None));
    assert_eq!(header(0, 9, 40), Err(PduError::Length { kind: 9, length: 40 }));
    assert_eq!(header(1, 11, 12), Err(PduError::Length { kind: 11, length: 12 }));
}

#[test]
fn lengths_that_do_not_fit_a_prefix_are_refused_and_host_bits_are_not() {
    let v4 = |length, max_length| {
        read(&[1, 4, 0, 0, 0, 0, 0, 20, 1, length, max_length, 0, 198, 18, 1, 1, 0, 0, 0, 1])
    };
    for (length, max_length) in [(33, 33), (24, 33), (24, 23), (255, 255)] {
        assert_eq!(v4(length, max_length), Err(PduError::Prefix { length, max_length }));
    }
    let expected = Pdu::Prefix { action: Action::Announce, vrp: vrp("198.18.0.0/16", 16, 1) };
    assert_eq!(v4(16, 16), Ok(Some((1, expected, 20))));
}

#[test]
fn queries_and_reports_are_what_the_rpki_crate_writes() {
    let state = State::from_parts(0x1234, 0xdead_beef_u32.into());
    assert_eq!(Query::Reset.write(2), written!(oracle::ResetQuery::new(2)));
    let query = Query::Serial { session: 0x1234, serial: 0xdead_beef };
    assert_eq!(query.write(1), written!(oracle::SerialQuery::new(1, state)));
    let report = error_report(1, ErrorCode(7), "twice");
    assert_eq!(report, written!(oracle::Error::new(1, 7, b"", b"twice")));
    assert_eq!(one(&error_report(1, ErrorCode(7), &"x".repeat(300))).0, 1);
}

proptest! {
    /// Whatever comes, it is read, waited for or refused; what is read is inside the bytes.
    #[test]
    fn any_bytes_are_read_or_refused(
        version in 0..4_u8,
        kind in 0..13_u8,
        field: u16,
        length in prop_oneof![0..80_u32, any::<u32>()],
        body in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let bytes =
            [&[version, kind][..], &field.to_be_bytes(), &length.to_be_bytes(), &body].concat();
        if let Ok(Some((found, _, used))) = read(&bytes) {
            prop_assert_eq!((found, used), (version, length as usize));
            prop_assert!(used <= bytes.len());
        }
    }
}
