//! What a request cannot have, as RFC 9457 says it.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::StoreError;

/// Why a request is not answered as it wants.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Nobody has shown a token, or a wrong one (RFC 6750 section 3).
    Unauthorized {
        wrong_token: bool,
    },
    /// Nobody may change anything.
    Forbidden(&'static str),
    NotFound(String),
    MethodNotAllowed,
    /// It is not for a name of ours (RFC 9110 section 15.5.20).
    WrongHost,
    /// It says nothing that can be done, at all or now.
    BadRequest(String),
    /// As the parts of the request that cannot be read have it: 400, 413, 415 or 422.
    Unreadable(StatusCode, String),
    TooSlow,
    Store(StoreError),
    /// A task of ours has broken down.
    Broken,
}

impl Problem {
    /// Its status, and what to say of it.
    pub(crate) fn parts(self) -> (StatusCode, String) {
        match self {
            Problem::Unauthorized { .. } => {
                (StatusCode::UNAUTHORIZED, "this needs a token: Authorization: Bearer ..".into())
            }
            Problem::Forbidden(why) => (StatusCode::FORBIDDEN, why.into()),
            Problem::NotFound(what) => (StatusCode::NOT_FOUND, what),
            Problem::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "this path does not know this method".into())
            }
            Problem::WrongHost => {
                let why = "the Host is neither the address nor localhost nor in [web] hosts";
                (StatusCode::MISDIRECTED_REQUEST, why.into())
            }
            Problem::BadRequest(why) => (StatusCode::UNPROCESSABLE_ENTITY, why),
            Problem::Unreadable(status, why) => (status, why),
            Problem::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the request took too long".into()),
            Problem::Store(error) => {
                tracing::error!(%error, "the API cannot read the store");
                (StatusCode::INTERNAL_SERVER_ERROR, "the store cannot be read".into())
            }
            Problem::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "internal error".into()),
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Problem::Unreadable(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Problem::Unreadable(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Problem::Unreadable(rejection.status(), rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let challenge = match self {
            Problem::Unauthorized { wrong_token: true } => Some("Bearer error=\"invalid_token\""),
            Problem::Unauthorized { wrong_token: false } => Some("Bearer"),
            Problem::Forbidden(_)
            | Problem::NotFound(_)
            | Problem::MethodNotAllowed
            | Problem::WrongHost
            | Problem::BadRequest(_)
            | Problem::Unreadable(..)
            | Problem::TooSlow
            | Problem::Store(_)
            | Problem::Broken => None,
        };
        let (status, detail) = self.parts();
        let title = status.canonical_reason().unwrap_or_default();
        let body = json!({ "title": title, "status": status.as_u16(), "detail": detail });
        let mut response = (status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(challenge) = challenge {
            let challenge = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
