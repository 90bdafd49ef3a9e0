//! The command line.

use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use bgp::{Asn, Prefix, Timestamp};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::exit::{ExitCode, Failure};
use crate::incidents::IncidentsArgs;
use crate::mailroom::MailArgs;
use crate::maintenance::MaintenanceArgs;
use crate::recordings::ArchiveArgs;
use crate::roas::RoasArgs;
use crate::run::{self, LogFormat};
use crate::search::{self, SearchArgs};
use crate::whatif::WhatifArgs;
use crate::{check, incidents, mailroom, maintenance, replay, roas, validate, whatif};

/// Watch the routes of your own address space: see who else originates them, tell the NOC.
#[derive(Debug, Parser)]
#[command(name = "originwatch", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch for as long as it runs, and tell by mail.
    Run(RunArgs),
    /// Run recorded routes through the incident engine and print its notices.
    Replay(ReplayArgs),
    /// Find routes in recordings.
    Search(Box<SearchArgs>),
    /// Validate the origin of a route, and show the VRPs that decide.
    Validate(ValidateArgs),
    /// Say which of our routes change their validation state if these ROAs change.
    Whatif(WhatifArgs),
    /// Say how well our ROAs fit what we announce: cover, exposure, what to create.
    Roas(RoasArgs),
    /// Read the config, try every part, and say what would stop an alarm.
    Check(CheckArgs),
    /// List incidents, say what is known of one, acknowledge, mute, close, note.
    Incidents(IncidentsArgs),
    /// Hold back what is expected: add, list, remove maintenance windows.
    Maintenance(MaintenanceArgs),
    /// Look after what waits to be delivered.
    Mail(MailArgs),
    /// Print the completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// `originwatch replay`.
#[derive(Debug, Args)]
#[command(after_help = REPLAY_EXAMPLES)]
pub struct ReplayArgs {
    /// The config [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG", conflicts_with_all = ["prefix", "origin", "vrps"])]
    pub config: Option<PathBuf>,

    /// Without a config: a prefix to watch; may be repeated.
    #[arg(long, value_name = "PREFIX", value_delimiter = ',', requires = "origin")]
    pub prefix: Vec<Prefix>,

    /// Without a config: an AS that may originate the prefixes; may be repeated.
    #[arg(long, value_name = "ASN", value_delimiter = ',', requires = "prefix")]
    pub origin: Vec<Asn>,

    /// Without a config: VRPs, a file, an http(s):// URL or rtr://host:port; none: all is not-found.
    #[arg(long, value_name = "SRC", requires = "prefix")]
    pub vrps: Option<String>,

    /// How notices are printed; as JSON, one object a line.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Send the notices to the addresses in the mail section of the config, too.
    #[arg(long, conflicts_with = "prefix")]
    pub mail: bool,

    /// Write the mails as files into this folder, instead of or beside sending them.
    #[arg(long, value_name = "DIR", conflicts_with = "prefix")]
    pub eml: Option<PathBuf>,

    /// File the notices in this folder, which has to be empty: for each incident one file as text and
    /// one as JSON lines, and index.txt.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,

    /// How many inputs, and blocks of bzip2, are unpacked at the same time [default: one a core].
    /// Inputs that overlap in time are all read side by side.
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Begin then: what was recorded before is state and no news, so that what stands already is told,
    /// at this time. With --collector it is the last table of each and what came since. RFC 3339 or
    /// seconds since 1970.
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,

    /// Leave out what was recorded then or later.
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "documentation here would become help of each of its options")]
    pub archive: ArchiveArgs,

    /// MRT files, RIS Live JSON lines, BMP streams, plain, .gz or .bz2; folders of them; http(s)://
    /// URLs; - is standard input.
    #[arg(value_name = "FILE|DIR|URL", required_unless_present = "collector")]
    pub inputs: Vec<PathBuf>,
}

/// `originwatch run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_SIGNALS)]
pub struct RunArgs {
    /// The config [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,

