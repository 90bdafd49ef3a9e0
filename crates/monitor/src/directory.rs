//! The files that say which organisation has which AS, and where its NOC is written to.

use std::fs;

use incidents::{AsDirectory, Contacts};

use crate::config::Config;
use crate::exit::Failure;

/// Reads them; a line that cannot be read, and a file that names nobody, is left out, and `remarks` say so.
pub(crate) fn load(config: &Config, remarks: &mut Vec<String>) -> Result<AsDirectory, Failure> {
    let mut directory = AsDirectory::default();
    if let Some(path) = &config.as_names {
        let bytes = fs::read(path).map_err(|error| Failure::read(path, error))?;
        let (names, errors) = AsDirectory::parse(&bytes);
        if let Some(error) = errors.first() {
            let (name, left_out) = (path.display(), errors.len());
            remarks.push(format!("{name}: {error} ({left_out} such lines are left out)"));
        }
        directory = names;
    }
    for path in &config.contacts {
        let bytes = fs::read(path).map_err(|error| Failure::read(path, error))?;
        match Contacts::parse(&bytes) {
            Ok(contacts) => directory.add_contacts(contacts),
            Err(error) => remarks.push(format!("{}: {error}", path.display())),
        }
    }
    Ok(directory)
}
