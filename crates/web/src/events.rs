//! `/events`: tells whoever listens that there may be something new (server-sent events, of the HTML standard).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};

use crate::app_state::AppState;

/// Between two events of one listener: each makes it ask again.
const EVERY: Duration = Duration::from_millis(1500);

/// A proxy gives a connection up that says nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// An event each time that the engine has said how things are, but not too often. It says nothing itself: who
/// wants to know asks, and gets "not modified" where nothing is new.
pub(crate) async fn events(
    State(state): State<Arc<AppState>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = unfold(state.watch(), async |mut health| {
        tokio::time::sleep(EVERY).await;
        health.changed().await.ok()?;
        health.mark_unchanged();
        Some((Ok(Event::default().data("changed")), health))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
