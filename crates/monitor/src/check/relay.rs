use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alerter::channels::smtp::{NOT_IN_THE_CLEAR, Tls};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use x509_cert::der::Decode as _;

use super::report::{Report, State};
use crate::config::{Mail, Relay};
use crate::dns::Dns;

/// From the first packet to the relay's goodbye. Some let strangers wait before the banner, to see
/// who cannot (Postfix' postscreen: six seconds).
const CONVERSATION: Duration = Duration::from_secs(15);

/// How long each address of the relay has, so that one that is dead does not hide the next.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// A certificate that ends so soon is worth a note.
const ENDS_SOON: u64 = 21;

/// One that ends so soon is a fault: over a long weekend nobody renews it.
const ENDS_NOW: u64 = 3;

const DAY: u64 = 86_400;

/// What a conversation has shown.
struct Seen {
    /// How the connection is protected.
    protection: &'static str,
    /// The relay's certificate, as DER.
    certificate: Option<Vec<u8>>,
    /// As whom we are known there, or why we are not.
    login: Option<Result<String, String>>,
}

/// Talks to the relay up to the login, and never hands over a mail.
pub(super) async fn probe(mail: &Mail, relay: &Relay, dns: &Dns) -> Report {
    let mut report = Report::default();
    let addresses = match dns.addresses(&relay.host).await {
        Ok(addresses) if addresses.is_empty() => {
            report.fault(relay, "the name has no address");
            return report;
        }
        Ok(addresses) => addresses,
        Err(error) => {
            report.fault(relay, error.to_string());
            return report;
        }
    };
    let at: Vec<_> = addresses.iter().map(|ip| SocketAddr::new(*ip, relay.port)).collect();
    match tokio::time::timeout(CONVERSATION, converse(mail, relay, &at)).await {
        Ok(Ok(seen)) => tell(mail, relay, &seen, &mut report),
        Ok(Err(reason)) => report.fault(relay, reason),
        Err(_) => {
            let limit = CONVERSATION.as_secs();
            report.fault(relay, format!("no complete conversation within {limit} s"));
        }
    }
    report
}

fn tell(mail: &Mail, relay: &Relay, seen: &Seen, report: &mut Report) {
    let detail = format!("EHLO {}, {}", mail.helo, seen.protection);
    match &seen.login {
        None => report.ok(relay, detail),
        Some(Ok(user)) => report.ok(relay, format!("{detail}, logged in as {user}")),
        Some(Err(reason)) => report.fault(relay, reason),
    }
    if let Some(certificate) = &seen.certificate {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        expiry(relay, certificate, now, report);
    }
}

/// What the relay is asked, in this order; why it goes no further.
async fn converse(mail: &Mail, relay: &Relay, at: &[SocketAddr]) -> Result<Seen, String> {
    let hello = ClientId::Domain(mail.helo.clone());
    let parameters = || parameters(mail, relay);
    let implicit = if relay.tls == Tls::Implicit { Some(parameters()?) } else { None };
    let connecting =
        AsyncSmtpConnection::connect_tokio1(at, Some(CONNECT_WITHIN), &hello, implicit, None);
    let mut connection = connecting.await.map_err(told)?;
    let offered = connection.can_starttls();
    match relay.tls {
        Tls::StartTls if !offered => return Err("does not offer STARTTLS".to_owned()),
        Tls::StartTls | Tls::Opportunistic if offered => {
            connection.starttls(parameters()?, &hello).await.map_err(told)?;
        }
        Tls::StartTls | Tls::Opportunistic | Tls::Implicit | Tls::None => {}
    }
    let protection = match (connection.is_encrypted(), relay.tls) {
        (true, Tls::Implicit) => "TLS from the first byte",
        (true, _) => "STARTTLS",
        (false, _) => "in the clear",
    };
    let certificate = match connection.is_encrypted() {
        true => Some(connection.peer_certificate().map_err(told)?),
        false => None,
    };
    let login = match &mail.login {
        Some(_) if !connection.is_encrypted() && relay.tls != Tls::None => {
            Some(Err(NOT_IN_THE_CLEAR.to_owned()))
        }
        Some((user, file)) => Some(log_in(&mut connection, user, file).await),
        None => None,
    };
    // It has said all that we wanted to know.
    let _ = connection.quit().await;
    Ok(Seen { protection, certificate, login })
}

async fn log_in(
    connection: &mut AsyncSmtpConnection,
    user: &str,
    file: &Path,
) -> Result<String, String> {
    let password = network::password(file).map_err(|error| error.to_string())?;
    let credentials = Credentials::new(user.to_owned(), password);
    let answer = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
    answer.map_err(|error| format!("login as {user}: {}", told(error)))?;
    Ok(user.to_owned())
}

fn parameters(mail: &Mail, relay: &Relay) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(relay.host.clone());
    if let Some(path) = &mail.ca_file {
        let pem = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(told)?);
    }
    builder.build().map_err(told)
}

/// How long the certificate is good: one that is over was refused before.
fn expiry(relay: &Relay, certificate: &[u8], now: Duration, report: &mut Report) {
    let Ok(certificate) = x509_cert::Certificate::from_der(certificate) else {
        return report.note(relay, "its certificate is accepted, but when it ends cannot be read");
    };
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    let days = end.saturating_sub(now).as_secs() / DAY;
    let state = match days {
        ..ENDS_NOW => State::Fault,
        ENDS_NOW..ENDS_SOON => State::Note,
        _ => return report.ok(relay, "its certificate is good for the next three weeks"),
    };
    report.push(state, relay, format!("its certificate ends in {days} days"));
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn told(error: SmtpError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_ends_soon_is_told_in_time() {
        let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2030, 1, 31);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let end = 1_896_048_000;
        let relay = Relay { host: "localhost".to_owned(), port: 25, tls: Tls::Implicit };
        let mut report = Report::default();
        for now in [end - 21 * DAY, end - 21 * DAY + 1, end - 3 * DAY, end - 3 * DAY + 1, end + DAY]
        {
            expiry(&relay, certificate.der(), Duration::from_secs(now), &mut report);
        }
        expiry(&relay, b"frog", Duration::ZERO, &mut report);
        assert_eq!(
            report.to_string(),
            "ok     smtps://localhost:25: its certificate is good for the next three weeks\n\
             note   smtps://localhost:25: its certificate ends in 20 days\n\
             note   smtps://localhost:25: its certificate ends in 3 days\n\
             fault  smtps://localhost:25: its certificate ends in 2 days\n\
             fault  smtps://localhost:25: its certificate ends in 0 days\n\
             note   smtps://localhost:25: its certificate is accepted, but when it ends cannot be \
             read\n2 faults found"
        );
    }
}
