//! `originwatch import`: a config from one of BGPalerter or ARTEMIS.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use bgp::Asn;
use clap::{Args, Subcommand};
use setup::{ForeignFile, Imported, Note, VrpPlace, imported_text};

use crate::config::{Config, LoadError};
use crate::config_file;
use crate::exit::{ExitCode, Failure};

/// No config is longer.
const FILE_MAX: u64 = 16 << 20;

/// `originwatch import`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    #[command(subcommand)]
    program: Program,
}

#[derive(Debug, Subcommand)]
enum Program {
    /// From config.yml of BGPalerter, with the prefix lists and the groups that it names; or from prefix lists alone.
    Bgpalerter(FromArgs),
    /// From config.yaml of ARTEMIS.
    Artemis(FromArgs),
}

#[derive(Debug, Args)]
struct FromArgs {
    /// Their files.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// An AS of yours; may be repeated [default: those that they monitor, else all origins].
    #[arg(long, value_name = "ASN", value_delimiter = ',')]
    asn: Vec<Asn>,

    /// Your name, as in a signature [default: your first AS].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The config to write [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Replace a file that is there.
    #[arg(long, requires = "output")]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  What config.yml names is read beside it:
    originwatch import bgpalerter /etc/bgpalerter/config.yml -o originwatch.toml
  The prefixes alone:
    originwatch import bgpalerter prefixes.yml --asn 64500
  From ARTEMIS:
    originwatch import artemis config.yaml --asn 64500 -o originwatch.toml

What cannot be carried is said on standard error, each with its line and why; the exit code is 1 if
something is lost by it. Passwords and secret URLs are not copied.";

/// Writes what their files say, and tells what cannot be carried.
pub fn run(args: &ImportArgs) -> Result<ExitCode, Failure> {
    let (Program::Bgpalerter(from) | Program::Artemis(from)) = &args.program;
    if let Some(path) = from.output.as_ref().filter(|path| path.exists() && !from.force) {
        let text = format!("{} is there already: --force replaces it", path.display());
        return Err(Failure::Usage(text));
    }
    let mut files = from.files.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let wrong = |error: setup::ImportError| Failure::Usage(error.to_string());
    let mut imported = match &args.program {
        Program::Bgpalerter(_) => {
            add_named(&from.files, &mut files)?;
            setup::import_bgpalerter(&files, &from.asn).map_err(wrong)?
        }
        Program::Artemis(_) => setup::import_artemis(&files, &from.asn).map_err(wrong)?,
    };
    if imported.vrps.is_empty() {
        // Without RPKI data nothing is known of any route: as in a config of `init`.
        let public = rpki_sources::PUBLIC_VALIDATORS.iter().map(|url| (*url).to_owned());
        imported.vrps = public.map(VrpPlace::Document).collect();
    }
    let asn = imported.asns.first().map(ToString::to_string).unwrap_or_default();
    let text = imported_text(&imported, from.name.as_deref().unwrap_or(&asn));
    let path = from.output.as_deref().unwrap_or(Path::new("originwatch.toml"));
    // What is written must be right.
    Config::parse(path, &text).map_err(LoadError::from)?;
    match &from.output {
        Some(path) => config_file::write(path, &text, from.force)?,
        None => io::stdout().write_all(text.as_bytes())?,
    }
    io::stderr().write_all(told(&imported).as_bytes())?;
    let lost = imported.notes.iter().any(|note| note.lost);
    Ok(if lost { ExitCode::Attention } else { ExitCode::Done })
}

/// What the configs name, beside them, unless the command line names it already.
fn add_named(paths: &[PathBuf], files: &mut Vec<ForeignFile>) -> Result<(), Failure> {
    for (number, path) in paths.iter().enumerate() {
        let Some(file) = files.get(number) else { continue };
        let names = setup::other_files_of_bgpalerter(file);
        let names = names.map_err(|error| Failure::Usage(error.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let given = |path: &Path| paths.iter().any(|given| given.file_name() == path.file_name());
        let others: Vec<_> = names.into_iter().map(|name| folder.join(name)).collect();
        for other in others.iter().filter(|other| !given(other)) {
            files.push(read(other)?);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<ForeignFile, Failure> {
    let failed = |error| Failure::read(path, error);
    let mut octets = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_MAX + 1).read_to_end(&mut octets).map_err(failed)?;
    if octets.len() as u64 > FILE_MAX {
        return Err(Failure::Usage(format!("{}: longer than any config", path.display())));
    }
    let text = String::from_utf8(octets)
        .map_err(|_| Failure::Usage(format!("{}: not a text in UTF-8", path.display())))?;
    Ok(ForeignFile { name: path.display().to_string(), text })
}

/// How much was carried, then each key that was not: what may be missed first.
fn told(imported: &Imported) -> String {
    let Imported { watches, asns, channels, notes, .. } = imported;
    let asns = asns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let plural = if watches.len() == 1 { "" } else { "es" };
    let mut text = format!("{} watch{plural} for {asns}", watches.len());
    if let Some(mail) = &imported.mail {
        text.push_str(&format!(", mail to {}", mail.to.join(", ")));
    }
    if !channels.is_empty() {
        let names: Vec<_> = channels.iter().map(|channel| channel.name.as_str()).collect();
        text.push_str(&format!(", channels {}", names.join(", ")));
    }
    text.push('\n');
    let (lost, moot): (Vec<_>, Vec<_>) = notes.iter().partition(|note| note.lost);
    for (head, notes) in
        [("Not carried, look at these:", lost), ("Nothing to do about these:", moot)]
    {
        if !notes.is_empty() {
            text.push_str(&format!("{head}\n"));
        }
        notes.into_iter().for_each(|note| text.push_str(&said(note)));
    }
    text
}

fn said(note: &Note) -> String {
    let Note { file, line, key, why, .. } = note;
    format!("  {}\n", bgp::printable(&format!("{file}:{line}: {key}: {why}")))
}

#[cfg(test)]
mod tests;
