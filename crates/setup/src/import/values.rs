//! Single values of a foreign config, held to what a config of ours takes.

use std::net::{IpAddr, SocketAddr};

use bgp::{ParsePrefixError, Prefix, PrefixError};

/// A prefix, and whether host bits were left out of it.
pub(super) fn prefix(text: &str) -> Result<(Prefix, bool), String> {
    let (prefix, masked) = match text.trim().parse::<Prefix>() {
        Err(ParsePrefixError::Value { error: PrefixError::HostBits { network }, .. }) => {
            // The network may be none of ours either: an IPv4 address in the notation of IPv6.
            (network.to_string().parse(), true)
        }
        other => (other, false),
    };
    match prefix {
        Ok(prefix) if prefix.length() == 0 => Err(format!("{prefix} is the whole Internet")),
        Ok(prefix) => Ok((prefix, masked)),
        Err(error) => Err(error.to_string()),
    }
}

/// A mail address without a name.
pub(super) fn is_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_{|}~".contains(&byte);
    let whole = |text: &str| !text.is_empty() && text.bytes().all(atom);
    local.len() <= 64
        && local.split('.').all(whole)
        && is_host(domain)
        && !domain.contains('_')
        && (domain.contains('.') || domain == "localhost")
}

/// A host name or an address of IPv4.
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A host and a port as a URL has them, an address of IPv6 in brackets.
pub(super) fn host_port(host: &str, port: u64) -> Option<String> {
    let port = u16::try_from(port).ok().filter(|port| *port > 0)?;
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => Some(format!("[{address}]:{port}")),
        Ok(IpAddr::V4(_)) | Err(_) => is_host(host).then(|| format!("{host}:{port}")),
    }
}

/// Where a server listens: an address, or what stands for one.
pub(super) fn listens(host: Option<&str>, port: u64) -> Option<SocketAddr> {
    let address = match host {
        None => IpAddr::from([0, 0, 0, 0]),
        Some("localhost") => IpAddr::from([127, 0, 0, 1]),
        Some(text) => text.parse().ok()?,
    };
    let port = u16::try_from(port).ok().filter(|port| *port > 0)?;
    Some(SocketAddr::new(address, port))
}

/// A URL of one of these schemes, with a host behind it.
pub(super) fn is_url(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix("://"));
    let plain = |rest: &str| !rest.contains(|c: char| c.is_whitespace() || bgp::is_hidden(c));
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[') && plain(rest)
    })
}

/// The same without a secret that stands in it: a login, a query.
pub(super) fn is_open_url(text: &str, schemes: &[&str]) -> bool {
    is_url(text, schemes) && !text.contains(['@', '?', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_lose_their_host_bits_and_say_so() {
        let read = |text: &str| prefix(text).map(|(prefix, masked)| (prefix.to_string(), masked));
        assert_eq!(read("94.5.4.3/22"), Ok(("94.5.4.0/22".to_owned(), true)));
        assert_eq!(read(" 2001:7FB:FE06::/48"), Ok(("2001:7fb:fe06::/48".to_owned(), false)));
        for wrong in ["193.1", "0.0.0.0/0", "::/0", "10.0.0.0/33", "1.2.3.4/0", "", "A.B.C.D/24"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_and_urls_are_held_to_ours() {
        for right in ["noc@example.net", "a.b+c@mail.example.org", "root@localhost"] {
            assert!(is_mailbox(right), "{right}");
        }
        for wrong in ["bgpalerter@xxxx", "a@", "@b.c", "a b@c.d", "a\n@c.d", "a@c..d", "a\"@c.d"] {
            assert!(!is_mailbox(wrong), "{wrong}");
        }
        assert_eq!(host_port("2001:db8::1", 25).as_deref(), Some("[2001:db8::1]:25"));
        assert_eq!(host_port("mail", 0), None);
        assert_eq!(host_port("a b", 1), None);
        assert!(is_url("https://a.example/x", &["https"]) && !is_url("_YOUR_URL_", &["https"]));
        assert!(!is_url("https://", &["https"]) && !is_url("https://a b", &["https"]));
        assert!(!is_open_url("https://u:p@a.example", &["https"]));
        assert_eq!(listens(None, 8011).map(|at| at.to_string()).as_deref(), Some("0.0.0.0:8011"));
        assert_eq!(listens(Some("api.example"), 8011), None);
    }
}
