use super::*;

/// The zone of RFC 7208 appendix A, whose text this is but for what needs `ptr`.
const APPENDIX_A: &str = "
    example.com MX mail-a.example.com
    example.com MX mail-b.example.com
    example.com A 192.0.2.10
    example.com A 192.0.2.11
    amy.example.com A 192.0.2.65
    bob.example.com A 192.0.2.66
    mail-a.example.com A 192.0.2.129
    mail-b.example.com A 192.0.2.130
    example.org MX mail-c.example.org
    mail-c.example.org A 192.0.2.140
";

const HOSTS: [&str; 8] = [
    "192.0.2.10",
    "192.0.2.11",
    "192.0.2.65",
    "192.0.2.66",
    "192.0.2.129",
    "192.0.2.130",
    "192.0.2.131",
    "192.0.2.140",
];

fn ask(zone: &str, domain: &str, address: &str) -> Spf {
    let dns = Dns::zone(zone);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(check(&dns, domain, address.parse().unwrap()))
}

/// Which of the hosts pass; all others fail.
fn passing(record: &str) -> Vec<&'static str> {
    let zone = format!("{APPENDIX_A}\nexample.com TXT {record}");
    let passes = |host: &&&str| match ask(&zone, "example.com", host) {
        Spf::Decided(Qualifier::Pass, _) => true,
        Spf::Decided(Qualifier::Fail, by) => {
            assert_eq!(by, "by '-all' of example.com");
            false
        }
        other => panic!("{other:?}"),
    };
    HOSTS.iter().filter(passes).copied().collect()
}

#[test]
fn appendix_a_1_of_rfc_7208() {
    assert_eq!(passing("v=spf1 +all"), HOSTS);
    assert_eq!(passing("v=spf1 a -all"), ["192.0.2.10", "192.0.2.11"]);
    assert_eq!(passing("v=spf1 a:example.org -all"), [""; 0]);
    assert_eq!(passing("v=spf1 mx -all"), ["192.0.2.129", "192.0.2.130"]);
    assert_eq!(passing("v=spf1 mx:example.org -all"), ["192.0.2.140"]);
    assert_eq!(
        passing("v=spf1 mx mx:example.org -all"),
        ["192.0.2.129", "192.0.2.130", "192.0.2.140"]
    );
    assert_eq!(
        passing("v=spf1 mx/30 mx:example.org/30 -all"),
        ["192.0.2.129", "192.0.2.130", "192.0.2.131", "192.0.2.140"]
    );
    assert_eq!(
        passing("v=spf1 ip4:192.0.2.128/28 -all"),
        ["192.0.2.129", "192.0.2.130", "192.0.2.131", "192.0.2.140"]
    );
    let unknown = Spf::Unknown("'ptr' of example.com".to_owned());
    let zone = format!("{APPENDIX_A}\nexample.com TXT v=spf1 ptr -all");
    assert_eq!(ask(&zone, "example.com", "192.0.2.65"), unknown);
}

/// RFC 7208 appendix A.2: the mail of several domains is handled in one place.
#[test]
fn appendix_a_2_of_rfc_7208() {
    let zone = format!(
        "{APPENDIX_A}
         example.com TXT v=spf1 mx -all
         example.net TXT v=spf1 ip4:192.0.2.10 -all
         example.org TXT v=spf1 include:example.com include:example.net -all
         la.example.org TXT v=spf1 redirect=example.org"
    );
    let decided = |qualifier, by: &str| Spf::Decided(qualifier, by.to_owned());
    let domain = "la.example.org";
    let by = "by 'include:example.net' of example.org";
    assert_eq!(ask(&zone, domain, "192.0.2.10"), decided(Qualifier::Pass, by));
    let by = "by 'include:example.com' of example.org";
    assert_eq!(ask(&zone, domain, "192.0.2.129"), decided(Qualifier::Pass, by));
    let by = "by '-all' of example.org";
    assert_eq!(ask(&zone, domain, "192.0.2.65"), decided(Qualifier::Fail, by));
}

