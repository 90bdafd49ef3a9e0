//! `originwatch config`: what is in force, and where it comes from.

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, LoadError};
use crate::exit::{ExitCode, Failure};

/// `originwatch config`.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG", conflicts_with = "defaults")]
    config: Option<PathBuf>,

    /// Every key with its value, and the line of the file, the default or the environment that says so. Secrets are
    /// not shown.
    #[arg(long, required_unless_present = "defaults", conflicts_with = "defaults")]
    show: bool,

    /// Every key that there is, and what holds where it is not written.
    #[arg(long)]
    defaults: bool,
}

/// The variables that say whether there is a proxy.
const PROXIES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Prints it.
pub fn run(args: &ConfigArgs) -> Result<ExitCode, Failure> {
    let text = match args.defaults {
        true => Config::defaults(),
        false => {
            let (path, text) = Config::text(args.config.as_deref())?;
            let proxies = PROXIES.iter().filter_map(|name| proxy(name)).collect::<Vec<_>>();
            let shown = Config::in_force(&path, &text, &proxies).map_err(LoadError::from)?;
            format!("# {}\n\n{shown}", bgp::printable(&path.display().to_string()))
        }
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::Done)
}

/// `HTTPS_PROXY=http://proxy.example.net:3128`, without a login in it.
fn proxy(name: &str) -> Option<String> {
    let value = bgp::printable(&env::var(name).ok().filter(|value| !value.is_empty())?);
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), value.as_str()),
    };
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    Some(format!("{name}={scheme}{place}"))
}
