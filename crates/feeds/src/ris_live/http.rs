use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::try_join_all;
use network::http_client;
use reqwest::{Client, Response, StatusCode, Url};

use super::http_error::HttpError;
use super::lost::{Lost, walker};
use super::subscription::Subscription;
use crate::session::{Decoder, Outlet, Session};

/// To the name, the connection and the first answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(20);

/// How long the stream may say nothing: it cannot be asked whether it lives, but sessions somewhere
/// in RIS come and go all the time.
const SILENCE: Duration = Duration::from_secs(300);

/// How long it is followed before a web socket is tried again.
const AT_MOST: Duration = Duration::from_secs(1800);

/// Follows the stream at the place where RIS has it beside the web socket: one connection for each
/// subscription, since one takes no more. Ends where something else is to be asked for.
pub(super) async fn follow(
    url: &str,
    subscriptions: &[Subscription],
    other: impl Future<Output = ()>,
    outlet: &Outlet,
) -> Result<Infallible, Lost> {
    let url = stream(url).ok_or(HttpError::Url)?;
    let client = http_client()
        .connect_timeout(CONNECT_WITHIN)
        .read_timeout(SILENCE)
        .tcp_keepalive(Duration::from_secs(20))
        .build()
        .map_err(HttpError::from)?;
    let streams = subscriptions.iter().map(|one| begin(&client, url.clone(), one));
    // All of them or none: a part of what we watch would pass for the whole.
    let streams = try_join_all(streams).await?;
    let mut sessions = Vec::new();
    for _ in &streams {
        let decoder = Decoder::RisLive { walker: walker(), over_http: true };
        let session = outlet.open(decoder).await?;
        // That it answers is its acknowledgement.
        session.is_alive();
        sessions.push(session);
    }
    tracing::info!(%url, streams = streams.len(), "connected");
    let each = streams.into_iter().zip(&mut sessions);
    let pumps = try_join_all(each.map(|(stream, session)| pump(stream, session)));
    let lost = tokio::select! {
        ended = pumps => ended.err().unwrap_or(Lost::Closed),
        () = tokio::time::sleep(AT_MOST) => HttpError::Enough.into(),
        () = other => HttpError::OtherWatches.into(),
    };
    for session in sessions {
        session.close(Some(lost.to_string())).await;
    }
    Err(lost)
}

async fn begin(client: &Client, url: Url, subscription: &Subscription) -> Result<Response, Lost> {
    let request = client.get(url).header("X-RIS-Subscribe", subscription.header());
    let response = request.send().await.map_err(HttpError::from)?;
    match response.status() {
        StatusCode::OK => Ok(response),
        status => Err(HttpError::Status(status).into()),
    }
}

/// Hands over what comes, until nothing more does.
async fn pump(mut stream: Response, session: &mut Session) -> Result<(), Lost> {
    while let Some(bytes) = stream.chunk().await.map_err(HttpError::from)? {
        session.push(bytes.to_vec()).await?;
    }
    Err(Lost::Closed)
}

/// Where the stream is, if the web socket is where RIS has it.
fn stream(url: &str) -> Option<Url> {
    let mut url = Url::parse(url).ok()?;
    let folder = url.path().trim_end_matches('/').strip_suffix("/ws")?.to_owned();
    url.set_path(&format!("{folder}/stream/"));
    url.set_query(Some("format=json&client=originwatch"));
    let scheme = if url.scheme() == "wss" { "https" } else { "http" };
    url.set_scheme(scheme).ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_beside_the_web_socket() {
        let of = |url| stream(url).map(|url| url.to_string());
        assert_eq!(
            of("wss://ris-live.ripe.net/v1/ws/?client=x").as_deref(),
            Some("https://ris-live.ripe.net/v1/stream/?format=json&client=originwatch")
        );
        assert_eq!(
            of("ws://[::1]:8080/v1/ws").as_deref(),
            Some("http://[::1]:8080/v1/stream/?format=json&client=originwatch")
        );
        assert_eq!(of("ws://127.0.0.1/elsewhere"), None);
    }
}
