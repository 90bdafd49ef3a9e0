//! The program in Python that BGPalerter was in 2019, with dashes in its keys.

use crate::import::imported::{Imported, ImportedMail};
use crate::import::notes::{Reasons, Table};
use crate::import::values::{is_mailbox, is_url};

const LOST: Reasons = &[
    (
        "number-peers-before-hijack-alert",
        "each peer counted there; [incident] min_vantage_ases is nearest",
    ),
    (
        "number-peers-before-low-visibility-alert",
        "a number of withdrawals; here a share: `visibility` of a watch",
    ),
    (
        "repeat-alert-after-seconds",
        "an incident is told once, then what changes; [reminder] repeats it",
    ),
    ("slack-web-hook", "a secret, not copied: a [[channel]] with preset = \"slack\" and url_file"),
    ("repeat-status-heartbeat-after-seconds", "[heartbeat] asks a URL while all is well"),
];

const MOOT: Reasons = &[
    ("reset-after-seconds", "an incident has an end here, and is told as resolved"),
    ("monitored-prefixes-files", "the lists are read where they are named on the command line"),
];

pub(super) fn read(root: &Table<'_>, imported: &mut Imported) {
    match root.text("websocket-data-service") {
        Some(url) if is_url(url, &["wss", "ws"]) => imported.ris_live.url = Some(url.to_owned()),
        Some(_) => root.lost("websocket-data-service", "is no URL of a web socket"),
        None => {}
    }
    let to: Vec<String> = root.texts("notified-emails").into_iter().map(str::to_owned).collect();
    let from = root.text("sender-notifications-email").unwrap_or_default();
    match is_mailbox(from) && !to.is_empty() && to.iter().all(|one| is_mailbox(one)) {
        true => {
            let from = from.to_owned();
            let mail = ImportedMail { from, to, relay: None, tls: None, username: None };
            imported.mail = Some(mail);
        }
        false => {
            root.lost("sender-notifications-email", "no mail without a sender and receivers");
            root.lost("notified-emails", "no mail without a sender and receivers");
        }
    }
    root.all_lost(LOST);
    root.all_moot(MOOT);
    root.finish();
}
