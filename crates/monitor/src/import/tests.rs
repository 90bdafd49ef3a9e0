use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use setup::{import_artemis, import_bgpalerter};
use validator::Origins;

use super::*;

fn file(name: &str, text: &str) -> ForeignFile {
    ForeignFile { name: name.to_owned(), text: text.to_owned() }
}

/// The config that an import makes, read again.
fn read_again(imported: &Imported, name: &str) -> Config {
    let text = imported_text(imported, name);
    let config = Config::parse(Path::new("/x/originwatch.toml"), &text);
    config.unwrap_or_else(|error| panic!("{}\n{text}", error.report()))
}

const CONFIG: &str = "
connectors:
  - {file: connectorRIS, name: ris, params: {url: 'ws://ris.example/v1/ws/', carefulSubscription: false}}
  - {file: connectorRISDump, name: dump}
monitors:
  - {file: monitorHijack, channel: hijack, name: basic, params: {thresholdMinPeers: 3}}
  - {file: monitorVisibility, channel: visibility, name: withdrawals}
  - {file: monitorRPKI, channel: rpki, name: rpki, params: {checkUncovered: true}}
  - {file: monitorPathNeighbors, channel: rpki, name: neighbours}
reports:
  - file: reportEmail
    channels: [hijack, visibility, rpki]
    params:
      senderEmail: bgp@example.net
      smtp: {host: mail.example.net, port: 25, auth: {user: me, pass: hunter2, type: login}}
      notifiedEmails:
        default: [admin@example.net]
        noc: [noc@example.net]
  - file: reportSlack
    channels: [hijack]
    params: {hooks: {default: 'https://hooks.slack.example/T0/secret'}}
  - file: reportSyslog
    channels: [hijack, visibility, rpki]
    params: {host: '2001:db8::5', port: 514, transport: tcp}
notificationIntervalSeconds: 7200
rest: {host: null, port: 8011}
processMonitors:
  - {file: uptimeHealthcheck, params: {url: 'https://hc.example/x', intervalSeconds: 60}}
rpki: {vrpProvider: ntt, markDataAsStaleAfterMinutes: 90}
httpProxy: http://me:pw@proxy.example.net:3128
";

const PREFIXES: &str = "
198.18.0.0/21: {description: Pool, asn: '64500', ignoreMorespecifics: false}
'2001:db8::/32': {description: v6, asn: [64500, 64501], ignoreMorespecifics: true, group: noc}
192.0.2.1/24: {description: scrubbed, asn: 64500, ignore: true, ignoreMorespecifics: true, excludeMonitors: [withdrawals]}
options: {monitorASns: {'64500': {group: default, upstreams: [64510]}}}
";

#[test]
fn a_config_of_bgpalerter_is_read_again_as_it_was_meant() {
    let files = [file("config.yml", CONFIG), file("prefixes.yml", PREFIXES)];
    let imported = import_bgpalerter(&files, &[]).unwrap();
    let config = read_again(&imported, "Example");
    let watches: Vec<_> = config.watches.iter().cloned().collect();
    assert_eq!(watches.len(), 3);
    let ignored = &watches[0];
    assert_eq!(
        (ignored.prefix.to_string().as_str(), &ignored.origins),
        ("192.0.2.0/24", &Origins::Any)
    );
    assert_eq!((ignored.max_length, ignored.visibility), (32, 0));
    assert!(watches.iter().all(|watch| watch.roa_required));
    let said = told(&imported);
    assert!(
        said.contains(": 2001:db8::/32.ignoreMorespecifics: ")
            && !said.contains("192.0.2.1/24.ignoreMore"),
        "{said}"
    );
    assert_eq!(config.operator.asns, [Asn::new(64500)]);
    assert_eq!(config.operator.upstreams, [Asn::new(64510)]);
    assert_eq!(config.incident.min_vantage_ases, 3);
    let mail = config.mail.as_ref().unwrap();
    assert_eq!((mail.relay.host.as_str(), mail.to.len()), ("mail.example.net", 1));
    assert!(mail.login.is_some());
    assert_eq!(config.channels.len(), 2);
    assert_eq!(config.web.as_ref().unwrap().listen.to_string(), "0.0.0.0:8011");
    assert_eq!(config.rpki.list.len(), 1);
    assert_eq!(config.rpki.stale_after.as_secs(), 90 * 60);
    assert_eq!(config.heartbeat.as_ref().unwrap().every.as_secs(), 60);
    assert_eq!(config.proxy.as_ref().unwrap().address, "proxy.example.net:3128");
    let text = imported_text(&imported, "Example");
    for secret in ["hunter2", "T0/secret", "me:pw"] {
        assert!(!text.contains(secret) && !told(&imported).contains(secret), "{secret}");
    }
}

