use std::time::Duration;

use network::proxy;
use network::tls::{self, TlsError};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::http::uri::InvalidUri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// From the name to the first message, all together.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// What is read at once. The library fills so much with zeros before each reading, however little comes.
const READ: usize = 32 << 10;

/// A web socket, as the URL says.
pub(super) enum Connection {
    Plain(Box<WebSocketStream<TcpStream>>),
    Tls(Box<WebSocketStream<TlsStream<TcpStream>>>),
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("the URL is none: {0}")]
    Url(#[from] InvalidUri),
    #[error("the URL has no host")]
    NoHost,
    #[error(transparent)]
    Tcp(#[from] proxy::ConnectError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("no web socket: {0}")]
    WebSocket(#[from] tungstenite::Error),
    #[error("no connection within {} s", CONNECT_WITHIN.as_secs())]
    TimedOut,
}

/// Opens the web socket of a `ws://` or `wss://` URL, within the time limit.
pub(super) async fn open(url: &str) -> Result<Connection, ConnectError> {
    tokio::time::timeout(CONNECT_WITHIN, connect(url)).await.map_err(|_| ConnectError::TimedOut)?
}

async fn connect(url: &str) -> Result<Connection, ConnectError> {
    // The operators of RIS want to know who asks.
    let url = match url.contains('?') {
        true => url.to_owned(),
        false => format!("{url}?client=originwatch"),
    };
    let uri: Uri = url.parse()?;
    let secure = uri.scheme_str() == Some("wss");
    let host = uri.host().ok_or(ConnectError::NoHost)?.to_owned();
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = proxy::connect(secure, &name, port).await?;
    let request = uri.into_client_request()?;
    // No message that the parser would take is longer.
    let limit = Some(parser::LINE_MAX);
    let limits = WebSocketConfig::default()
        .max_message_size(limit)
        .max_frame_size(limit)
        .read_buffer_size(READ);
    if !secure {
        let (socket, _) = client_async_with_config(request, stream, Some(limits)).await?;
        return Ok(Connection::Plain(Box::new(socket)));
    }
    let stream = tls::connect(stream, &name, None).await?;
    let (socket, _) = client_async_with_config(request, stream, Some(limits)).await?;
    Ok(Connection::Tls(Box::new(socket)))
}
