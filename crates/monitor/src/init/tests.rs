use std::net::{IpAddr, Ipv4Addr};

use bgp::{AsPath, Family, Prefix, Route, Vantage, View};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use setup::{Answers, MailAnswers, RouteObject, Survey, VrpPlace};
use validator::{Origins, RpkiSnapshot, Vrp, VrpTable};

use super::*;

const OWN: [u32; 2] = [64500, 64501];

/// Prefixes that often lie in each other.
fn prefix() -> impl Strategy<Value = Prefix> {
    (any::<bool>(), 0..64_u128, 1..=12_u8).prop_map(|(v4, bits, length)| match v4 {
        true => Prefix::from_bits(Family::Ipv4, (0xc612 << 112) | (bits << 106), 14 + length),
        false => Prefix::from_bits(Family::Ipv6, (0x2001_0db8 << 96) | (bits << 90), 30 + length),
    })
}

fn asn() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![64500, 64501, 64510, 64511, 64666, 65000, 23456, 0, 4_200_000_000])
}

fn vrps() -> impl Strategy<Value = RpkiSnapshot> {
    let vrp = (prefix(), 0..4_u8, asn()).prop_map(|(prefix, more, asn)| {
        let longest = (prefix.length() + more).min(prefix.family().max_length());
        Vrp::new(prefix, longest, Asn::new(asn)).unwrap()
    });
    vec(vrp, 0..6).prop_map(|vrps| RpkiSnapshot::of(VrpTable::new(vrps)))
}

fn survey() -> impl Strategy<Value = Option<Survey>> {
    let route = (prefix(), vec(asn(), 1..4), 0..5_u8);
    prop::option::of(vec(route, 0..20)).prop_map(|routes| {
        routes.map(|routes| {
            let mut survey = Survey::new(OWN.map(Asn::new));
            for (prefix, path, number) in routes {
                let vantage = Vantage {
                    collector: "".into(),
                    address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, number)),
                    asn: Asn::new(64700 + u32::from(number / 2)),
                    view: View::default(),
                    vrf: None,
                };
                survey.add_table(&vantage, prefix.family(), 1);
                survey.add(
                    &vantage,
                    prefix,
                    &Route { path: AsPath::sequence(path), ..Route::default() },
                );
            }
            survey
        })
    })
}

/// Text that would like to be TOML.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"'\\\\#=\\[\\]\n\r\t a-z]{0,20}",
        Just("\"\n[mail]\nfrom = \"x@example.net".to_owned()),
        Just("'''\n[[watch]]\n".to_owned()),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    let object =
        (prefix(), asn(), text(), text()).prop_map(|(prefix, origin, description, source)| {
            RouteObject { prefix, origin: Asn::new(origin), description, source }
        });
    let announced = btree_set((prefix(), prop::sample::select(OWN.to_vec())), 0..5);
    (vrps(), survey(), prop::option::of(announced), vec(object, 0..5)).prop_map(
        |(snapshot, survey, announced, route_objects)| Facts {
            asns: OWN.map(Asn::new).to_vec(),
            snapshot,
            survey,
            announced: announced
                .map(|all| all.into_iter().map(|(prefix, asn)| (prefix, Asn::new(asn))).collect()),
            route_objects,
        },
    )
}

fn answers() -> impl Strategy<Value = Answers> {
    (text(), text(), text(), any::<bool>()).prop_map(|(name, site, file, only)| Answers {
        name: format!("x{name}"),
        site: Some(format!("x{site}")),
        country: Some("GB".to_owned()),
        time_zone: Some("Europe/London".to_owned()),
        vrps: vec![
            VrpPlace::Rtr("127.0.0.1:3323".to_owned(), true),
            VrpPlace::Document(format!("x{file}")),
        ],
        mail: Some(MailAnswers {
            from: "originwatch@example.net".to_owned(),
            to: vec!["noc@example.net".to_owned()],
            relay: "smtp://localhost:25".to_owned(),
            tls: Some("none"),
        }),
        only_these_upstreams: only,
        file,
    })
}

proptest! {
    /// Whatever is known, and whatever the names in it say: the config loads and watches what was proposed.
    #[test]
    fn what_is_written_is_read_as_it_was_meant(facts in facts(), answers in answers()) {
        let proposal = Proposal::new(&facts);
        let text = config_text(&proposal, &answers);
        let config = match Config::parse(Path::new("originwatch.toml"), &text) {
            Ok(config) => config,
            Err(error) => return Err(TestCaseError::fail(format!("{}\n{text}", error.report()))),
        };
        prop_assert_eq!(config.watches.len(), proposal.watches.len());
        for (watch, proposed) in config.watches.iter().zip(&proposal.watches) {
            prop_assert_eq!(watch.prefix, proposed.prefix);
            let origins = proposed.origins.iter().map(|origin| origin.asn).collect();
            prop_assert_eq!(&watch.origins, &Origins::Only(origins));
            prop_assert_eq!(watch.max_length, proposed.max_length.unwrap_or(watch.prefix.length()));
            prop_assert_eq!(&watch.description, &proposed.description);
        }
        let upstreams = proposal.upstreams.iter().map(|upstream| upstream.asn);
        let upstreams: Vec<_> = upstreams.filter(|_| answers.only_these_upstreams).collect();
        prop_assert_eq!(&config.operator.upstreams, &upstreams);
        prop_assert_eq!(config.mail.map(|mail| mail.to.len()), Some(1));
        // And with the same facts nothing is new, but for what nobody announces.
        let again = update(&text, &proposal, &facts, "originwatch.toml").unwrap();
        prop_assert_eq!(again, setup::Update { changes: Vec::new(), text });
    }

    /// Whatever is added to a config, it loads, and then nothing is new.
    #[test]
    fn what_is_added_is_read_as_it_was_meant(before in facts(), after in facts(), answers in answers()) {
        let text = config_text(&Proposal::new(&before), &answers);
        let proposal = Proposal::new(&after);
        let updated = update(&text, &proposal, &after, "originwatch.toml").unwrap();
        if let Err(error) = Config::parse(Path::new("originwatch.toml"), &updated.text) {
            return Err(TestCaseError::fail(format!("{}\n{}", error.report(), updated.text)));
        }
        let again = update(&updated.text, &proposal, &after, "originwatch.toml").unwrap();
        prop_assert_eq!(again.text, updated.text);
    }
}
