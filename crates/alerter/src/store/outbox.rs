use bgp::Timestamp;
use rusqlite::params;

use super::{Store, StoreError};
use crate::desk::Destination;

/// One notice on its way to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number, the oldest first.
    pub number: i64,
    /// Where it goes.
    pub destination: Destination,
    /// Of which notice.
    pub message_id: String,
    /// The notice, as JSON.
    pub notice: String,
    /// When the notice was decided.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What happened the last time.
    pub last_error: Option<String>,
}

impl Store {
    /// What is due at `now`, in the order in which it was decided, at most `limit`.
    ///
    /// Of each thread and destination only the oldest that waits: a person must not read of the
    /// end before the beginning.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT o.number, o.channel, o.address, o.message_id, n.notice, o.created, o.attempts,
                    o.last_error
             FROM outbox o JOIN notice n USING (message_id)
             WHERE o.state = 'waiting' AND o.next_attempt <= ?1
               AND NOT EXISTS (
                   SELECT 1 FROM outbox e JOIN notice m USING (message_id)
                   WHERE e.state = 'waiting' AND e.number < o.number
                     AND e.channel = o.channel AND e.address = o.address
                     AND m.incident = n.incident)
             ORDER BY o.number LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map(params![now.micros(), limit], |row| {
            Ok(Delivery {
                number: row.get(0)?,
                destination: Destination { channel: row.get(1)?, address: row.get(2)? },
                message_id: row.get(3)?,
                notice: row.get(4)?,
                created: Timestamp::from_micros(row.get(5)?),
                attempts: row.get(6)?,
                last_error: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the next delivery is due; none while nothing waits.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let next = "SELECT min(next_attempt) FROM outbox WHERE state = 'waiting'";
        let next: Option<i64> = self.connection.query_row(next, [], |row| row.get(0))?;
        Ok(next.map(Timestamp::from_micros))
    }

    /// The place has taken it.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one; the delivery is then repeated with the same Message-ID.
    pub fn taken(&self, number: i64) -> Result<(), StoreError> {
        let taken = "UPDATE outbox SET state = 'taken', attempts = attempts + 1, last_error = NULL
                     WHERE number = ? AND state = 'waiting'";
        self.connection.execute(taken, [number])?;
        Ok(())
    }

    /// It was not taken, and will be tried again at `next_attempt`.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn deferred(
        &self,
        number: i64,
        next_attempt: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let deferred =
            "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?2, last_error = ?3
                        WHERE number = ?1 AND state = 'waiting'";
        self.connection.execute(deferred, params![number, next_attempt.micros(), error])?;
        Ok(())
    }

    /// It will not be tried again unless a person asks for it.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn dead(&self, number: i64, error: &str) -> Result<(), StoreError> {
        let dead = "UPDATE outbox SET attempts = attempts + 1, state = 'dead', last_error = ?2
                    WHERE number = ?1 AND state = 'waiting'";
        self.connection.execute(dead, params![number, error])?;
        Ok(())
    }

    /// How many deliveries wait, and how many are dead.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn queue_length(&self) -> Result<(u64, u64), StoreError> {
        let count = |state: &str| -> Result<u64, StoreError> {
            let count = "SELECT count(*) FROM outbox WHERE state = ?";
            let count: i64 = self.connection.query_row(count, [state], |row| row.get(0))?;
            Ok(count.unsigned_abs())
        };
        Ok((count("waiting")?, count("dead")?))
    }
}
