//! `originwatch mail test` and `check --send`: notices of what did not happen, through every channel.
//!
//! They go straight there, without store and daemon: what is tried is the way.

use std::io::{self, Write as _};
use std::time::Duration;

use alerter::channels::smtp::Relay;
use alerter::channels::{Channel, Event, SendError};
use alerter::content::mail::{Mail, MailComposer};
use alerter::{ChannelName, Content, Receiver};
use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use tokio::runtime::Runtime;
use validator::IncidentKind;

use crate::arguments::now;
use crate::channels;
use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::mail_composer::mail_composer;

/// What is to be tried; every way, where none is named.
#[derive(Debug)]
pub(crate) struct Aim<'a> {
    /// Only this channel.
    pub(crate) channel: Option<&'a ChannelName>,
    /// Only mail, to this mailbox.
    pub(crate) to: Option<&'a Mailbox>,
    /// These kinds of notice.
    pub(crate) kinds: Vec<IncidentKind>,
}

/// One place that is told, and the way there.
struct Place {
    transport: Transport,
    /// Programs keep what they were not told the end of.
    until_the_end: bool,
    /// From one notification to the next.
    pause: Duration,
}

enum Transport {
    Mail(Vec<Relay>, MailComposer, Mailbox),
    Channel(Channel, TimeZone),
}

/// Why a notification was not taken.
struct Trouble {
    said: String,
    /// Others may well be taken.
    of_this_notification: bool,
}

/// Sends a drill of each kind to each place, and prints what became of it, a line each.
pub(crate) fn run(config: &Config, aim: &Aim<'_>) -> Result<ExitCode, Failure> {
    let receivers = receivers(config, aim)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Start { what: "the tasks", error })?;
    let mut all_taken = true;
    for receiver in &receivers {
        all_taken &= match place(config, receiver) {
            Ok(place) => place.try_out(&receiver.to_string(), &aim.kinds, config, &runtime)?,
            Err(failure) => {
                writeln!(io::stdout(), "{receiver}: not tried: {}", failure.text())?;
                false
            }
        };
    }
    Ok(if all_taken { ExitCode::Done } else { ExitCode::Attention })
}

fn receivers(config: &Config, aim: &Aim<'_>) -> Result<Vec<Receiver>, Failure> {
    if let Some(mailbox) = aim.to {
        return Ok(vec![Receiver::mailbox(mailbox)]);
    }
    let rules = config.dispatch_rules();
    let all = rules.receivers();
    let mut names: Vec<&ChannelName> = all.iter().map(|to| &to.channel).collect();
    names.dedup();
    match aim.channel {
        _ if all.is_empty() => Err(Failure::Usage(format!(
            "{} has no [mail] and no [[channel]]: nothing to try",
            config.path.display()
        ))),
        Some(name) if !names.contains(&name) => {
            let names: Vec<_> = names.into_iter().map(ChannelName::as_str).collect();
            let names = names.join(", ");
            Err(Failure::Usage(format!("there is no channel '{name}' (there is: {names})")))
        }
        only => {
            let meant = |to: &&Receiver| only.is_none_or(|name| to.channel == *name);
            Ok(all.into_iter().filter(meant).cloned().collect())
        }
    }
}

fn place(config: &Config, receiver: &Receiver) -> Result<Place, Failure> {
    let zone = config.operator.time_zone.clone();
    let pause = |per_minute: Option<u32>| {
        per_minute.and_then(|notifications| Duration::from_secs(60).checked_div(notifications))
    };
    let wrong = |why: String| Failure::Usage(why);
    match &receiver.channel {
        ChannelName::Mail => {
            let mail =
                config.mail.as_ref().ok_or_else(|| wrong("there is no [mail]".to_owned()))?;
            let mailbox = receiver.address.parse();
            let mailbox = mailbox.map_err(|error| wrong(format!("no mail address: {error}")))?;
            let composer = mail_composer(config, mail)?;
            Ok(Place {
                transport: Transport::Mail(channels::relays(mail)?, composer, mailbox),
                until_the_end: false,
                pause: pause(mail.per_minute).unwrap_or_default(),
            })
        }
        name @ ChannelName::Named(_) => {
            let one = config.channels.iter().find(|one| one.name == *name);
            let one = one.ok_or_else(|| wrong(format!("there is no channel '{name}'")))?;
            Ok(Place {
                transport: Transport::Channel(channels::open(one)?, zone),
                until_the_end: one.is_for_programs(),
                pause: pause(one.per_minute).unwrap_or_default(),
            })
        }
    }
}

