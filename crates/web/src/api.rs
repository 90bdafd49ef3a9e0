//! The paths, and who answers them.

use std::sync::Arc;
use std::time::Duration;

use alerter::dispatch::Action;
use alerter::{Scope, Window};
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Json, Router};
use bgp::{Timestamp, parse_duration};
use incidents::IncidentId;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app_state::{AppState, now};
use crate::atom;
use crate::events::events;
use crate::metrics::{self, Stored};
use crate::pages;
use crate::problem::Problem;
use crate::{Health, Settings};

/// How large a request may be: what people say fits.
const BODY_MAX: usize = 64 << 10;

/// Deliveries that a list has.
const LISTED: usize = 1000;

/// How long a request may take; the engine answers in fifteen seconds or later.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

type Answered = Result<Response, Problem>;

/// The API on this store.
pub fn router(settings: Settings, health: watch::Receiver<Health>) -> Router {
    let state = Arc::new(AppState::new(settings, health));
    // What changes something needs the token.
    let admitted = |handlers: MethodRouter<Arc<AppState>>| {
        handlers.route_layer(middleware::from_fn_with_state(state.clone(), admit))
    };
    Router::new()
        .merge(pages::router())
        .route("/events", get(events))
        .route("/feed.atom", get(atom::feed))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/v1/incidents", get(incidents))
        .route("/api/v1/incidents/{name}", get(incident))
        .route("/api/v1/incidents/{name}/{action}", admitted(post(act)))
        .route("/api/v1/mutes", get(mutes).merge(admitted(post(mute).delete(unmute))))
        .route("/api/v1/maintenance", get(windows).merge(admitted(post(add_window))))
        .route("/api/v1/maintenance/{name}", admitted(delete(remove_window)))
        .route("/api/v1/queue", get(queue))
        .route("/api/v1/queue/flush", admitted(post(flush)))
        .fallback(async || Problem::NotFound("there is no such path".to_owned()))
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

/// Lets in what is meant for us, and lets nothing take too long.
async fn guard(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Answered {
    state.hosts.admit(&request)?;
    timeout(ANSWERED_WITHIN, next.run(request)).await.map_err(|_| Problem::TooSlow)
}

/// Lets only those go on who may change something.
async fn admit(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Answered {
    state.admit(request.headers())?;
    Ok(next.run(request).await)
}

/// Whether the engine is running and can write down what it finds.
async fn healthz(State(state): State<Arc<AppState>>) -> Response {
    let health = state.health();
    let fault = match (health.is_running(), health.store_fault) {
        (false, _) => "the engine is not running".to_owned(),
        (true, Some(fault)) => fault,
        (true, None) => return (StatusCode::OK, "ok\n").into_response(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("{fault}\n")).into_response()
}

/// Whether a hijack now would reach a person, part by part.
async fn readyz(State(state): State<Arc<AppState>>) -> Response {
    let readiness = state.health().readiness();
    let code = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(readiness)).into_response()
}

async fn metrics(State(state): State<Arc<AppState>>) -> Answered {
    let path = state.store.clone();
    let stored = state.look(move |client| {
        // What is not in the file yet lies beside it.
        let size = |end: &str| {
            let mut path = path.clone().into_os_string();
            path.push(end);
            std::fs::metadata(path).map(|file| file.len()).unwrap_or_default()
        };
        Ok(Stored {
            incidents: client.incident_counts()?,
            deliveries: client.queue_lengths()?,
            bytes: size("") + size("-wal"),
        })
    });
    let stored = stored.await?;
    let text = metrics::encode(&state.health(), stored, now()).map_err(|_| Problem::Broken)?;
    Ok(([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

/// Which incidents: those that are not over for good, or all.
#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    all: bool,
}

async fn incidents(
    State(state): State<Arc<AppState>>,
    which: Result<Query<Which>, QueryRejection>,
) -> Answered {
    let Query(which) = which?;
    let incidents = state.look(move |client| client.incidents(which.all)).await?;
    Ok(Json(json!(incidents)).into_response())
}

async fn incident(
    State(state): State<Arc<AppState>>,
    name: Result<Path<String>, PathRejection>,
) -> Answered {
    let Path(name) = name?;
    let (incident, notices) = state.incident(&name).await?;
    Ok(Json(json!({ "incident": incident, "notices": notices })).into_response())
}

/// What somebody wants, as far as it needs saying.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionRequest {
    by: Option<String>,
    text: Option<String>,
    scope: Option<Scope>,
    /// `90m`, `4h`, `2d`.
    r#for: Option<String>,
    until: Option<Timestamp>,
}

impl ActionRequest {
    fn until(&self) -> Result<Timestamp, Problem> {
        let length = self.r#for.as_deref().and_then(parse_duration);
        let until = length.map(|length| now() + length).or(self.until);
        until.ok_or_else(|| Problem::BadRequest("'for' or 'until' is missing".to_owned()))
    }

    fn scope(self) -> Result<Scope, Problem> {
        self.scope.ok_or_else(|| Problem::BadRequest("'scope' is missing".to_owned()))
    }
}

async fn act(
    State(state): State<Arc<AppState>>,
    path: Result<Path<(String, String)>, PathRejection>,
    body: Result<Option<Json<ActionRequest>>, JsonRejection>,
) -> Answered {
    let Path((name, action)) = path?;
    let request = body?.map(|Json(request)| request).unwrap_or_default();
    let by = request.by.clone();
    let incident: IncidentId = serde_json::from_value(Value::String(name))
        .map_err(|error| Problem::BadRequest(error.to_string()))?;
    let action = match action.as_str() {
        "ack" => Action::Acknowledge { incident },
        "close" => Action::Close { incident },
        "accept" => Action::Accept { incident },
        "note" => Action::Note { incident, text: request.text.unwrap_or_default() },
        "mute" => Action::Mute { until: request.until()?, scope: Scope::Incident(incident) },
        "unmute" => Action::Unmute { scope: Scope::Incident(incident) },
        _ => return Err(Problem::NotFound(format!("unknown action {action}"))),
    };
    state.command(by, action).await
}

async fn mutes(State(state): State<Arc<AppState>>) -> Answered {
    Ok(Json(json!(state.look(|client| client.silences(now())).await?.silences)).into_response())
}

async fn mute(
    State(state): State<Arc<AppState>>,
    body: Result<Json<ActionRequest>, JsonRejection>,
) -> Answered {
    let Json(request) = body?;
    let (by, until) = (request.by.clone(), request.until()?);
    state.command(by, Action::Mute { until, scope: request.scope()? }).await
}

async fn unmute(
    State(state): State<Arc<AppState>>,
    body: Result<Json<ActionRequest>, JsonRejection>,
) -> Answered {
    let Json(request) = body?;
    state.command(request.by.clone(), Action::Unmute { scope: request.scope()? }).await
}

async fn windows(State(state): State<Arc<AppState>>) -> Answered {
    let silences = state.look(|client| client.silences(now())).await?;
    let window = |(source, window)| json!({ "source": source, "window": window });
    let windows: Vec<_> = silences.windows.into_iter().map(window).collect();
    Ok(Json(windows).into_response())
}

async fn add_window(
    State(state): State<Arc<AppState>>,
    body: Result<Json<Window>, JsonRejection>,
) -> Answered {
    let Json(window) = body?;
    state.command(None, Action::MaintenanceAdd { window }).await
}

async fn remove_window(
    State(state): State<Arc<AppState>>,
    name: Result<Path<String>, PathRejection>,
) -> Answered {
    let Path(name) = name?;
    state.command(None, Action::MaintenanceRemove { name }).await
}

async fn queue(State(state): State<Arc<AppState>>) -> Answered {
    Ok(Json(json!(state.look(|client| client.queue(LISTED)).await?)).into_response())
}

async fn flush(State(state): State<Arc<AppState>>) -> Answered {
    state.ask(store::Request::Flush).await
}
