//! What sessions say in the log.

use parser::Damage;
use parser::bmp::Event;

/// Says what is broken: each of the first ones, and then ever more rarely.
pub(crate) fn damage(source: &str, damages: &mut u64, damage: Damage) {
    *damages += 1;
    if *damages <= 5 || damages.is_power_of_two() {
        tracing::warn!(source, damages = *damages, "{damage}");
    }
}

/// What a router says beside its routes.
pub(crate) fn router(router: &str, event: &Event<'_>) {
    match event {
        Event::Initiation { initiation, .. } => {
            let system = initiation.sys_descr.as_deref().unwrap_or("nothing");
            tracing::info!(router, "it introduces itself as {system}");
        }
        Event::PeerUp { peer_up, .. } => {
            let (address, asn) = (peer_up.peer.address, peer_up.peer.asn);
            tracing::info!(router, peer = %address, %asn, "peer up");
        }
        Event::PeerDown { peer_down, .. } => {
            let (address, asn) = (peer_down.peer.address, peer_down.peer.asn);
            tracing::warn!(router, peer = %address, %asn, reason = ?peer_down.reason, "peer down");
        }
        Event::Termination { termination, .. } => {
            tracing::warn!(router, reason = ?termination.reason, "it says good-bye");
        }
        Event::EndOfRib { vantage, family, .. } => {
            tracing::debug!(router, %vantage, ?family, "table complete");
        }
        Event::VrfLeftOut { vrf, .. } => {
            let name = vrf.table_name.as_deref().unwrap_or_default();
            let vrf = vrf.distinguisher;
            tracing::warn!(router, %vrf, name, "vrf left out: 'vrfs' of the router does not name it");
        }
        Event::Item(_) => {}
    }
}
