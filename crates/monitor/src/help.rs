//! `originwatch help`: of a command, and of the kinds of incident.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::error::ErrorKind;
use clap::{Args, Command};
use validator::{IncidentKind, KindSpec, Severities, Severity};

use crate::exit::{ExitCode, Failure};

/// `originwatch help`.
#[derive(Debug, Args)]
pub struct HelpArgs {
    /// A command; `kinds` for all kinds of incident; or one kind, as origin-hijack.
    #[arg(value_name = "COMMAND|kinds|KIND")]
    pub topic: Vec<String>,
}

/// Prints what the topic is about; `root` is the whole command line.
pub fn run(args: &HelpArgs, root: Command) -> Result<ExitCode, Failure> {
    let topic: Vec<&str> = args.topic.iter().map(String::as_str).collect();
    let kind = |name: &str| IncidentKind::ALL.into_iter().find(|kind| kind.spec().name == name);
    let text = match topic.as_slice() {
        ["kinds"] => kinds(),
        [name] if kind(name).is_some() => kind(name).map(page).unwrap_or_default(),
        path => command(path, root)?,
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::Done)
}

/// What `--help` of a command says, or that of all.
fn command(path: &[&str], root: Command) -> Result<String, Failure> {
    let words = ["originwatch"].iter().chain(path).chain(&["--help"]);
    match root.try_get_matches_from(words) {
        Err(help) if help.kind() == ErrorKind::DisplayHelp => Ok(help.to_string()),
        _ => Err(Failure::Usage(format!(
            "there is no command and no kind of incident '{}' (`originwatch help` lists the commands, \
             `originwatch help kinds` the kinds)",
            path.join(" ")
        ))),
    }
}

/// A line for each kind: its name, how loud it is, when it fires.
fn kinds() -> String {
    let longest = IncidentKind::ALL.map(|kind| kind.spec().name.len()).into_iter().max();
    let width = longest.unwrap_or_default();
    let line = |kind: IncidentKind| {
        let KindSpec { name, severity, meaning, .. } = kind.spec();
        let usual = severity.usual.to_string();
        format!("{name:<width$}  {usual:<8}  {meaning}\n")
    };
    IncidentKind::ALL.map(line).concat()
}

/// What there is to know of one kind: when it fires, how loud it is, what to do.
pub fn page(kind: IncidentKind) -> String {
    let KindSpec { name, title, meaning, guide, advice, accusation, .. } = kind.spec();
    let severity = severity(kind.spec().severity);
    let mut text = format!(
        "## {name}\n\nFires when {meaning}.\n\n* In titles: {title}\n* Severity: {severity}\n"
    );
    // Writing to memory cannot fail.
    if let Some(accusation) = accusation {
        let request = accusation.request;
        let _ = writeln!(text, "* The notice has a draft that asks the network at fault {request}");
    }
    let _ = writeln!(text, "\n{guide}");
    if let Some(advice) = advice {
        let _ = writeln!(text, "\nIn the notice: \"{advice}\"");
    }
    text
}

/// `critical; notice where RPKI entitles the origin`.
pub fn severity(Severities { usual, if_valid, if_grave }: Severities) -> String {
    let exception = |severity: Severity, whereof: &str| match severity == usual {
        true => String::new(),
        false => format!("; {severity} {whereof}"),
    };
    let valid = exception(if_valid, "where RPKI entitles the origin");
    let grave = exception(if_grave, "of a more-specific, or where ASPA or OTC forbids the path");
    format!("{usual}{valid}{grave}")
}
