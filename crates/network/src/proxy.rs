//! The way through an HTTP proxy, for connections that are not HTTP: a tunnel (RFC 9110 section 9.3.6).
//!
//! Whether there is one the config says, and else the environment, as curl reads it and as our HTTP client does:
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, and `NO_PROXY` for what needs none. What the config says holds for the
//! whole process, as the environment does: it is the way out of this machine, and no property of a feed or a channel.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::{NoProxy, Url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::secret::{PasswordError, password};

/// The longest head of an answer.
const HEAD_MAX: usize = 16 << 10;

/// What the config says; none: the environment says it.
static CONFIGURED: RwLock<Option<Arc<Configured>>> = RwLock::new(None);

/// A proxy as a config names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyConfig {
    /// Its `host:port`.
    pub address: String,
    /// What is reached without it: names, with all below them, addresses and prefixes, as in `NO_PROXY`.
    pub no_proxy: Vec<String>,
    /// Who we are to it, and the file with the password.
    pub login: Option<(String, PathBuf)>,
}

/// The same, as those want it who ask.
struct Configured {
    matcher: Matcher,
    for_http: reqwest::Proxy,
}

/// Why a proxy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// There is no password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Its address is none.
    #[error("the proxy {0} is no host:port")]
    Address(String),
}

/// What is connected from now on goes through this proxy, whatever the environment says; without one it is as the
/// environment says. Reads the password.
///
/// # Errors
///
/// Where the password cannot be had, and where the address is none: then all stays as it is.
pub fn configure(config: Option<&ProxyConfig>) -> Result<(), ProxyError> {
    let configured = config.map(Configured::new).transpose()?.map(Arc::new);
    *CONFIGURED.write().unwrap_or_else(PoisonError::into_inner) = configured;
    Ok(())
}

/// For an HTTP client; none where the environment says it, which such clients read themselves.
pub(crate) fn for_http() -> Option<reqwest::Proxy> {
    configured().map(|configured| configured.for_http.clone())
}

