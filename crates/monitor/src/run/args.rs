use std::path::PathBuf;

use clap::Args;

use super::log::LogFormat;

/// `originwatch run`.
#[derive(Debug, Args)]
#[command(after_help = RUN_SIGNALS)]
pub struct RunArgs {
    /// The config file [default: /etc/originwatch/originwatch.toml, then ./originwatch.toml].
    #[arg(short, long, value_name = "CONFIG")]
    pub config: Option<PathBuf>,

    /// Format of the log, which is written to standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

const RUN_SIGNALS: &str = "\
Signals:
  TERM, INT  stop within seconds; nothing that was taken in is lost, not even by KILL
  HUP        read the config again; if it is wrong the old one stays, and the log says why.
             Feeds whose config is unchanged stay connected; if more is watched, routers are
             disconnected one after the other, since they send their RIBs only when they connect";
