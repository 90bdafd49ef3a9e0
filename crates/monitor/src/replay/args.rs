use std::num::NonZeroUsize;
use std::path::PathBuf;

use bgp::{Asn, Prefix, Timestamp};
use clap::Args;

use crate::format::Format;
use crate::given_time;
use crate::recordings::ArchiveArgs;

/// `originwatch replay`.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_EXAMPLES)]
pub struct ReplayArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG", conflicts_with_all = ["prefix", "origin", "vrps"])]
    pub config: Option<PathBuf>,

    /// Without a config: a prefix to watch; may be repeated.
    #[arg(long, value_name = "PREFIX", value_delimiter = ',', requires = "origin")]
    pub prefix: Vec<Prefix>,

    /// Without a config: an AS that may originate the prefixes; may be repeated.
    #[arg(long, value_name = "ASN", value_delimiter = ',', requires = "prefix")]
    pub origin: Vec<Asn>,

    /// Without a config: VRPs, from a file, an http(s):// URL or rtr://host:port. Those that had expired
    /// when the replay begins are left out. Without VRPs the state of every route is unknown.
    #[arg(long, value_name = "SRC", requires = "prefix")]
    pub vrps: Option<String>,

    /// Output format of the notices; JSON is one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Also send the notices to the addresses in the mail section of the config.
    #[arg(long, conflicts_with = "prefix")]
    pub mail: bool,

    /// Write the mails as files into this folder; they are also sent only with --mail.
    #[arg(long, value_name = "DIR", conflicts_with = "prefix")]
    pub eml: Option<PathBuf>,

    /// Write the notices into this folder, which has to be empty: for each incident one file as text
    /// and one as JSON lines, and index.txt.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,

    /// How many inputs, and blocks of bzip2, are unpacked at the same time [default: one per core].
    /// Inputs that overlap in time are always read side by side.
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Start at this time: 2014-04-02T18:26:00Z, '2014-04-02 18:26' or 2014-04-02 (UTC), today, yesterday,
    /// -2h, or seconds since 1970. What was recorded before is the initial state: incidents that are open
    /// already are notified at this time. With --collector the initial state is the last RIB of each
    /// collector and the updates since.
    #[arg(long, value_name = "TIME", value_parser = given_time::in_utc, allow_hyphen_values = true)]
    pub from: Option<Timestamp>,

    /// Leave out what was recorded at this time or later.
    #[arg(long, value_name = "TIME", value_parser = given_time::in_utc, allow_hyphen_values = true)]
    pub until: Option<Timestamp>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "documentation here would become help of each of its options")]
    pub archive: ArchiveArgs,

    /// MRT files, RIS Live JSON lines, BMP streams, plain, .gz or .bz2; folders of them; http(s)://
    /// URLs; - is standard input.
    #[arg(value_name = "FILE|DIR|URL", required_unless_present = "collector")]
    pub inputs: Vec<PathBuf>,
}

const REPLAY_EXAMPLES: &str = "\
Examples:
  The files of a folder, merged by time, with a config:
    originwatch replay -c originwatch.toml /var/spool/mrt
  One prefix, without a config:
    originwatch replay --prefix 198.18.0.0/21 --origin AS64500 --vrps vrps.json updates.*.gz
  Only critical notices, as JSON:
    originwatch replay --format json rib.bz2 updates.bz2 | jq 'select(.severity==\"critical\")'";
