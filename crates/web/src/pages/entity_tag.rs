use aws_lc_rs::digest::{SHA256, digest};

/// Tells whether two are the same. In quotes, as RFC 9110 section 8.8.3 has it.
pub(super) fn entity_tag(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut tag = String::from("\"");
    for octet in digest(&SHA256, bytes).as_ref().iter().take(8) {
        let _ = write!(tag, "{octet:02x}");
    }
    tag + "\""
}
