//! Messages of RIS Live.

use std::fmt::Write as _;

/// A hijack of a few seconds, as three vantage points see it, and its end.
pub(crate) fn story(at: i64) -> Vec<String> {
    let (first, second) = ("198.18.0.0/21", "198.18.8.0/21");
    vec![
        announce(at - 9, 1, first, &[101, 64510, 64500]),
        announce(at - 9, 2, first, &[102, 64511, 64500]),
        announce(at - 8, 3, second, &[103, 64511, 64500]),
        announce(at - 7, 1, first, &[101, 4651, 4761]),
        announce(at - 7, 2, "203.0.113.0/24", &[102, 3356, 1299]),
        announce(at - 6, 2, first, &[102, 4651, 4761]),
        withdraw(at - 5, 1, first),
        announce(at - 4, 2, first, &[102, 64511, 64500]),
        // Time goes on in a replay with the messages alone.
        announce(at - 1, 3, second, &[103, 64511, 64500]),
    ]
}

pub(crate) fn wall() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A RIS Live message of a peer that announces a prefix.
pub(crate) fn announce(at: i64, peer: u32, prefix: &str, path: &[u32]) -> String {
    let path = path.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    ris_message(
        at,
        peer,
        &format!(
            r#""path":[{path}],"origin":"igp","announcements":[{{"next_hop":"192.0.2.{peer}","prefixes":["{prefix}"]}}]"#
        ),
    )
}

/// A RIS Live message of a peer that withdraws a prefix.
pub(crate) fn withdraw(at: i64, peer: u32, prefix: &str) -> String {
    ris_message(at, peer, &format!(r#""withdrawals":["{prefix}"]"#))
}

fn ris_message(at: i64, peer: u32, rest: &str) -> String {
    let mut text = String::new();
    let asn = 100 + peer;
    write!(
        text,
        r#"{{"type":"ris_message","data":{{"timestamp":{at}.00,"peer":"192.0.2.{peer}","peer_asn":"{asn}","id":"{at}-{peer}","host":"rrc21.ripe.net","type":"UPDATE",{rest}}}}}"#
    )
    .unwrap();
    text
}
