//! The tables that a feed begins with: they tell what stood there before anybody listened.

use std::io::{self, Read};
use std::time::Duration;

use archive::{Archive, ArchiveError, Input};
use bgp::Timestamp;
use clock::wall;
use parser::{Format, Step, Walker};
use tokio::sync::watch;

use crate::session::{Blocked, Decoder, Outlet, Session};
use crate::{Rib, RibPlace};

/// How much is handed over at once.
const BLOCK: usize = 128 << 10;

/// The tables of one feed, and what is known of them already.
#[derive(Clone, Debug, Default)]
pub struct InitialRibs {
    /// Each with the time until which the store knows what became of its routes.
    pub ribs: Vec<(Rib, Option<Timestamp>)>,
    /// Where the latest tables are asked for.
    pub archive: Archive,
    /// What is older would be given up at once.
    pub oldest: Duration,
}

/// Why a feed runs without a table.
#[derive(Debug, thiserror::Error)]
enum TableError {
    #[error("{0}")]
    Blocked(#[from] Blocked),
    #[error("it cannot be read any further: {0}")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the broker knows none of the last day")]
    Unknown,
    #[error("it is no MRT file")]
    Foreign,
    #[error("it is of {0}, longer ago than [incident] forget_after")]
    Old(Timestamp),
}

impl InitialRibs {
    /// Begins to load them, on a thread. Their sessions open before anything is told, so that the engine
    /// remembers what is taken back meanwhile.
    pub(super) async fn load(
        self,
        outlet: &Outlet,
        stop: watch::Receiver<bool>,
    ) -> Result<(), Blocked> {
        let mut sessions = Vec::new();
        for (rib, known) in &self.ribs {
            let (collector, known) = (rib.collector.clone(), known.is_some());
            let walker = Walker::new(&collector);
            let decoder = Decoder::CollectorRib { walker, collector, known };
            sessions.push(outlet.open(decoder).await?);
        }
        if !sessions.is_empty() {
            tokio::task::spawn_blocking(move || self.read_all(sessions, &stop));
        }
        Ok(())
    }

    fn read_all(&self, sessions: Vec<Session>, stop: &watch::Receiver<bool>) {
        for (mut session, (rib, known)) in sessions.into_iter().zip(&self.ribs) {
            let why = match self.read(&mut session, rib, *known, stop) {
                Ok(()) => None,
                Err(TableError::Blocked(_)) => return,
                Err(error) => Some(error.to_string()),
            };
            session.close_blocking(why);
        }
    }

    fn read(
        &self,
        session: &mut Session,
        rib: &Rib,
        known: Option<Timestamp>,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), TableError> {
        let input = match &rib.place {
            RibPlace::Latest => self.archive.last_rib(&rib.collector, wall())?,
            RibPlace::File(path) => Some(Input::file(path)),
            RibPlace::Url(url) => Some(Input::remote(url.clone(), None)),
        };
        let input = input.ok_or(TableError::Unknown)?;
        // What need not be read need not be fetched.
        if let Some(begins) = input.begins
            && !self.is_wanted(rib, begins, known)?
        {
            return Ok(());
        }
        let mut unpacked = input.unpacked()?;
        let (begins, mut block) = beginning(&mut unpacked)?;
        if !self.is_wanted(rib, begins, known)? {
            return Ok(());
        }
        tracing::info!(collector = rib.collector, table = input.name(), of = %begins, "reading");
        while !block.is_empty() {
            if *stop.borrow() {
                return Err(Blocked::Ended.into());
            }
            session.push_blocking(block)?;
            block = next_block(&mut unpacked)?;
        }
        Ok(())
    }

    /// Whether a table of this time tells anything that is not known.
    fn is_wanted(
        &self,
        rib: &Rib,
        begins: Timestamp,
        known: Option<Timestamp>,
    ) -> Result<bool, TableError> {
        if wall().since(begins) >= self.oldest {
            return Err(TableError::Old(begins));
        }
        let is_news = known.is_none_or(|known| known < begins);
        if !is_news {
            let collector = &rib.collector;
            tracing::info!(collector, table = %begins, "the store knows more than the table");
        }
        Ok(is_news)
    }
}

/// The time of the first record, and the octets that were read for it.
fn beginning(unpacked: &mut impl Read) -> Result<(Timestamp, Vec<u8>), TableError> {
    let mut head = Vec::new();
    loop {
        let block = next_block(unpacked)?;
        let last = block.is_empty();
        head.extend(block);
        let mut walker = Walker::new("");
        let step = walker.step(&head, last, &|_: bgp::Prefix| false, &mut |_| {});
        match (step, walker.format()) {
            (Step::Read(_), Some(Format::Mrt)) => {
                return Ok((Timestamp::from_seconds(walker.seconds().into()), head));
            }
            (Step::More(_), _) if !last => {}
            _ => return Err(TableError::Foreign),
        }
    }
}

/// Empty at the end.
fn next_block(unpacked: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut block = Vec::with_capacity(BLOCK);
    unpacked.take(BLOCK as u64).read_to_end(&mut block)?;
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PEER_INDEX_TABLE without a peer (RFC 6396 section 4.3.1).
    const RECORD: &[u8] =
        &[0x53, 0x3c, 0x4e, 0x90, 0, 13, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn a_table_is_as_old_as_its_first_record() {
        let octets = RECORD.repeat(3);
        let (begins, head) = beginning(&mut octets.as_slice()).unwrap();
        assert_eq!((begins, head), (Timestamp::from_seconds(0x533c_4e90), octets));
    }

    #[test]
    fn what_is_no_table_has_no_beginning() {
        for octets in [&b""[..], b"{\"type\":\"pong\"}\n", b"<html>not found</html>", &RECORD[..9]]
        {
            let error = beginning(&mut &*octets).map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), "it is no MRT file", "{octets:?}");
        }
    }
}
