//! Channels and relays, made from what the config says of them, and the servers that they need; secrets are
//! read here.

use std::fs;
use std::path::Path;
use std::time::Duration;

use alerter::channels::smtp::{Relay, RelayConfig};
use alerter::channels::{
    self, Exec, ExecConfig, SigningKey, Syslog, SyslogConfig, Template, Transport, WebhookConfig,
};
use network::password;

use network::proxy::Proxy;

use crate::config::{self, Channel, ChannelKind, Url};
use crate::exit::Failure;

/// How long a relay may take for one mail. RFC 5321 section 4.5.3.2 would allow ten minutes behind
/// the final dot; somebody sits in front of a replay.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The server that a channel needs.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) scheme: Scheme,
}

/// How a channel speaks to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
    /// A connection of its own.
    Tcp,
    /// Nobody answers.
    Udp,
}

impl Server {
    /// The proxy through which the channel reaches it, if there is one: what is not HTTP knows none.
    pub(crate) fn proxy(&self) -> Option<Proxy> {
        match self.scheme {
            Scheme::Http => Proxy::of(false, &self.host, self.port),
            Scheme::Https => Proxy::of(true, &self.host, self.port),
            Scheme::Tcp | Scheme::Udp => None,
        }
    }
}

/// A channel that is ready to send; nothing is connected yet.
pub(crate) fn open(channel: &Channel) -> Result<channels::Channel, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!("channel '{}': {error}", channel.name))
    };
    let timeout = channel.timeout;
    Ok(match &channel.kind {
        ChannelKind::Webhook(webhook) => {
            let key = webhook.secret_file.as_deref().map(password).transpose()?;
            let config = WebhookConfig {
                url: match &webhook.url {
                    Url::Here(url) => url.clone(),
                    Url::File(path) => password(path)?,
                },
                body: body(&webhook.body)?,
                key: webhook.key_file.as_deref().map(password).transpose()?,
                signing_key: key
                    .map(|key| SigningKey::new(&key))
                    .transpose()
                    .map_err(|e| wrong(&e))?,
                timeout,
                extra_ca: webhook.ca_file.as_deref().map(read).transpose()?,
            };
            channels::Channel::Webhook(channels::Webhook::new(&config).map_err(|e| wrong(&e))?)
        }
        ChannelKind::Syslog(syslog) => {
            let config = SyslogConfig {
                transport: syslog.transport,
                host: syslog.host.clone(),
                port: syslog.port,
                facility: syslog.facility,
                hostname: syslog.hostname.clone(),
                timeout,
                ca: syslog.ca_file.as_deref().map(read).transpose()?,
            };
            channels::Channel::Syslog(Syslog::new(&config).map_err(|e| wrong(&e))?)
        }
        ChannelKind::Exec(command) => {
            let config = ExecConfig { command: command.clone(), timeout };
            channels::Channel::Exec(Exec::new(&config))
        }
    })
}

fn body(body: &config::Body) -> Result<channels::Body, Failure> {
    Ok(match body {
        config::Body::Event => channels::Body::Event,
        config::Body::Preset(preset) => channels::Body::Preset(*preset),
        config::Body::Template(path) => {
            let source = fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
            let template = Template::new(path, &source, &channels::Event::samples());
            let template = template.map_err(|error| Failure::Usage(error.to_string()))?;
            channels::Body::Template(Box::new(template))
        }
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::read(path, error))
}

/// The relay of the config and those that take over, in order.
pub(crate) fn relays(mail: &config::Mail) -> Result<Vec<Relay>, Failure> {
    let credentials = match &mail.login {
        Some((user, file)) => Some((user.clone(), password(file)?)),
        None => None,
    };
    let extra_ca = match &mail.ca_file {
        Some(path) => Some(fs::read(path).map_err(|error| Failure::read(path, error))?),
        None => None,
    };
    let relay = |relay: &config::Relay| {
        Relay::new(&RelayConfig {
            host: relay.host.clone(),
            port: relay.port,
            tls: relay.tls,
            credentials: credentials.clone(),
            helo: mail.helo.clone(),
            timeout: TIMEOUT,
            extra_ca: extra_ca.clone(),
        })
        .map_err(|error| Failure::Usage(error.to_string()))
    };
    std::iter::once(&mail.relay).chain(&mail.failover).map(relay).collect()
}

/// The host that it must reach; none of a program, and where the URL cannot be read.
pub(crate) fn host(kind: &ChannelKind) -> Option<String> {
    Some(server(kind)?.ok()?.host)
}

/// The server that a channel sends to; none of a program. Of a URL only the host is ever shown: the rest is often the secret.
pub(crate) fn server(kind: &ChannelKind) -> Option<Result<Server, String>> {
    match kind {
        ChannelKind::Webhook(webhook) => Some(match &webhook.url {
            Url::Here(url) => of_url(url),
            // That the file cannot be read is told as a line of its own.
            Url::File(path) => of_url(fs::read_to_string(path).ok()?.trim()),
        }),
        ChannelKind::Syslog(syslog) => Some(Ok(Server {
            host: syslog.host.clone(),
            port: syslog.port,
            scheme: match syslog.transport {
                Transport::Udp => Scheme::Udp,
                Transport::Tcp | Transport::Tls => Scheme::Tcp,
            },
        })),
        ChannelKind::Exec(_) => None,
    }
}

fn of_url(url: &str) -> Result<Server, String> {
    let none = || "what it posts to is not a URL of http or https".to_owned();
    let url = reqwest::Url::parse(url).map_err(|_| none())?;
    let host = url.host_str().ok_or_else(none)?;
    let port = url.port_or_known_default().ok_or_else(none)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
    Ok(Server { host, port, scheme })
}