#[test]
fn groups_and_channels_of_reports_become_routes() {
    let files = [file("config.yml", CONFIG), file("prefixes.yml", PREFIXES)];
    let imported = import_bgpalerter(&files, &[]).unwrap();
    let text = imported_text(&imported, "Example");
    let (_, routes) = text.split_once("[[route]]\n").unwrap();
    let (routes, _) = routes.split_once("[reminder]").unwrap();
    let expected = r#"prefixes = ["2001:db8::/32"]
to = ["mail:noc@example.net"]

[[route]]
prefixes = ["192.0.2.0/24", "198.18.0.0/21"]
to = ["mail:admin@example.net"]

[[route]]
kinds = ["own-as-new-prefix", "unexpected-downstream", "roa-change", "ta-malfunction", "rpki-stale", "feed-silent", "router-down", "delivery-failing", "store-failing"]
to = ["mail:admin@example.net"]

[[route]]
kinds = ["origin-hijack", "sub-prefix-hijack", "squatting"]
to = ["slack"]

[[route]]
to = ["syslog"]

"#;
    assert_eq!(routes, expected);
}

#[test]
fn what_is_lost_is_said_with_its_line_and_what_may_be_missed_first() {
    let config = "monitors:\n- file: monitorHijack\n  name: x\n  params: {maxDataSamples: 9}\nlogging: {directory: logs}\n\
                  reports:\n- file: reportKafka\n  params: {host: a}\nfrog: 1\n";
    let files =
        [file("c.yml", config), file("p.yml", "192.0.2.0/24:\n  asn: 64500\n  path: {match: x}\n")];
    let imported = import_bgpalerter(&files, &[]).unwrap();
    let expected = "\
1 watch for AS64500
Not carried, look at these:
  c.yml:7: reports[0].file: no channel for Kafka: a [[channel]] with type = \"exec\" can hand the event on
  c.yml:8: reports[0].params: no channel for Kafka: a [[channel]] with type = \"exec\" can hand the event on
  c.yml:9: frog: is not known here
  p.yml:3: 192.0.2.0/24.path: paths are not matched: `search --as-path` finds them
Nothing to do about these:
  c.yml:4: monitors[0].params.maxDataSamples: an incident keeps who holds the route, not messages
  c.yml:5: logging: the log goes to standard error, and so to the journal
";
    assert_eq!(told(&imported), expected);
}

const ARTEMIS: &str = "
prefixes:
  ours: &ours [198.18.0.0/21^+, 192.0.2.0/24^26-28]
  unused: &unused 203.0.113.0/24
asns: {me: &me 64500, range: &range 300- 302}
monitors: {riperis: [''], exabgp: [{ip: x, port: 5000}]}
rules:
- {prefixes: [*ours], origin_asns: [*me], neighbors: [*range], mitigation: manual}
- {prefixes: *unused, mitigation: /root/mitigate}
- {prefixes: 198.51.100.0/24, origin_asns: '*', neighbors: '*'}
- {prefixes: [[198.18.0.0/21]], origin_asns: [64501], neighbors: [64511], policies: [no-export]}
- {prefixes: 100.64.0.0/10^8, origin_asns: 1}
- {prefixes: 100.64.0.0/10, origin_asns: [[]]}
";

