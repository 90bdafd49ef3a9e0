use std::time::Duration;

use alerter::dispatch::Command;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// How long a daemon may take to answer: it looks once a second, and a commit takes milliseconds.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// How often to look for the answer.
pub const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Requests that are done at once: a person makes one, a broken script a million.
const AT_ONCE: u32 = 100;

/// What somebody beside the owner of the store asks of the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Something of the dispatcher.
    #[serde(rename = "order")]
    Command(Command),
    /// Every delivery that waits is tried now.
    Flush,
    /// Every delivery that was given up is tried again.
    Requeue,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done, and written down.
    Done,
    /// It makes no sense now: a sentence for a person.
    Refused(String),
}

/// Requests without an answer, the oldest first.
pub(crate) fn unanswered(
    connection: &Connection,
) -> Result<Vec<(i64, serde_json::Result<Request>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, request FROM request WHERE answer IS NULL ORDER BY number LIMIT ?",
    )?;
    let rows = statement.query_map([AT_ONCE], |row| {
        let request: String = row.get(1)?;
        Ok((row.get(0)?, serde_json::from_str(&request)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes the answers, beside what came of the requests.
pub(crate) fn write_answers(
    transaction: &Connection,
    answers: &[(i64, Answer)],
) -> Result<(), StoreError> {
    for (number, answer) in answers {
        let answer = serde_json::to_string(answer)?;
        let update = "UPDATE request SET answer = ?2 WHERE number = ?1";
        transaction.execute(update, params![number, answer])?;
    }
    if answers.is_empty() {
        return Ok(());
    }
    // An answer is looked at within seconds; those of long ago are of no use to anybody.
    let old = "DELETE FROM request WHERE answer IS NOT NULL
               AND number < (SELECT max(number) FROM request) - 1000";
    transaction.execute(old, [])?;
    Ok(())
}
