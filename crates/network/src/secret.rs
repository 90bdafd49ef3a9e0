use std::path::{Path, PathBuf};
use std::{fs, io};

/// The longest password file that is read.
const MAX_PASSWORD: usize = 4096;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Its file cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        error: io::Error,
    },
    /// Its file holds something else.
    #[error("{0}: expected one line with the password or secret")]
    NotOneLine(PathBuf),
}

/// The password in a file of its own: read when it is needed, without the newline that editors leave; never
/// shown.
///
/// # Errors
///
/// Where the file cannot be read, and where it does not hold one line of at most 4096 octets.
pub fn password(path: &Path) -> Result<String, PasswordError> {
    let text = fs::read_to_string(path)
        .map_err(|error| PasswordError::Read { path: path.to_owned(), error })?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.len() > MAX_PASSWORD || password.contains(['\r', '\n']) {
        return Err(PasswordError::NotOneLine(path.to_owned()));
    }
    Ok(password.to_owned())
}
