use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alerter::dispatch::{Order, What};
use alerter::{Scope, Window};
use axum::extract::{DefaultBodyLimit, Path as Of, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use bgp::{Timestamp, parse_duration};
use incidents::IncidentId;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Answer, Request, StoreError, Visitor};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::{Health, Settings};

/// How large a request may be: what people say fits.
const BODY_MAX: usize = 64 << 10;

/// How many requests are worked on at once; the others wait.
const AT_ONCE: usize = 16;

/// Deliveries that a list has.
const LISTED: usize = 1000;

/// How long the engine may be silent before it counts as stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// How long a daemon may take to answer: it looks once a second, and a commit takes milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// How often we look for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What every handler needs.
struct Counter {
    store: PathBuf,
    token: Option<String>,
    beat: watch::Receiver<Health>,
    room: Semaphore,
}

/// What a request cannot have.
enum Refused {
    /// Nobody may change anything, or not the one who asks.
    Forbidden(&'static str),
    Unknown(String),
    /// What was sent makes no sense, at all or now.
    Senseless(String),
    /// The engine has not answered yet; it will do it.
    Late,
    Store(StoreError),
}

type Answered = Result<Json<Value>, Refused>;

/// Listens, and answers until it is dropped.
pub async fn serve(listener: TcpListener, router: Router) {
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "the API has ended");
    }
}

/// The API on this store.
pub fn router(settings: Settings, beat: watch::Receiver<Health>) -> Router {
    let Settings { store, token } = settings;
    let room = Semaphore::new(AT_ONCE);
    let counter = Arc::new(Counter { store, token, beat, room });
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics))
        .route("/api/v1/incidents", get(incidents))
        .route("/api/v1/incidents/{name}", get(incident))
        .route("/api/v1/incidents/{name}/{action}", post(act))
        .route("/api/v1/mutes", get(mutes).post(mute).delete(unmute))
        .route("/api/v1/maintenance", get(windows).post(add_window))
        .route("/api/v1/maintenance/{name}", delete(remove_window))
        .route("/api/v1/queue", get(queue))
        .route("/api/v1/queue/flush", post(flush))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(counter)
}

/// The engine turns.
async fn health(State(counter): State<Arc<Counter>>) -> Response {
    let beat = counter.beat.borrow().clone();
    match beat.at.is_some_and(|at| at.elapsed() < STUCK_AFTER) {
        true => (StatusCode::OK, "ok\n").into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the engine does not turn\n").into_response(),
    }
}

/// The engine turns, and the feeds are up.
async fn readiness(State(counter): State<Arc<Counter>>) -> Response {
    let beat = counter.beat.borrow().clone();
    let turns = beat.at.is_some_and(|at| at.elapsed() < STUCK_AFTER);
    let code = if turns && beat.well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, format!("{}\n", beat.status)).into_response()
}

async fn metrics(State(counter): State<Arc<Counter>>) -> Result<Response, Refused> {
    let (incidents, (waiting, dead)) =
        counter.look(|visitor| Ok((visitor.incidents(false)?, visitor.queue_length()?))).await?;
    let mut text = String::from(
        "# HELP originwatch_incidents Incidents that are not over, by state and severity.\n\
         # TYPE originwatch_incidents gauge\n",
    );
    let mut counts = std::collections::BTreeMap::new();
    for incident in incidents {
        let severity = incident.severity.map(|severity| severity.to_string()).unwrap_or_default();
        *counts.entry((incident.state.name(), severity)).or_insert(0_u64) += 1;
    }
    for ((state, severity), count) in counts {
        let labels = format!("state=\"{state}\",severity=\"{severity}\"");
        text += &format!("originwatch_incidents{{{labels}}} {count}\n");
    }
    text += "# HELP originwatch_deliveries Notifications on their way, and those that were given up.\n\
             # TYPE originwatch_deliveries gauge\n";
    text += &format!("originwatch_deliveries{{state=\"waiting\"}} {waiting}\n");
    text += &format!("originwatch_deliveries{{state=\"dead\"}} {dead}\n");
    let up = u8::from(counter.beat.borrow().well);
    text += "# HELP originwatch_well Whether the engine turns and every feed is up.\n\
             # TYPE originwatch_well gauge\n";
    text += &format!("originwatch_well {up}\n");
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((kind, text).into_response())
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    all: bool,
}

