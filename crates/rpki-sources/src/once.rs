//! What the sources say now, for the commands that end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bgp::Timestamp;
use validator::{RpkiSnapshot, Skipped};

use crate::belief::NO_VRPS;
use crate::choice::{Policy, difference};
use crate::follow::follow_source;
use crate::report::Report;
use crate::slurm_files::{SlurmFiles, SlurmTrouble};
use crate::source::Source;
use crate::sources::Sources;

/// How long each source has: all of RPKI comes within seconds, and over a thin line within this.
const LIMIT: Duration = Duration::from_mins(2);

/// Why there is no RPKI data.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The only source, or the last of several, does not work.
    #[error("{place}: {trouble}")]
    Source {
        /// Which.
        place: String,
        /// What is wrong with it.
        trouble: String,
    },
    /// The local exceptions cannot be used.
    #[error("{0}")]
    Slurm(String),
    /// No runtime could be made.
    #[error("cannot start: {0}")]
    Runtime(#[from] io::Error),
}

impl From<SlurmTrouble> for LoadError {
    fn from(trouble: SlurmTrouble) -> Self {
        LoadError::Slurm(trouble.to_string())
    }
}

/// What the sources say, with SLURM applied, and notes for people: what did not work, what was
/// skipped, how the sources differ. Each source has `limit`.
///
/// With [`Policy::First`] the first source that works is taken; with [`Policy::Agree`] all are
/// asked, the first that works is taken, and differences are noted. Without any source, nothing. A
/// source without VRPs does not work: RPKI never says nothing.
///
/// What has expired by `at` is left out, and that is noted; where there is no such time, as in a replay of
/// what flows, everything stays ([`RpkiSnapshot::unexpired`]).
pub async fn load_once(
    sources: &Sources,
    at: Option<Timestamp>,
    limit: Duration,
) -> Result<(Arc<RpkiSnapshot>, Vec<String>), LoadError> {
    let mut slurm = SlurmFiles::new(&sources.slurm);
    slurm.poll()?;
    let mut notes = Vec::new();
    let mut loaded: Vec<(String, Arc<RpkiSnapshot>)> = Vec::new();
    let mut failed = None;
    for source in &sources.list {
        match load(source, limit).await.and_then(|snapshot| alive(source, snapshot, at)) {
            Ok((snapshot, note)) => {
                loaded.push((source.to_string(), snapshot));
                notes.extend(note);
            }
            Err(error) => {
                notes.push(error.to_string());
                failed = Some(error);
            }
        }
        if sources.policy == Policy::First && !loaded.is_empty() {
            break;
        }
    }
    let Some((name, snapshot)) = loaded.first() else {
        return failed.map_or_else(|| Ok((Arc::default(), notes)), Err);
    };
    for (other, theirs) in loaded.iter().skip(1) {
        let differs = difference(snapshot, theirs);
        notes.extend(differs.map(|how| format!("{name} and {other} disagree: {how}")));
    }
    notes.extend(skipped(name, &snapshot.skipped));
    let mut snapshot = snapshot.clone();
    if !slurm.applied().is_empty() {
        snapshot = Arc::new(slurm.applied().apply(&snapshot));
    }
    Ok((snapshot, notes))
}

/// The same from where there is no runtime; each source has two minutes.
pub fn load_once_blocking(
    sources: &Sources,
    at: Option<Timestamp>,
) -> Result<(Arc<RpkiSnapshot>, Vec<String>), LoadError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(load_once(sources, at, LIMIT))
}

/// Follows a source until it has said something, or cannot.
async fn load(source: &Source, limit: Duration) -> Result<Arc<RpkiSnapshot>, LoadError> {
    let failed = |trouble| LoadError::Source { place: source.to_string(), trouble };
    let (reports, mut states) = Report::channel(std::slice::from_ref(source));
    let following = async {
        for report in reports {
            follow_source(source.clone(), report).await;
        }
        // The report is gone with its receiver waiting: never before it has said something.
        std::future::pending::<()>().await;
    };
    let answered = states.wait_for(|states| {
        states.iter().any(|state| state.snapshot.is_some() || state.trouble.is_some())
    });
    let answer = async {
        tokio::select! {
            () = following => None,
            answered = answered => answered.ok().and_then(|states| states.first().cloned()),
        }
    };
    // Whoever feeds standard input may take the time he needs.
    let limit = if *source == Source::Stdin { Duration::MAX } else { limit };
    let state = tokio::time::timeout(limit, answer)
        .await
        .map_err(|_| failed(format!("no complete answer within {} s", limit.as_secs())))?;
    let state = state.unwrap_or_default();
    let snapshot = state.snapshot.ok_or_else(|| failed(state.trouble.unwrap_or_default()))?;
    if snapshot.has_data() { Ok(snapshot) } else { Err(failed(NO_VRPS.to_owned())) }
}

/// Without what has expired, and with a note of how much that is. A source of which nothing is left does
/// not work.
fn alive(
    source: &Source,
    snapshot: Arc<RpkiSnapshot>,
    at: Option<Timestamp>,
) -> Result<(Arc<RpkiSnapshot>, Option<String>), LoadError> {
    let Some(at) = at else { return Ok((snapshot, None)) };
    let expired = snapshot.expired(at);
    if expired.is_nothing() {
        return Ok((snapshot, None));
    }
    if expired.vrps == snapshot.vrps.len() {
        let trouble = format!("all of its {} VRPs have expired, which is no data", expired.vrps);
        return Err(LoadError::Source { place: source.to_string(), trouble });
    }
    Ok((Arc::new(snapshot.unexpired(at)), Some(format!("{source}: {expired}"))))
}

/// What a source listed that could not be used.
fn skipped(name: &str, skipped: &Skipped) -> Vec<String> {
    let Skipped { count, reasons } = skipped;
    let mut notes: Vec<_> =
        reasons.iter().map(|reason| format!("{name}: {reason}; skipped")).collect();
    if *count > reasons.len() {
        notes.push(format!("{name}: {count} entries skipped in all"));
    }
    notes
}
