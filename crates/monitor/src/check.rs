//! `originwatch check`: reads the config and every file that it names.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use alerter::AsDirectory;

use crate::cli::CheckArgs;
use crate::config::{Config, FeedKind};
use crate::exit::{ExitCode, Failure};
use crate::rpki::{Sources, load_once_blocking};

/// What was tried, and how it went.
#[derive(Debug, Default)]
struct Report {
    lines: Vec<String>,
    faults: usize,
}

/// Checks the config that the command line names.
pub fn run(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let config = Config::load(args.config.as_deref())?;
    let mut report = Report::default();
    report.ok(format!("{}: read", config.path.display()));
    watches(&config, &mut report);
    rpki(&config, &mut report);
    as_names(&config, &mut report);
    mail(&config, &mut report);
    feeds(&config, &mut report);
    let end = match report.faults {
        0 => "no fault found".to_owned(),
        1 => "1 fault found".to_owned(),
        faults => format!("{faults} faults found"),
    };
    report.lines.push(end);
    writeln!(io::stdout(), "{}", report.lines.join("\n"))?;
    Ok(if report.faults == 0 { ExitCode::Done } else { ExitCode::Attention })
}

fn watches(config: &Config, report: &mut Report) {
    match config.watches.len() {
        0 => report.ok("watches: none written, they follow the VRPs of [operator] asns"),
        count => report.ok(format!("watches: {count}")),
    }
}

/// Each source and each file of exceptions alone, so that one fault does not hide another; then the
/// files together, which may contradict each other.
fn rpki(config: &Config, report: &mut Report) {
    if config.rpki.list.is_empty() {
        report.fault("[rpki] has no sources: every route will be not-found");
    }
    for source in &config.rpki.list {
        match load_once_blocking(&Sources::one(source.clone(), &[])) {
            Ok((snapshot, notes)) => {
                report.ok(format!("{source}: {} VRPs", snapshot.vrps.len()));
                notes.into_iter().for_each(|note| report.note(note));
            }
            Err(error) => report.fault(error.to_string()),
        }
    }
    let exceptions = |files: &[PathBuf]| {
        load_once_blocking(&Sources { slurm: files.to_vec(), ..Sources::default() })
    };
    let files = &config.rpki.slurm;
    let faults = report.faults;
    for file in files {
        match exceptions(std::slice::from_ref(file)) {
            Ok(_) => report.ok(format!("{}: local exceptions", file.display())),
            Err(error) => report.fault(error.to_string()),
        }
    }
    if faults == report.faults
        && let Err(error) = exceptions(files)
    {
        report.fault(error.to_string());
    }
}

fn as_names(config: &Config, report: &mut Report) {
    let Some(path) = &config.as_names else { return };
    match fs::read(path) {
        Ok(bytes) => {
            let (directory, errors) = AsDirectory::parse(&bytes);
            report.ok(format!("{}: {} names", path.display(), directory.len()));
            if let Some(error) = errors.first() {
                let count = errors.len();
                report.fault(format!("{}: {error} ({count} such lines)", path.display()));
            }
        }
        Err(error) => report.fault(format!("cannot read {}: {error}", path.display())),
    }
}

fn mail(config: &Config, report: &mut Report) {
    let Some(mail) = &config.mail else {
        return report.fault("there is no [mail]: nobody will be told");
    };
    let to: Vec<_> = mail.to.iter().map(ToString::to_string).collect();
    report.ok(format!("mail: to {} through {}", to.join(", "), mail.relay));
    let password = mail.login.as_ref().map(|(_, file)| file);
    for path in password.into_iter().chain(&mail.ca_file) {
        readable(path, report);
    }
}

fn feeds(config: &Config, report: &mut Report) {
    for feed in &config.feeds {
        let name = match feed.kind {
            FeedKind::RisLive { .. } => "ris-live",
            FeedKind::Bmp { .. } => "bmp",
            FeedKind::MrtDir { .. } => "mrt-dir",
            FeedKind::Kafka { .. } => "kafka",
        };
        match feed.kind {
            FeedKind::Kafka { .. } => {
                report.fault("feed kafka: this version does not read it");
            }
            _ => report.ok(format!("feed {name}: written correctly")),
        }
    }
}

fn readable(path: &Path, report: &mut Report) {
    match File::open(path) {
        Ok(_) => report.ok(format!("{}: can be read", path.display())),
        Err(error) => report.fault(format!("cannot read {}: {error}", path.display())),
    }
}

impl Report {
    fn ok(&mut self, line: impl Into<String>) {
        self.lines.push(format!("ok     {}", line.into()));
    }

    fn note(&mut self, line: impl Into<String>) {
        self.lines.push(format!("note   {}", line.into()));
    }

    fn fault(&mut self, line: impl Into<String>) {
        self.faults += 1;
        self.lines.push(format!("fault  {}", line.into()));
    }
}
