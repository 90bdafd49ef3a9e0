use std::sync::LazyLock;

use alerter::{Operator, html};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;

use super::assets;
use super::entity_tag::entity_tag;
use crate::problem::Problem;

const TEMPLATES: [(&str, &str); 8] = [
    ("macros.html", include_str!("templates/macros.html")),
    ("layout.html", include_str!("templates/layout.html")),
    ("overview.html", include_str!("templates/overview.html")),
    ("incidents.html", include_str!("templates/incidents.html")),
    ("incident.html", include_str!("templates/incident.html")),
    ("feeds.html", include_str!("templates/feeds.html")),
    ("deliveries.html", include_str!("templates/deliveries.html")),
    ("refusal.html", include_str!("templates/refusal.html")),
];

/// Nothing but what we serve ourselves, and in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Why there is no page, shown to a person.
pub(super) struct Refusal(Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, detail) = self.0.parts();
        let title = status.canonical_reason().unwrap_or_default();
        let text = render("refusal.html", &Operator::default(), context! { title, detail });
        let mut response = (status, text.unwrap_or_default()).into_response();
        protect(response.headers_mut());
        response
    }
}

/// The page that a template makes of its facts; nothing but "not modified" for who has the same already.
pub(super) fn page(
    headers: &HeaderMap,
    template: &str,
    operator: &Operator,
    view: &impl Serialize,
) -> Result<Response, Refusal> {
    let text = render(template, operator, context! { view => Serde(view) });
    let text = text.map_err(|error| {
        tracing::error!(%error, template, "a page cannot be drawn");
        Problem::Broken
    })?;
    let tag = entity_tag(text.as_bytes());
    let known =
        headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => text.into_response(),
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    protect(response.headers_mut());
    Ok(response)
}

fn protect(headers: &mut HeaderMap) {
    let fields = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fields {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn render(
    template: &str,
    operator: &Operator,
    facts: minijinja::Value,
) -> Result<String, minijinja::Error> {
    static ENVIRONMENT: LazyLock<Environment<'_>> = LazyLock::new(|| html::environment(&TEMPLATES));
    let (style, script) = (assets::STYLE.address(), assets::SCRIPT.address());
    let icon = assets::ICON.address();
    let site = operator.site();
    ENVIRONMENT.get_template(template)?.render(context! { style, script, icon, site, ..facts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_sound() {
        let environment = html::environment(&TEMPLATES);
        for (name, _) in TEMPLATES {
            assert!(environment.get_template(name).is_ok(), "{name}");
        }
    }
}
