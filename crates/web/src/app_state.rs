//! What every handler needs: a look into the store, and a request left there.

use std::path::PathBuf;
use std::time::Instant;

use alerter::dispatch::{Action, Command};
use alerter::{AnnotatedIncident, AnnotatedNotice, Operator};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bgp::Timestamp;
use serde_json::json;
use store::{ANSWER_WITHIN, Answer, LOOK_EVERY, Request, StoreClient, StoreError};
use tokio::sync::{Semaphore, watch};

use crate::host::Hosts;
use crate::problem::Problem;
use crate::{Health, Settings};

/// How many requests are worked on at once; the others wait.
const AT_ONCE: usize = 16;

/// What every handler needs.
pub(crate) struct AppState {
    pub(crate) store: PathBuf,
    token: Option<String>,
    pub(crate) hosts: Hosts,
    pub(crate) operator: Operator,
    health: watch::Receiver<Health>,
    room: Semaphore,
}

impl AppState {
    pub(crate) fn new(settings: Settings, health: watch::Receiver<Health>) -> Self {
        let Settings { store, token, address, hosts, operator } = settings;
        let (hosts, room) = (Hosts::new(address, hosts), Semaphore::new(AT_ONCE));
        AppState { store, token, hosts, operator, health, room }
    }

    pub(crate) fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// What the engine says from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// An incident by its whole name, and its notices, the oldest first.
    pub(crate) async fn incident(
        &self,
        name: &str,
    ) -> Result<(AnnotatedIncident, Vec<AnnotatedNotice>), Problem> {
        let wanted = name.to_owned();
        let found = self.look(move |client| {
            let exact = |one: &AnnotatedIncident| one.incident.as_str() == wanted;
            let incident = client.named(&wanted)?.into_iter().find(exact);
            Ok((incident, client.notices(&wanted)?))
        });
        match found.await? {
            (Some(incident), notices) => Ok((incident, notices)),
            (None, _) => Err(Problem::NotFound(format!("there is no incident {name}"))),
        }
    }

    /// Whether this one may change something.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else {
            return Err(Problem::Forbidden("[web] has no token_file: nobody may change anything"));
        };
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
        let Some(shown) = shown else {
            return Err(Problem::Unauthorized { wrong_token: false });
        };
        verify_slices_are_equal(shown, token.as_bytes())
            .map_err(|_| Problem::Unauthorized { wrong_token: true })
    }

    /// Looks into the store, on a thread that may wait for the disk.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&StoreClient) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let store = self.store.clone();
        // It is closed only when nobody can ask any more.
        let _room = self.room.acquire().await;
        let looked = tokio::task::spawn_blocking(move || look(&StoreClient::open(&store)?)).await;
        match looked {
            Ok(looked) => looked.map_err(Problem::Store),
            Err(_) => Err(Problem::Broken),
        }
    }

    pub(crate) async fn command(
        &self,
        by: Option<String>,
        action: Action,
    ) -> Result<Response, Problem> {
        let by = by.filter(|by| !by.trim().is_empty()).unwrap_or_else(|| "api".to_owned());
        self.ask(Request::Command(Command { by, action })).await
    }

    /// Leaves a request and waits for the answer, a while.
    pub(crate) async fn ask(&self, request: Request) -> Result<Response, Problem> {
        let number = self.look(move |client| client.ask(now(), &request)).await?;
        let end = Instant::now() + ANSWER_WITHIN;
        loop {
            match self.look(move |client| client.answer(number)).await? {
                Some(Answer::Done) => return Ok(Json(json!({ "done": true })).into_response()),
                Some(Answer::Refused(why)) => return Err(Problem::BadRequest(why)),
                None if Instant::now() >= end => {
                    let noted = json!({ "done": false, "detail": "noted, and done later" });
                    return Ok((StatusCode::ACCEPTED, Json(noted)).into_response());
                }
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

/// The token of an `Authorization` field; its scheme is written as one likes (RFC 9110 section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}

#[cfg(test)]
mod tests {
    use super::bearer;

    #[test]
    fn a_scheme_is_written_as_one_likes() {
        for shown in ["Bearer abc", "bearer abc", "BEARER  abc"] {
            assert_eq!(bearer(shown.as_bytes()), Some(&b"abc"[..]), "{shown}");
        }
        for shown in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(bearer(shown.as_bytes()), None, "{shown}");
        }
    }
}
