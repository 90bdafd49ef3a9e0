//! All the sources together, followed for ever.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bgp::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;
use validator::{Expired, RpkiSnapshot};

use crate::belief::Beliefs;
use crate::choice::{Chooser, Policy};
use crate::fault::Faults;
use crate::file::POLL;
use crate::follow::follow_source;
use crate::log;
use crate::report::{Report, now};
use crate::slurm_files::SlurmFiles;
use crate::source::Source;
use crate::state::{EXCEPTIONS, Rpki, SourceState};

/// Where RPKI data comes from, and what to make of it.
///
/// ```no_run
/// use std::path::Path;
///
/// use rpki_sources::{Source, Sources, load_once_blocking};
///
/// let source = Source::parse("rtr://127.0.0.1:3323", Path::new(""))?;
/// let (snapshot, notes) = load_once_blocking(&Sources::one(source, &[]), None)?;
/// println!("{} VRPs; {}", snapshot.vrps.len(), notes.join("; "));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
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
    /// A set that lacks this share of the one before is held back, as is an empty one.
    pub collapse_percent: u8,
    /// A set that is held back is believed when it has stood for so long.
    pub collapse_after: Duration,
    /// A source that is broken for so long is told.
    pub broken_after: Duration,
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
            collapse_percent: 25,
            collapse_after: Duration::from_mins(30),
            // A validator that starts anew says nothing for some minutes, a file that is written in place is
            // broken for seconds: nobody is to be woken for that. And of the two hours that the last data
            // are good for, there must be enough left to do something.
            broken_after: Duration::from_mins(10),
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
        beliefs: Beliefs::new(sources.collapse_percent, sources.collapse_after),
        chooser: Chooser::new(sources.policy, sources.stale_after),
        faults: Faults::new(sources.broken_after),
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
        log::changes(&sender.borrow(), &rpki);
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
    beliefs: Beliefs,
    chooser: Chooser,
    faults: Faults,
    slurm: SlurmFiles,
    blend: Option<Blend>,
    nothing: Arc<RpkiSnapshot>,
}

/// What was given out last, out of what, and until when it holds.
struct Blend {
    from: Arc<RpkiSnapshot>,
    until: Option<Timestamp>,
    snapshot: Arc<RpkiSnapshot>,
    expired: Expired,
}

impl Blender {
    fn blend(&mut self, now: Timestamp, said: Vec<SourceState>) -> Rpki {
        let mut sources = self.beliefs.weigh(now, said);
        for source in &mut sources {
            source.fault = self.faults.observe(now, &source.name, source.trouble.as_deref());
        }
        let choice = self.chooser.choose(now, &sources);
        let mut remarks = choice.remarks;
        let broken = match self.slurm.poll() {
            Ok(false) => None,
            Ok(true) => {
                self.blend = None;
                None
            }
            Err(error) => Some(error.to_string()),
        };
        let exceptions = self.faults.observe(now, EXCEPTIONS, broken.as_deref());
        remarks
            .extend(broken.map(|error| format!("{error}; the local exceptions stay as they were")));
        let snapshot = match choice.snapshot {
            Some(chosen) => {
                let (snapshot, expired) = self.made_of(chosen, now);
                remarks.extend((!expired.is_nothing()).then(|| expired.to_string()));
                snapshot
            }
            None => self.nothing.clone(),
        };
        Rpki { snapshot, health: choice.health, remarks, sources, exceptions }
    }

    /// The chosen snapshot as it is given out, and how much of it has ended.
    fn made_of(
        &mut self,
        chosen: Arc<RpkiSnapshot>,
        now: Timestamp,
    ) -> (Arc<RpkiSnapshot>, Expired) {
        if let Some(Blend { from, until, snapshot, expired }) = &self.blend
            && Arc::ptr_eq(from, &chosen)
            && until.is_none_or(|until| until > now)
        {
            return (snapshot.clone(), *expired);
        }
        let expired = chosen.expired(now);
        let alive =
            if expired.is_nothing() { chosen.clone() } else { Arc::new(chosen.unexpired(now)) };
        let until = alive.next_expiry();
        let slurm = self.slurm.applied();
        let snapshot = if slurm.is_empty() { alive } else { Arc::new(slurm.apply(&alive)) };
        self.blend = Some(Blend { from: chosen, until, snapshot: snapshot.clone(), expired });
        (snapshot, expired)
    }
}

#[cfg(test)]
mod tests;
