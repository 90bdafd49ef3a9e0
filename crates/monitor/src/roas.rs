//! `originwatch roas`: how well our ROAs fit what we announce.

use std::io::{self, BufWriter, Write};

use clap::Args;
use validator::{RoaReport, ValidationState};

use crate::exit::{ExitCode, Failure};
use crate::format::Format;
use crate::own_routes::{OwnRoutes, OwnRoutesArgs};

/// `originwatch roas`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RoasArgs {
    #[command(flatten)]
    own: OwnRoutesArgs,
}

const EXAMPLES: &str = "\
Examples:
  The routes of the config:
    originwatch roas
  What a collector sees of AS64500:
    originwatch roas --vrps rtr://127.0.0.1:3323 --origin AS64500 --rib rib.bz2

The exit code is 1 if a route is not valid, or if ROAs allow what is not announced (RFC 9319).";

/// Reports on what the command line names.
pub fn run(args: &RoasArgs) -> Result<ExitCode, Failure> {
    let own = OwnRoutes::load(&args.own)?;
    for note in &own.notes {
        writeln!(io::stderr(), "{note}")?;
    }
    let report = RoaReport::new(&own.snapshot, &own.watches, own.routes);
    let mut out = BufWriter::new(io::stdout().lock());
    match args.own.format {
        Format::Text => tell(&report, &mut out)?,
        Format::Json => {
            writeln!(out, "{}", serde_json::to_string(&report).map_err(io::Error::from)?)?
        }
    }
    out.flush()?;
    let fine = report.missing.is_empty() && report.exposures.is_empty();
    Ok(if fine { ExitCode::Done } else { ExitCode::Attention })
}

fn tell(report: &RoaReport, out: &mut impl Write) -> io::Result<()> {
    let routes = report.routes.iter().map(|route| {
        let reason = route.rov.reason().map(|reason| format!(" ({})", reason.name()));
        format!("{} {}{}", route.announcement, route.rov.state(), reason.unwrap_or_default())
    });
    let valid = |route: &&validator::Coverage| route.rov.state() == ValidationState::Valid;
    let valid = report.routes.iter().filter(valid).count();
    let head = format!("Our routes: {valid} of {} valid", report.routes.len());
    section(out, &head, routes)?;
    let exposures = report.exposures.iter().map(|exposure| {
        let open = match exposure.open {
            u64::MAX => "more prefixes than can be counted".to_owned(),
            1 => "1 prefix".to_owned(),
            open => format!("{open} prefixes"),
        };
        format!("{}: {open} not announced, first {}", exposure.vrp, exposure.example)
    });
    section(out, "Open to a forged origin (RFC 9319)", exposures)?;
    section(out, "ROAs to create", report.missing.iter().map(ToString::to_string))?;
    section(out, "VRPs that no route needs", report.unused.iter().map(ToString::to_string))
}

/// A headline with its lines; nothing without lines.
fn section(
    out: &mut impl Write,
    head: &str,
    lines: impl Iterator<Item = String>,
) -> io::Result<()> {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "{head}:")?;
    lines.try_for_each(|line| writeln!(out, "  {line}"))
}
