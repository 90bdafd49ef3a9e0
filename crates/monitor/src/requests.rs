//! How commands reach the daemon: through its store, in which they look and leave requests.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

use alerter::dispatch::{Action, Command};
use store::{ANSWER_WITHIN, Answer, LOOK_EVERY, Request, StoreClient, StoreError};

use crate::arguments::now;
use crate::config::Config;
use crate::exit::{ExitCode, Failure};

/// The config, and a client in its store.
pub(crate) fn open_store(config: Option<&Path>) -> Result<(Config, StoreClient), Failure> {
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
pub(crate) fn command(client: &StoreClient, by: &str, action: Action) -> Result<ExitCode, Failure> {
    ask(client, &Request::Command(Command { by: by.to_owned(), action }))
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
fn answered(client: &StoreClient, request: &Request) -> Result<Option<Answer>, StoreError> {
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