async fn incidents(State(counter): State<Arc<Counter>>, Query(which): Query<Which>) -> Answered {
    let incidents = counter.look(move |visitor| visitor.incidents(which.all)).await?;
    Ok(Json(json!(incidents)))
}

async fn incident(State(counter): State<Arc<Counter>>, Of(name): Of<String>) -> Answered {
    let found = counter.look({
        let name = name.clone();
        move |visitor| {
            let exact = |i: &alerter::AnnotatedIncident| i.incident.as_str() == name;
            let incident = visitor.named(&name)?.into_iter().find(exact);
            Ok((incident, visitor.notices(&name)?))
        }
    });
    match found.await? {
        (Some(incident), notices) => Ok(Json(json!({ "incident": incident, "notices": notices }))),
        (None, _) => Err(Refused::Unknown(format!("there is no incident {name}"))),
    }
}

/// What somebody wants, as far as it needs saying.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    by: Option<String>,
    text: Option<String>,
    scope: Option<Scope>,
    /// `90m`, `4h`, `2d`.
    r#for: Option<String>,
    until: Option<Timestamp>,
}

impl Wish {
    fn until(&self) -> Result<Timestamp, Refused> {
        let length = self.r#for.as_deref().and_then(parse_duration);
        let until = length.map(|length| now() + length).or(self.until);
        until.ok_or_else(|| Refused::Senseless("'for' or 'until' is missing".to_owned()))
    }

    fn scope(self) -> Result<Scope, Refused> {
        self.scope.ok_or_else(|| Refused::Senseless("'scope' is missing".to_owned()))
    }
}

async fn act(
    State(counter): State<Arc<Counter>>,
    Of((name, action)): Of<(String, String)>,
    headers: HeaderMap,
    body: Option<Json<Wish>>,
) -> Answered {
    counter.admit(&headers)?;
    let wish = body.map(|Json(wish)| wish).unwrap_or_default();
    let by = wish.by.clone();
    let incident: IncidentId = serde_json::from_value(Value::String(name))
        .map_err(|error| Refused::Senseless(error.to_string()))?;
    let what = match action.as_str() {
        "ack" => What::Acknowledge { incident },
        "close" => What::Close { incident },
        "note" => What::Note { incident, text: wish.text.unwrap_or_default() },
        "mute" => What::Mute { until: wish.until()?, scope: Scope::Incident(incident) },
        "unmute" => What::Unmute { scope: Scope::Incident(incident) },
        _ => return Err(Refused::Unknown(format!("nothing is called {action}"))),
    };
    counter.order(by, what).await
}

async fn mutes(State(counter): State<Arc<Counter>>) -> Answered {
    Ok(Json(json!(counter.look(|visitor| visitor.silences(now())).await?.silences)))
}

async fn mute(
    State(counter): State<Arc<Counter>>,
    headers: HeaderMap,
    Json(wish): Json<Wish>,
) -> Answered {
    counter.admit(&headers)?;
    let (by, until) = (wish.by.clone(), wish.until()?);
    counter.order(by, What::Mute { until, scope: wish.scope()? }).await
}

async fn unmute(
    State(counter): State<Arc<Counter>>,
    headers: HeaderMap,
    Json(wish): Json<Wish>,
) -> Answered {
    counter.admit(&headers)?;
    counter.order(wish.by.clone(), What::Unmute { scope: wish.scope()? }).await
}

async fn windows(State(counter): State<Arc<Counter>>) -> Answered {
    let board = counter.look(|visitor| visitor.silences(now())).await?;
    let window = |(source, window)| json!({ "source": source, "window": window });
    Ok(Json(board.windows.into_iter().map(window).collect()))
}

