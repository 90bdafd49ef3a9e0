use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::replies::Replies;

/// How much is read at once.
const CHUNK: usize = 1024;

/// A connection to a relay, in the clear or by TLS, as lettre reads and writes it.
///
/// Whoever makes it may keep a clone, and has the connection [back](Self::into_inner) when lettre has dropped its own:
/// lettre would put TLS on top of it, where nobody could look after what the relay says.
#[derive(Debug)]
pub(super) struct RelayStream<S> {
    stream: Arc<Mutex<Inner<S>>>,
    peer: SocketAddr,
}

#[derive(Debug)]
struct Inner<S> {
    connection: S,
    replies: Replies,
}

impl<S> RelayStream<S> {
    /// The relay speaks first, but for what it is made to have said already.
    pub(super) fn new(connection: S, peer: SocketAddr, replies: Replies) -> Self {
        RelayStream { stream: Arc::new(Mutex::new(Inner { connection, replies })), peer }
    }

    /// The connection, where there is no other clone. What was said and not read is forgotten: before TLS anybody may
    /// have said it (RFC 3207 section 6).
    pub(super) fn into_inner(self) -> Option<S> {
        let inner =
            Arc::into_inner(self.stream)?.into_inner().unwrap_or_else(PoisonError::into_inner);
        Some(inner.connection)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner<S>) -> T) -> T {
        work(&mut self.stream.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S> Clone for RelayStream<S> {
    fn clone(&self) -> Self {
        RelayStream { stream: self.stream.clone(), peer: self.peer }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RelayStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|Inner { connection, replies }| {
            loop {
                let before = buffer.filled().len();
                replies.read(buffer.remaining()).for_each(|octet| buffer.put_slice(&[octet]));
                if buffer.filled().len() > before {
                    return Poll::Ready(Ok(()));
                }
                let mut octets = [0; CHUNK];
                let mut chunk = ReadBuf::new(&mut octets);
                ready!(Pin::new(&mut *connection).poll_read(context, &mut chunk))?;
                if chunk.filled().is_empty() {
                    return Poll::Ready(Ok(()));
                }
                replies.take(chunk.filled());
            }
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RelayStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|inner| Pin::new(&mut inner.connection).poll_write(context, octets))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|inner| Pin::new(&mut inner.connection).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|inner| Pin::new(&mut inner.connection).poll_shutdown(context))
    }
}

impl<S> AsyncTokioStream for RelayStream<S>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
