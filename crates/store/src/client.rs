use std::path::{Path, PathBuf};
use std::sync::Arc;

use alerter::{AnnotatedIncident, AnnotatedNotice, ChannelName};
use bgp::Timestamp;
use incidents::{AsDirectory, Incidents, Rules};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, ToSql};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::entry::{Entry, Event, read_entries};
use crate::error::StoreError;
use crate::file::Checkpoint;
use crate::lock::is_locked;
use crate::outbox::{DOUBTFUL, Outbox, STATE};
use crate::request::{Answer, Request};
use crate::schema;
use crate::silences::{Silences, read_silences};

/// Somebody beside the one who owns the store: looks, and leaves requests.
///
/// Looking never waits for the owner, nor makes the owner wait.
#[derive(Debug)]
pub struct StoreClient {
    connection: Connection,
    path: PathBuf,
}

/// How many incidents are alike in this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentCount {
    /// The name of their kind.
    pub kind: String,
    /// The name of their severity; empty while they have none.
    pub severity: String,
    /// The name of their state.
    pub state: String,
    /// How many incidents share the three.
    pub count: u64,
}

/// A delivery as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// The number of its row; the oldest has the lowest.
    pub number: i64,
    /// `waiting`, `dead`, or `doubtful`: a relay took it, and somebody says that it came back.
    pub state: String,
    /// Name of the channel, as in the config.
    pub channel: ChannelName,
    /// The address within it.
    pub address: String,
    /// Of which notification.
    pub message_id: String,
    /// What the notification is about.
    pub title: String,
    /// When the notification was decided.
    pub created: Timestamp,
    /// When it is tried next.
    pub next_attempt: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What happened the last time.
    pub last_error: Option<String>,
}

