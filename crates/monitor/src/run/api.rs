//! What the API is given: its settings from the config, and how the engine is.

use std::path::Path;

use feeds::FeedStatus;
use rpki_sources::Rpki;

use super::data_sources::sources;
use super::heartbeat::Beat;
use crate::config::{self, Config};
use crate::exit::Failure;

/// Its settings.
pub(super) fn settings(config: &Config, web: &config::Web) -> Result<web::Settings, Failure> {
    let token = web.token_file.as_deref().map(token).transpose()?;
    let (store, hosts) = (config.store.clone(), web.hosts.clone());
    Ok(web::Settings { store, token, address: web.listen.ip(), hosts })
}

/// How the engine is, for those who ask over HTTP. That the store can be written it has just shown.
pub(super) fn health(
    beat: &Beat,
    feeds: Vec<FeedStatus>,
    rpki: &Rpki,
    watches: usize,
    config: &Config,
) -> web::Health {
    let stale = sources(Vec::new(), rpki).rpki.map(|sight| web::Rpki {
        vrps: sight.vrps,
        generated: sight.generated,
        stale: sight.stale,
    });
    let mail = config.mail.iter().map(|_| "mail".to_owned());
    web::Health {
        status: beat.status.clone(),
        feeds_healthy: beat.well,
        at: beat.at,
        store_fault: None,
        feeds: feeds.into_iter().map(feed).collect(),
        rpki: stale,
        watches,
        channels: mail.chain(config.channels.iter().map(|channel| channel.name.clone())).collect(),
    }
}

fn feed(status: FeedStatus) -> web::Feed {
    let FeedStatus { name, kind, up, last_seen, messages, damages, routers, .. } = status;
    let routers = routers.into_iter().map(|router| (router.name, router.up)).collect();
    web::Feed { name, kind, up, last_message: last_seen, messages, damages, routers }
}

/// One line, and long enough that nobody guesses it.
fn token(path: &Path) -> Result<String, Failure> {
    const SHORTEST: usize = 16;
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Read { place: place.clone(), error })?;
    let token = text.trim();
    if token.len() < SHORTEST || token.contains(char::is_whitespace) {
        let text =
            format!("{place}: expected one line with a token of {SHORTEST} characters or more");
        return Err(Failure::Usage(text));
    }
    Ok(token.to_owned())
}