async fn add_window(
    State(counter): State<Arc<Counter>>,
    headers: HeaderMap,
    Json(window): Json<Window>,
) -> Answered {
    counter.admit(&headers)?;
    counter.order(None, What::MaintenanceAdd { window }).await
}

async fn remove_window(
    State(counter): State<Arc<Counter>>,
    headers: HeaderMap,
    Of(name): Of<String>,
) -> Answered {
    counter.admit(&headers)?;
    counter.order(None, What::MaintenanceRemove { name }).await
}

async fn queue(State(counter): State<Arc<Counter>>) -> Answered {
    Ok(Json(json!(counter.look(|visitor| visitor.queue(LISTED)).await?)))
}

async fn flush(State(counter): State<Arc<Counter>>, headers: HeaderMap) -> Answered {
    counter.admit(&headers)?;
    counter.ask(Request::Flush).await
}

impl Counter {
    /// Whether this one may change something.
    fn admit(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let Some(token) = &self.token else {
            return Err(Refused::Forbidden("[web] has no token_file: nobody may change anything"));
        };
        let shown = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes());
        let shown = shown.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
        match is_same(shown, token.as_bytes()) {
            true => Ok(()),
            false => Err(Refused::Forbidden("this needs a token: Authorization: Bearer ..")),
        }
    }

    /// Looks into the store, on a thread that may wait for the disk.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Visitor) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let store = self.store.clone();
        // It is closed only when nobody can ask any more.
        let _room = self.room.acquire().await;
        let looked = tokio::task::spawn_blocking(move || look(&Visitor::open(&store)?)).await;
        match looked {
            Ok(looked) => looked.map_err(Refused::Store),
            Err(_) => Err(Refused::Late),
        }
    }

    async fn order(&self, by: Option<String>, what: What) -> Answered {
        let by = by.filter(|by| !by.trim().is_empty()).unwrap_or_else(|| "api".to_owned());
        self.ask(Request::Order(Order { by, what })).await
    }

    async fn ask(&self, request: Request) -> Answered {
        let answer = self.look(move |visitor| answered(visitor, &request)).await?;
        match answer {
            Some(Answer::Done) => Ok(Json(json!({ "done": true }))),
            Some(Answer::Refused(why)) => Err(Refused::Senseless(why)),
            None => Err(Refused::Late),
        }
    }
}

/// The answer to a request; none if it takes too long.
fn answered(visitor: &Visitor, request: &Request) -> Result<Option<Answer>, StoreError> {
    let number = visitor.ask(now(), request)?;
    let end = Instant::now() + ANSWER_WITHIN;
    loop {
        let answer = visitor.answer(number)?;
        if answer.is_some() || Instant::now() >= end {
            return Ok(answer);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// The wall clock.
fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}

/// Takes as long whatever the difference is; only the length shows.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    let differs = left.iter().zip(right).fold(0, |differs, (l, r)| differs | (l ^ r));
    left.len() == right.len() && differs == 0
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (code, why) = match self {
            Refused::Forbidden(why) => (StatusCode::FORBIDDEN, why.to_owned()),
            Refused::Unknown(why) => (StatusCode::NOT_FOUND, why),
            Refused::Senseless(why) => (StatusCode::UNPROCESSABLE_ENTITY, why),
            Refused::Late => {
                (StatusCode::ACCEPTED, "noted; it is not done yet, but will be".to_owned())
            }
            Refused::Store(error) => {
                tracing::error!(%error, "the API cannot read the store");
                (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read".to_owned())
            }
        };
        (code, Json(json!({ "error": why }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn a_token_is_the_same_or_not() {
        assert!(is_same(b"0123456789abcdef", b"0123456789abcdef"));
        for other in [&b""[..], b"0", b"0123456789abcdeF", b"0123456789abcdef0"] {
            assert!(!is_same(other, b"0123456789abcdef"));
        }
    }
}
