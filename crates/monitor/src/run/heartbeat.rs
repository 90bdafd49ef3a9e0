//! The sign of life for somebody outside: what falls silent with us cannot tell that we did.

use std::time::Duration;

use network::http_client;
use reqwest::{Client, StatusCode};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use web::Health;

use crate::config::Heartbeat;

/// How long one request may take, all together.
const WITHIN: Duration = Duration::from_secs(20);

/// Why nobody heard it.
#[derive(Debug, thiserror::Error)]
enum HeartbeatError {
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    #[error("the server answers {0}")]
    Status(StatusCode),
}

/// Asks for the URL while the engine is running and all is well, and is silent while it is not.
pub(super) async fn run(heartbeat: Heartbeat, mut health: watch::Receiver<Health>) {
    let Heartbeat { url, every } = heartbeat;
    let client = match http_client().timeout(WITHIN).build() {
        Ok(client) => client,
        Err(error) => return tracing::error!(%error, "no heartbeat can be sent"),
    };
    let (mut due, mut silent) = (interval(every), String::new());
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The feeds have only begun.
    due.reset();
    loop {
        due.tick().await;
        let is_running = health.has_changed().unwrap_or(false);
        let health = health.borrow_and_update().clone();
        let status = &health.status;
        let said = match (is_running, health.is_ready()) {
            (true, true) => match ask(&client, &url).await {
                Ok(()) => String::new(),
                Err(error) => format!("not heard: {error}"),
            },
            (true, false) => format!("held back: {status}"),
            (false, _) => "held back: the engine is not running".to_owned(),
        };
        // The status holds numbers that change all the time.
        if said.is_empty() != silent.is_empty() {
            match said.as_str() {
                "" => tracing::info!(url, "the heartbeat is heard again"),
                said => tracing::warn!(url, "the heartbeat is {said}"),
            }
        }
        silent = said;
    }
}

async fn ask(client: &Client, url: &str) -> Result<(), HeartbeatError> {
    match client.get(url).send().await?.status() {
        status if status.is_success() => Ok(()),
        status => Err(HeartbeatError::Status(status)),
    }
}
