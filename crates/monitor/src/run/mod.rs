//! `originwatch run`: the long-lived monitor.
//!
//! In the order of the flow: the tasks of the feeds (crate `feeds`) decode and classify; their findings
//! arrive at one thread, the `engine`, which owns the incidents and the store, and is the only one that
//! writes. `commands` is what people ask of it, `feed_tracker` what it knows of the feeds, `data_sources`
//! what notices say of them. Notifications go out in tasks of their own (crate `delivery`), which tell what
//! became of them and what people answered. `tasks` are the others beside the feeds: DNS for `addresses`,
//! calendars. What these have to say arrives as an `input`. `supervisor` builds all this from a config (`plan`
//! is what of it can fail), and takes it down again. After a reload the feeds go on whose config is as it was,
//! and the new engine takes over what the one before knew of them (`carried_state`).
//!
//! Here is the one place where the daemon asks what time it is (`clock`).

mod addresses;
mod api;
mod args;
mod calendars;
mod carried_state;
mod clock;
mod commands;
mod conditions;
mod data_sources;
mod engine;
mod feed_tracker;
mod heartbeat;
mod input;
mod log;
mod offenders;
mod open_store;
mod plan;
mod roa_watch;
mod signals;
mod store_faults;
mod supervisor;
mod tasks;

use std::time::Duration;

use tokio::runtime::Builder;

use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::way_out;
use signals::{Signal, Signals, Systemd};
use supervisor::Supervisor;
use web::Health;

pub use args::RunArgs;
pub(crate) use feed_tracker::vrfs_key;
pub use log::LogFormat;

/// How long threads that read files may take to notice that it is over.
const LAST_CALL: Duration = Duration::from_secs(2);

/// Runs until a signal ends it.
pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    log::start(args.log);
    raise_descriptor_limit();
    // Feeds decode and classify in their tasks, on as many cores as there are.
    let runtime = Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Start { what: "the tasks", error })?;
    let end = runtime.block_on(serve(args));
    runtime.shutdown_timeout(LAST_CALL);
    end
}

/// As many descriptors as we may have: the soft limit is made for programs that use `select`.
fn raise_descriptor_limit() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

async fn serve(args: &RunArgs) -> Result<ExitCode, Failure> {
    let mut signals = Signals::new().map_err(|error| Failure::Start { what: "signals", error })?;
    let mut systemd = Systemd::new();
    let mut config = Config::load(args.config.as_deref())?;
    let mut supervisor = Supervisor::new();
    let mut end = unless_stopped(&mut signals, apply(&mut supervisor, &config, &mut systemd))
        .await
        .transpose()?;
    while end.is_some() {
        let Some(new) =
            wait_for_new_config(&mut supervisor, &config, &mut signals, &mut systemd).await
        else {
            break;
        };
        end = unless_stopped(&mut signals, change(&mut supervisor, &mut config, new, &mut systemd))
            .await
            .transpose()?;
    }
    systemd.stopping();
    log::show("");
    supervisor.close().await?;
    tracing::info!("stopped");
    Ok(ExitCode::Done)
}

/// Does what takes a while; nothing if a signal ends it before it is done.
async fn unless_stopped<T>(signals: &mut Signals, work: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            signal = signals.next() => match signal {
                Signal::Stop => return None,
                Signal::Reload => tracing::warn!("still starting: not read again"),
            },
        }
    }
}

/// Runs by what the config says.
async fn apply(
    supervisor: &mut Supervisor,
    config: &Config,
    systemd: &mut Systemd,
) -> Result<(), Failure> {
    let sockets = systemd.sockets();
    let sockets = sockets.map_err(|error| Failure::Start { what: "inherited sockets", error })?;
    way_out::take(config)?;
    supervisor.apply(config, sockets).await?;
    systemd.ready();
    tracing::info!(config = %config.path.display(), "running");
    Ok(())
}

/// Runs by a new config, or by the old one if that does not work.
async fn change(
    supervisor: &mut Supervisor,
    config: &mut Config,
    new: Config,
    systemd: &mut Systemd,
) -> Result<(), Failure> {
    let Err(error) = apply(supervisor, &new, systemd).await else {
        *config = new;
        return Ok(());
    };
    let error = error.text();
    tracing::error!(%error, "the new config does not work: the old one stays");
    way_out::take(config)?;
    match supervisor.is_closed() {
        true => apply(supervisor, config, systemd).await,
        false => {
            systemd.ready();
            Ok(())
        }
    }
}

/// Waits for a signal or for the end of the engine; the new config, if there is one.
async fn wait_for_new_config(
    supervisor: &mut Supervisor,
    config: &Config,
    signals: &mut Signals,
    systemd: &mut Systemd,
) -> Option<Config> {
    loop {
        let signal = tokio::select! {
            signal = signals.next() => signal,
            health = supervisor.health() => match health {
                Some(Health { watch_list_outgrown: true, .. }) => {
                    tracing::warn!("the VRPs name more prefixes of ours: starting anew to watch them");
                    systemd.reloading();
                    return Some(config.clone());
                }
                Some(Health { status, .. }) => {
                    systemd.running(&status);
                    log::show(&status);
                    continue;
                }
                // The engine has ended by itself: closing says why.
                None => return None,
            },
        };
        if signal == Signal::Stop {
            return None;
        }
        systemd.reloading();
        match Config::load(Some(&config.path)) {
            Ok(new) => return Some(new),
            Err(error) => {
                let error = Failure::from(error).text();
                tracing::error!(%error, "the config cannot be used: the old one stays");
                systemd.ready();
            }
        }
    }
}
