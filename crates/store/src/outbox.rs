use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alerter::{ChannelName, Notification, Receiver};
use bgp::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::StoreError;

/// What is still to be delivered, and what was given up, as it lies in the store.
#[derive(Clone, Copy, Debug)]
pub struct Outbox<'a> {
    connection: &'a Connection,
}

/// One notification on its way to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its number, the oldest first.
    pub number: i64,
    /// Where it goes.
    pub receiver: Receiver,
    /// Of which notification.
    pub message_id: String,
    /// The Message-ID of the first notification of its thread.
    pub thread: String,
    /// Goes before what is not urgent.
    pub urgent: bool,
    /// What the notification says, as JSON: a [`Content`](alerter::Content).
    pub content: String,
    /// When the notification was decided.
    pub created: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What happened the last time.
    pub last_error: Option<String>,
}

/// What a [`Delivery`] is read from, where `o` is its row and `l` that of its text.
const COLUMNS: &str = "o.number, o.channel, o.address, o.message_id, o.thread, o.urgent, l.content,
                       o.created, o.attempts, o.last_error";

/// A relay took it, and somebody says that it came back.
pub(crate) const DOUBTFUL: &str = "(state = 'taken' AND last_error IS NOT NULL)";

/// The state as people see it, of those that wait, were given up or are doubtful.
pub(crate) const STATE: &str = "iif(state = 'taken', 'doubtful', state)";

impl<'a> Outbox<'a> {
    pub(crate) fn new(connection: &'a Connection) -> Self {
        Outbox { connection }
    }

