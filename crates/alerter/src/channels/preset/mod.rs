//! What services want to be told, each in its own shape. Pure: an event in, a request out.

mod chat;
mod oncall;
mod request;

pub(super) use request::Request;

use super::event::Event;

/// A service whose requests are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Slack's incoming webhooks.
    Slack,
    /// Microsoft Teams, a webhook of Workflows (Adaptive Card).
    Teams,
    /// Mattermost's incoming webhooks.
    Mattermost,
    /// PagerDuty, Events API v2.
    PagerDuty,
    /// Opsgenie, Alert API v2; the URL is that of the API.
    Opsgenie,
    /// Prometheus Alertmanager, API v2; the URL is that of the server.
    Alertmanager,
    /// Alerta; the URL is that of the API.
    Alerta,
}

impl Preset {
    /// Where the service listens, if it is in one place for everybody.
    pub const fn default_url(self) -> Option<&'static str> {
        match self {
            Preset::PagerDuty => Some("https://events.pagerduty.com/v2/enqueue"),
            Preset::Opsgenie => Some("https://api.opsgenie.com"),
            Preset::Slack
            | Preset::Teams
            | Preset::Mattermost
            | Preset::Alertmanager
            | Preset::Alerta => None,
        }
    }

    /// Whether it wants a key beside the URL.
    pub const fn needs_key(self) -> bool {
        matches!(self, Preset::PagerDuty | Preset::Opsgenie)
    }

    /// What stands before the key in `Authorization`, where it belongs there.
    pub(super) const fn scheme(self) -> Option<&'static str> {
        match self {
            Preset::Opsgenie => Some("GenieKey"),
            Preset::Alerta => Some("Key"),
            Preset::Alertmanager => Some("Bearer"),
            Preset::PagerDuty | Preset::Slack | Preset::Teams | Preset::Mattermost => None,
        }
    }

    /// The request, or nothing where there is nothing that this service would do with the event.
    pub(super) fn request(self, event: &Event, key: &str) -> Option<Request> {
        let here = |body| Some(Request { path: Vec::new(), query: None, body });
        match self {
            Preset::Slack => here(chat::slack(event)),
            Preset::Mattermost => here(chat::mattermost(event)),
            Preset::Teams => here(chat::teams(event)),
            Preset::PagerDuty => here(oncall::pagerduty(event, key)?),
            Preset::Opsgenie => oncall::opsgenie(event),
            Preset::Alertmanager => oncall::alertmanager(event),
            Preset::Alerta => oncall::alerta(event),
        }
    }
}
