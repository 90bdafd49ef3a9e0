use std::path::Path;

use super::*;
use crate::config::Config;

const ZONE: &str = "
    mail.example.net A 192.0.2.25
    backup.example.org A 198.51.100.25
    inside.example.net A 10.0.0.25
    example.net TXT v=spf1 a:mail.example.net -all
    _dmarc.example.net TXT v=DMARC1; p=reject
    broken.example TXT v=spf1 frog
    _dmarc.broken.example TXT v=DMARC1; p=none
    _dmarc.broken.example TXT v=DMARC1; p=reject
    good.example MX mx1.good.example
    good.example MX mx2.good.example
    mx1.good.example A 203.0.113.1
    mx2.good.example AAAA 2001:db8::2
    half.example MX mx1.good.example
    half.example MX gone.good.example
    lost.example MX gone.good.example
    bare.example A 203.0.113.9
    deaf.example MX .
    monitor.example.net A 192.0.2.7
    7.2.0.192.in-addr.arpa PTR other.example.net
    7.2.0.192.in-addr.arpa PTR monitor.example.net
    8.2.0.192.in-addr.arpa PTR monitor.example.net
";

fn mail(from: &str, to: &[&str]) -> Mail {
    let text = format!(
        "[operator]\nname = \"Example\"\nasns = [64500]\n[mail]\nfrom = \"watch@{from}\"\n\
         to = {to:?}\nhelo = \"monitor.example.net\"\nrelay = \"smtp://mail.example.net\"\n\
         failover = [\"smtp://backup.example.org\", \"smtp://inside.example.net\"]\n"
    );
    Config::parse(Path::new("originwatch.toml"), &text).unwrap().mail.unwrap()
}

/// Without the last line, which counts.
fn lines(report: &Report) -> String {
    let text = report.to_string();
    text.rsplit_once('\n').map(|(lines, _)| lines.to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn the_senders_domain_names_its_relays_or_does_not() {
    let dns = Dns::zone(ZONE);
    let mut report = Report::default();
    for from in ["example.net", "broken.example", "good.example"] {
        let mail = mail(from, &["noc@good.example"]);
        for relay in [&mail.relay].into_iter().chain(&mail.failover) {
            report.append(sender_policy(&mail, relay, &dns).await);
        }
    }
    let expected = "\
ok     SPF of example.net for smtp://mail.example.net:587: 192.0.2.25 pass, by 'a:mail.example.net' of example.net
note   SPF of example.net for smtp://backup.example.org:587: 198.51.100.25 fail, by '-all' of example.net; right only if the relay sends from another address
note   SPF of example.net for smtp://inside.example.net:587: 10.0.0.25 is not what the mailboxes see: not judged
fault  SPF of broken.example for smtp://mail.example.net:587: permerror, broken.example has 'frog' in its SPF record
fault  SPF of broken.example for smtp://backup.example.org:587: permerror, broken.example has 'frog' in its SPF record
note   SPF of broken.example for smtp://inside.example.net:587: 10.0.0.25 is not what the mailboxes see: not judged
note   SPF of good.example for smtp://mail.example.net:587: no record: some mailboxes mistrust that
note   SPF of good.example for smtp://backup.example.org:587: no record: some mailboxes mistrust that
note   SPF of good.example for smtp://inside.example.net:587: 10.0.0.25 is not what the mailboxes see: not judged";
    assert_eq!(lines(&report), expected);
}

#[tokio::test]
async fn a_policy_may_stand_at_a_parent_of_the_senders_domain() {
    let dns = Dns::zone(ZONE);
    let mut report = Report::default();
    for from in ["example.net", "noc.lon.example.net", "broken.example", "good.example"] {
        report.append(dmarc(&mail(from, &["noc@good.example"]), &dns).await);
    }
    let expected = "\
ok     DMARC of example.net: _dmarc.example.net says v=DMARC1; p=reject
ok     DMARC of noc.lon.example.net: _dmarc.example.net says v=DMARC1; p=reject
note   DMARC of broken.example: _dmarc.broken.example has several records: none counts
note   DMARC of good.example: no record: some mailboxes mistrust that";
    assert_eq!(lines(&report), expected);
}

#[tokio::test]
async fn mailboxes_have_a_place_or_mail_goes_nowhere() {
    let dns = Dns::zone(ZONE);
    let to = ["good", "half", "lost", "bare", "deaf", "gone"].map(|d| format!("noc@{d}.example"));
    let to: Vec<_> = to.iter().map(String::as_str).chain(["b@good.example"]).collect();
    let report = mailboxes(&mail("example.net", &to), &dns).await;
    let expected = "\
note   MX of bare.example: none, so mail goes to its address, 203.0.113.9
fault  MX of deaf.example: takes no mail (null MX, RFC 7505)
fault  MX of gone.example: neither MX nor address: mail goes nowhere
ok     MX of good.example: mx1.good.example, mx2.good.example
note   MX of half.example: gone.good.example, mx1.good.example; without an address: gone.good.example
fault  MX of lost.example: gone.good.example, and none of them has an address";
    assert_eq!(lines(&report), expected);
}

#[tokio::test]
async fn the_name_of_our_address_leads_back_to_it() {
    let dns = Dns::zone(ZONE);
    let mut report = Report::default();
    for ours in ["192.0.2.7", "192.0.2.8", "127.0.0.1", "10.0.0.1", "100.64.0.1", "fd00::1"] {
        let helo = ["192.0.2.7".parse().unwrap()];
        reverse(ours.parse().unwrap(), "monitor.example.net", &helo, &dns, &mut report).await;
    }
    let expected = "\
ok     reverse name of 192.0.2.7: monitor.example.net
note   reverse name of 192.0.2.8: none that leads back to it: a relay may think little of us
note   helo monitor.example.net: is not 192.0.2.8, from which we talk to the relay
ok     reverse name of 127.0.0.1: not needed: the relay is on this machine
note   reverse name of 10.0.0.1: a private address: as whom the relay sees us cannot be seen from here
note   reverse name of 100.64.0.1: a private address: as whom the relay sees us cannot be seen from here
note   reverse name of fd00::1: a private address: as whom the relay sees us cannot be seen from here";
    assert_eq!(lines(&report), expected);
}
