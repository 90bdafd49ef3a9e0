//! `connectors` become feeds.

use crate::import::imported::Imported;
use crate::import::notes::{Reasons, Table};
use crate::import::values::is_url;

const RIS_LOST: Reasons = &[
    ("blacklistSources", "no peer can be left out here; [incident] min_vantage_ases is nearest"),
    ("authorizationHeader", "RIS Live is asked without a login"),
    ("noProxy", "[network] no_proxy names hosts that are reached without the proxy"),
];

const RIS_MOOT: Reasons = &[
    ("perMessageDeflate", "the messages come as they come"),
    ("disableCanary", "`silent_after` of the feed tells a feed that fell silent"),
];

pub(super) fn read(root: &Table<'_>, imported: &mut Imported) {
    for connector in root.tables("connectors") {
        connector.moot("name", "a feed is named after what it is");
        match connector.text("file") {
            Some("connectorRIS") => ris(&connector, imported),
            Some("connectorRISDump") => {
                imported.ris_live.table = true;
                connector.moot("params", "the last table of rrc00 is read at the start");
            }
            _ => {
                let why = "no such feed here: there are ris-live, bmp and mrt-dir";
                connector.lost("file", why);
                connector.lost("params", why);
            }
        }
        connector.finish();
    }
}

fn ris(connector: &Table<'_>, imported: &mut Imported) {
    let Some(params) = connector.table("params") else { return };
    match params.text("url") {
        Some(url) if is_url(url, &["wss", "ws"]) => imported.ris_live.url = Some(url.to_owned()),
        Some(_) => params.lost("url", "is no URL of a web socket"),
        None => {}
    }
    imported.ris_live.everything = params.flag("carefulSubscription") == Some(false);
    params.all_lost(RIS_LOST);
    params.all_moot(RIS_MOOT);
    if let Some(subscription) = params.table("subscription") {
        subscription.all_moot(&[
            ("moreSpecific", "more-specifics of what is watched are always asked for"),
            ("type", "all that changes a route is asked for"),
            ("socketOptions", "the stream has what we need"),
        ]);
        subscription.all_lost(&[
            ("host", "all collectors are asked"),
            ("path", "what is asked for follows from the watches"),
            ("prefix", "what is asked for follows from the watches"),
        ]);
        subscription.finish();
    }
    params.finish();
}
