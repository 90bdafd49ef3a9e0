//! A config of ours from one of BGPalerter or ARTEMIS.
//!
//! `yaml` reads the file, `notes` walks it and tells what nobody asked for, `bgpalerter` and `artemis` say what each
//! key means, `values` holds it to what our config takes. [`Imported`] is what comes of it; `text` writes it down.

mod artemis;
mod bgpalerter;
mod imported;
mod notes;
mod text;
mod values;
mod yaml;

pub use artemis::import_artemis;
pub use bgpalerter::{import_bgpalerter, other_files_of_bgpalerter};
pub use imported::{
    ForeignFile, ImportError, Imported, ImportedChannel, ImportedChannelKind, ImportedMail,
    ImportedOrigins, ImportedRoute, ImportedWatch, RisLive,
};
pub use notes::Note;
pub use text::imported_text;
pub use yaml::YamlError;
