use std::num::NonZeroUsize;
use std::path::PathBuf;

use ::search::{ElementType, Format, RovState};
use bgp::{Asn, Prefix, Timestamp};
use clap::{ArgGroup, Args};
use regex::bytes::Regex;

use crate::arguments;
use crate::given_time;
use crate::recordings::ArchiveArgs;

/// `originwatch search`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("prefixes").multiple(true))]
pub struct SearchArgs {
    /// The config file, whose archive section says where --collector finds recordings
    /// [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml; none is needed].
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,

    /// Routes of this prefix; may be repeated. Without --covered and --covering: of exactly this prefix.
    #[arg(long, value_name = "PREFIX", value_delimiter = ',', group = "prefixes")]
    pub prefix: Vec<Prefix>,

    /// The same of each prefix in this file, one a line; what stands behind a prefix, or a #, is left out; may
    /// be repeated.
    #[arg(long, value_name = "FILE", group = "prefixes")]
    pub prefix_list: Vec<PathBuf>,

    /// Routes of exactly the prefix.
    #[arg(long, requires = "prefixes", conflicts_with_all = ["covered", "covering"])]
    pub exact: bool,

    /// Routes of the prefix and of more specific prefixes; with --covering, of both.
    #[arg(long, requires = "prefixes")]
    pub covered: bool,

    /// Routes of the prefix and of less specific prefixes.
    #[arg(long, requires = "prefixes")]
    pub covering: bool,

    /// Routes that this AS originates, alone or as a member of an AS_SET; may be repeated.
    #[arg(long, value_name = "ASN", value_delimiter = ',')]
    pub origin: Vec<Asn>,

    /// Routes seen by vantage points in this AS; may be repeated.
    #[arg(long, value_name = "ASN", value_delimiter = ',')]
    pub peer: Vec<Asn>,

    /// Routes whose AS path matches; a path is written as '64500 64496 {64497,64498}'. As in the
    /// expressions of routers, _ stands between two ASes and at both ends: _64496_.
    #[arg(long, value_name = "REGEX", value_parser = arguments::as_path)]
    pub as_path: Option<Regex>,

    /// Routes of this origin validation state (RFC 6811).
    #[arg(long, value_enum, value_name = "STATE", requires = "vrps")]
    pub rov: Option<RovState>,

    /// VRPs: a file or an http(s):// URL, JSON of any validator or CSV, plain, .gz or .bz2.
    #[arg(long, value_name = "SRC")]
    pub vrps: Option<String>,

    /// Only elements of this type; may be repeated.
    #[arg(long = "type", value_enum, value_name = "TYPE", value_delimiter = ',')]
    pub types: Vec<ElementType>,

    /// Leave out what was recorded before this time: 2014-04-02T18:26:00Z, '2014-04-02 18:26' or 2014-04-02
    /// (UTC), today, yesterday, -2h, or seconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = given_time::in_utc, allow_hyphen_values = true)]
    pub from: Option<Timestamp>,

    /// Leave out what was recorded at this time or later.
    #[arg(long, value_name = "TIME", value_parser = given_time::in_utc, allow_hyphen_values = true)]
    pub until: Option<Timestamp>,

    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Bgpdump)]
    pub format: Format,

    /// Print only the number of hits. Attributes that do not change it are not read, and damage in
    /// them is reported only with --explain-errors.
    #[arg(long)]
    pub count: bool,

    /// Report every damage, with the bytes around it; with --count, read all attributes for it.
    #[arg(long)]
    pub explain_errors: bool,

    /// How many inputs, and blocks of bzip2, are unpacked at the same time [default: one per core].
    /// Inputs that overlap in time are always read side by side.
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "documentation here would become help of each of its options")]
    pub archive: ArchiveArgs,

    /// MRT files, RIS Live JSON lines, BMP streams, plain, .gz or .bz2; folders of them; http(s)://
    /// URLs; - is standard input.
    #[arg(value_name = "FILE|DIR|URL", required_unless_present = "collector")]
    pub inputs: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  Who announced a prefix, or a part of it:
    originwatch search --prefix 198.18.0.0/21 --covered updates.*.gz
  The RPKI-invalid routes that one AS originates, as a table:
    originwatch search --origin AS4761 --rov invalid --vrps vrps.json --format table rib.bz2
  How many routes went through an AS that night, from the archive:
    originwatch search --as-path _4761_ --count --collector rrc00,route-views2 \\
      --from '2014-04-02 18:00' --until '2014-04-02 20:00'";
