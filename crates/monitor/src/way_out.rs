//! The way out of this machine, as the config says: for `run` as for `check` and all that asks other machines.

use network::proxy;

use crate::config::Config;
use crate::exit::Failure;

/// Everything that is connected from now on goes the way of this config.
pub(crate) fn take(config: &Config) -> Result<(), Failure> {
    proxy::configure(config.proxy.as_ref()).map_err(|error| Failure::Usage(error.to_string()))
}
