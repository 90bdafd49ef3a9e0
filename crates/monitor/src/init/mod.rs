//! `originwatch init`: from an AS number to a config that watches it.
//!
//! `facts` reads what the command line names, with `tables` for who announces what; the crate `setup` decides and
//! writes; `questions` asks what no table says. At the end stands [`check`].

mod args;
mod facts;
mod questions;
mod tables;

use std::fs;
use std::io::{self, BufReader, IsTerminal as _, StderrLock, StdinLock, Write as _};
use std::path::Path;

use bgp::Asn;
use rpki_sources::Sources;
use setup::{Facts, Proposal, config_text, update};

pub use args::InitArgs;
use questions::Questions;

use crate::check::{self, CheckArgs};
use crate::config::{Config, LoadError};
use crate::config_file;
use crate::exit::{ExitCode, Failure};
use crate::format::Format;

/// Writes a config, or adds to one.
pub fn run(args: &InitArgs) -> Result<ExitCode, Failure> {
    if args.update { add_to(args) } else { write_new(args) }
}

/// A config where there is none yet.
fn write_new(args: &InitArgs) -> Result<ExitCode, Failure> {
    let path = &args.output;
    if path.exists() && !args.force {
        return Err(Failure::Usage(there_already(path)));
    }
    let sources = facts::vrp_sources(args)?;
    let (_, proposal) = propose(args, args.asn.clone(), &sources)?;
    say(&found(&proposal))?;
    let answers = questions(args).answers(args, &proposal, &sources.list)?;
    let text = config_text(&proposal, &answers);
    // What is written must be right: an address or a time zone may be none.
    Config::parse(path, &text).map_err(LoadError::from)?;
    config_file::write(path, &text, args.force)?;
    say(&format!("{} is written.\n", path.display()))?;
    let drill = match &answers.mail {
        Some(mail) if !args.drill && !args.offline => {
            questions(args).confirm(&format!("Send a drill to {}?", mail.to.join(", ")))?
        }
        Some(_) | None => args.drill,
    };
    check(args, drill)
}

/// What is new since the config was written, added to it.
fn add_to(args: &InitArgs) -> Result<ExitCode, Failure> {
    let path = &args.output;
    let config = Config::load(Some(path))?;
    let text = fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
    let asns = if args.asn.is_empty() { config.operator.asns.clone() } else { args.asn.clone() };
    let named = facts::vrp_sources(args)?;
    let sources = if named.list.is_empty() { config.rpki.clone() } else { named };
    let (facts, proposal) = propose(args, asns, &sources)?;
    let file = path.display().to_string();
    let update = update(&text, &proposal, &facts, &file);
    let update = update.map_err(|error| Failure::Usage(format!("{file}: {error}")))?;
    if update.changes.is_empty() {
        say(&format!("{file}: nothing is new.\n"))?;
        return Ok(ExitCode::Done);
    }
    for change in &update.changes {
        say(&format!("{change}\n"))?;
    }
    if update.text == text {
        return Ok(ExitCode::Attention);
    }
    Config::parse(path, &update.text).map_err(LoadError::from)?;
    if !args.yes && !questions(args).confirm(&format!("Write this to {file}?"))? {
        say(&format!("{file} is left as it is; --yes writes it.\n"))?;
        return Ok(ExitCode::Attention);
    }
    config_file::write(path, &update.text, true)?;
    say(&format!("{file} is written.\n"))?;
    check(args, args.drill)
}

fn propose(
    args: &InitArgs,
    asns: Vec<Asn>,
    sources: &Sources,
) -> Result<(Facts, Proposal), Failure> {
    let (facts, notes) = facts::read(args, asns, sources)?;
    for note in notes {
        writeln!(io::stderr(), "{note}")?;
    }
    let proposal = Proposal::new(&facts);
    if proposal.watches.is_empty() {
        let asns = facts.asns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(Failure::Usage(format!(
            "nothing is known of {asns}: name its VRPs (--vrps), a table (--rib, --collector), what RIPEstat \
             lists (--announced) or route objects (--irr)"
        )));
    }
    Ok((facts, proposal))
}

/// How many of the things to look at first are shown, and not only written.
const SHOWN: usize = 20;

/// What was found, and what somebody should look at first.
fn found(proposal: &Proposal) -> String {
    let is_other = |origin: &setup::AllowedOrigin| !proposal.asns.contains(&origin.asn);
    let others = proposal.watches.iter().filter(|watch| watch.origins.iter().any(is_other)).count();
    let mut text = format!(
        "{} prefixes, {others} of them with origins beside you; {} ASes stand next to you\n",
        proposal.watches.len(),
        proposal.upstreams.len()
    );
    let urgent: Vec<_> = proposal.issues.iter().filter(|issue| issue.is_urgent()).collect();
    let rest = proposal.issues.len() - urgent.len();
    if !urgent.is_empty() {
        text.push_str("Look at these first:\n");
    }
    for issue in urgent.iter().take(SHOWN) {
        text.push_str(&format!("  {}\n", bgp::printable(&issue.to_string())));
    }
    if urgent.len() > SHOWN {
        text.push_str(&format!("  and {} more, at the head of the config\n", urgent.len() - SHOWN));
    }
    if rest > 0 {
        text.push_str(&format!(
            "{rest} more, about ROAs and registries: comments in the config.\n"
        ));
    }
    text
}

/// Whoever sits at a terminal is asked.
fn questions(args: &InitArgs) -> Questions<BufReader<StdinLock<'static>>, StderrLock<'static>> {
    let asks = !args.yes && io::stdin().is_terminal();
    let dialogue = asks.then(|| (BufReader::new(io::stdin().lock()), io::stderr().lock()));
    Questions { dialogue }
}

fn check(args: &InitArgs, send: bool) -> Result<ExitCode, Failure> {
    check::run(&CheckArgs {
        config: Some(args.output.clone()),
        offline: args.offline,
        send,
        format: Format::Text,
        resolver: None,
    })
}

fn say(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}

fn there_already(path: &Path) -> String {
    format!("{} is there already: --update adds to it, --force replaces it", path.display())
}

#[cfg(test)]
mod tests;
