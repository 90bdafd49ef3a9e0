use std::path::PathBuf;
use std::time::Duration;

use super::section::Section;
use super::value;
use crate::vrps::VrpSource;

/// `[rpki]`: where the VRPs come from. Without a source every route is `not-found`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rpki {
    /// The sources, the first one that works wins.
    pub sources: Vec<VrpSource>,
    /// SLURM files (RFC 8416).
    pub slurm: Vec<PathBuf>,
    /// How old the data may be before notices say that it is stale.
    pub stale_after: Duration,
}

impl Default for Rpki {
    fn default() -> Self {
        Rpki { sources: Vec::new(), slurm: Vec::new(), stale_after: Duration::from_secs(2 * 3_600) }
    }
}

impl Rpki {
    pub(super) fn read(section: Section<'_>) -> Option<Self> {
        let default = Rpki::default();
        let sources = section.sections("sources").into_iter().map(source).collect::<Vec<_>>();
        let slurm = section.list("slurm", |value| Ok(section.folder().join(value::text(value)?)));
        let stale_after = section.optional("stale_after", value::duration);
        section.finish();
        Some(Rpki {
            sources: sources.into_iter().collect::<Option<_>>()?,
            slurm: slurm.unwrap_or_default(),
            stale_after: stale_after.unwrap_or(default.stale_after),
        })
    }
}

fn source(section: Section<'_>) -> Option<VrpSource> {
    const EXPECTED: &str =
        "one of { rtr = \"127.0.0.1:3323\" }, { json = \"vrps.json\" }, { csv = \"vrps.csv\" }";
    let rtr = section.optional("rtr", value::host_port).map(VrpSource::Rtr);
    let file = |key| {
        section.optional(key, |value| {
            let text = value::text(value)?;
            let source = VrpSource::parse(&text, section.folder());
            match source {
                Ok(source @ (VrpSource::File(_) | VrpSource::Url(_))) => Ok(source),
                _ => Err(value::wrong(value, "is not a file or an http(s) URL", EXPECTED)),
            }
        })
    };
    let found = [rtr, file("json"), file("csv")];
    section.finish();
    match section.keys().count() {
        0 => section.fault("rtr", "a source without a place", EXPECTED),
        1 => {}
        _ => section.fault("rtr", "a source with several places", EXPECTED),
    }
    found.into_iter().flatten().next()
}
