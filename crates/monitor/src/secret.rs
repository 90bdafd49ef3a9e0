//! Passwords and other secrets that lie in files of their own.

use std::fs;
use std::path::Path;

use crate::exit::Failure;

/// The longest password file that is read.
const MAX_PASSWORD: usize = 4096;

/// Read when it is needed, without the newline that editors leave; never shown.
pub(crate) fn password(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.len() > MAX_PASSWORD || password.contains(['\r', '\n']) {
        let text = format!("{}: expected one line with the password or secret", path.display());
        return Err(Failure::Usage(text));
    }
    Ok(password.to_owned())
}
