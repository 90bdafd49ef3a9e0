//! What people look at: pages that the server draws from the store and from [`Health`](crate::Health), which read
//! without JavaScript and load nothing from elsewhere.
//!
//! `views` are the facts of each page, `chart` and `graph` their drawings, `document` makes HTML of them.

mod assets;
mod chart;
mod document;
mod entity_tag;
mod graph;
mod views;

use std::sync::Arc;

use alerter::AnnotatedIncident;
use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;

use crate::app_state::{AppState, now};
use crate::incident_filter::IncidentFilter;
use crate::problem::Problem;
use document::Refusal;
use views::{DeliveriesView, IncidentView, IncidentsView, OverviewView};

/// Incidents that are over that the overview lists.
const LATEST: usize = 20;
/// Incidents and deliveries that a page lists.
const LISTED: usize = 500;

type Page = Result<Response, Refusal>;

/// The pages.
pub(crate) fn router() -> Router<Arc<AppState>> {
    Router::new()
        .route("/", get(overview))
        .route("/incidents", get(incidents))
        .route("/incidents/{name}", get(incident))
        .route("/feeds", get(feeds))
        .route("/deliveries", get(deliveries))
        .route("/assets/{name}", get(assets::asset))
}

async fn overview(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Page {
    let stored = state.look(|client| {
        Ok((client.incidents(false)?, client.latest_resolved(LATEST)?, client.queue_lengths()?))
    });
    let view = OverviewView::new(&state.operator, &state.health(), stored.await?, now());
    document::page(&headers, "overview.html", &state.operator, &view)
}

async fn incidents(
    State(state): State<Arc<AppState>>,
    filter: Result<Query<IncidentFilter>, QueryRejection>,
    headers: HeaderMap,
) -> Page {
    let Query(filter) = filter.map_err(Problem::from)?;
    let found = state.look(|client| client.incidents(true)).await?;
    let wanted = |incident: &AnnotatedIncident| filter.admits(incident);
    let found: Vec<_> = found.into_iter().filter(wanted).collect();
    let view = IncidentsView::new(&state.operator, filter, &found, LISTED);
    document::page(&headers, "incidents.html", &state.operator, &view)
}

async fn incident(
    State(state): State<Arc<AppState>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Page {
    let Path(name) = name.map_err(Problem::from)?;
    let (incident, notices) = state.incident(&name).await?;
    let view = IncidentView::new(&state.operator, &incident, &notices);
    document::page(&headers, "incident.html", &state.operator, &view)
}

async fn feeds(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Page {
    let view = OverviewView::of_sources(&state.operator, &state.health(), now());
    document::page(&headers, "feeds.html", &state.operator, &view)
}

async fn deliveries(State(state): State<Arc<AppState>>, headers: HeaderMap) -> Page {
    let (queue, lengths) =
        state.look(|client| Ok((client.queue(LISTED)?, client.queue_lengths()?))).await?;
    let view = DeliveriesView::new(&state.operator, &queue, &lengths, now());
    document::page(&headers, "deliveries.html", &state.operator, &view)
}
