use alerter::ChannelName;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use incidents::{AsDirectory, Contacts};
use validator::RpkiSnapshot;

use super::report::{Report, readable};
use crate::arguments::now;
use crate::config::{Config, Mail};
use crate::mail_composer::mail_composer;
use crate::watches;
use rpki_sources::{LoadError, Source, Sources, load_once, slurm};

/// How long a source of VRPs may take: all of RPKI comes within seconds.
const VRPS_WITHIN: Duration = Duration::from_secs(30);

pub(super) fn watches(config: &Config) -> Report {
    let mut report = Report::default();
    match config.watches.len() {
        0 if config.rpki.list.is_empty() => {
            report.fault(
                "watches",
                "none written, and no [rpki] sources to take them from: nothing is watched",
            );
        }
        0 => report.ok("watches", "none written, they follow the VRPs of [operator] asns"),
        count => report.ok("watches", count.to_string()),
    }
    report
}

/// Each source and each file of exceptions alone, so that one fault does not hide another; then the
/// files together, which may contradict each other. With what the first that works says.
pub(super) async fn rpki(config: &Config, offline: bool) -> (Report, Option<Arc<RpkiSnapshot>>) {
    let mut report = Report::default();
    let mut first = None;
    if config.rpki.list.is_empty() {
        report.fault("[rpki]", "has no sources: the validity of every route is unknown");
    }
    for source in config.rpki.list.iter().filter(|source| !(offline && is_remote(source))) {
        match load_once(&Sources::one(source.clone(), &[]), Some(now()), VRPS_WITHIN).await {
            Ok((snapshot, notes)) => {
                report.ok(source, format!("{} VRPs", snapshot.vrps.len()));
                let prefix = format!("{source}: ");
                for note in notes {
                    report.note(source, note.strip_prefix(&prefix).unwrap_or(&note));
                }
                first.get_or_insert(snapshot);
            }
            Err(LoadError::Source { trouble, .. }) => report.fault(source, trouble),
            Err(error) => report.fault(source, error.to_string()),
        }
    }
    exceptions(&config.rpki.slurm, &mut report).await;
    (report, first)
}

/// What is watched where the config does not name it and the VRPs are known: it may be nothing.
pub(super) fn derived_watches(config: &Config, snapshot: Option<&Arc<RpkiSnapshot>>) -> Report {
    let mut report = Report::default();
    let Some(snapshot) = snapshot.filter(|_| config.watches.is_empty()) else { return report };
    let mut snapshot = RpkiSnapshot::clone(snapshot);
    // Files that cannot be used are told on lines of their own.
    for exceptions in config.rpki.slurm.iter().filter_map(|path| fs::read(path).ok()) {
        if let Ok(exceptions) = slurm::parse(&exceptions) {
            snapshot = exceptions.apply(&snapshot);
        }
    }
    match watches::derive(config, &snapshot, &mut Vec::new()) {
        Ok(derived) if derived.is_empty() => report.fault("watches", watches::none_named(config)),
        Ok(derived) => report.ok("watches", format!("{} prefixes of the VRPs", derived.len())),
        Err(failure) => report.fault("watches", failure.text()),
    }
    report
}

/// Whether it takes the network to read it.
pub(super) fn is_remote(source: &Source) -> bool {
    match source {
        Source::Url(_) | Source::Rtr(_) => true,
        Source::File(_) | Source::Stdin => false,
    }
}

async fn exceptions(files: &[PathBuf], report: &mut Report) {
    let load = async |files: &[PathBuf]| {
        let sources = Sources { slurm: files.to_vec(), ..Sources::default() };
        load_once(&sources, Some(now()), VRPS_WITHIN)
            .await
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let faults = report.faults();
    for file in files {
        match load(std::slice::from_ref(file)).await {
            Ok(()) => report.ok(file.display(), "local exceptions"),
            Err(error) => {
                let prefix = format!("{}: ", file.display());
                report.fault(file.display(), error.strip_prefix(&prefix).unwrap_or(&error));
            }
        }
    }
    if faults == report.faults()
        && let Err(error) = load(files).await
    {
        report.fault("[rpki] slurm", error);
    }
}

pub(super) fn as_names(config: &Config) -> Report {
    let mut report = Report::default();
    let Some(path) = &config.as_names else { return report };
    let what = path.display();
    match fs::read(path) {
        Ok(bytes) => {
            let (directory, errors) = AsDirectory::parse(&bytes);
            report.ok(&what, format!("{} names", directory.len()));
            if let Some(error) = errors.first() {
                report.fault(&what, format!("{error} ({} such lines)", errors.len()));
            }
        }
        Err(error) => report.fault(&what, format!("cannot be read: {error}")),
    }
    report
}

pub(super) fn contacts(config: &Config) -> Report {
    let mut report = Report::default();
    for path in &config.contacts {
        let what = path.display();
        match fs::read(path).map(|bytes| Contacts::parse(&bytes)) {
            Ok(Ok(contacts)) => report.ok(&what, format!("contacts of {} ASes", contacts.len())),
            Ok(Err(error)) => report.fault(&what, error.to_string()),
            Err(error) => report.fault(&what, format!("cannot be read: {error}")),
        }
    }
    report
}

/// Who is told, and the files that this takes.
pub(super) fn mail(config: &Config, mail: &Mail) -> Report {
    let mut report = Report::default();
    let to: Vec<_> = mail.to.iter().map(ToString::to_string).collect();
    report.ok(ChannelName::Mail, format!("to {} through {}", to.join(", "), mail.relay));
    let password = mail.login.as_ref().map(|(_, file)| file);
    for path in password.into_iter().chain(&mail.ca_file) {
        readable(path, &mut report);
    }
    if let Err(error) = mail_composer(config, mail) {
        let text = error.text();
        text.lines().for_each(|line| report.fault(ChannelName::Mail, line));
    }
    report
}