#[test]
fn what_has_no_qualifier_of_its_own() {
    assert_eq!(ask("", "example.com", "192.0.2.1"), Spf::None);
    assert_eq!(ask("example.com TXT v=spf10 -all", "example.com", "192.0.2.1"), Spf::None);
    let zone = "example.com TXT V=SPF1 ip6:2001:db8::/32";
    let nothing = Spf::Decided(Qualifier::Neutral, "example.com does not name it".to_owned());
    assert_eq!(ask(zone, "example.com", "192.0.2.1"), nothing);
    let by = "by 'ip6:2001:db8::/32' of example.com".to_owned();
    let pass = Spf::Decided(Qualifier::Pass, by);
    assert_eq!(ask(zone, "example.com", "2001:db8::25"), pass);
}

#[test]
fn what_receivers_call_a_permanent_error() {
    let loops = "example.com TXT v=spf1 include:example.com -all";
    let eleven = (0..11).map(|n| format!("a:h{n}.example.com "));
    let hosts = (0..11).map(|n| format!("\nh{n}.example.com A 192.0.2.{n}"));
    let hosts: String = hosts.collect();
    let eleven = format!("example.com TXT v=spf1 {}-all{hosts}", eleven.collect::<String>());
    for (zone, error) in [
        (loops, "it takes more than 10 lookups"),
        (eleven.as_str(), "it takes more than 10 lookups"),
        (
            "example.com TXT v=spf1 -all\nexample.com TXT v=spf1 +all",
            "example.com has several SPF records",
        ),
        (
            "example.com TXT v=spf1 include:gone.example -all",
            "gone.example, which is included, has no SPF record",
        ),
        (
            "example.com TXT v=spf1 redirect=gone.example",
            "gone.example has no SPF record to redirect to",
        ),
        (
            "example.com TXT v=spf1 a:a.example mx:b.example a:c.example -all",
            "more than 2 names of it do not exist",
        ),
        (
            "example.com TXT v=spf1 ipv4:192.0.2.1 -all",
            "example.com has 'ipv4:192.0.2.1' in its SPF record",
        ),
    ] {
        let expected = Spf::PermError(error.to_owned());
        assert_eq!(ask(zone, "example.com", "192.0.2.99"), expected, "{zone}");
    }
    let macros = "example.com TXT v=spf1 exists:%{i}.spf.example.com -all";
    let unknown = Spf::Unknown("the macro in '%{i}.spf.example.com'".to_owned());
    assert_eq!(ask(macros, "example.com", "192.0.2.1"), unknown);
}

#[test]
fn terms_are_right_or_wrong_as_a_whole() {
    for right in [
        "all",
        "-all",
        "include:example.com",
        "a",
        "a/24",
        "a//64",
        "a/24//64",
        "a:example.com",
        "mx:example.com/28",
        "ip4:192.0.2.1",
        "ip4:192.0.2.1/24",
        "ip6:2001:db8::1/64",
        "PTR",
        "exists:example.com",
        "exp=why.example.com",
        "unknown=anything",
        "redirect=example.com",
    ] {
        assert!(Record::parse(&format!("v=spf1 {right}")).is_ok(), "{right}");
    }
    for wrong in [
        "all:x",
        "include",
        "include:",
        "a:",
        "a/33",
        "a/",
        "a/x",
        "a//129",
        "mx/24/64",
        "ip4",
        "ip4:192.0.2",
        "ip4:192.0.2.1/33",
        "ip4:2001:db8::1",
        "ip6:2001:db8::1/129",
        "ip4:1.2.3.4/+8",
        "exists",
        "--all",
        "-",
        "frog",
        "redirect=",
        "redirect=a.example redirect=b.example",
    ] {
        let text = format!("v=spf1 {wrong}");
        assert!(Record::parse(&text).is_err(), "{wrong}");
    }
}