    /// How the log is written, to standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

/// `originwatch validate`.
#[derive(Debug, Args)]
#[command(after_help = VALIDATE_EXAMPLES)]
pub struct ValidateArgs {
    /// VRPs: a file or an http(s):// URL, JSON of any validator or CSV, plain, .gz or .bz2; or a
    /// cache, rtr://host:port, with TLS rtrs://host:port.
    #[arg(long, value_name = "SRC")]
    pub vrps: String,

    /// A file of local exceptions (RFC 8416, SLURM); may be repeated.
    #[arg(long, value_name = "FILE")]
    pub slurm: Vec<PathBuf>,

    /// VRPs and ASPAs that have expired by this time are left out [default: now].
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,

    /// Answer in the shape of Routinator's validity API.
    #[arg(long)]
    pub json: bool,

    /// The prefix; or - to read lines of a prefix and an AS number from standard input.
    #[arg(value_name = "PREFIX")]
    pub prefix: String,

    /// The AS number. The two may change places.
    #[arg(value_name = "ASN")]
    pub asn: Option<String>,
}

/// `originwatch check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_PARTS)]
pub struct CheckArgs {
    /// The config [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,

    /// Try only what needs no network, and say what was not tried.
    #[arg(long)]
    pub offline: bool,

    /// How the report is printed; as JSON, one array.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Whom to ask about names, in place of the system's resolvers.
    #[arg(long, value_name = "ADDRESS:PORT", hide = true)]
    pub resolver: Option<SocketAddr>,
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

const CHECK_PARTS: &str = "\
What is tried:
  each relay up to the login (never a mail), its certificate, our name in HELO, SPF and DMARC
  of the sender, MX of the recipients, the servers and programs of channels, whether a hijack of
  our prefixes would also take out the alarm; sources of VRPs, feeds, addresses to listen at, the
  store.

The exit code is 1 if there is a fault.";

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, but something needs attention (a fault, an invalid route, an unreadable input)
  2  wrong usage or wrong config
  3  failed";

const RUN_SIGNALS: &str = "\
Signals:
  TERM, INT  stop within seconds; nothing that was taken in is lost, not even by KILL
  HUP        read the config again; where it is wrong the old one stays, and the log says why.
             Feeds of which it says the same stay connected; where more is watched, routers are
             disconnected one after the other: they tell their tables only when they connect";

const REPLAY_EXAMPLES: &str = "\
Examples:
  The files of a folder, merged by time, with a config:
    originwatch replay -c originwatch.toml /var/spool/mrt
  One prefix, without a config:
    originwatch replay --prefix 198.18.0.0/21 --origin AS64500 --vrps vrps.json updates.*.gz
  The critical ones, as JSON:
    originwatch replay --format json rib.bz2 updates.bz2 | jq 'select(.severity==\"critical\")'";

const VALIDATE_EXAMPLES: &str = "\
Examples:
    originwatch validate --vrps vrps.json 198.18.0.0/21 AS64500
    originwatch validate --vrps rtr://127.0.0.1:3323 198.18.0.0/21 AS64500
    originwatch validate --vrps https://rpki.example.net/json --json 198.18.0.0/21 64500
    echo '198.18.0.0/21 AS64500' | originwatch validate --vrps vrps.json.gz -

The exit code is 1 if the route is invalid, or if a line cannot be read.";

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Whatif(args) => whatif::run(&args),
        Command::Roas(args) => roas::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Incidents(args) => incidents::run(&args),
        Command::Maintenance(args) => maintenance::run(&args),
        Command::Mail(args) => mailroom::run(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "originwatch", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(ExitCode::Done)
        }
        Command::Man => {
            man(&mut std::io::stdout().lock())?;
            Ok(ExitCode::Done)
        }
    }
}

/// One page: the program, then each command as a section of its own.
fn man(out: &mut impl std::io::Write) -> std::io::Result<()> {
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let page = clap_mangen::Man::new(sub.clone());
        writeln!(out, ".SH {}", sub.get_name().to_uppercase())?;
        page.render_description_section(out)?;
        page.render_synopsis_section(out)?;
        page.render_options_section(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }
}