impl Place {
    /// Whether everything was taken. Where nobody answers one notification is enough to know it.
    fn try_out(
        &self,
        name: &str,
        kinds: &[IncidentKind],
        config: &Config,
        runtime: &Runtime,
    ) -> Result<bool, Failure> {
        let rules = config.dispatch_rules();
        let each = if self.until_the_end { 2 } else { 1 };
        let notifications = kinds
            .iter()
            .flat_map(|kind| alerter::drill(*kind, now(), &rules).into_iter().take(each));
        let notifications: Vec<Content> = notifications.collect();
        let (mut all_taken, mut left) = (true, notifications.len());
        for notification in &notifications {
            left -= 1;
            let result = runtime.block_on(self.send(notification));
            let mut out = io::stdout().lock();
            let what = described(notification);
            match result {
                Ok(said) => writeln!(out, "{name}: {what}: taken{said}")?,
                Err(trouble) => {
                    all_taken = false;
                    writeln!(out, "{name}: {what}: {}", trouble.said)?;
                    if !trouble.of_this_notification {
                        if left > 0 {
                            writeln!(out, "{name}: {left} more not tried")?;
                        }
                        break;
                    }
                }
            }
            out.flush()?;
            if left > 0 {
                runtime.block_on(async { tokio::time::sleep(self.pause).await });
            }
        }
        Ok(all_taken)
    }

    /// What was said by who took it, with a colon in front.
    async fn send(&self, notification: &Content) -> Result<String, Trouble> {
        match &self.transport {
            Transport::Channel(channel, zone) => {
                let sent = channel.send(&Event::of(notification, zone), now()).await;
                sent.map(|()| String::new()).map_err(|error| Trouble::of(&error))
            }
            Transport::Mail(relays, composer, mailbox) => {
                let mail = Mail::compose(notification, composer, mailbox, None);
                let mail = mail.map_err(|error| Trouble {
                    said: error.to_string(),
                    of_this_notification: true,
                })?;
                hand_over(&mail, relays).await
            }
        }
    }
}

/// As the daemon would: to the next relay where one does not take it, which is worth telling even if
/// that one does.
async fn hand_over(mail: &Mail, relays: &[Relay]) -> Result<String, Trouble> {
    let mut troubles: Option<Trouble> = None;
    for relay in relays {
        let trouble = match (relay.send(mail).await, &troubles) {
            (Ok(said), None) => return Ok(format!(": {said}")),
            (Ok(said), Some(before)) => {
                let said = format!("{}; the next relay took it: {said}", before.said);
                return Err(Trouble { said, of_this_notification: true });
            }
            (Err(error), _) => Trouble::of(&error),
        };
        let said = match troubles {
            Some(before) => format!("{}; {}", before.said, trouble.said),
            None => trouble.said,
        };
        let of_this_notification = trouble.of_this_notification;
        troubles = Some(Trouble { said, of_this_notification });
        if of_this_notification {
            break;
        }
    }
    let none = || Trouble { said: "there is no relay".to_owned(), of_this_notification: false };
    Err(troubles.unwrap_or_else(none))
}

impl Trouble {
    fn of(error: &SendError) -> Self {
        let of_this_notification = matches!(error, SendError::Refused { .. });
        Trouble { said: error.to_string(), of_this_notification }
    }
}

/// `origin-hijack OPEN`.
fn described(notification: &Content) -> String {
    match notification {
        Content::Notice(notice) => format!("{} {}", notice.kind, notice.status()),
        Content::Summary(summary) => summary.title.clone(),
    }
}
