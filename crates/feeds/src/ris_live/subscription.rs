use std::fmt;

use bgp::Asn;
use serde_json::{Value, json};
use validator::WatchList;

use crate::RisLiveMode;

/// Prefixes in one subscription: the server takes a list, and hundreds of subscriptions of one prefix
/// each would take minutes to send politely.
const PREFIXES: usize = 50;

/// The RIS beacons of RRC00: announced or withdrawn every two hours, so that a stream that brings messages
/// is told from one that only looks alive, however quiet our prefixes are.
const BEACONS: [&str; 2] = ["84.205.64.0/24", "2001:7fb:fe00::/48"];

/// What is asked for: in the web socket a message, over HTTP a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscription(Value);

/// What the server says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Control {
    /// A subscription is acknowledged.
    Subscribed,
    /// Something is wrong.
    Error(String),
}

/// What to ask for: everything, or what is in and around our prefixes, what our ASes originate
/// elsewhere, which sessions come and go, and the beacons.
pub(super) fn subscriptions(mode: RisLiveMode, watches: &WatchList) -> Vec<Subscription> {
    if mode == RisLiveMode::Firehose {
        return vec![Subscription(json!({}))];
    }
    let prefixes: Vec<_> = watches.iter().map(|watch| watch.prefix.to_string()).collect();
    let around = |prefixes: &[String]| {
        Subscription(json!({ "prefix": prefixes, "moreSpecific": true, "lessSpecific": true }))
    };
    let ours = watches.operator_asns().iter().map(|asn| Subscription::originated_by(*asn));
    let sessions = Subscription(json!({ "type": "RIS_PEER_STATE" }));
    let beacons = Subscription(json!({ "prefix": BEACONS, "moreSpecific": false }));
    prefixes.chunks(PREFIXES).map(around).chain(ours).chain([sessions, beacons]).collect()
}

impl Subscription {
    /// All that this AS originates.
    pub(super) fn originated_by(asn: Asn) -> Self {
        Subscription(json!({ "type": "UPDATE", "path": format!("{}$", asn.number()) }))
    }

    /// The message that asks for it.
    pub(super) fn begin(&self) -> String {
        let mut data = self.0.clone();
        data["socketOptions"] = json!({ "acknowledge": true });
        json!({ "type": "ris_subscribe", "data": data }).to_string()
    }

    /// The message that ends it.
    pub(super) fn end(&self) -> String {
        json!({ "type": "ris_unsubscribe", "data": self.0 }).to_string()
    }

    /// The value of the header field that asks for it.
    pub(super) fn header(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
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
                Some(Control::Error(bgp::excerpt(&message, 300)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
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
            let messages = subscriptions(mode, &watches).into_iter().map(|one| one.begin());
            messages.map(|text| serde_json::from_str(&text).unwrap()).collect::<Vec<Value>>()
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
                subscribe(json!({
                    "prefix": ["84.205.64.0/24", "2001:7fb:fe00::/48"],
                    "moreSpecific": false,
                    "socketOptions": acknowledge,
                })),
            ]
        );
    }

    #[test]
    fn a_subscription_ends_as_it_began_and_fits_into_a_header() {
        let offender = Subscription::originated_by(Asn::new(4761));
        let end: Value = serde_json::from_str(&offender.end()).unwrap();
        let data = json!({ "type": "UPDATE", "path": "4761$" });
        assert_eq!(end, json!({ "type": "ris_unsubscribe", "data": data }));
        assert_eq!(serde_json::from_str::<Value>(&offender.header()).unwrap(), data);
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
