//! Delivery to a scripted SMTP server: what it does wrong decides what we say of it.

use std::time::Duration;

use alerter::Content;
use alerter::channels::SendError;
use alerter::channels::smtp::{Relay, RelayConfig, RelayError, Tls};
use alerter::content::mail::{Mail, MailComposer};
use jiff::tz::TimeZone;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::annotated::annotated;
use crate::lab::{FIRST, Lab};

/// What the server does wrong, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    SilentBanner,
    SilentAfterDot,
    CloseAfterDot,
    Answer(&'static str, &'static str),
}

/// A refusal for which lettre alone would find no room.
const LONG: &str = const {
    const OCTETS: [u8; 4000] = {
        let mut octets = [b'x'; 4000];
        (octets[0], octets[1], octets[2], octets[3]) = (b'5', b'5', b'0', b' ');
        octets
    };
    match std::str::from_utf8(&OCTETS) {
        Ok(text) => text,
        Err(_) => panic!(),
    }
};

/// Serves one connection; returns the lines of each mail that it took.
async fn serve(mut stream: TcpStream, fault: Fault) -> Option<Vec<String>> {
    if fault == Fault::SilentBanner {
        std::future::pending::<()>().await;
    }
    stream.write_all(b"220 relay.test ESMTP\r\n").await.ok()?;
    converse(stream, fault).await
}

/// The same by TLS: from the beginning, or once it is asked for.
async fn serve_by_tls(
    mut stream: TcpStream,
    tls: Tls,
    acceptor: TlsAcceptor,
) -> Option<Vec<String>> {
    if tls == Tls::Implicit {
        let mut stream = acceptor.accept(stream).await.ok()?;
        stream.write_all(b"220 relay.test ESMTP\r\n").await.ok()?;
        return converse(stream, Fault::Answer(".", LONG)).await;
    }
    for answer in ["220 relay.test ESMTP", "250-relay.test\r\n250 STARTTLS"] {
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        // A line; the client waits for the next answer.
        while stream.read_u8().await.ok()? != b'\n' {}
    }
    stream.write_all(b"220 go on\r\n").await.ok()?;
    converse(acceptor.accept(stream).await.ok()?, Fault::Answer(".", LONG)).await
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    fault: Fault,
) -> Option<Vec<String>> {
    let mut stream = BufReader::new(stream);
    let mut taken = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return Some(taken);
        }
        let verb = line.split([' ', '\r']).next().unwrap_or_default().to_uppercase();
        let answer = match (fault, verb.as_str()) {
            (Fault::Answer(at, answer), verb) if at == verb => answer.to_owned(),
            (_, "EHLO") => {
                taken.push(line.trim_end().to_owned());
                "250-relay.test\r\n250-AUTH PLAIN\r\n250 8BITMIME".to_owned()
            }
            (_, "AUTH") => {
                taken.push(line.trim_end().to_owned());
                "235 ok".to_owned()
            }
            (_, "DATA") => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                read_data(&mut stream, &mut taken).await?;
                match fault {
                    Fault::SilentAfterDot => std::future::pending::<String>().await,
                    Fault::CloseAfterDot => return Some(taken),
                    Fault::Answer(".", answer) => answer.to_owned(),
                    _ => "250 taken".to_owned(),
                }
            }
            (_, "QUIT") => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn read_data<S: AsyncRead + Unpin>(
    stream: &mut BufReader<S>,
    taken: &mut Vec<String>,
) -> Option<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        if line == ".\r\n" || line.is_empty() {
            return Some(());
        }
        taken.push(line.trim_end().to_owned());
    }
}

fn notice_mail() -> Mail {
    let mut lab = Lab::with_baseline();
    lab.hijack(0, 10, FIRST);
    lab.hijack(0, 11, FIRST);
    let from = "originwatch@example.net".parse().unwrap();
    let composer = MailComposer::new(from, TimeZone::UTC);
    let content = Content::Notice(Box::new(annotated(lab.last())));
    Mail::compose(&content, &composer, &"noc@example.net".parse().unwrap(), None).unwrap()
}

fn config(port: u16) -> RelayConfig {
    RelayConfig {
        host: "127.0.0.1".into(),
        port,
        tls: Tls::None,
        credentials: Some(("originwatch".into(), "secret".into())),
        helo: "monitor.example.net".into(),
        timeout: Duration::from_millis(500),
        extra_ca: None,
    }
}

/// Sends one mail to a server with this fault.
async fn send(fault: Fault) -> (Result<(), SendError>, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = Relay::new(&config(listener.local_addr().unwrap().port())).unwrap();
    let server =
        tokio::spawn(async move { serve(listener.accept().await.unwrap().0, fault).await });
    let result = relay.send(&notice_mail()).await.map(drop);
    drop(relay);
    if matches!(fault, Fault::SilentBanner | Fault::SilentAfterDot) {
        server.abort();
        return (result, vec![]);
    }
    (result, server.await.unwrap().unwrap_or_default())
}

#[tokio::test]
async fn a_mail_arrives_with_a_qualified_helo_and_its_thread() {
    let (result, taken) = send(Fault::None).await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(taken[0], "EHLO monitor.example.net");
    let id = format!("Message-ID: {}", notice_mail().message_id());
    assert!(taken.contains(&id), "{id} in {taken:#?}");
    assert!(taken.contains(&"Auto-Submitted: auto-generated".to_owned()));
}