fn configured() -> Option<Arc<Configured>> {
    CONFIGURED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Configured {
    fn new(config: &ProxyConfig) -> Result<Self, ProxyError> {
        let ProxyConfig { address, no_proxy, login } = config;
        let wrong = || ProxyError::Address(address.clone());
        let mut url = Url::parse(&format!("http://{address}")).map_err(|_| wrong())?;
        if let Some((user, file)) = login {
            let password = password(file)?;
            url.set_username(user).map_err(|()| wrong())?;
            url.set_password(Some(&password)).map_err(|()| wrong())?;
        }
        let no_proxy = no_proxy.join(",");
        let for_http = reqwest::Proxy::all(url.clone()).map_err(|_| wrong())?;
        Ok(Configured {
            matcher: Matcher::builder().all(url.as_str()).no(no_proxy.as_str()).build(),
            for_http: for_http.no_proxy(NoProxy::from_string(&no_proxy)),
        })
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The server, or the proxy, cannot be reached.
    #[error("cannot connect: {0}")]
    Tcp(#[from] io::Error),
    /// The proxy cannot be reached.
    #[error("the proxy {proxy} cannot be reached: {error}")]
    Proxy {
        /// Its host and port.
        proxy: String,
        /// What the system says.
        error: io::Error,
    },
    /// The proxy lets nobody through, or wants to know who we are.
    #[error("the proxy {proxy} answers {status}")]
    Refused {
        /// Its host and port.
        proxy: String,
        /// The status of its answer.
        status: u16,
    },
    /// What it answers is not HTTP.
    #[error("the proxy {proxy} does not answer in HTTP")]
    NotHttp {
        /// Its host and port.
        proxy: String,
    },
    /// SOCKS, or a proxy that speaks TLS itself.
    #[error("the proxy {proxy} is not of http://, and no other is known here")]
    Unknown {
        /// Its scheme, host and port, without a login.
        proxy: String,
    },
}

/// A proxy that stands between us and a server.
pub struct Proxy(Intercept);

impl Proxy {
    /// That of the config or the environment for a server; none where it is reached without.
    pub fn of(secure: bool, host: &str, port: u16) -> Option<Self> {
        let scheme = if secure { "https" } else { "http" };
        let url = format!("{scheme}://{}", authority(host, port)).parse().ok()?;
        let proxy = match configured() {
            Some(configured) => configured.matcher.intercept(&url),
            None => Matcher::from_env().intercept(&url),
        };
        proxy.map(Proxy)
    }

    /// Its host and port, without a login.
    pub fn name(&self) -> String {
        let (host, port) = place(self.0.uri());
        authority(&host, port)
    }

    /// A connection to the proxy itself.
    ///
    /// # Errors
    ///
    /// Where it cannot be reached, or is none of HTTP.
    pub async fn reach(&self) -> Result<TcpStream, ConnectError> {
        let (proxy, uri) = (self.name(), self.0.uri());
        if uri.scheme_str() != Some("http") {
            let scheme = uri.scheme_str().unwrap_or_default();
            return Err(ConnectError::Unknown { proxy: format!("{scheme}://{proxy}") });
        }
        let (host, port) = place(uri);
        let stream = TcpStream::connect((host.as_str(), port)).await;
        stream.map_err(|error| ConnectError::Proxy { proxy, error })
    }

    /// A connection to the server through it.
    ///
    /// # Errors
    ///
    /// Where the proxy cannot be reached, is none of HTTP, or does not let us through.
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let proxy = self.name();
        let mut stream = self.reach().await?;
        let unreachable = |error| ConnectError::Proxy { proxy: proxy.clone(), error };
        let server = authority(host, port);
        let mut request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n").into_bytes();
        if let Some(login) = self.0.basic_auth() {
            request.extend(b"Proxy-Authorization: ");
            request.extend(login.as_bytes());
            request.extend(b"\r\n");
        }
        request.extend(b"\r\n");
        stream.write_all(&request).await.map_err(unreachable)?;
        let head = head(&mut stream).await.map_err(unreachable)?;
        match status(&head) {
            Some(200..=299) => Ok(stream),
            Some(status) => Err(ConnectError::Refused { proxy, status }),
            None => Err(ConnectError::NotHttp { proxy }),
        }
    }
}

/// A connection to a server, through the proxy where there is one for it.
///
/// # Errors
///
/// Where neither the server nor, if there is one, the proxy can be reached, or the proxy refuses.
pub async fn connect(secure: bool, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    match Proxy::of(secure, host, port) {
        Some(proxy) => proxy.connect(host, port).await,
        None => Ok(TcpStream::connect((host, port)).await?),
    }
}

/// An IPv6 address stands in brackets.
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn place(uri: &Uri) -> (String, u16) {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    (host, uri.port_u16().unwrap_or(80))
}

/// Not an octet beyond it: what follows is the server's.
async fn head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD_MAX {
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

/// `200` of `HTTP/1.1 200 Connection established`.
fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|octet| *octet == b'\r').next()?).ok()?;
    let mut words = line.strip_prefix("HTTP/1.")?.split(' ');
    words.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407\r\nVia: x\r\n\r\n"), Some(407));
        for wrong in [&b""[..], b"SSH-2.0-x\r\n", b"HTTP/1.1\r\n", b"HTTP/1.1 no\r\n", b"\xff\r\n"]
        {
            assert_eq!(status(wrong), None);
        }
    }

    #[test]
    fn an_address_of_ipv6_stands_in_brackets() {
        assert_eq!(authority("2001:db8::1", 443), "[2001:db8::1]:443");
        assert_eq!(
            place(&"http://[2001:db8::1]/".parse().unwrap()),
            ("2001:db8::1".to_owned(), 80)
        );
    }
}
