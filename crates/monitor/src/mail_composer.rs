//! What all mails have in common, made from the config: templates and the key of replies are read here.

use alerter::ChannelName;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use alerter::content::mail::{MailComposer, Templates};
use alerter::replies::{Replies, ReplyKey};
use jiff::tz::TimeZone;
use lettre::Address;
use lettre::message::Mailbox;
use network::password;

use crate::config::{self, Config};
use crate::exit::Failure;

/// A page of words; what is larger is something else.
const LARGEST_TEMPLATE: u64 = 256 * 1024;

/// The composer of a config that has mail. Every template has been tried on samples then.
pub(crate) fn mail_composer(config: &Config, mail: &config::Mail) -> Result<MailComposer, Failure> {
    let zone = &config.operator.time_zone;
    let templates = mail.templates.as_deref().map(|folder| templates(folder, zone)).transpose()?;
    let replies = mail.replies.as_ref().map(|one| replies(one, config, mail)).transpose()?;
    Ok(MailComposer {
        replies: replies.map(Arc::new),
        templates: templates.map(Arc::new),
        ..MailComposer::new(mail.from.clone(), zone.clone())
    })
}

/// All that is in the folder, but for what editors hide.
fn templates(folder: &Path, zone: &TimeZone) -> Result<Templates, Failure> {
    let failed = |error| Failure::read(folder, error);
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.filter(|name| !is_backup(name) && path.is_file()) else { continue };
        let failed = |error| Failure::read(&path, error);
        if path.metadata().map_err(failed)?.len() > LARGEST_TEMPLATE {
            let text = format!("{}: a template of more than 256 KiB", path.display());
            return Err(Failure::Usage(text));
        }
        files.insert(name, fs::read_to_string(&path).map_err(failed)?);
    }
    Templates::new(&files, zone).map_err(|faults| {
        let told = faults.iter().map(|fault| folder.join(fault.to_string()).display().to_string());
        Failure::Usage(told.collect::<Vec<_>>().join("\n"))
    })
}

fn is_backup(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || name.starts_with('#')
}

/// Whoever gets mails may answer.
fn replies(
    replies: &config::Replies,
    config: &Config,
    mail: &config::Mail,
) -> Result<Replies, Failure> {
    let key = ReplyKey::new(password(&replies.key_file)?.as_bytes());
    let key =
        key.map_err(|weak| Failure::Usage(format!("{}: {weak}", replies.key_file.display())))?;
    Ok(Replies {
        key,
        reply_to: replies.reply_to.clone(),
        recipients: recipients(config, mail),
        allow: replies.allow.clone(),
        time_zone: config.operator.time_zone.clone(),
    })
}

/// Everybody to whom an incident may be told.
fn recipients(config: &Config, mail: &config::Mail) -> Vec<Address> {
    let rules = config.dispatch_rules();
    let routed = rules.routing.rules.iter().flat_map(|rule| &rule.to);
    let escalated = rules.escalation.iter().flat_map(|step| &step.to);
    let others = routed.chain(escalated).filter(|to| to.channel == ChannelName::Mail);
    let others = others.filter_map(|to| to.address.parse::<Mailbox>().ok());
    let all = mail.to.iter().cloned().chain(others).map(|to| to.email);
    let mut all: Vec<Address> = all.collect();
    all.sort();
    all.dedup();
    all
}
