use reqwest::StatusCode;

/// Why there is no stream over HTTP, or no more.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("no stream over HTTP either: the URL cannot be made one of HTTP")]
    Url,
    #[error("HTTP: {0}")]
    Request(#[from] reqwest::Error),
    #[error("HTTP: the server answers {0}")]
    Status(StatusCode),
    #[error("time to try a web socket again")]
    Enough,
    #[error("HTTP: other watches need other subscriptions")]
    OtherWatches,
}
