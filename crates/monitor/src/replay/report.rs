use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use alerter::{AnnotatedNotice, plural};
use incidents::IncidentId;
use jiff::tz::TimeZone;

use super::text::told;
use crate::exit::Failure;

/// A folder to file: for each incident its notices as text and as JSON lines, and an index.
#[derive(Debug)]
pub(super) struct Report {
    folder: PathBuf,
    time_zone: TimeZone,
    /// By name, and so by day.
    incidents: BTreeMap<IncidentId, Entry>,
}

/// What the index says of an incident.
#[derive(Debug, Default)]
struct Entry {
    notices: u64,
    /// The last word: what stands there at the end of the replay.
    title: String,
}

impl Report {
    /// Makes the folder. One that holds something else may hold the incidents of another replay, which
    /// would seem to be of this one: it has to be empty.
    pub(super) fn new(folder: &Path, time_zone: &TimeZone) -> Result<Self, Failure> {
        let made = fs::create_dir_all(folder).and_then(|()| fs::read_dir(folder));
        let mut entries = made.map_err(|error| Failure::write(folder, error))?;
        if entries.next().is_some() {
            let text = format!("--report {}: the folder is not empty", folder.display());
            return Err(Failure::Usage(text));
        }
        let (folder, time_zone) = (folder.to_owned(), time_zone.clone());
        Ok(Report { folder, time_zone, incidents: BTreeMap::new() })
    }

    /// Files a notice behind those that its incident has already.
    pub(super) fn add(&mut self, notice: &AnnotatedNotice, json: &str) -> Result<(), Failure> {
        let incident = &notice.incident;
        let entry = self.incidents.entry(incident.clone()).or_default();
        entry.notices += 1;
        entry.title.clone_from(&notice.title);
        self.append(&format!("{incident}.txt"), &told(notice, &self.time_zone))?;
        self.append(&format!("{incident}.jsonl"), json)
    }

    /// Writes the index. `open` says what is still open, a line each.
    pub(super) fn finish(&self, open: &str) -> Result<(), Failure> {
        let incidents = self.incidents.len() as u64;
        let mut index = format!("{}\n\n", plural(incidents, "incident", "incidents"));
        for (incident, Entry { notices, title }) in &self.incidents {
            let notices = plural(*notices, "notice", "notices");
            index += &format!("{incident}: {notices}, the last:\n    {title}\n");
        }
        if !open.is_empty() {
            index += &format!("\nStill open:\n{open}");
        }
        self.append("index.txt", &index)
    }

    fn append(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.folder.join(name);
        let write = |mut file: File| file.write_all(text.as_bytes());
        let written = File::options().create(true).append(true).open(&path).and_then(write);
        written.map_err(|error| Failure::write(&path, error))
    }
}
