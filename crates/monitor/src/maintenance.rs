//! `originwatch maintenance`: windows in which what is expected is held back.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use alerter::dispatch;
use alerter::{Expected, Window};
use bgp::{Asn, Prefix};
use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use validator::{IncidentKind, Severity};

use crate::arguments;
use crate::exit::{ExitCode, Failure};
use crate::format::Format;
use crate::given_time::{self, GivenTime};
use crate::incidents::table;
use crate::requests;

/// `originwatch maintenance`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MaintenanceArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a window; it replaces one of the same name.
    Add(Box<AddArgs>),
    /// List open and future windows, also those of the config and of calendars.
    List {
        /// Output format.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// End a window that was added, or cancel it before it begins.
    Remove {
        /// The name of the window.
        name: String,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The name of the window.
    name: String,
    /// When the window begins: '2026-12-01 22:00' by the operator's clock, 2026-12-01T22:00:00Z, or
    /// seconds since 1970 [default: now].
    #[arg(long, value_name = "TIME", value_parser = given_time::given, allow_hyphen_values = true)]
    from: Option<GivenTime>,
    /// When the window ends.
    #[arg(long, value_name = "TIME", value_parser = given_time::given, allow_hyphen_values = true,
          required_unless_present = "length")]
    until: Option<GivenTime>,
    /// How long the window lasts: 90m, 4h, 2d.
    #[arg(long = "for", value_name = "TIME", value_parser = arguments::duration, conflicts_with = "until")]
    length: Option<Duration>,
    /// Only incidents inside these prefixes; may be repeated.
    #[arg(long, value_delimiter = ',')]
    prefix: Vec<Prefix>,
    /// Only incidents caused by these ASes; may be repeated.
    #[arg(long, value_delimiter = ',')]
    asn: Vec<Asn>,
    /// Only these kinds of incident; may be repeated.
    #[arg(long, value_delimiter = ',', value_parser = arguments::kind)]
    kind: Vec<IncidentKind>,
    /// Incidents of this severity or higher are notified all the same.
    #[arg(long, value_enum, default_value_t = Pierce::Critical)]
    pierce: Pierce,
    /// What should have happened by the end, as announced:198.18.0.0/24:AS64500 or
    /// withdrawn:198.18.0.0/24:AS64500; what has not is reported. May be repeated.
    #[arg(long, value_name = "ROUTE")]
    expect: Vec<Expected>,
    /// Your name, recorded with it [default: the login name].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// The least severity that pierces a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Pierce {
    /// All severities.
    Notice,
    /// Warning and critical.
    Warning,
    /// Critical only.
    Critical,
    /// None.
    Nothing,
}

const EXAMPLES: &str = "\
Example:
  A /24 moves to AS64501 tonight:
    originwatch maintenance add move --from '2026-12-01 22:00' --for 2h \\
        --prefix 198.18.0.0/24 --pierce nothing --expect announced:198.18.0.0/24:AS64501";

/// Does what the command line says.
pub fn run(args: &MaintenanceArgs) -> Result<ExitCode, Failure> {
    let (config, client) = requests::open_store(args.config.as_deref())?;
    match &args.action {
        Action::Add(add) => {
            let by = add.by.clone().unwrap_or_else(arguments::login);
            requests::command(
                &client,
                &by,
                dispatch::Action::MaintenanceAdd {
                    window: window(add, &config.operator.time_zone)?,
                },
            )
        }
        Action::Remove { name } => {
            let action = dispatch::Action::MaintenanceRemove { name: name.clone() };
            requests::command(&client, &arguments::login(), action)
        }
        Action::List { format } => {
            let windows = client.silences(arguments::now())?.windows;
            let mut out = io::BufWriter::new(io::stdout().lock());
            match format {
                Format::Json => {
                    let json = windows.iter().map(|(source, window)| {
                        serde_json::json!({ "source": source, "window": window })
                    });
                    writeln!(out, "{}", serde_json::Value::from_iter(json))?;
                }
                Format::Text if windows.is_empty() => writeln!(out, "no maintenance windows")?,
                Format::Text => {
                    let head = ["NAME", "FROM", "UNTIL", "FROM WHERE", "ABOUT"].map(str::to_owned);
                    let rows = windows.iter().map(|(source, window)| row(source, window));
                    table(&mut out, &std::iter::once(head).chain(rows).collect::<Vec<_>>())?;
                }
            }
            out.flush()?;
            Ok(ExitCode::Done)
        }
    }
}

fn window(add: &AddArgs, zone: &TimeZone) -> Result<Window, Failure> {
    let now = arguments::now();
    let time = |given: GivenTime| given.at(now, zone).map_err(Failure::Usage);
    let from = add.from.map_or(Ok(now), time)?;
    let until =
        add.length.map(|length| Ok(from + length)).or_else(|| add.until.map(time)).transpose()?;
    let until = until.ok_or_else(|| Failure::Usage("when does it end?".to_owned()))?;
    Ok(Window {
        prefixes: add.prefix.clone(),
        asns: add.asn.clone(),
        kinds: add.kind.clone(),
        pierce: match add.pierce {
            Pierce::Notice => Some(Severity::Notice),
            Pierce::Warning => Some(Severity::Warning),
            Pierce::Critical => Some(Severity::Critical),
            Pierce::Nothing => None,
        },
        expects: add.expect.clone(),
        ..Window::new(add.name.clone(), from, until)
    })
}

fn row(source: &str, window: &Window) -> [String; 5] {
    let Window { name, from, until, prefixes, asns, kinds, pierce, expects } = window;
    let about = prefixes.iter().map(ToString::to_string);
    let about = about.chain(asns.iter().map(ToString::to_string));
    let about: Vec<String> = about.chain(kinds.iter().map(ToString::to_string)).collect();
    let mut about = if about.is_empty() { "everything".to_owned() } else { about.join(", ") };
    match pierce {
        Some(severity) => about += &format!("; {severity} pierces it"),
        None => about += "; nothing pierces it",
    }
    for expected in expects {
        about += &format!("; {expected}");
    }
    let source = if source.is_empty() { "added" } else { source };
    [name.clone(), from.to_string(), until.to_string(), source.to_owned(), about]
}
