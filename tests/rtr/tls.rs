use std::sync::Arc;
use std::time::Duration;

use rpki_sources::{Cache, Source, load_once};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::cache::FakeCache;
use crate::play::rtr::first;

/// TLS in front of this port, with a certificate for `localhost`; gives the port and the
/// certificate.
async fn wrap(server: u16) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            // A client that does not like the certificate hangs up.
            let Ok(mut client) = acceptor.accept(client).await else { continue };
            let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn the_certificate_must_be_for_the_host_and_by_somebody_trusted() {
    let (_cache, server) = FakeCache::start(&[1]).await;
    let (port, pem) = wrap(server).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let (ours, empty) = (file("ca.pem", &pem), file("empty.pem", ""));
    let load = async |host: &str, ca_file| {
        let cache = Cache { address: format!("{host}:{port}"), tls: true, ca_file };
        let sources = first(vec![Source::Rtr(cache)], vec![]);
        let loaded = load_once(&sources, None, Duration::from_secs(20)).await;
        loaded.map(|(snapshot, _)| snapshot.vrps.len()).map_err(|error| error.to_string())
    };
    assert_eq!(load("localhost", Some(ours.clone())).await, Ok(1));
    for (host, ca_file, complaint) in [
        (
            "127.0.0.1",
            Some(ours),
            "cannot connect: TLS: invalid peer certificate: certificate not valid for name",
        ),
        ("localhost", None, "cannot connect: TLS: invalid peer certificate: "),
        (
            "localhost",
            Some(empty.clone()),
            &format!("cannot connect: {} holds no certificate", empty.display()),
        ),
    ] {
        let error = load(host, ca_file).await.unwrap_err();
        assert!(error.starts_with(&format!("rtrs://{host}:{port}: {complaint}")), "{error}");
    }
}
