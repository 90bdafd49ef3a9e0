//! The file that says which organisation has which AS.

use std::fs;
use std::path::Path;

use incidents::AsDirectory;

use crate::exit::Failure;

/// Reads it; a line that cannot be read is left out, and `remarks` say so.
pub(crate) fn load(path: &Path, remarks: &mut Vec<String>) -> Result<AsDirectory, Failure> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| Failure::read(path, error))?;
    let (directory, errors) = AsDirectory::parse(&bytes);
    if let Some(error) = errors.first() {
        remarks.push(format!("{name}: {error} ({} such lines are left out)", errors.len()));
    }
    Ok(directory)
}