#[tokio::test]
async fn each_fault_has_its_name() {
    let name = |error: &SendError| match error {
        SendError::Deferred { .. } => "deferred",
        SendError::Refused { .. } => "refused",
        SendError::Authentication { .. } => "authentication",
        SendError::TimedOut { .. } => "timed out",
        SendError::Unreachable { .. } => "unreachable",
        SendError::Misconfigured { .. } => "misconfigured",
    };
    let table = [
        (Fault::Answer("RCPT", "451 4.7.1 greylisted"), "deferred"),
        (Fault::Answer("RCPT", "550 5.1.1 no such user"), "refused"),
        (Fault::Answer("RCPT", "504 5.5.2 need a qualified name"), "refused"),
        (Fault::Answer("MAIL", "421 4.3.2 closing"), "deferred"),
        (Fault::Answer("AUTH", "535 5.7.8 no"), "authentication"),
        (Fault::Answer("MAIL", "530 5.7.0 authenticate first"), "authentication"),
        (Fault::Answer(".", "452 4.2.2 mailbox full"), "deferred"),
        (Fault::Answer(".", "554 5.6.0 no"), "refused"),
        // However it is said.
        (Fault::Answer("RCPT", "550"), "refused"),
        (Fault::Answer(".", LONG), "refused"),
        (Fault::Answer("MAIL", "550-5.7.1 Empf\u{e4}nger unbekannt\n550 so it is"), "refused"),
        (Fault::Answer(".", "451 \u{1f4a5}"), "deferred"),
        (Fault::SilentBanner, "timed out"),
        (Fault::SilentAfterDot, "timed out"),
        (Fault::CloseAfterDot, "unreachable"),
    ];
    for (fault, expected) in table {
        let (result, _) = send(fault).await;
        let error = result.unwrap_err();
        assert_eq!(name(&error), expected, "{fault:?}: {error}");
        assert!(!error.to_string().contains("secret"));
    }
}

/// Whoever takes STARTTLS out of what a relay offers gets no password for it (RFC 3207 section 6).
#[tokio::test]
async fn a_login_is_shown_in_the_clear_only_where_nothing_else_was_asked_for() {
    for (tls, shown) in [(Tls::None, true), (Tls::Opportunistic, false), (Tls::StartTls, false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Relay::new(&RelayConfig { tls, ..config(port) }).unwrap();
        let server = tokio::spawn(async move {
            serve(listener.accept().await.unwrap().0, Fault::None).await.unwrap_or_default()
        });
        let result = relay.send(&notice_mail()).await;
        let taken = server.await.unwrap();
        assert_eq!(taken.iter().any(|line| line.starts_with("AUTH")), shown, "{tls:?}");
        // It waits for a connection that is protected, and is not refused for good.
        assert_eq!(result.is_ok(), shown, "{tls:?}: {result:?}");
        let held = matches!(&result, Err(SendError::Authentication { .. }));
        assert_eq!(held, tls == Tls::Opportunistic, "{result:?}");
    }
    // Without a login, opportunistic is what it says.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let open = RelayConfig { tls: Tls::Opportunistic, credentials: None, ..config(port) };
    let server =
        tokio::spawn(async move { serve(listener.accept().await.unwrap().0, Fault::None).await });
    assert!(Relay::new(&open).unwrap().send(&notice_mail()).await.is_ok());
    assert!(server.await.unwrap().is_some());
}

/// A login and a mail by TLS, and a refusal in a line that is too long.
#[tokio::test]
async fn by_tls_a_refusal_is_one_too() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(server));
    for tls in [Tls::Implicit, Tls::StartTls, Tls::Opportunistic] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let extra_ca = Some(made.cert.pem().into_bytes());
        let timeout = Duration::from_secs(60);
        let config = config(listener.local_addr().unwrap().port());
        let relay = Relay::new(&RelayConfig { tls, extra_ca, timeout, ..config }).unwrap();
        let acceptor = acceptor.clone();
        let server = tokio::spawn(async move {
            serve_by_tls(listener.accept().await.unwrap().0, tls, acceptor).await
        });
        let refused = relay.send(&notice_mail()).await;
        assert!(matches!(refused, Err(SendError::Refused { .. })), "{tls:?}: {refused:?}");
        let taken = server.await.unwrap().unwrap();
        assert!(taken[1].starts_with("AUTH PLAIN "), "{tls:?}: {taken:?}");
    }
    // Nobody has signed the certificate that it shows.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(listener.local_addr().unwrap().port());
    let relay = Relay::new(&RelayConfig { tls: Tls::Implicit, ..config }).unwrap();
    let mail = notice_mail();
    let (sent, _) = tokio::join!(relay.send(&mail), async {
        serve_by_tls(listener.accept().await.unwrap().0, Tls::Implicit, acceptor).await
    });
    let error = sent.unwrap_err().to_string();
    assert!(error.ends_with("invalid peer certificate: UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = Relay::new(&config(port)).unwrap().send(&notice_mail()).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
    assert!(error.to_string().starts_with(&format!("127.0.0.1:{port} cannot be reached: ")));
}

#[test]
fn a_helo_that_relays_refuse_is_refused_here() {
    let mut unqualified = config(25);
    unqualified.helo = "vm".into();
    assert!(matches!(Relay::new(&unqualified), Err(RelayError::Helo(_))));
    unqualified.helo = "[127.0.0.1]".into();
    assert!(Relay::new(&unqualified).is_ok());
    assert!(!format!("{unqualified:?}").contains("secret"));
}
