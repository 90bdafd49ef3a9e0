//! `originwatch incidents`: what there is, and what people want done about it.

mod accept;
mod current;
mod explain;
mod list;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use alerter::AnnotatedIncident;
use alerter::Scope;
use alerter::dispatch;
use bgp::{Asn, Prefix};
use clap::{Args, Subcommand};
use incidents::IncidentId;
use store::StoreClient;
use validator::IncidentKind;

use crate::arguments;
use crate::exit::{ExitCode, Failure};
use crate::format::Format;
use crate::given_time::{self, GivenTime};
use crate::requests;

pub(crate) use list::table;

/// `originwatch incidents`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct IncidentsArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the incidents that are not resolved, the latest first.
    List {
        /// Also the resolved ones.
        #[arg(long)]
        all: bool,
        /// Output format.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Show an incident as it is now, with its acknowledgement, notes and notices.
    Show(One),
    /// Explain an incident as it is now: the rule that it breaks, what RPKI says, who saw it, who usually stands
    /// next to us.
    Explain(One),
    /// Print the notices of an incident, or of all, as JSON, one object a line.
    Export {
        /// The incident; the beginning of its ID is enough.
        #[arg(required_unless_present = "all")]
        incident: Option<String>,
        /// All incidents, also the resolved ones.
        #[arg(long, conflicts_with = "incident")]
        all: bool,
    },
    /// Acknowledge an incident: no more reminders, no escalation.
    Ack(Mark),
    /// Close an incident: no more notifications until it has really ended.
    Close(Mark),
    /// Accept the AS that a first-hop incident is about: it stands next to us rightly.
    ///
    /// The incident ends, and no later route through that AS is told. Where the config names upstreams, what it would
    /// have to say is printed.
    Accept(Mark),
    /// Add a note to an incident, which its later notices show.
    Note {
        #[command(flatten)]
        mark: Mark,
        /// The note, one line.
        text: String,
    },
    /// Silence an incident, or all within a scope, for a while.
    #[command(visible_alias = "silence")]
    Mute {
        #[command(flatten)]
        scope: ScopeArgs,
        /// How long: 90m, 4h, 2d.
        #[arg(long = "for", value_name = "TIME", value_parser = arguments::duration,
              required_unless_present = "until")]
        length: Option<Duration>,
        /// Until this time: '2026-12-01 22:00' by the operator's clock, 2026-12-01T22:00:00Z, or seconds
        /// since 1970.
        #[arg(long, value_name = "TIME", value_parser = given_time::given, conflicts_with = "length")]
        until: Option<GivenTime>,
        /// Your name, recorded with it [default: the login name].
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
    /// End a silence.
    Unmute {
        #[command(flatten)]
        scope: ScopeArgs,
        /// Your name, recorded with it [default: the login name].
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Debug, Args)]
struct One {
    /// The incident; the beginning of its ID is enough.
    incident: String,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Args)]
struct Mark {
    /// The incident; the beginning of its ID is enough.
    incident: String,
    /// Your name, recorded with it [default: the login name].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct ScopeArgs {
    /// The incident; the beginning of its ID is enough.
    incident: Option<String>,
    /// Incidents that touch only this prefix and more specific ones.
    #[arg(long)]
    prefix: Option<Prefix>,
    /// Incidents with no other offender than this AS.
    #[arg(long)]
    asn: Option<Asn>,
    /// Incidents of this kind.
    #[arg(long, value_parser = arguments::kind)]
    kind: Option<IncidentKind>,
}

const EXAMPLES: &str = "\
Examples:
    originwatch incidents list
    originwatch incidents ack OW-20140402-AS4761
    originwatch incidents mute --asn AS4761 --for 4h
    originwatch incidents export --all | jq .title

Changes are made by the daemon that has the store open, within seconds; if it is not running,
they are made when it starts.";

/// Does what the command line says.
pub fn run(args: &IncidentsArgs) -> Result<ExitCode, Failure> {
    let (config, client) = requests::open_store(args.config.as_deref())?;
    let mark = |mark: &Mark, action: fn(IncidentId) -> dispatch::Action| {
        let incident = one(&client, &mark.incident)?.summary.incident;
        requests::command(&client, &signed(mark.by.as_ref()), action(incident))
    };
    match &args.action {
        Action::List { all, format } => list::list(&client, *all, *format),
        Action::Show(show) => {
            list::show(&client, &one(&client, &show.incident)?, show.format, &config)
        }
        Action::Explain(explain) => {
            let incident = one(&client, &explain.incident)?;
            explain::explain(&client, &incident, explain.format, &config)
        }
        Action::Export { incident, .. } => export(&client, incident.as_deref()),
        Action::Ack(ack) => mark(ack, |incident| dispatch::Action::Acknowledge { incident }),
        Action::Accept(accept) => {
            let incident = one(&client, &accept.incident)?;
            accept::accept(&client, &config, &incident, &signed(accept.by.as_ref()))
        }
        Action::Close(close) => mark(close, |incident| dispatch::Action::Close { incident }),
        Action::Note { mark, text } => {
            let incident = one(&client, &mark.incident)?.summary.incident;
            let action = dispatch::Action::Note { incident, text: text.clone() };
            requests::command(&client, &signed(mark.by.as_ref()), action)
        }
        Action::Mute { scope, length, until, by } => {
            let now = arguments::now();
            let given = until.map(|given| given.at(now, &config.operator.time_zone));
            let given = given.transpose().map_err(Failure::Usage)?;
            let until = length.map(|length| now + length).or(given).unwrap_or_default();
            let action = dispatch::Action::Mute { scope: read(&client, scope)?, until };
            requests::command(&client, &signed(by.as_ref()), action)
        }
        Action::Unmute { scope, by } => {
            let action = dispatch::Action::Unmute { scope: read(&client, scope)? };
            requests::command(&client, &signed(by.as_ref()), action)
        }
    }
}

fn signed(by: Option<&String>) -> String {
    by.cloned().unwrap_or_else(arguments::login)
}

fn read(client: &StoreClient, scope: &ScopeArgs) -> Result<Scope, Failure> {
    let ScopeArgs { incident, prefix, asn, kind } = scope;
    let scope = incident.as_ref().map(|name| one(client, name)).transpose()?;
    let scope = scope.map(|incident| Scope::Incident(incident.summary.incident));
    let scope = scope.or(prefix.map(Scope::Prefix)).or(asn.map(Scope::Asn));
    let scope = scope.or(kind.map(Scope::Kind));
    scope.ok_or_else(|| Failure::Usage("what is to be muted?".to_owned()))
}

/// The one incident whose name begins so.
fn one(client: &StoreClient, beginning: &str) -> Result<AnnotatedIncident, Failure> {
    let mut named = client.named(beginning)?;
    match (named.pop(), named.len()) {
        (Some(incident), 0) => Ok(incident),
        (None, _) => Err(Failure::Usage(format!("there is no incident {beginning}"))),
        (Some(last), _) => {
            let names = named.iter().chain([&last]).map(|i| i.incident.to_string());
            let names = names.collect::<Vec<_>>().join(", ");
            Err(Failure::Usage(format!("'{beginning}' may be any of {names}")))
        }
    }
}

fn export(client: &StoreClient, name: Option<&str>) -> Result<ExitCode, Failure> {
    let incidents = match name {
        Some(name) => vec![one(client, name)?],
        None => client.incidents(true)?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    for incident in incidents.iter().rev() {
        for notice in client.notices(incident.incident.as_str())? {
            writeln!(out, "{}", serde_json::to_string(&notice).map_err(io::Error::from)?)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::Done)
}
