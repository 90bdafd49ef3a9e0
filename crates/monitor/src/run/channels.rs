//! Channels, made from what the config says of them; secrets are read here.

use std::path::Path;

use alerter::channels::{
    self, Exec, ExecConfig, SigningKey, Syslog, SyslogConfig, Template, WebhookConfig,
};

use crate::config::{self, Channel, ChannelKind, Url};
use crate::exit::Failure;
use crate::mailbag::{password, read_error};

/// A channel that is ready to send; nothing is connected yet.
pub(crate) fn open(channel: &Channel) -> Result<channels::Channel, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!("channel '{}': {error}", channel.name))
    };
    let timeout = channel.timeout;
    Ok(match &channel.kind {
        ChannelKind::Webhook(webhook) => {
            let key = webhook.secret_file.as_deref().map(secret).transpose()?;
            let config = WebhookConfig {
                url: match &webhook.url {
                    Url::Here(url) => url.clone(),
                    Url::File(path) => secret(path)?,
                },
                body: body(&webhook.body)?,
                key: webhook.key_file.as_deref().map(secret).transpose()?,
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
            let source = std::fs::read_to_string(path).map_err(|error| read_error(path, error))?;
            let template = Template::new(path, &source, &channels::Event::samples());
            let template = template.map_err(|error| Failure::Usage(error.to_string()))?;
            channels::Body::Template(Box::new(template))
        }
    })
}

/// One line that nobody may see.
fn secret(path: &Path) -> Result<String, Failure> {
    password(path)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| read_error(path, error))
}
