//! Writes `data/indosat-2014`: a small reconstruction of 2 April 2014, when AS4761 originated most
//! of the Internet, as MRT files that one collector with 40 vantage points could have written.
//! `data/README.md` says what of it is known and what is made up.
//!
//! ```text
//! cargo run -p originwatch --example make_indosat -- data/indosat-2014
//! ```
//!
//! [`world`] says who there is and what they rightly originate, [`story`] what happens when, [`mrt`]
//! how it is written down. The same program writes the same bytes: its only dice are its own.

mod mrt;
mod story;
mod world;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::{Compression, GzBuilder};

use world::{VANTAGES, World};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("which folder is it to be written into?")?;
    Ok(write(Path::new(&folder))?)
}

/// Writes every file but the config, which is written by hand.
pub(crate) fn write(folder: &Path) -> std::io::Result<()> {
    let world = World::new();
    let mut files = vec![
        ("vrps.json".to_owned(), vrps(&world).into_bytes()),
        ("as-names.csv".to_owned(), as_names().into_bytes()),
    ];
    for (name, records) in story::files(&world) {
        // No file name and no time in the header (RFC 1952 section 2.3.1): the same bytes each time.
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        gzip.write_all(&records)?;
        files.push((name + ".gz", gzip.finish()?));
    }
    std::fs::create_dir_all(folder)?;
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

/// The VRPs as Routinator writes them.
fn vrps(world: &World) -> String {
    let generated = story::seconds("2014-04-02T18:20:00Z");
    let mut json = format!(
        "{{\n  \"metadata\": {{ \"generated\": {generated}, \
         \"generatedTime\": \"2014-04-02T18:20:00Z\" }},\n  \"roas\": ["
    );
    for (n, roa) in world.roas().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let (asn, prefix, max, ta) = (roa.asn, roa.prefix, roa.max_length, roa.trust_anchor);
        let _ = write!(
            json,
            "{comma}\n    {{ \"asn\": \"{asn}\", \"prefix\": \"{prefix}\", \"maxLength\": {max}, \
             \"ta\": \"{ta}\" }}"
        );
    }
    json + "\n  ]\n}\n"
}

/// Who is who, as `[data] as_names` reads it.
fn as_names() -> String {
    let mut csv = "asn,name,country\n".to_owned();
    let mut rows: Vec<_> = VANTAGES.iter().map(|v| (v.asn, v.name, v.country)).collect();
    rows.extend(world::OTHERS);
    rows.sort_unstable();
    for (asn, name, country) in rows {
        let _ = writeln!(csv, "{asn},{name},{country}");
    }
    csv
}