impl StoreClient {
    /// Opens a store that somebody has made.
    ///
    /// # Errors
    ///
    /// Where there is none, where it is not ours or not of this version, and where SQLite or the file
    /// system refuses.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        schema::recognise(&connection)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(StoreClient { connection, path: path.to_owned() })
    }

    /// Whether somebody owns the store now, who will answer.
    ///
    /// # Errors
    ///
    /// Where the lock cannot be asked for.
    pub fn is_attended(&self) -> Result<bool, StoreError> {
        is_locked(&self.path)
    }

    /// The incidents, the latest first; those that are over for good only if `all`.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn incidents(&self, all: bool) -> Result<Vec<AnnotatedIncident>, StoreError> {
        let incidents = "SELECT summary FROM incident WHERE ?1 OR state <> 'resolved'
             ORDER BY first_seen DESC, id";
        self.documents(incidents, all)
    }

    /// The incidents that are over and were first seen last, at most so many, the latest first.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn latest_resolved(&self, limit: usize) -> Result<Vec<AnnotatedIncident>, StoreError> {
        let resolved = "SELECT summary FROM incident WHERE state = 'resolved'
             ORDER BY first_seen DESC, id LIMIT ?1";
        self.documents(resolved, i64::try_from(limit).unwrap_or(i64::MAX))
    }

    /// For each kind, severity and state: how many incidents are not over for good.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn incident_counts(&self) -> Result<Vec<IncidentCount>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT summary ->> '$.kind', coalesce(summary ->> '$.severity', ''), state, count(*)
             FROM incident WHERE state <> 'resolved' GROUP BY 1, 2, 3",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(IncidentCount {
                kind: row.get(0)?,
                severity: row.get(1)?,
                state: row.get(2)?,
                count: row.get::<_, i64>(3)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The incidents whose names begin so: mostly one, since nobody types such a name whole.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn named(&self, beginning: &str) -> Result<Vec<AnnotatedIncident>, StoreError> {
        let mut incidents = self.incidents(true)?;
        if let Some(exact) = incidents.iter().position(|i| i.incident.as_str() == beginning) {
            return Ok(vec![incidents.swap_remove(exact)]);
        }
        incidents.retain(|incident| incident.incident.as_str().starts_with(beginning));
        Ok(incidents)
    }

    /// The notices of an incident, the oldest first.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn notices(&self, incident: &str) -> Result<Vec<AnnotatedNotice>, StoreError> {
        self.documents("SELECT notice FROM notice WHERE incident = ? ORDER BY sequence", incident)
    }

    /// The notices of all incidents, the latest first, at most so many.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn latest_notices(&self, limit: usize) -> Result<Vec<AnnotatedNotice>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.documents("SELECT notice FROM notice ORDER BY rowid DESC LIMIT ?", limit)
    }

    /// What the first column of a query holds, each row a JSON document.
    fn documents<T: DeserializeOwned>(
        &self,
        query: &str,
        parameter: impl ToSql,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(query)?;
        let rows = statement.query_map([parameter], |row| row.get::<_, String>(0))?;
        rows.map(|row| Ok(serde_json::from_str(&row?)?)).collect()
    }

    /// What the owner wrote down under this name of a feed.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn position(&self, feed: &str) -> Result<Option<String>, StoreError> {
        let position = "SELECT value FROM position WHERE feed = ?";
        Ok(self.connection.query_row(position, [feed], |row| row.get(0)).optional()?)
    }

    /// The engine as it stood at the last commit, at most a second ago while somebody owns the store: for those who
    /// want to know how things are, and not how they were when they were last told.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one, and where what the store holds cannot be read.
    pub fn engine(
        &self,
        rules: Rules,
        directory: Arc<AsDirectory>,
    ) -> Result<Incidents, StoreError> {
        // Both of the same moment.
        let transaction = self.connection.unchecked_transaction()?;
        let (checkpoint, entries) = (Checkpoint::read(&transaction)?, read_entries(&transaction)?);
        let mut incidents = match &checkpoint.engine {
            Some(saved) => Incidents::restore(rules, directory, saved)?,
            None => Incidents::new(rules, directory),
        };
        for Entry { now, event } in entries {
            match event {
                Event::Finding(finding) => incidents.handle(now, *finding),
                Event::Command(command) => {
                    if let Some(incident) = command.action.accepted() {
                        incidents.accept(now, incident);
                    }
                }
                Event::Time => incidents.handle_timeout(now),
            }
            // What they say was told.
            while incidents.poll().is_some() {}
        }
        Ok(incidents)
    }

    /// What waits to be delivered, what was given up and what is doubtful, the oldest first, at most so many.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn queue(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT o.number, {STATE}, o.channel, o.address, o.message_id, o.created,
                    o.next_attempt, o.attempts, o.last_error, l.content ->> '$.title'
             FROM outbox o JOIN letter l ON l.number = o.letter
             WHERE o.state IN ('waiting', 'dead') OR {DOUBTFUL} ORDER BY o.number LIMIT ?"
        ))?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], queued)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many deliveries wait, and how many were given up.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn queue_length(&self) -> Result<(u64, u64), StoreError> {
        Outbox::new(&self.connection).queue_length()
    }

    /// For each channel and each of `waiting`, `dead` and `doubtful`: how many deliveries, and when the oldest was decided.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn queue_lengths(&self) -> Result<Vec<(ChannelName, String, u64, Timestamp)>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT channel, {STATE} AS shown, count(*), min(created) FROM outbox
             WHERE state IN ('waiting', 'dead') OR {DOUBTFUL} GROUP BY channel, shown"
        ))?;
        let rows = statement.query_map([], |row| {
            let (count, oldest): (i64, i64) = (row.get(2)?, row.get(3)?);
            let oldest = Timestamp::from_micros(oldest);
            let channel = row.get::<_, String>(0)?.into();
            Ok((channel, row.get(1)?, count.unsigned_abs(), oldest))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What is muted, and which maintenance windows there are, as of now.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn silences(&self, now: Timestamp) -> Result<Silences, StoreError> {
        read_silences(&self.connection, now)
    }

    /// Leaves a request; its number, to ask for the answer.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn ask(&self, now: Timestamp, request: &Request) -> Result<i64, StoreError> {
        let insert = "INSERT INTO request (at, request) VALUES (?, ?)";
        let request = serde_json::to_string(request)?;
        self.connection.execute(insert, rusqlite::params![now.micros(), request])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// What became of a request; none while nobody has done it.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn answer(&self, number: i64) -> Result<Option<Answer>, StoreError> {
        let answer = "SELECT answer FROM request WHERE number = ?";
        let answer: Option<Option<String>> =
            self.connection.query_row(answer, [number], |row| row.get(0)).optional()?;
        Ok(answer.flatten().map(|answer| serde_json::from_str(&answer)).transpose()?)
    }
}

fn queued(row: &Row<'_>) -> rusqlite::Result<Queued> {
    Ok(Queued {
        number: row.get(0)?,
        state: row.get(1)?,
        channel: row.get::<_, String>(2)?.into(),
        address: row.get(3)?,
        message_id: row.get(4)?,
        created: Timestamp::from_micros(row.get(5)?),
        next_attempt: Timestamp::from_micros(row.get(6)?),
        attempts: row.get(7)?,
        last_error: row.get(8)?,
        title: row.get::<_, Option<String>>(9)?.unwrap_or_default(),
    })
}
