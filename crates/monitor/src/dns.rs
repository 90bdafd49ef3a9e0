use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;

/// How long one question may take, over all servers and attempts.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// How long one packet may take.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Whom we ask about names.
pub(crate) enum Dns {
    /// The servers of this machine, or the one of the command line.
    Resolver {
        resolver: Box<TokioResolver>,
        /// Where they are.
        servers: Vec<IpAddr>,
    },
    /// What a test says.
    #[cfg(test)]
    Zone(std::collections::BTreeMap<(String, RecordType), Vec<RData>>),
}

/// There is no answer, which differs from the answer that there is nothing.
#[derive(Debug, thiserror::Error)]
#[error("no answer from DNS about {name}: {reason}")]
pub(crate) struct DnsError {
    name: String,
    reason: String,
}

impl Dns {
    /// The resolver at this address, or the one that the system uses.
    pub(crate) fn new(server: Option<SocketAddr>) -> Result<Self, NetError> {
        let (config, mut options) = match server {
            Some(server) => (only(server), ResolverOpts::default()),
            None => read_system_conf()?,
        };
        // A packet that is lost is sent again; the end is ours to set.
        options.timeout = AGAIN_AFTER;
        options.attempts = 5;
        let servers = config.name_servers().iter().map(|server| server.ip).collect();
        let provider = TokioRuntimeProvider::default();
        let builder = TokioResolver::builder_with_config(config, provider).with_options(options);
        Ok(Dns::Resolver { resolver: Box::new(builder.build()?), servers })
    }

    /// Where the name servers are.
    pub(crate) fn servers(&self) -> &[IpAddr] {
        match self {
            Dns::Resolver { servers, .. } => servers,
            #[cfg(test)]
            Dns::Zone(_) => &[],
        }
    }

    /// The addresses of a host; of an address itself. Empty if there is none.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let (v4, v6) =
            tokio::join!(self.ask(host, RecordType::A), self.ask(host, RecordType::AAAA));
        // A server that is silent on AAAA alone is common, and no reason to go without an answer.
        let records = match (v4, v6) {
            (Ok(v4), Ok(v6)) => [v4, v6].concat(),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => some,
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let mut addresses: Vec<_> = records.iter().filter_map(RData::ip_addr).collect();
        addresses.sort_unstable();
        addresses.dedup();
        Ok(addresses)
    }

    /// The mail exchangers of a domain, the preferred one first (RFC 5321 section 5.1). One without
    /// a name is the null MX: nobody takes mail (RFC 7505).
    pub(crate) async fn mail_exchangers(&self, domain: &str) -> Result<Vec<String>, DnsError> {
        let records = self.ask(domain, RecordType::MX).await?;
        let mut exchangers: Vec<_> = records
            .iter()
            .filter_map(|record| match record {
                RData::MX(mx) => Some((mx.preference, plain(&mx.exchange))),
                _ => None,
            })
            .collect();
        exchangers.sort_unstable();
        Ok(exchangers.into_iter().map(|(_, exchanger)| exchanger).collect())
    }

    /// The texts of a domain, the strings of each joined (RFC 7208 section 3.3).
    pub(crate) async fn texts(&self, domain: &str) -> Result<Vec<String>, DnsError> {
        let records = self.ask(domain, RecordType::TXT).await?;
        let text = |record: &RData| match record {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(records.iter().filter_map(text).collect())
    }

    /// The names of an address.
    pub(crate) async fn names(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        let records = self.ask(&Name::from(address).to_ascii(), RecordType::PTR).await?;
        let name = |record: &RData| match record {
            RData::PTR(name) => Some(plain(name)),
            _ => None,
        };
        Ok(records.iter().filter_map(name).collect())
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, DnsError> {
        let error = |reason: String| DnsError { name: name.to_owned(), reason };
        let mut absolute = Name::from_str_relaxed(name).map_err(|e| error(e.to_string()))?;
        // A search list must not answer in the name's place.
        absolute.set_fqdn(true);
        let answer = match self {
            Dns::Resolver { resolver, .. } => {
                tokio::time::timeout(ANSWER_WITHIN, resolver.lookup(absolute, kind)).await
            }
            #[cfg(test)]
            Dns::Zone(zone) => {
                let key = (plain(&absolute), kind);
                return Ok(zone.get(&key).cloned().unwrap_or_default());
            }
        };
        match answer {
            Ok(Ok(lookup)) => {
                let data = lookup.answers().iter().map(|record| &record.data);
                Ok(data.filter(|data| data.record_type() == kind).cloned().collect())
            }
            Ok(Err(none)) if none.is_no_records_found() || none.is_nx_domain() => Ok(Vec::new()),
            Ok(Err(failure)) => Err(error(failure.to_string())),
            Err(_) => Err(error(format!("nothing within {} s", ANSWER_WITHIN.as_secs()))),
        }
    }
}

/// One server, which need not be at the port of all others.
fn only(server: SocketAddr) -> ResolverConfig {
    let at_port = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_port).into();
    ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, connections)])
}

/// Without the dot at the end, which people do not write.
fn plain(name: &Name) -> String {
    let mut name = name.to_lowercase();
    name.set_fqdn(false);
    name.to_ascii()
}

#[cfg(test)]
impl Dns {
    /// What these lines of a name, a type and data say.
    pub(crate) fn zone(text: &str) -> Self {
        use hickory_resolver::proto::rr::rdata::{A, AAAA, MX, PTR, TXT};
        let mut zone = std::collections::BTreeMap::<_, Vec<_>>::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut parts = line.splitn(3, ' ');
            let [name, kind, data] = [(); 3].map(|()| parts.next().unwrap());
            let named = |text: &str| Name::from_ascii(text).unwrap();
            let data = match kind {
                "A" => RData::A(A(data.parse().unwrap())),
                "AAAA" => RData::AAAA(AAAA(data.parse().unwrap())),
                "MX" => RData::MX(MX::new(10, named(data))),
                "PTR" => RData::PTR(PTR(named(data))),
                "TXT" => RData::TXT(TXT::new(vec![data.to_owned()])),
                other => panic!("{other}"),
            };
            zone.entry((name.to_owned(), data.record_type())).or_default().push(data);
        }
        Dns::Zone(zone)
    }
}
