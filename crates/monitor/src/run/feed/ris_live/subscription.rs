use serde_json::{Value, json};
use validator::WatchList;

use crate::config::RisLiveMode;

/// Prefixes in one subscription: the server takes a list, and hundreds of subscriptions of one prefix
/// each would take minutes to send politely.
const PREFIXES: usize = 50;

/// What the server says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// A subscription is acknowledged.
    Subscribed,
    /// Something is wrong.
    Error(String),
}

/// What to ask for: everything, or what is in and around our prefixes, what our ASes originate
/// elsewhere, and which sessions come and go.
pub(super) fn subscriptions(mode: RisLiveMode, watches: &WatchList) -> Vec<String> {
    let subscribe = |mut data: Value| {
        data["socketOptions"] = json!({ "acknowledge": true });
        json!({ "type": "ris_subscribe", "data": data }).to_string()
    };
    if mode == RisLiveMode::Firehose {
        return vec![subscribe(json!({}))];
    }
    let prefixes: Vec<_> = watches.iter().map(|watch| watch.prefix.to_string()).collect();
    let around = |prefixes: &[String]| {
        let what = json!({ "prefix": prefixes, "moreSpecific": true, "lessSpecific": true });
        subscribe(what)
    };
    let ours = watches
        .operator_asns()
        .iter()
        .map(|asn| subscribe(json!({ "type": "UPDATE", "path": format!("{}$", asn.number()) })));
    let sessions = subscribe(json!({ "type": "RIS_PEER_STATE" }));
    prefixes.chunks(PREFIXES).map(around).chain(ours).chain([sessions]).collect()
}

impl Control {
    /// None of what is to be decoded, and of what is of no interest.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        // Nearly all messages are these; they are not read twice.
        if text.starts_with(br#"{"type":"ris_message""#) {
            return None;
        }
        let envelope: Value = serde_json::from_slice(text).ok()?;
        match envelope.get("type")?.as_str()? {
            "ris_subscribe_ok" => Some(Control::Subscribed),
            "ris_error" => {
                let message = envelope.pointer("/data/message").and_then(Value::as_str);
                let message = message.map_or_else(|| envelope.to_string(), str::to_owned);
                Some(Control::Error(
                    message.chars().filter(|c| !c.is_control()).take(300).collect(),
                ))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bgp::Asn;
    use validator::{Origins, Watch};

    use super::*;

    #[test]
    fn what_we_watch_is_what_we_ask_for() {
        let watch = |text: &str| {
            let prefix: bgp::Prefix = text.parse().unwrap();
            Watch::new(prefix, Origins::Only(vec![Asn::new(64500)]), prefix.length())
        };
        let watches = [watch("198.18.0.0/21"), watch("2001:db8::/32")];
        let watches = WatchList::new(watches, [Asn::new(64500)]).unwrap();
        let read = |mode| {
            let texts = subscriptions(mode, &watches).into_iter();
            texts.map(|text| serde_json::from_str(&text).unwrap()).collect::<Vec<Value>>()
        };
        let subscribe = |data: Value| json!({ "type": "ris_subscribe", "data": data });
        let acknowledge = json!({ "acknowledge": true });
        assert_eq!(
            read(RisLiveMode::Firehose),
            [subscribe(json!({ "socketOptions": acknowledge }))]
        );
        assert_eq!(
            read(RisLiveMode::Watched),
            [
                subscribe(json!({
                    "prefix": ["198.18.0.0/21", "2001:db8::/32"],
                    "moreSpecific": true,
                    "lessSpecific": true,
                    "socketOptions": acknowledge,
                })),
                subscribe(json!({
                    "type": "UPDATE", "path": "64500$", "socketOptions": acknowledge,
                })),
                subscribe(json!({ "type": "RIS_PEER_STATE", "socketOptions": acknowledge })),
            ]
        );
    }

    #[test]
    fn the_server_is_understood() {
        let of = |text: &str| Control::of(text.as_bytes());
        assert_eq!(of(r#"{"type":"ris_subscribe_ok","data":{}}"#), Some(Control::Subscribed));
        let error = of(r#"{"type": "ris_error", "data": {"message": "bad\u0007 prefix"}}"#);
        assert_eq!(error, Some(Control::Error("bad prefix".to_owned())));
        for text in
            ["", "garbage", "{}", r#"{"type":"ris_message","data":{}}"#, r#"{"type":"pong"}"#]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
