//! How commands reach the daemon: through its store, in which they look and leave requests.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use alerter::dispatch::{Order, What};
use bgp::{Timestamp, parse_duration};
use store::{Answer, Request, StoreClient, StoreError};

use crate::config::Config;
use crate::exit::{ExitCode, Failure};

/// How long a daemon may take to answer: it looks once a second, and a commit takes milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// How often we look for the answer.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The config, and a client in its store.
pub(crate) fn enter(config: Option<&Path>) -> Result<(Config, StoreClient), Failure> {
    let config = Config::load(config)?;
    if !config.store.exists() {
        let store = config.store.display();
        let text = format!("there is no store {store}: `originwatch run` has not run here yet");
        return Err(Failure::Usage(text));
    }
    let client = StoreClient::open(&config.store)?;
    Ok((config, client))
}

/// Has the daemon do something of the dispatcher.
pub(crate) fn order(client: &StoreClient, by: &str, what: What) -> Result<ExitCode, Failure> {
    ask(client, &Request::Order(Order { by: by.to_owned(), what }))
}

/// Leaves a request and waits for the answer; where nobody runs it is done at the next start.
pub(crate) fn ask(client: &StoreClient, request: &Request) -> Result<ExitCode, Failure> {
    if !client.is_attended()? {
        client.ask(now(), request)?;
        writeln!(io::stderr(), "noted; originwatch does not run, and will do it when it starts")?;
        return Ok(ExitCode::Done);
    }
    let complaint = match answered(client, request)? {
        Some(Answer::Done) => return Ok(ExitCode::Done),
        Some(Answer::Refused(why)) => why,
        None => "no answer yet; it will be done, if late".to_owned(),
    };
    writeln!(io::stderr(), "originwatch: {complaint}")?;
    Ok(ExitCode::Attention)
}

/// The answer to a request; none if it takes too long.
pub(crate) fn answered(
    client: &StoreClient,
    request: &Request,
) -> Result<Option<Answer>, StoreError> {
    let number = client.ask(now(), request)?;
    let end = Instant::now() + ANSWER_WITHIN;
    loop {
        let answer = client.answer(number)?;
        if answer.is_some() || Instant::now() >= end {
            return Ok(answer);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Who asks, as it will be shown: the login name, through sudo that of the person behind it.
pub(crate) fn login() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned())
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    jiff::Timestamp::now().into()
}

/// A length of time as the config has it: `90m`, `4h`, `2d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "expected a length of time, as 90m, 4h or 2d".to_owned())
}

/// A kind of incident by its name.
pub(crate) fn kind(text: &str) -> Result<validator::Kind, String> {
    // The names are those of the JSON.
    let name = serde_json::Value::String(text.to_owned());
    serde_json::from_value(name).map_err(|_| format!("there is no kind of incident '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_those_of_the_config() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("90m"), Ok(5400));
        assert_eq!(seconds("4h"), Ok(4 * 3600));
        assert_eq!(seconds("2d"), Ok(2 * 86_400));
        for text in ["", "0m", "-4h", "4", "d", "soon", "99999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
