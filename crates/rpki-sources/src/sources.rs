//! All the sources together, followed for ever.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bgp::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use validator::RpkiSnapshot;

use crate::choice::{Chooser, Policy};
use crate::file::POLL;
use crate::follow::follow_source;
use crate::report::{Report, now};
use crate::slurm_files::SlurmFiles;
use crate::source::Source;
use crate::state::{Rpki, SourceState};

/// Where RPKI data comes from, and what to make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The sources, the preferred one first.
    pub list: Vec<Source>,
    /// What to do with several.
    pub policy: Policy,
    /// SLURM files (RFC 8416), applied on top.
    pub slurm: Vec<PathBuf>,
    /// How old data may be.
    pub stale_after: Duration,
}

impl Sources {
    /// One source and its exceptions, as on a command line.
    pub fn one(source: Source, slurm: &[PathBuf]) -> Self {
        Sources { list: vec![source], slurm: slurm.to_vec(), ..Sources::default() }
    }
}

impl Default for Sources {
    /// None: every route is `not-found`.
    fn default() -> Self {
        Sources {
            list: Vec::new(),
            policy: Policy::First,
            slurm: Vec::new(),
            stale_after: Duration::from_hours(2),
        }
    }
}

/// Follows the sources for as long as there is a receiver. Needs a tokio runtime to be called in.
///
/// The first value is [`Health::Waiting`](super::Health::Waiting). A new one comes when anything in it changes, so compare
/// the snapshot by `Arc::ptr_eq` before validating everything again.
pub fn follow(sources: Sources) -> watch::Receiver<Rpki> {
    let (sender, receiver) = watch::channel(Rpki::default());
    tokio::spawn(follow_into(sources, sender));
    receiver
}

async fn follow_into(sources: Sources, sender: watch::Sender<Rpki>) {
    // Dropped at the end, which ends what it holds.
    let mut tasks = JoinSet::new();
    let (reports, mut states) = Report::channel(&sources.list);
    for (source, report) in sources.list.iter().zip(reports) {
        tasks.spawn(follow_source(source.clone(), report));
    }
    let mut blender = Blender {
        chooser: Chooser::new(sources.policy, sources.stale_after),
        slurm: SlurmFiles::new(&sources.slurm),
        blend: None,
        nothing: Arc::default(),
    };
    loop {
        let current = states.borrow_and_update().clone();
        // Putting 700,000 VRPs into order takes a tenth of a second.
        let blending = tokio::task::spawn_blocking(move || {
            let rpki = blender.blend(now(), current);
            (blender, rpki)
        });
        let Ok((back, mut rpki)) = blending.await else { return };
        blender = back;
        sender.send_if_modified(|last| {
            let changed = !rpki.is_same(last);
            if changed {
                // The old one is not freed in here, where readers wait.
                std::mem::swap(last, &mut rpki);
            }
            changed
        });
        tokio::select! {
            () = sender.closed() => return,
            Ok(()) = states.changed() => {}
            // Time passes for staleness, expiry and SLURM files too.
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Makes what is given out.
struct Blender {
    chooser: Chooser,
    slurm: SlurmFiles,
    blend: Option<Blend>,
    nothing: Arc<RpkiSnapshot>,
}

/// What was given out last, out of what, and until when it holds.
struct Blend {
    from: Arc<RpkiSnapshot>,
    until: Option<Timestamp>,
    snapshot: Arc<RpkiSnapshot>,
}

impl Blender {
    fn blend(&mut self, now: Timestamp, sources: Vec<SourceState>) -> Rpki {
        let choice = self.chooser.choose(now, &sources);
        let mut remarks = choice.remarks;
        match self.slurm.poll() {
            Ok(false) => {}
            Ok(true) => self.blend = None,
            Err(error) => remarks.push(format!("{error}; the local exceptions stay as they were")),
        }
        let snapshot = match choice.snapshot {
            Some(chosen) => self.made_of(chosen, now),
            None => self.nothing.clone(),
        };
        Rpki { snapshot, health: choice.health, remarks, sources }
    }

    fn made_of(&mut self, chosen: Arc<RpkiSnapshot>, now: Timestamp) -> Arc<RpkiSnapshot> {
        if let Some(Blend { from, until, snapshot }) = &self.blend
            && Arc::ptr_eq(from, &chosen)
            && until.is_none_or(|until| until > now)
        {
            return snapshot.clone();
        }
        let expired = chosen.next_expiry().is_some_and(|expiry| expiry <= now);
        let alive = if expired { Arc::new(chosen.unexpired(now)) } else { chosen.clone() };
        let until = alive.next_expiry();
        let slurm = self.slurm.applied();
        let snapshot = if slurm.is_empty() { alive } else { Arc::new(slurm.apply(&alive)) };
        self.blend = Some(Blend { from: chosen, until, snapshot: snapshot.clone() });
        snapshot
    }
}

#[cfg(test)]
mod tests;
