use std::fmt;
use std::time::Duration;

use bgp::Timestamp;
use network::http_client;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, StatusCode, Url};

use super::error::{SendError, excerpt, one_line};
use super::event::Event;
use super::preset::{Preset, Request};
use super::signature::SigningKey;
use super::template::Template;

/// How much of an answer is read: enough to say what is wrong.
const ANSWER: usize = 4096;

/// A server may ask us to wait, but not to be silent for a day.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What the body of a request looks like.
#[derive(Clone, Debug)]
pub enum Body {
    /// The whole [`Event`], as JSON.
    Event,
    /// As a service wants it.
    Preset(Preset),
    /// As the user wants it.
    Template(Box<Template>),
}

/// Where and how to post.
#[derive(Clone)]
pub struct WebhookConfig {
    /// The URL; often a secret itself, and never shown.
    pub url: String,
    /// What is posted.
    pub body: Body,
    /// The key of the service, or a bearer token; never shown.
    pub key: Option<String>,
    /// Signs each request.
    pub signing_key: Option<SigningKey>,
    /// Time for one request, from connecting to the end of the answer.
    pub timeout: Duration,
    /// Certificate authorities in PEM beside those of the system.
    pub extra_ca: Option<Vec<u8>>,
}

/// An HTTP endpoint that takes events.
#[derive(Clone)]
pub struct Webhook {
    client: Client,
    url: Url,
    body: Body,
    key: Option<String>,
    authorization: Option<HeaderValue>,
    signing_key: Option<SigningKey>,
    timeout: Duration,
    /// Scheme, host and port: what may be shown of the URL.
    place: String,
}

/// The settings cannot work.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// It is no URL, or none of HTTP. It is not shown: it may be a secret.
    #[error("the url is not an http:// or https:// URL")]
    Url,
    /// The key has characters that no header may have.
    #[error("the key has characters that no key has")]
    Key,
    /// The service needs a key.
    #[error("this service needs a key")]
    NoKey,
    /// TLS cannot be set up.
    #[error("tls settings: {0}")]
    Tls(String),
}

