//! What the API is given: its settings from the config.

use std::path::Path;

use crate::config::{self, Config};
use crate::exit::Failure;

/// Its settings.
pub(super) fn settings(config: &Config, web: &config::Web) -> Result<web::Settings, Failure> {
    let token = web.token_file.as_deref().map(token).transpose()?;
    Ok(web::Settings { store: config.store.clone(), token })
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
