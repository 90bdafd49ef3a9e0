//! Mails of a replay: sent to the relay, written as files, kept where no relay takes them.

use std::fs;
use std::path::{Path, PathBuf};

use alerter::channels::SendError;
use alerter::channels::smtp::Relay;
use alerter::content::mail::{Mail, MailComposer};
use alerter::{AnnotatedNotice, Content};
use tokio::runtime::Runtime;

use crate::channels;
use crate::config::{self, Config};
use crate::exit::Failure;
use crate::mail_composer::mail_composer;

/// Where mails go that no relay took, beside the store.
const UNSENT: &str = "originwatch-unsent";

/// Carries notices to the recipients of `[mail]`, one mail for each.
#[derive(Debug, Default)]
pub struct ReplayMailer {
    address: Option<Address>,
    relays: Option<Relays>,
    eml: Option<PathBuf>,
    unsent: Vec<PathBuf>,
    composed: u64,
    /// Mails that a relay took.
    pub sent: u64,
    /// Mails that no relay took.
    pub kept: u64,
    /// Why the last of these was not taken.
    reason: Option<String>,
}

#[derive(Debug)]
struct Address {
    composer: MailComposer,
    recipients: Vec<lettre::message::Mailbox>,
}

/// The relay and those that take over, each until it fails to answer.
#[derive(Debug)]
struct Relays {
    runtime: Runtime,
    relays: Vec<Relay>,
    /// Why the last of them is left out.
    trouble: String,
}

impl ReplayMailer {
    /// A bag that sends, if `send`, and writes files into `eml`, if given; both need a `[mail]`.
    pub fn new(send: bool, eml: Option<&Path>, config: Option<&Config>) -> Result<Self, Failure> {
        let (Some(config), true) = (config, send || eml.is_some()) else {
            return Ok(ReplayMailer::default());
        };
        let Some(mail) = &config.mail else {
            let text = format!("{} has no [mail]: nobody to write to", config.path.display());
            return Err(Failure::Usage(text));
        };
        if let Some(folder) = eml {
            fs::create_dir_all(folder).map_err(|error| Failure::write(folder, error))?;
        }
        let composer = mail_composer(config, mail)?;
        let beside = config.store.parent().unwrap_or(Path::new(""));
        Ok(ReplayMailer {
            address: Some(Address { composer, recipients: mail.to.clone() }),
            relays: if send { Some(Relays::new(mail)?) } else { None },
            eml: eml.map(Path::to_owned),
            // A store in a folder that only the daemon may write to is no reason to lose a mail.
            unsent: vec![beside.join(UNSENT), PathBuf::from(UNSENT)],
            ..ReplayMailer::default()
        })
    }

    /// Composes the mails of a notice; sends them, writes them, keeps them where that fails.
    /// What went wrong comes back for the user, each trouble once.
    pub fn deliver(&mut self, notice: &AnnotatedNotice) -> Result<Option<String>, Failure> {
        let Some(address) = &self.address else { return Ok(None) };
        let mut mails = Vec::new();
        let content = Content::Notice(Box::new(notice.clone()));
        for recipient in &address.recipients {
            let mail = Mail::compose(&content, &address.composer, recipient, None);
            mails.push(mail.map_err(|error| Failure::Usage(error.to_string()))?);
        }
        let mut news = None;
        for mail in mails {
            self.composed += 1;
            let name = file_name(self.composed, notice, &mail);
            if let Some(folder) = &self.eml {
                let path = folder.join(&name);
                fs::write(&path, mail.formatted()).map_err(|error| Failure::write(&path, error))?;
            }
            match self.relays.as_mut().map(|relays| relays.send(&mail)) {
                None => {}
                Some(Ok(())) => self.sent += 1,
                Some(Err(reason)) => {
                    self.keep(&name, &mail)?;
                    news = (self.reason.as_ref() != Some(&reason)).then(|| reason.clone()).or(news);
                    self.reason = Some(reason);
                }
            }
        }
        Ok(news)
    }

    /// What became of the mails, for the user; nothing if none was to be sent.
    pub fn report(&self) -> Option<String> {
        self.relays.as_ref()?;
        let mut report = format!("{} mails sent", self.sent);
        if let (1.., Some(folder)) = (self.kept, self.unsent.first()) {
            let kept = self.kept;
            report += &format!(", {kept} not taken: kept as .eml files in {}", folder.display());
        }
        Some(report)
    }

    fn keep(&mut self, name: &str, mail: &Mail) -> Result<(), Failure> {
        self.kept += 1;
        loop {
            let Some(folder) = self.unsent.first() else { return Ok(()) };
            let path = folder.join(name);
            let written =
                fs::create_dir_all(folder).and_then(|()| fs::write(&path, mail.formatted()));
            match written {
                Ok(()) => return Ok(()),
                Err(error) if self.unsent.len() == 1 => return Err(Failure::write(&path, error)),
                Err(_) => drop(self.unsent.remove(0)),
            }
        }
    }
}

impl Relays {
    fn new(mail: &config::Mail) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Failure::Output)?;
        let relays = channels::relays(mail)?;
        Ok(Relays { runtime, relays, trouble: String::new() })
    }

    /// The first relay that takes it. One that cannot be reached is not asked again: a replay of
    /// a hundred notices would else wait a hundred times.
    fn send(&mut self, mail: &Mail) -> Result<(), String> {
        while let Some(relay) = self.relays.first() {
            match self.runtime.block_on(relay.send(mail)) {
                Ok(_) => return Ok(()),
                Err(error @ SendError::Refused { .. }) => return Err(error.to_string()),
                Err(error) => {
                    self.trouble = error.to_string();
                    self.relays.remove(0);
                }
            }
        }
        Err(self.trouble.clone())
    }
}

/// `0001-OW-20140402-AS4761-6f3a.0-noc@example.net.eml`.
fn file_name(number: u64, notice: &AnnotatedNotice, mail: &Mail) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "@.-+_".contains(c) { c } else { '_' };
    let recipient: String = mail.recipient().email.to_string().chars().map(safe).collect();
    format!("{number:04}-{}.{}-{recipient}.eml", notice.incident, notice.sequence)
}
