use std::io::{self, Write as _};

use alerter::AnnotatedIncident;
use alerter::dispatch::Action;
use bgp::{Asn, Prefix};
use store::StoreClient;

use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::requests;

/// Has the daemon take the AS next to ours for one of ours from now on, and prints what the config would have to
/// say for it to be so without the store as well.
pub(super) fn accept(
    client: &StoreClient,
    config: &Config,
    incident: &AnnotatedIncident,
    by: &str,
) -> Result<ExitCode, Failure> {
    let action = Action::Accept { incident: incident.summary.incident.clone() };
    let done = requests::command(client, by, action)?;
    if done == ExitCode::Done {
        io::stdout().lock().write_all(patch(config, incident).as_bytes())?;
    }
    Ok(done)
}

/// The lines of the config that name who may stand next to us, with the one that is accepted; nothing where the
/// config leaves it to what is seen.
fn patch(config: &Config, incident: &AnnotatedIncident) -> String {
    let hops = incident.offenders.iter().map(|party| party.asn);
    let with = |upstreams: &[Asn]| {
        let mut asns: Vec<u32> =
            upstreams.iter().copied().chain(hops.clone()).map(Asn::number).collect();
        asns.sort_unstable();
        asns.dedup();
        format!("upstreams = {asns:?}\n")
    };
    let mut text = String::new();
    if !config.operator.upstreams.is_empty() {
        text += &format!("[operator]\n{}", with(&config.operator.upstreams));
    }
    let own = Some(&config.operator.upstreams);
    let touched = |watched: &Prefix| incident.prefixes.iter().any(|prefix| watched.covers(prefix));
    for watch in config.watches.iter().filter(|watch| touched(&watch.prefix)) {
        if let Some(upstreams) = watch.upstreams.as_ref().filter(|one| Some(*one) != own) {
            text += &format!("[[watch]]\nprefix = \"{}\"\n{}", watch.prefix, with(upstreams));
        }
    }
    text
}
