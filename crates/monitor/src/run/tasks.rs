//! The tasks beside the feeds and the engine: they are started anew with each config, and what they learn goes
//! to the engine.

use std::time::Duration;

use tokio::sync::mpsc;

use super::addresses::look_up;
use super::input::Input;
use crate::config::Config;
use crate::dns::Dns;

/// How often DNS is asked. Relays and exchangers move in days.
const EVERY: Duration = Duration::from_secs(3600);

/// Asks for the addresses of every receiver, now and again.
pub(super) async fn watch_addresses(config: Config, inputs: mpsc::Sender<Input>) {
    let dns = match Dns::new(None) {
        Ok(dns) => dns,
        Err(error) => {
            tracing::error!(%error, "no resolver: nobody sees whether a relay is in danger");
            return;
        }
    };
    let rules = config.dispatch_rules();
    loop {
        for receiver in rules.receivers() {
            let addresses = look_up(receiver, &config, &dns).await;
            let receiver = receiver.clone();
            if inputs.send(Input::Addresses { receiver, addresses }).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
