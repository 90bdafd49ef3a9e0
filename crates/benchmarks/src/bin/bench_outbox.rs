//! How many notices a second reach the outbox, and what a queue of 100,000 costs the engine.
//!
//! `cargo run --profile dist -p benchmarks --bin bench_outbox [FOLDER]`: the folder should lie on the disk
//! that a store would lie on, since each commit waits for it.

#![expect(clippy::print_stdout, reason = "it says what it measured")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alerter::dispatch::{DispatchRules, Routing};
use alerter::{ChannelName, Receiver};
use bgp::Timestamp;
use incidents::{AsDirectory, Rules, Sources};
use store::{Journal, StoreError};
use validator::{Finding, IncidentKind};

const NOTICES: usize = 3000;
const QUEUE: u32 = 100_000;
/// Notices of one commit, as a busy second brings them.
const BATCH: usize = 100;

fn main() -> Result<(), StoreError> {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("bench_outbox-{}.db", std::process::id()));
    let done = bench(&path);
    for end in ["", "-wal", "-shm", ".lock"] {
        // Some of them may not be there.
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    done
}

fn bench(path: &Path) -> Result<(), StoreError> {
    let to = Receiver { channel: alerter::ChannelName::Mail, address: "noc@example.net".into() };
    let routing = Routing::to_all(vec![to]);
    let dispatcher = DispatchRules {
        routing,
        storm: None,
        notification_limit: None,
        ..DispatchRules::default()
    };
    let (rules, directory) = (Rules::default(), AsDirectory::default().into());
    let (mut journal, _) = Journal::open(path, rules, dispatcher, directory, Sources::default())?;
    let mut number = 0u32;
    println!(
        "{:>8} {:>16} {:>16} {:>16}",
        "queue", "each alone", "by the hundred", "due and taken"
    );
    for target in [0, QUEUE] {
        while number < target {
            tell(&mut journal, &mut number, 1000)?;
        }
        let queue = journal.store().outbox().queue_length()?.0;
        let alone = rate(NOTICES / 10, || tell(&mut journal, &mut number, 1))?;
        let together = rate(NOTICES / BATCH, || tell(&mut journal, &mut number, BATCH))?;
        let taken = rate(NOTICES / 10, || take(&journal))?;
        let together = together * BATCH as f64;
        println!("{queue:>8} {alone:>12.0} n/s {together:>12.0} n/s {taken:>12.0} n/s");
    }
    Ok(())
}

/// So many incidents open, each with a notice, and all are durable.
fn tell(journal: &mut Journal, number: &mut u32, count: usize) -> Result<(), StoreError> {
    for _ in 0..count {
        *number += 1;
        // Far enough apart that no two of a day have the same id by chance.
        let at = Timestamp::from_seconds(1_700_000_000) + Duration::from_secs(1000) * *number;
        // An event: told once, and over. What is measured is the way, not the engine's memory.
        let (kind, subject) = (IncidentKind::RoaChange, format!("ROAs {number}"));
        let details = vec!["added 198.18.0.0/21 AS64500".to_owned()];
        journal.handle(at, Finding::Condition { at, kind, subject, details, active: true });
    }
    journal.commit(later()).map(drop)
}

/// When all of it is due.
fn later() -> Timestamp {
    Timestamp::from_seconds(4_000_000_000)
}

/// One delivery as a worker makes it.
fn take(journal: &Journal) -> Result<(), StoreError> {
    for delivery in journal.store().outbox().due(&ChannelName::Mail, later(), 1)? {
        journal.store().outbox().record_taken(delivery.number)?;
    }
    Ok(())
}

/// Times a second.
fn rate(times: usize, mut what: impl FnMut() -> Result<(), StoreError>) -> Result<f64, StoreError> {
    let begun = Instant::now();
    (0..times).try_for_each(|_| what())?;
    Ok(times as f64 / begun.elapsed().max(Duration::from_nanos(1)).as_secs_f64())
}
