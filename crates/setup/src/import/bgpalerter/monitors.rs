//! `monitors`: which kinds of incident are wanted, and under which names.

use std::collections::BTreeMap;

use validator::IncidentKind;

use crate::import::imported::Imported;
use crate::import::notes::{Reasons, Table};

/// What a monitor looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MonitorKind {
    Hijack,
    NewPrefix,
    Path,
    Visibility,
    OwnAs,
    Rpki,
    Roas,
    Neighbours,
}

const FILES: [(&str, MonitorKind); 8] = [
    ("monitorHijack", MonitorKind::Hijack),
    ("monitorNewPrefix", MonitorKind::NewPrefix),
    ("monitorPath", MonitorKind::Path),
    ("monitorVisibility", MonitorKind::Visibility),
    ("monitorAS", MonitorKind::OwnAs),
    ("monitorRPKI", MonitorKind::Rpki),
    ("monitorROAS", MonitorKind::Roas),
    ("monitorPathNeighbors", MonitorKind::Neighbours),
];

impl MonitorKind {
    /// The kinds of incident that take its place.
    pub(super) const fn incidents(self) -> &'static [IncidentKind] {
        use IncidentKind::{
            FirstHop, NewMoreSpecific, OriginHijack, OwnAsNewPrefix, RoaChange, RoaExpiry,
            RpkiInvalid, RpkiUncovered, Squatting, SubPrefixHijack, TaMalfunction,
            UnexpectedDownstream, VisibilityLoss,
        };
        match self {
            MonitorKind::Hijack => &[OriginHijack, SubPrefixHijack, Squatting],
            MonitorKind::NewPrefix => &[NewMoreSpecific],
            MonitorKind::Path => &[],
            MonitorKind::Visibility => &[VisibilityLoss],
            MonitorKind::OwnAs => &[OwnAsNewPrefix],
            MonitorKind::Rpki => &[RpkiInvalid, RpkiUncovered],
            MonitorKind::Roas => &[RoaChange, RoaExpiry, TaMalfunction],
            MonitorKind::Neighbours => &[FirstHop, UnexpectedDownstream],
        }
    }
}

/// The monitors of a config.
#[derive(Debug, Default)]
pub(super) struct Monitors {
    /// By the name that prefixes call them by.
    pub(super) named: BTreeMap<String, MonitorKind>,
    /// What is sent to each of their channels.
    pub(super) channels: BTreeMap<String, Vec<MonitorKind>>,
    /// Whether a ROA that never was is told.
    pub(super) roa_required: bool,
}

const LOST: Reasons = &[
    ("notificationIntervalSeconds", "of one monitor alone; [reminder] every is for all"),
    ("roaExpirationAlertHours", "roa-expiry has its own time"),
    ("checkOnlyASns", "ROAs of your prefixes and of your ASes are watched"),
    (
        "toleranceDeletedRoasTA",
        "ta-malfunction has its own threshold; [rpki] collapse_percent is nearest",
    ),
    (
        "toleranceExpiredRoasTA",
        "ta-malfunction has its own threshold; [rpki] collapse_percent is nearest",
    ),
    ("noProxy", "[network] no_proxy names hosts that are reached without the proxy"),
];

const MOOT: Reasons = &[
    ("maxDataSamples", "an incident keeps who holds the route, not messages"),
    ("checkDisappearing", "a ROA that is gone is always told: rpki-uncovered"),
    ("cacheValidPrefixesSeconds", "a ROA that is gone is always told: rpki-uncovered"),
    ("enableAdvancedRpkiStats", "the page and /metrics count the VRPs"),
    ("advancedStatsRefreshRateMinutes", "the page and /metrics count the VRPs"),
    ("diffEverySeconds", "VRPs are compared whenever they change"),
    ("checkTaEverySeconds", "VRPs are compared whenever they change"),
    ("refreshVrpListMinutes", "VRPs are fetched again by themselves"),
];

/// Switches of `monitorROAS`: what they turn on is always on.
const SWITCHES: [&str; 4] = [
    "enableDiffAlerts",
    "enableExpirationAlerts",
    "enableExpirationCheckTA",
    "enableDeletedCheckTA",
];

impl Monitors {
    pub(super) fn read(root: &Table<'_>, imported: &mut Imported) -> Self {
        let mut monitors = Monitors::default();
        for monitor in root.tables("monitors") {
            let file = monitor.text("file").unwrap_or_default();
            let known = FILES.iter().find(|(name, _)| *name == file).map(|(_, kind)| *kind);
            let (name, channel) = (monitor.text("name"), monitor.text("channel"));
            let params = monitor.table("params");
            match known {
                Some(kind) => {
                    monitors.add(kind, name.unwrap_or(file), channel);
                    let params = params.as_ref();
                    params.into_iter().for_each(|one| monitors.params(kind, one, imported));
                }
                None => {
                    monitor.lost("file", "no kind of incident takes its place");
                    monitor.lost("params", "no kind of incident takes its place");
                }
            }
            if known == Some(MonitorKind::Path) {
                monitor.lost("file", "paths are not matched: `search --as-path` finds them");
            }
            monitor.finish();
        }
        monitors
    }

    pub(super) fn has(&self, kind: MonitorKind) -> bool {
        self.named.values().any(|one| *one == kind)
    }

    fn add(&mut self, kind: MonitorKind, name: &str, channel: Option<&str>) {
        self.named.insert(name.to_owned(), kind);
        let channel = channel.unwrap_or_default().to_owned();
        self.channels.entry(channel).or_default().push(kind);
    }

    fn params(&mut self, kind: MonitorKind, params: &Table<'_>, imported: &mut Imported) {
        threshold(kind, params, imported);
        self.roa_required |= params.flag("checkUncovered") == Some(true);
        match params.flag("skipPrefixMatch") {
            Some(true) => params
                .lost("skipPrefixMatch", "own-as-new-prefix is told outside the watches alone"),
            Some(false) => {
                params.moot("skipPrefixMatch", "what is inside a watch is told by its own kind")
            }
            None => {}
        }
        for switch in SWITCHES {
            if params.flag(switch) == Some(false) {
                params.lost(switch, "cannot be turned off here; a [[route]] says who is told");
            }
        }
        params.all_lost(LOST);
        params.all_moot(MOOT);
        params.finish();
    }
}

/// Peers were counted by their AS, as vantage ASes are.
fn threshold(kind: MonitorKind, params: &Table<'_>, imported: &mut Imported) {
    const KEY: &str = "thresholdMinPeers";
    let Some(peers) = params.number(KEY) else { return };
    match kind {
        MonitorKind::Hijack => imported.min_vantage_ases = Some(peers.clamp(1, 10_000)),
        MonitorKind::Visibility => {
            params.lost(KEY, "a number of withdrawals; here a share: `visibility` of a watch");
        }
        MonitorKind::NewPrefix
        | MonitorKind::Path
        | MonitorKind::OwnAs
        | MonitorKind::Rpki
        | MonitorKind::Roas
        | MonitorKind::Neighbours => {
            params.lost(KEY, "one threshold holds for all kinds: that of monitorHijack");
        }
    }
}
