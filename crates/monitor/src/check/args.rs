use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::format::Format;

/// `originwatch check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_PARTS)]
pub struct CheckArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,

    /// Check only what needs no network, and list what was not checked.
    #[arg(long)]
    pub offline: bool,

    /// At the end, send a drill through every channel, and wait until each is accepted.
    #[arg(long, conflicts_with = "offline")]
    pub send: bool,

    /// Output format; JSON is one array.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Whom to ask about names, in place of the system's resolvers.
    #[arg(long, value_name = "ADDRESS:PORT", hide = true)]
    pub resolver: Option<SocketAddr>,
}

const CHECK_PARTS: &str = "\
What is checked:
  each relay up to the login (no mail is sent), its certificate, the name in HELO, SPF and DMARC
  of the sender, MX of the recipients, the servers and programs of channels, whether a hijack of
  your prefixes would also take out the alarm; sources of VRPs, feeds, addresses to listen on, the
  store.

The exit code is 1 if there is a fault.";