#[test]
fn a_config_of_artemis_is_read_again_as_it_was_meant() {
    let imported = import_artemis(&[file("config.yaml", ARTEMIS)], &[]).unwrap();
    let config = read_again(&imported, "Example");
    let shown = config.watches.iter().map(|watch| {
        let upstreams: Vec<_> = watch.upstreams.iter().flatten().map(|asn| asn.number()).collect();
        format!(
            "{} {} {:?} {} {upstreams:?}",
            watch.prefix, watch.max_length, watch.origins, watch.announced
        )
    });
    let expected = [
        "192.0.2.0/24 28 Only([Asn(64500)]) true [300, 301, 302]",
        "198.18.0.0/21 32 Only([Asn(64500), Asn(64501)]) true [300, 301, 302, 64511]",
        "198.51.100.0/24 24 Any true []",
        "203.0.113.0/24 24 Only([Asn(64500), Asn(64501)]) false []",
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
    let expected = "\
4 watches for AS64500, AS64501
Not carried, look at these:
  config.yaml:3: rules[0].prefixes: 192.0.2.0/24 itself may be announced too: a watch has no shortest length
  config.yaml:6: monitors.exabgp: no BGP session: [[feed]] type = \"bmp\" takes your own routers
  config.yaml:9: rules[1].mitigation: nothing is announced by itself; a [[channel]] with type = \"exec\" is told
  config.yaml:11: rules[3].policies: how far a route travels is not limited; `search --as-path` finds long paths
  config.yaml:12: rules[4].prefixes: not watched: '100.64.0.0/10^8' is no range of RFC 2622
  config.yaml:13: rules[5].origin_asns: names nobody: an AS set that was not resolved?
  config.yaml:13: rules[5].prefixes: not watched: the origins of the rule name no AS
";
    assert_eq!(told(&imported), expected);
}

/// One list of neighbours holds for all ASes of a config of ours.
#[test]
fn neighbours_are_carried_where_each_as_has_a_list_and_somebody_looked() {
    let read = |config: &str, asns: &str| {
        let prefixes = format!("192.0.2.0/24: {{asn: 64500}}\noptions: {{monitorASns: {asns}}}");
        let files = [file("c.yml", config), file("p.yml", &prefixes)];
        let imported = import_bgpalerter(&files, &[]).unwrap();
        (imported.upstreams.len(), imported.customers.len(), told(&imported))
    };
    let looks = "monitors: [{file: monitorPathNeighbors, name: n}]";
    let both = "{64500: {upstreams: [1, 2]}, 64501: {upstreams: [2, 3]}}";
    let (upstreams, customers, said) = read(looks, both);
    assert_eq!((upstreams, customers), (3, 0));
    assert!(said.contains("differ in their upstreams"), "{said}");
    let (upstreams, customers, said) =
        read(looks, "{64500: {upstreams: [1], downstreams: [5]}, 64501: {downstreams: }}");
    assert_eq!((upstreams, customers), (0, 0));
    assert!(
        said.contains("not each AS has upstreams") && said.contains("not each AS has downstreams"),
        "{said}"
    );
    let (upstreams, _, said) = read("monitors: []", both);
    assert_eq!(upstreams, 0);
    assert!(said.contains("no monitorPathNeighbors looked"), "{said}");
}

#[test]
fn what_is_no_config_of_theirs_is_refused_with_the_reason() {
    let bgpalerter =
        |text: &str| import_bgpalerter(&[file("x", text)], &[]).unwrap_err().to_string();
    assert_eq!(
        bgpalerter("apiVersion: v1\nkind: Deployment\n"),
        "x: is no config, no prefix list and no groups file of BGPalerter"
    );
    assert_eq!(
        bgpalerter("a: 1\n---\nb: 2\n"),
        "x: line 2: a second document in the file; a config is one"
    );
    assert!(bgpalerter("logging: {}\n").starts_with("no prefix is named there"));
    assert_eq!(
        bgpalerter("192.0.2.0/24: {description: x}"),
        "no AS is named there: say yours with --asn"
    );
    let artemis = |text: &str| import_artemis(&[file("x", text)], &[]).unwrap_err().to_string();
    assert!(
        artemis("prefixes: {}\nmonitors: {}\nasns: {}\nrules: []\n")
            .starts_with("no prefix is named there")
    );
    assert!(artemis("[1]").starts_with("x: is no config of ARTEMIS"));
}

/// Text that would like to be TOML.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[\\PC\n\"'\\\\#\\]\\[=]{0,20}",
        Just("\"\n[web]\nlisten = \"0.0.0.0:1\"".to_owned()),
        Just("x\u{2028}[mail]".to_owned()),
        Just("a@example.net".to_owned()),
        Just("https://a.example/b".to_owned()),
        Just("198.18.0.0/21".to_owned()),
    ]
}

/// A value of YAML, as JSON writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

proptest! {
    #[test]
    fn whatever_their_texts_say_the_config_loads(texts in vec(text(), 12), name in text()) {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = &texts.iter().map(|text| quoted(text)).collect::<Vec<_>>()[..] else {
            panic!("twelve")
        };
        let config = format!(
            "connectors: [{{file: connectorRIS, params: {{url: {a}}}}}]\n\
             monitors: [{{file: monitorHijack, name: {b}, channel: {c}}}, {{file: monitorRPKI, name: z, channel: rpki}}]\n\
             reports:\n\
             - {{file: reportEmail, channels: [{c}], params: {{senderEmail: {d}, smtp: {{host: {e}, auth: {{user: {f}}}}}, \
             notifiedEmails: {{default: [{d}, {g}], {h}: [a@example.net]}}}}}}\n\
             - {{file: reportHTTP, channels: [rpki], params: {{hooks: {{{h}: {i}, default: 'http://a.example'}}}}}}\n\
             - {{file: reportSyslog, channels: [rpki], params: {{host: {e}, transport: {j}}}}}\n\
             rest: {{host: {e}}}\nhttpProxy: {k}\nrpki: {{vrpProvider: api, url: {i}}}\n\
             processMonitors: [{{file: uptimeHealthcheck, params: {{url: {i}}}}}]\n"
        );
        let prefixes = format!("198.18.0.0/15: {{asn: 64500, description: {l}, group: {h}}}\n{l}: {{asn: 64501}}\n");
        let files = [file(a, &config), file("p.yml", &prefixes)];
        if let Ok(imported) = import_bgpalerter(&files, &[]) {
            let name = if bgp::printable(&name).trim().is_empty() { "x" } else { &name };
            read_again(&imported, name);
        }
    }
}
