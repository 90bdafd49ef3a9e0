//! What the API is given: its settings from the config, and how feeds, RPKI data and channels are.

use alerter::ChannelName;
use std::path::Path;

use feeds::FeedStatus;
use incidents::RpkiState;
use rpki_sources::Rpki;

use super::data_sources::rpki_state;
use crate::config::{self, Config};
use crate::exit::Failure;

/// What the API needs of the config; reads the token.
pub(super) fn settings(config: &Config, web: &config::Web) -> Result<web::Settings, Failure> {
    let token = web.token_file.as_deref().map(token).transpose()?;
    let (store, hosts) = (config.store.clone(), web.hosts.clone());
    let (address, operator) = (web.listen.ip(), config.told_as());
    Ok(web::Settings { store, token, address, hosts, operator })
}

/// How the RPKI data is; none where no source is to give any.
pub(super) fn rpki(rpki: &Rpki) -> Option<web::Rpki> {
    let RpkiState { vrps, generated, stale, .. } = rpki_state(rpki)?;
    Some(web::Rpki { vrps, generated, stale })
}

/// The ways to tell people.
pub(super) fn channels(config: &Config) -> Vec<ChannelName> {
    let mail = config.mail.iter().map(|_| ChannelName::Mail);
    mail.chain(config.channels.iter().map(|channel| channel.name.clone())).collect()
}

/// Each mailbox and each channel beside mail, as a failing delivery names it.
pub(super) fn receivers(config: &Config) -> Vec<String> {
    let mailboxes = config.mail.iter().flat_map(|mail| &mail.to);
    let mailboxes = mailboxes.map(ToString::to_string);
    mailboxes.chain(config.channels.iter().map(|one| one.name.as_str().to_owned())).collect()
}

/// How a feed is.
pub(super) fn feed(status: FeedStatus) -> web::Feed {
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
