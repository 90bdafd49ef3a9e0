//! `originwatch mail`: what waits to be delivered, and whether the ways there work.

use std::io::{self, Write as _};
use std::path::PathBuf;

use alerter::ChannelName;
use clap::{Args, Subcommand};
use lettre::message::Mailbox;
use store::{Queued, Request};
use validator::IncidentKind;

use crate::arguments;
use crate::config::Config;
use crate::drill::{self, Aim};
use crate::exit::{ExitCode, Failure};
use crate::format::Format;
use crate::incidents::table;
use crate::requests;
use crate::way_out;

/// Deliveries that a list shows.
const LISTED: usize = 1000;

/// `originwatch mail`.
#[derive(Debug, Args)]
pub struct MailArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send a drill through every channel, and report whether it was accepted: an origin-hijack, another kind, or all.
    ///
    /// Drills are sent at once, not through the queue of the daemon. The exit code is 1 if one was not
    /// accepted.
    Test {
        /// Only this channel: its name in the config, or mail.
        #[arg(long, value_name = "NAME")]
        channel: Option<ChannelName>,
        /// Only mail, to this mailbox, which need not be in the config.
        #[arg(long, value_name = "ADDRESS", conflicts_with = "channel")]
        to: Option<Mailbox>,
        /// This kind of incident, for example feed-silent [default: origin-hijack].
        #[arg(long, value_name = "KIND", value_parser = arguments::kind)]
        kind: Option<IncidentKind>,
        /// Every kind of incident.
        #[arg(long, conflicts_with = "kind")]
        all: bool,
    },
    /// List notifications that wait or were given up, with the last error; the oldest 1000.
    Queue {
        /// Output format.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Try all waiting notifications now.
    Flush {
        /// Also those that were given up, and those of which somebody says that they came back.
        #[arg(long)]
        dead: bool,
    },
}

/// Does what the command line says.
pub fn run(args: &MailArgs) -> Result<ExitCode, Failure> {
    let open_store = || requests::open_store(args.config.as_deref());
    match &args.action {
        Action::Test { channel, to, kind, all } => {
            let config = Config::load(args.config.as_deref())?;
            way_out::take(&config)?;
            let kinds = match all {
                true => IncidentKind::ALL.to_vec(),
                false => vec![kind.unwrap_or(IncidentKind::OriginHijack)],
            };
            let aim = Aim { channel: channel.as_ref(), to: to.as_ref(), kinds };
            drill::run(&config, &aim)
        }
        Action::Queue { format } => {
            let (config, client) = open_store()?;
            queue(&client.queue(LISTED)?, &config, *format)
        }
        Action::Flush { dead } => {
            let (_, client) = open_store()?;
            if *dead {
                requests::ask(&client, &Request::Requeue)?;
            }
            requests::ask(&client, &Request::Flush)
        }
    }
}

fn queue(queue: &[Queued], config: &Config, format: Format) -> Result<ExitCode, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match format {
        Format::Json => {
            writeln!(out, "{}", serde_json::to_string(queue).map_err(io::Error::from)?)?;
        }
        Format::Text if queue.is_empty() => writeln!(out, "nothing waits")?,
        Format::Text => {
            let head = ["STATE", "TO", "DECIDED", "TRIES", "NEXT", "WHAT"].map(str::to_owned);
            let mut rows = vec![head];
            rows.extend(queue.iter().map(|queued| row(queued, config)));
            table(&mut out, &rows)?;
        }
    }
    out.flush()?;
    let stuck = |queued: &Queued| is_over(queued) || !config.has_channel(&queued.channel);
    Ok(if queue.iter().any(stuck) { ExitCode::Attention } else { ExitCode::Done })
}

/// Whether it is tried no more by itself: given up, or taken and doubtful.
fn is_over(queued: &Queued) -> bool {
    queued.state != "waiting"
}

fn row(queued: &Queued, config: &Config) -> [String; 6] {
    let strayed = !is_over(queued) && !config.has_channel(&queued.channel);
    let next = match is_over(queued) || strayed {
        true => "-".to_owned(),
        false => whole(queued.next_attempt),
    };
    let why = queued.last_error.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    [
        queued.state.clone(),
        format!("{}:{}", queued.channel, queued.address),
        whole(queued.created),
        queued.attempts.to_string(),
        next,
        match strayed {
            true => format!("{} (the config has no channel '{}')", queued.title, queued.channel),
            false => format!("{}{why}", queued.title),
        },
    ]
}

/// Whole seconds are enough for people.
fn whole(at: bgp::Timestamp) -> String {
    bgp::Timestamp::from_seconds(at.seconds()).to_string()
}
