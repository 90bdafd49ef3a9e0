//! Connections: how many there may be, and how long each may take.
//!
//! Descriptors are for what alarms (mail, feeds), so that this takes a small, fixed number of them: the
//! others wait in the queue of the kernel, where they cost us none.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How many connections there may be at once.
const CONNECTIONS: usize = 256;

/// How long a connection may say nothing, or take to say what it wants.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long a connection lasts, whatever it does: also one that never reads our answer.
const LASTS: Duration = Duration::from_secs(300);

/// How long we wait where no connection can be taken, as where descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped, and with it every connection.
pub async fn serve(listener: TcpListener, router: Router) {
    let (room, mut open) = (Arc::new(Semaphore::new(CONNECTIONS)), JoinSet::new());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        while open.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "a connection to the API is lost");
                sleep(PAUSE).await;
                continue;
            }
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        open.spawn(async move {
            // How it ends is the client's affair.
            let _ = timeout(LASTS, connection).await;
            drop(permit);
        });
    }
}
