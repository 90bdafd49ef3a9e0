//! Under which names we may be asked.
//!
//! A page of somebody else can have its own name resolve to our address and so read what we say (DNS
//! rebinding); the browser then sends that name as Host.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{Request, Version, header};

use crate::problem::Problem;

/// The names that we answer to.
#[derive(Debug)]
pub(crate) struct Hosts {
    address: IpAddr,
    names: Vec<String>,
}

impl Hosts {
    pub(crate) fn new(address: IpAddr, names: Vec<String>) -> Self {
        Hosts { address, names }
    }

    /// Refuses what is meant for somebody else.
    pub(crate) fn admit<B>(&self, request: &Request<B>) -> Result<(), Problem> {
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let authority = match (request.uri().authority(), hosts.next(), hosts.next()) {
            // It stands before the Host (RFC 9112 section 3.2.2).
            (Some(authority), _, None) => authority.clone(),
            (None, Some(host), None) => {
                Authority::try_from(host.as_bytes()).map_err(|_| Problem::WrongHost)?
            }
            // No browser asks so, but the checks of a load balancer do.
            (None, None, None) if request.version() == Version::HTTP_10 => return Ok(()),
            (_, _, Some(_)) | (None, None, None) => return Err(Problem::WrongHost),
        };
        if self.holds(authority.host()) { Ok(()) } else { Err(Problem::WrongHost) }
    }

    /// An address cannot be rebound: where we listen on all of them, each is ours.
    fn holds(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if address == self.address || self.address.is_unspecified() => true,
            Ok(_) | Err(_) => {
                let is = |name: &str| host.eq_ignore_ascii_case(name);
                is("localhost") || self.names.iter().any(|name| is(name) || bare == name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_name_is_refused() {
        let admits = |address: &str, host: &str| {
            let hosts = Hosts::new(address.parse().unwrap(), vec!["noc.example.net".to_owned()]);
            let request = Request::builder().header(header::HOST, host).body(()).unwrap();
            hosts.admit(&request).is_ok()
        };
        for host in
            ["127.0.0.1", "127.0.0.1:8080", "localhost:8080", "LOCALHOST", "Noc.example.net"]
        {
            assert!(admits("127.0.0.1", host), "{host}");
        }
        for host in
            ["", "evil.example", "127.0.0.1.evil.example", "192.0.2.1", "noc.example.net.evil"]
        {
            assert!(!admits("127.0.0.1", host), "{host}");
        }
        assert!(admits("::", "[2001:db8::1]:8080"));
        assert!(!admits("0.0.0.0", "evil.example"));
    }

    #[test]
    fn there_is_one_host_or_with_http_1_0_none() {
        let hosts = Hosts::new("127.0.0.1".parse().unwrap(), Vec::new());
        let request = |version| Request::builder().version(version);
        assert!(hosts.admit(&request(Version::HTTP_10).body(()).unwrap()).is_ok());
        assert!(hosts.admit(&request(Version::HTTP_11).body(()).unwrap()).is_err());
        let two = request(Version::HTTP_11).header("Host", "localhost").header("Host", "evil");
        assert!(hosts.admit(&two.body(()).unwrap()).is_err());
        let absolute =
            request(Version::HTTP_11).uri("http://evil.example/").header("Host", "localhost");
        assert!(hosts.admit(&absolute.body(()).unwrap()).is_err());
    }
}