    /// What is due at `now` for a channel, at most `limit`: what is urgent first, then what has been
    /// due longest.
    ///
    /// Of each thread and receiver only the oldest that waits: a person must not read of the
    /// end before the beginning. The cost grows with `limit`, not with what waits.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn due(
        &self,
        channel: &ChannelName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut due = self.due_of(channel, true, now, limit)?;
        due.extend(self.due_of(channel, false, now, limit - due.len().min(limit))?);
        Ok(due)
    }

    fn due_of(
        &self,
        channel: &ChannelName,
        urgent: bool,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}
             FROM outbox o JOIN letter l ON l.number = o.letter
             WHERE o.head = 1 AND o.channel = ?1 AND o.urgent = ?2 AND o.next_attempt <= ?3
             ORDER BY o.next_attempt, o.number LIMIT ?4",
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = params![channel.as_str(), urgent, now.micros(), limit];
        let rows = statement.query_map(values, delivery)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// When the next delivery of a channel is due; none while nothing waits.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn next_due(&self, channel: &ChannelName) -> Result<Option<Timestamp>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT next_attempt FROM outbox WHERE head = 1 AND channel = ? AND urgent = ?
             ORDER BY next_attempt LIMIT 1",
        )?;
        let mut first = |urgent: bool| -> Result<Option<i64>, StoreError> {
            let values = params![channel.as_str(), urgent];
            Ok(statement.query_row(values, |row| row.get(0)).optional()?)
        };
        let next = [first(true)?, first(false)?].into_iter().flatten().min();
        Ok(next.map(Timestamp::from_micros))
    }

    /// The delivery that waits behind this one: the next of the same thread for the same receiver.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn behind(&self, number: i64) -> Result<Option<Delivery>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS}
             FROM outbox o JOIN letter l ON l.number = o.letter JOIN outbox ended
                 ON ended.channel = o.channel AND ended.address = o.address AND ended.thread = o.thread
             WHERE ended.number = ? AND o.number > ended.number AND o.state = 'waiting'
             ORDER BY o.number LIMIT 1",
        ))?;
        Ok(statement.query_row([number], delivery).optional()?)
    }

    /// The oldest delivery that waits of a thread for a receiver.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn head(&self, receiver: &Receiver, thread: &str) -> Result<Option<i64>, StoreError> {
        let head = "SELECT min(number) FROM outbox
                    WHERE state = 'waiting' AND channel = ? AND address = ? AND thread = ?";
        let values = params![receiver.channel.as_str(), receiver.address, thread];
        Ok(self.connection.prepare_cached(head)?.query_row(values, |row| row.get(0))?)
    }

    /// The place has taken it.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one; the delivery is then repeated with the same Message-ID.
    pub fn record_taken(&self, number: i64) -> Result<(), StoreError> {
        let taken = "UPDATE outbox SET state = 'taken', attempts = attempts + 1, last_error = NULL
                     WHERE number = ?1 AND state = 'waiting'";
        self.ended(number, taken, params![number])
    }

    /// It was not taken, and will be tried again at `next_attempt`.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn record_deferred(
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
    pub fn record_dead(&self, number: i64, error: &str) -> Result<(), StoreError> {
        let dead = "UPDATE outbox SET attempts = attempts + 1, state = 'dead', last_error = ?2
                    WHERE number = ?1 AND state = 'waiting'";
        self.ended(number, dead, params![number, error])
    }

    /// Somebody says that a mail which a relay had taken came back: it is doubtful, and not given up, since
    /// anybody can write a report and nobody vouches for it. The receiver as we write it; none where no mail
    /// of this Message-ID was sent to this address.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn record_bounced(
        &self,
        message_id: &str,
        recipient: &str,
        error: &str,
    ) -> Result<Option<String>, StoreError> {
        // We may have written to `NOC <noc@example.net>`, of which a report has the address alone.
        let bounced = "UPDATE outbox SET last_error = ?3
                       WHERE message_id = ?1 AND channel = ?4 AND state IN ('taken', 'dead')
                           AND (lower(address) = lower(?2)
                               OR substr(lower(address), -length(?2) - 2)
                                   = '<' || lower(?2) || '>')
                       RETURNING address";
        let values = params![message_id, recipient, error, ChannelName::Mail.as_str()];
        Ok(self.connection.query_row(bounced, values, |row| row.get(0)).optional()?)
    }

    /// An attempt that waits for longer from `now` on than its own backoff is due within that: what was written
    /// down while the clock was ahead. `backoff` says how long one waits after so many attempts.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one; what was not reached yet stays as it is.
    pub fn clamp(
        &self,
        now: Timestamp,
        backoff: impl Fn(u32) -> Duration,
    ) -> Result<(), StoreError> {
        let ahead =
            "SELECT DISTINCT attempts FROM outbox WHERE state = 'waiting' AND next_attempt > ?";
        let clamp = "UPDATE outbox SET next_attempt = ?1
                     WHERE state = 'waiting' AND attempts = ?2 AND next_attempt > ?1";
        let mut ahead = self.connection.prepare(ahead)?;
        let ahead = ahead.query_map([now.micros()], |row| row.get(0))?;
        for attempts in ahead.collect::<Result<Vec<u32>, _>>()? {
            let latest = now + backoff(attempts);
            self.connection.execute(clamp, params![latest.micros(), attempts])?;
        }
        Ok(())
    }

    /// What the clock said, at the least, when what waits was written down; 1970 where nothing waits. `backoff`
    /// says how long one waits after so many attempts.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn written_at(&self, backoff: impl Fn(u32) -> Duration) -> Result<Timestamp, StoreError> {
        let latest = "SELECT attempts, max(next_attempt) FROM outbox WHERE state = 'waiting' GROUP BY attempts";
        let mut latest = self.connection.prepare(latest)?;
        let written = latest.query_map([], |row| {
            let wait = i64::try_from(backoff(row.get(0)?).as_micros()).unwrap_or(i64::MAX);
            Ok(Timestamp::from_micros(row.get::<_, i64>(1)?.saturating_sub(wait)))
        })?;
        let written = written.collect::<Result<Vec<_>, _>>()?;
        Ok(written.into_iter().max().unwrap_or_default())
    }

    /// Every delivery that waits is due now.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn flush(&self, now: Timestamp) -> Result<(), StoreError> {
        let flush = "UPDATE outbox SET next_attempt = min(next_attempt, ?)
                     WHERE state = 'waiting'";
        self.connection.execute(flush, [now.micros()])?;
        Ok(())
    }

    /// What was given up or is doubtful is tried again, from the beginning; how many there were.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn requeue(&self, now: Timestamp) -> Result<usize, StoreError> {
        let transaction = self.connection.unchecked_transaction()?;
        let stuck = format!("SELECT number FROM outbox WHERE state = 'dead' OR {DOUBTFUL}");
        let mut dead = transaction.prepare(&stuck)?;
        let numbers = dead.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        drop(dead);
        let requeue = format!(
            "UPDATE outbox SET state = 'waiting', next_attempt = ?, attempts = 0
             WHERE state = 'dead' OR {DOUBTFUL}"
        );
        transaction.execute(&requeue, [now.micros()])?;
        for number in &numbers {
            // It may be older than what waits at the head of the line.
            let line = "UPDATE outbox SET head = 0 WHERE head = 1 AND
                        (channel, address, thread) =
                        (SELECT channel, address, thread FROM outbox WHERE number = ?)";
            transaction.prepare_cached(line)?.execute([number])?;
            promote(&transaction, *number)?;
        }
        transaction.commit()?;
        Ok(numbers.len())
    }

    /// It waits no longer, and what stands behind it in its thread does not wait for it.
    fn ended(
        &self,
        number: i64,
        update: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<(), StoreError> {
        let transaction = self.connection.unchecked_transaction()?;
        if transaction.prepare_cached(update)?.execute(values)? > 0 {
            transaction
                .prepare_cached("UPDATE outbox SET head = 0 WHERE number = ?")?
                .execute([number])?;
            promote(&transaction, number)?;
        }
        Ok(transaction.commit()?)
    }

    /// Those that wait behind this number, the oldest first.
    pub(crate) fn waiting_behind(
        &self,
        number: i64,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT o.number, o.channel, o.address, o.message_id, o.thread, o.urgent, l.content,
                    o.created, o.attempts, o.last_error
             FROM outbox o JOIN letter l ON l.number = o.letter
             WHERE o.number > ? AND o.state = 'waiting' ORDER BY o.number LIMIT ?",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let waiting = statement.query_map(params![number, limit], delivery)?;
        Ok(waiting.collect::<Result<_, _>>()?)
    }

    /// The numbers of those that wait.
    pub(crate) fn numbers_waiting(&self) -> Result<BTreeSet<i64>, StoreError> {
        let waiting = "SELECT number FROM outbox WHERE state = 'waiting'";
        let mut waiting = self.connection.prepare_cached(waiting)?;
        let waiting = waiting.query_map([], |row| row.get(0))?;
        Ok(waiting.collect::<Result<_, _>>()?)
    }

    /// The places where something waits that was tried so often and not taken, and what happened the last time.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn failing(&self, attempts: u32) -> Result<Vec<(Receiver, String)>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT channel, address, last_error, max(number) FROM outbox
             WHERE state = 'waiting' AND last_error IS NOT NULL AND attempts >= ?
             GROUP BY channel, address",
        )?;
        let failing = statement.query_map([attempts], |row| {
            let (channel, address) = (row.get::<_, String>(0)?.into(), row.get(1)?);
            Ok((Receiver { channel, address }, row.get(2)?))
        })?;
        Ok(failing.collect::<Result<_, _>>()?)
    }

    /// How many deliveries wait for each channel that any wait for.
    ///
    /// # Errors
    ///
    /// Where SQLite reports one.
    pub fn waiting(&self) -> Result<Vec<(ChannelName, u64)>, StoreError> {
        let waiting = "SELECT channel, count(*) FROM outbox WHERE state = 'waiting'
                       GROUP BY channel";
        let mut statement = self.connection.prepare(waiting)?;
        let rows = statement.query_map([], |row| {
            let channel = row.get::<_, String>(0)?.into();
            Ok((channel, row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
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

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        number: row.get(0)?,
        receiver: Receiver { channel: row.get::<_, String>(1)?.into(), address: row.get(2)? },
        message_id: row.get(3)?,
        thread: row.get(4)?,
        urgent: row.get(5)?,
        content: row.get(6)?,
        created: Timestamp::from_micros(row.get(7)?),
        attempts: row.get(8)?,
        last_error: row.get(9)?,
    })
}

/// Makes the oldest that waits in the thread of this one, for the same receiver, the head.
fn promote(transaction: &Connection, number: i64) -> Result<(), StoreError> {
    let next = "UPDATE outbox SET head = 1 WHERE number = (
                    SELECT min(w.number) FROM outbox w, outbox o
                    WHERE o.number = ? AND w.state = 'waiting' AND w.channel = o.channel
                      AND w.address = o.address AND w.thread = o.thread)";
    transaction.prepare_cached(next)?.execute([number])?;
    Ok(())
}

/// Deliveries under the numbers that they had, the oldest first; they are due at once.
pub(crate) fn write_deliveries<'a>(
    transaction: &Connection,
    deliveries: impl IntoIterator<Item = &'a Delivery>,
) -> Result<(), StoreError> {
    let mut letter = transaction
        .prepare_cached("INSERT INTO letter (message_id, at, content) VALUES (?, ?, ?)")?;
    let mut outbox = transaction.prepare_cached(
        "INSERT INTO outbox (number, letter, message_id, thread, urgent, channel, address, created,
                             next_attempt, attempts, last_error, head)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, NOT EXISTS (
             SELECT 1 FROM outbox WHERE state = 'waiting' AND channel = ?6 AND address = ?7
                 AND thread = ?4))",
    )?;
    let mut letters = BTreeMap::new();
    for one in deliveries {
        let number = match letters.get(&one.message_id) {
            Some(number) => *number,
            None => {
                letter.execute(params![one.message_id, one.created.micros(), one.content])?;
                let number = transaction.last_insert_rowid();
                letters.insert(&one.message_id, number);
                number
            }
        };
        outbox.execute(params![
            one.number,
            number,
            one.message_id,
            one.thread,
            one.urgent,
            one.receiver.channel.as_str(),
            one.receiver.address,
            one.created.micros(),
            one.attempts,
            one.last_error,
        ])?;
    }
    Ok(())
}

/// Each notification with a delivery for each of its receivers.
///
/// What a place has been given once under a Message-ID it is not given again. They are due at `due`, however far
/// the clock is ahead that they were decided by.
pub(crate) fn write_notifications(
    transaction: &Connection,
    notifications: &[Notification],
    due: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO letter (message_id, at, content) VALUES (?, ?, ?)")?;
    let mut outbox = transaction.prepare_cached(
        "INSERT OR IGNORE INTO outbox
             (letter, message_id, thread, urgent, channel, address, created, next_attempt, head)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, min(?7, ?8), NOT EXISTS (
             SELECT 1 FROM outbox WHERE state = 'waiting' AND channel = ?5 AND address = ?6
                 AND thread = ?3))",
    )?;
    for Notification { to, urgent, at, content } in notifications {
        let (id, thread, at) = (content.message_id(), content.thread_id(), at.micros());
        insert.execute(params![id, at, serde_json::to_string(content)?])?;
        let notification = transaction.last_insert_rowid();
        for Receiver { channel, address } in to {
            outbox.execute(params![
                notification,
                id,
                thread,
                urgent,
                channel.as_str(),
                address,
                at,
                due.micros()
            ])?;
        }
    }
    Ok(())
}
