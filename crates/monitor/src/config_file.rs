//! A config as a file that is written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::exit::Failure;

/// Whole or not at all; what is there is replaced only where that is meant.
pub(crate) fn write(path: &Path, text: &str, replace: bool) -> Result<(), Failure> {
    let failed = |error| Failure::write(path, error);
    if !replace {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        return match file {
            Ok(mut file) => file.write_all(text.as_bytes()).map_err(failed),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::Usage(
                format!("{} is there already: --force replaces it", path.display()),
            )),
            Err(error) => Err(failed(error)),
        };
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".new-{}", std::process::id()));
    let beside = Path::new(&beside);
    fs::write(beside, text).map_err(failed)?;
    if let Ok(kept) = fs::metadata(path) {
        fs::set_permissions(beside, kept.permissions()).map_err(failed)?;
    }
    fs::rename(beside, path).map_err(failed)
}
