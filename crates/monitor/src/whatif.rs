//! `originwatch whatif`: what would become of our routes if these ROAs changed.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use bgp::Timestamp;
use clap::Args;
use rpki_sources::document::{self, DocumentError};
use rpki_sources::slurm;
use validator::{Effect, RpkiSnapshot, ValidationState, whatif};

use crate::exit::{ExitCode, Failure};
use crate::format::Format;
use crate::own_routes::{OwnRoutes, OwnRoutesArgs};

/// `originwatch whatif`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct WhatifArgs {
    /// The change: a SLURM file filters the VRPs and adds to them; a VRP file replaces them all.
    #[arg(long, value_name = "FILE")]
    pub change: PathBuf,

    #[command(flatten)]
    own: OwnRoutesArgs,
}

const EXAMPLES: &str = "\
Examples:
  A SLURM file with the planned ROAs, against the routes of the config:
    originwatch whatif --change planned.json
  The same against what a collector sees of AS64500:
    originwatch whatif --vrps rtr://127.0.0.1:3323 --change planned.json \\
        --origin AS64500 --rib rib.bz2

The exit code is 1 if a route becomes invalid.";

/// Answers what the command line asks.
pub fn run(args: &WhatifArgs) -> Result<ExitCode, Failure> {
    let own = OwnRoutes::load(&args.own)?;
    let after = changed(&own.snapshot, &args.change, args.own.time())?;
    for note in &own.notes {
        writeln!(io::stderr(), "{note}")?;
    }
    let effects = whatif(&own.snapshot, &after, own.routes);
    let mut out = BufWriter::new(io::stdout().lock());
    match args.own.format {
        Format::Text => tell(&effects, &mut out)?,
        Format::Json => {
            writeln!(out, "{}", serde_json::to_string(&effects).map_err(io::Error::from)?)?
        }
    }
    out.flush()?;
    let breaks = effects.iter().any(Effect::breaks);
    Ok(if breaks { ExitCode::Attention } else { ExitCode::Done })
}

/// What RPKI would say. Which kind of file it is, is told by the content.
fn changed(before: &RpkiSnapshot, path: &Path, at: Timestamp) -> Result<RpkiSnapshot, Failure> {
    let place = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Failure::Read { place: place.clone(), error })?;
    match document::parse(&bytes) {
        Ok(snapshot) => Ok(snapshot.unexpired(at)),
        Err(DocumentError::Slurm) => match slurm::parse(&bytes) {
            Ok(slurm) => Ok(slurm.apply(before)),
            Err(error) => Err(Failure::Usage(format!("{place}: {error}"))),
        },
        Err(error) => Err(Failure::Usage(format!("{place}: {error}"))),
    }
}

/// What changes, a line each, and a sum.
fn tell(effects: &[Effect], out: &mut impl Write) -> io::Result<()> {
    for effect in effects.iter().filter(|effect| effect.changed()) {
        writeln!(out, "{effect}, was {}", effect.before.state())?;
    }
    let becomes = |state| {
        let changed = effects.iter().filter(|effect| effect.changed());
        changed.filter(|effect| effect.after.state() == state).count()
    };
    let [valid, invalid, not_found] =
        [ValidationState::Valid, ValidationState::Invalid, ValidationState::NotFound].map(becomes);
    let stay = effects.len() - valid - invalid - not_found;
    writeln!(
        out,
        "of {} routes {valid} become valid, {invalid} invalid, {not_found} not-found; {stay} stay",
        effects.len()
    )
}