impl Webhook {
    /// Checks the settings; connects only with the first event.
    ///
    /// # Errors
    ///
    /// Where the settings cannot work.
    pub fn new(config: &WebhookConfig) -> Result<Self, WebhookError> {
        let url = Url::parse(config.url.trim()).map_err(|_| WebhookError::Url)?;
        let place = url.origin().ascii_serialization();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(WebhookError::Url);
        }
        let scheme = match &config.body {
            Body::Preset(preset) if preset.needs_key() && config.key.is_none() => {
                return Err(WebhookError::NoKey);
            }
            Body::Preset(preset) => preset.scheme(),
            Body::Event | Body::Template(_) => Some("Bearer"),
        };
        let authorization = scheme.zip(config.key.as_ref()).map(|(scheme, key)| {
            let mut value =
                HeaderValue::try_from(format!("{scheme} {key}")).map_err(|_| WebhookError::Key)?;
            value.set_sensitive(true);
            Ok(value)
        });
        Ok(Webhook {
            client: client(config)?,
            url,
            body: config.body.clone(),
            key: config.key.clone(),
            authorization: authorization.transpose()?,
            signing_key: config.signing_key.clone(),
            timeout: config.timeout,
            place,
        })
    }

    /// Posts one event; returns when the server has said 2xx.
    ///
    /// # Errors
    ///
    /// See [`SendError`].
    pub async fn send(&self, event: &Event, now: Timestamp) -> Result<(), SendError> {
        let Some(request) = self.request(event)? else { return Ok(()) };
        let body = request.body.to_string().into_bytes();
        let mut post = self
            .client
            .post(self.target(&request))
            .header(CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", &event.id);
        if let Some(authorization) = &self.authorization {
            post = post.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(key) = &self.signing_key {
            for (name, value) in key.headers(&event.id, now, &body) {
                post = post.header(name, value);
            }
        }
        let response = post.body(body).send().await.map_err(|error| self.unreachable(error))?;
        self.judge(response, now).await
    }

    /// What may be shown of where it goes.
    pub fn place(&self) -> &str {
        &self.place
    }

    fn request(&self, event: &Event) -> Result<Option<Request>, SendError> {
        let body = match &self.body {
            Body::Preset(preset) => {
                return Ok(preset.request(event, self.key.as_deref().unwrap_or_default()));
            }
            Body::Event => serde_json::to_value(event).unwrap_or_default(),
            Body::Template(template) => {
                // It has rendered samples, so what fails now is worth a person's look; and when the
                // template is put right the event is still here.
                template.render(event).map_err(|error| SendError::Misconfigured {
                    place: self.place.clone(),
                    answer: error.to_string(),
                })?
            }
        };
        Ok(Some(Request { path: Vec::new(), query: None, body }))
    }

    fn target(&self, request: &Request) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut()
            && !request.path.is_empty()
        {
            segments.pop_if_empty().extend(&request.path);
        }
        if request.query.is_some() {
            url.set_query(request.query);
        }
        url
    }

    async fn judge(&self, response: Response, now: Timestamp) -> Result<(), SendError> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| wait(value, now));
        let (place, answer) = (self.place.clone(), self.answer(response).await);
        Err(match status {
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                SendError::Authentication { place, answer }
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                SendError::Deferred { place, answer, retry_after }
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
                SendError::Misconfigured { place, answer }
            }
            // A redirect would carry the notification, and perhaps the key, to where nobody wanted it.
            _ if status.is_redirection() => SendError::Misconfigured { place, answer },
            _ if status.is_client_error() => SendError::Refused { place, answer },
            _ => SendError::Deferred { place, answer, retry_after },
        })
    }

    /// The status and a little of what stands behind it, without our own secrets: some servers
    /// repeat the request.
    async fn answer(&self, mut response: Response) -> String {
        let (status, mut said) = (response.status(), Vec::new());
        while said.len() < ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => said.extend_from_slice(&chunk),
                Ok(None) | Err(_) => break,
            }
        }
        said.truncate(ANSWER);
        let secrets =
            self.key.iter().map(String::as_str).chain([self.url.path(), self.url.as_str()]);
        let said = secrets
            .filter(|secret| secret.len() > 1)
            .fold(String::from_utf8_lossy(&said).into_owned(), |said, secret| {
                said.replace(secret, "***")
            });
        format!("{status} {}", excerpt(said.as_bytes())).trim_end().to_owned()
    }

    fn unreachable(&self, error: reqwest::Error) -> SendError {
        let place = self.place.clone();
        if error.is_timeout() {
            return SendError::TimedOut { place, after: self.timeout };
        }
        SendError::Unreachable { place, reason: one_line(&error.without_url()) }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("place", &self.place)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

fn client(config: &WebhookConfig) -> Result<Client, WebhookError> {
    let tls = |error: reqwest::Error| WebhookError::Tls(one_line(&error));
    let mut builder = http_client()
        .redirect(Policy::none())
        // Retrying is the outbox's: it knows what was taken.
        .retry(reqwest::retry::never())
        .timeout(config.timeout);
    if let Some(pem) = &config.extra_ca {
        let certificates = Certificate::from_pem_bundle(pem).map_err(tls)?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(tls)
}

/// `Retry-After`, as seconds or as a date (RFC 9110 section 10.2.3).
fn wait(value: &HeaderValue, now: Timestamp) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            Timestamp::from(date.timestamp()).since(now)
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_number_or_a_date_and_bounded() {
        let now: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
        let wait = |text: &str| super::wait(&HeaderValue::from_str(text).unwrap(), now);
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Sun, 22 Nov 2026 01:02:00 GMT"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Sun, 22 Nov 2026 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("86400"), Some(LONGEST_WAIT));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-1"), None);
    }
}
