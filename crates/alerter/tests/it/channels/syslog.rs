use std::sync::Arc;
use std::time::Duration;

use alerter::DeliveryNote;
use alerter::channels::{Event, Facility, SendError, Syslog, SyslogConfig, Transport};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::{events, name};

fn config(transport: Transport, port: u16) -> SyslogConfig {
    SyslogConfig {
        transport,
        host: "127.0.0.1".to_owned(),
        port,
        facility: Facility::DAEMON,
        hostname: "monitor.example.net".to_owned(),
        timeout: Duration::from_secs(30),
        ca: None,
    }
}

async fn datagram(event: &Event) -> String {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let config = config(Transport::Udp, server.local_addr().unwrap().port());
    Syslog::new(&config).unwrap().send(event).await.unwrap();
    let mut message = vec![0; 65_536];
    let octets = server.recv(&mut message).await.unwrap();
    message.truncate(octets);
    String::from_utf8(message).unwrap()
}

#[tokio::test]
async fn messages() {
    let [opened, update, resolved] = events();
    let late = opened
        .clone()
        .noted(&DeliveryNote::Late { by: Duration::from_secs(300), why: "the relay".into() });
    let mut messages = Vec::new();
    for event in [opened, update, resolved, late] {
        messages.push(datagram(&event).await);
    }
    insta::assert_snapshot!("channel-syslog", messages.join("\n"));
}

#[tokio::test]
async fn nothing_from_outside_ends_a_value_or_a_message() {
    let [mut opened, _, _] = events();
    let evil = "a\"b\\c]d\n<0>1 - forged - - - -\u{202e}\0";
    opened.facts = vec![("by", evil.to_owned())];
    opened.title = evil.to_owned();
    opened.kind = "a b\n\u{e9}".to_owned();
    let message = datagram(&opened).await;
    assert!(!message.contains(['\n', '\0', '\u{202e}']), "{message:?}");
    assert!(message.contains(r#" by="a\"b\\c\]d <0>1 - forged - - - -"] "#), "{message}");
    assert!(message.contains(" originwatch - ab [originwatch@32473 "), "{message}");
    assert_eq!(message.matches("[originwatch@32473").count(), 1);
}

#[tokio::test]
async fn a_datagram_is_cut_at_its_end_between_two_characters() {
    let [mut opened, _, _] = events();
    opened.title = "\u{e9}".repeat(5000);
    let message = datagram(&opened).await;
    assert!((2047..=2048).contains(&message.len()), "{}", message.len());
    opened.facts = (0..9).map(|_| ("by", "]".repeat(9000))).collect();
    let message = datagram(&opened).await;
    assert!(message.len() <= 2048);
}

#[tokio::test]
async fn a_stream_counts_octets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = config(Transport::Tcp, listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let mut said = String::new();
        listener.accept().await.unwrap().0.read_to_string(&mut said).await.unwrap();
        said
    });
    let [opened, _, _] = events();
    Syslog::new(&config).unwrap().send(&opened).await.unwrap();
    let said = server.await.unwrap();
    let (length, message) = said.split_once(' ').unwrap();
    assert_eq!(length.parse(), Ok(message.len()));
    assert_eq!(message, datagram(&opened).await);
}

/// A server with a certificate for 127.0.0.1 that signs itself; what it is told.
async fn tls_server() -> (u16, String, tokio::task::JoinHandle<Option<String>>) {
    let signed = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let pem = signed.cert.pem();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await.ok()?;
        Some(said)
    });
    (port, pem, server)
}

#[tokio::test]
async fn tls_checks_whom_it_talks_to() {
    let [opened, _, _] = events();
    let (port, pem, server) = tls_server().await;
    let mut trusting = config(Transport::Tls, port);
    trusting.ca = Some(pem.into_bytes());
    Syslog::new(&trusting).unwrap().send(&opened).await.unwrap();
    assert!(server.await.unwrap().unwrap().contains("[originwatch@32473 "));
    let (port, _, server) = tls_server().await;
    let error =
        Syslog::new(&config(Transport::Tls, port)).unwrap().send(&opened).await.unwrap_err();
    assert_eq!(name(&error), "unreachable", "{error}");
    assert_eq!(server.await.unwrap(), None);
    let mut empty = config(Transport::Tls, port);
    empty.ca = Some(b"nothing".to_vec());
    assert!(Syslog::new(&empty).is_err());
}

#[tokio::test]
async fn nobody_there_is_told_even_of_datagrams() {
    let [opened, _, _] = events();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    for transport in [Transport::Udp, Transport::Tcp] {
        let error = Syslog::new(&config(transport, port)).unwrap().send(&opened).await.unwrap_err();
        assert_eq!(name(&error), "unreachable", "{transport:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_in_the_handshake_costs_the_time_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(Transport::Tls, listener.local_addr().unwrap().port());
    config.timeout = Duration::from_millis(200);
    let [opened, _, _] = events();
    let error = Syslog::new(&config).unwrap().send(&opened).await.unwrap_err();
    assert!(matches!(error, SendError::TimedOut { .. }), "{error}");
}
