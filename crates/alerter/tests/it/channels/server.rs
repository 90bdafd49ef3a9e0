//! A scripted HTTP server: one answer for each connection.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the server does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Script {
    /// Says this.
    Answer(&'static str),
    /// Says nothing once it has the request.
    Silent,
    /// Ends the connection once it has the request.
    Close,
    /// Says what is no HTTP.
    Garbage,
    /// Sends an octet of its answer now and then.
    Trickle,
}

/// Serves one request, and returns it.
pub(super) async fn serve(script: Script) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !whole(&request) {
            let mut piece = [0; 4096];
            let octets = stream.read(&mut piece).await.unwrap();
            assert!(octets > 0, "the request ends early");
            request.extend_from_slice(&piece[..octets]);
        }
        match script {
            Script::Answer(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            Script::Garbage => stream.write_all(b"220 relay.test ESMTP\r\n").await.unwrap(),
            Script::Silent => std::future::pending().await,
            Script::Close => {}
            Script::Trickle => loop {
                // Until the client has had enough.
                if stream.write_all(b"H").await.is_err() {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            },
        }
        String::from_utf8(request).unwrap()
    });
    (format!("http://{address}"), server)
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.unwrap().parse().unwrap()
}
