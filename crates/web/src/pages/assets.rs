use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::entity_tag::entity_tag;

/// What pages load: named after what is in it, so that browsers may keep it for ever.
pub(super) struct Asset {
    stem: &'static str,
    kind: &'static str,
    content: &'static str,
    content_type: &'static str,
    name: LazyLock<String>,
}

pub(super) static STYLE: Asset = Asset {
    stem: "style",
    kind: "css",
    content: include_str!("assets/style.css"),
    content_type: "text/css; charset=utf-8",
    name: LazyLock::new(|| STYLE.hashed()),
};

pub(super) static SCRIPT: Asset = Asset {
    stem: "live",
    kind: "js",
    content: include_str!("assets/live.js"),
    content_type: "text/javascript; charset=utf-8",
    name: LazyLock::new(|| SCRIPT.hashed()),
};

pub(super) static ICON: Asset = Asset {
    stem: "icon",
    kind: "svg",
    content: include_str!("assets/icon.svg"),
    content_type: "image/svg+xml",
    name: LazyLock::new(|| ICON.hashed()),
};

impl Asset {
    /// Where pages find it.
    pub(super) fn address(&self) -> String {
        format!("/assets/{}", *self.name)
    }

    fn hashed(&self) -> String {
        let tag = entity_tag(self.content.as_bytes());
        format!("{}-{}.{}", self.stem, tag.trim_matches('"'), self.kind)
    }
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let Some(asset) = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| *asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let fields = [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (fields, asset.content).into_response()
}
