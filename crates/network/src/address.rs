//! What a host and a port look like.

/// `host:port`: a host name, an IPv4 address, or an IPv6 address in brackets; no port 0.
pub fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_is_right = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_host(host),
    };
    host_is_right && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A host name or an IPv4 address (RFC 1123 section 2.1).
pub fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for text in
            ["127.0.0.1:3323", "cache.example.net:1", "[2001:db8::1]:323", "localhost:65535"]
        {
            assert!(is_host_port(text), "{text}");
        }
        for text in [
            "",
            ":1",
            "host",
            "host:0",
            "host:65536",
            "host:x",
            "::1:323",
            "[::1]",
            "a b:1",
            "a/b:1",
        ] {
            assert!(!is_host_port(text), "{text}");
        }
    }
}
