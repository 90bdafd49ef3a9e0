//! What no table says: flags answer it, on a terminal its user does, and otherwise a default.

use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use rpki_sources::Source;
use setup::{Answers, MailAnswers, Proposal, VrpPlace};

use super::InitArgs;
use crate::exit::Failure;

/// How long a relay on this machine may take to answer.
const LOCAL_RELAY_WITHIN: Duration = Duration::from_millis(300);

/// The relay of this machine.
const LOCAL_RELAY: &str = "smtp://localhost:25";

/// Asks what the flags leave open.
pub(super) struct Questions<R, W> {
    /// None where nobody is to be asked.
    pub(super) dialogue: Option<(R, W)>,
}

impl<R: BufRead, W: Write> Questions<R, W> {
    /// The answers: of the flags, of the user, or the defaults.
    pub(super) fn answers(
        &mut self,
        args: &InitArgs,
        proposal: &Proposal,
        sources: &[Source],
    ) -> Result<Answers, Failure> {
        let asn = proposal.asns.first().map(ToString::to_string).unwrap_or_default();
        let name = self.ask("Your name", args.name.clone(), Some(asn))?;
        let country = self.ask(
            "Country, two letters (- for none)",
            args.country.clone(),
            Some("-".to_owned()),
        )?;
        let zone = jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
        let time_zone = self.ask("Time zone", args.timezone.clone(), Some(zone))?;
        let mail = self.mail(args)?;
        let only = self.only_these_upstreams(proposal)?;
        let country =
            country.filter(|country| country != "-").map(|country| country.to_uppercase());
        Ok(Answers {
            file: args.output.display().to_string(),
            name: name.unwrap_or_default(),
            site: args.site.clone(),
            country,
            time_zone,
            vrps: sources.iter().filter_map(place).collect::<Result<_, _>>()?,
            mail,
            only_these_upstreams: only,
        })
    }

    /// Whether to go on; without anybody to ask, no.
    pub(super) fn confirm(&mut self, question: &str) -> Result<bool, Failure> {
        let answer = self.ask(&format!("{question} (y/n)"), None, Some("n".to_owned()))?;
        Ok(is_yes(answer.as_deref()))
    }

    fn mail(&mut self, args: &InitArgs) -> Result<Option<MailAnswers>, Failure> {
        let given = (!args.mail_to.is_empty()).then(|| args.mail_to.join(", "));
        let to = self.ask("Mail address of the NOC (- for none)", given, Some("-".to_owned()))?;
        let to: Vec<String> =
            to.iter().flat_map(|to| to.split(',')).map(|to| to.trim().to_owned()).collect();
        let Some(first) = to.first().filter(|first| *first != "-") else { return Ok(None) };
        let domain = first
            .trim_end_matches('>')
            .rsplit_once('@')
            .map_or("example.net", |(_, domain)| domain);
        let sender = format!("originwatch@{domain}");
        let from = self.ask("Sender of the mails", args.mail_from.clone(), Some(sender))?;
        let local = listens_locally().then(|| LOCAL_RELAY.to_owned());
        let relay =
            self.ask("Mail relay, as smtp://mail.example.net:587", args.relay.clone(), local)?;
        let Some(relay) = relay else {
            let text = "no mail relay: nothing listens on localhost:25, name one with --relay";
            return Err(Failure::Usage(text.to_owned()));
        };
        // Within this machine nobody reads along, and its certificate is seldom one that anybody trusts.
        let tls = (relay == LOCAL_RELAY).then_some("none");
        Ok(Some(MailAnswers { from: from.unwrap_or_default(), to, relay, tls }))
    }

    fn only_these_upstreams(&mut self, proposal: &Proposal) -> Result<bool, Failure> {
        if proposal.upstreams.is_empty() {
            return Ok(false);
        }
        let seen = proposal.upstreams.iter().map(|one| format!("{} {} %", one.asn, one.percent()));
        let seen: Vec<_> = seen.take(10).collect();
        let default = if proposal.shows_all_upstreams() { "y" } else { "n" };
        let question = format!(
            "{} ASes stand next to you: {}. Tell when any other does (y/n)",
            proposal.upstreams.len(),
            seen.join(", ")
        );
        let answer = self.ask(&question, None, Some(default.to_owned()))?;
        Ok(is_yes(answer.as_deref()))
    }

    /// What was given; else what the user says; else the default.
    fn ask(
        &mut self,
        question: &str,
        given: Option<String>,
        default: Option<String>,
    ) -> Result<Option<String>, Failure> {
        let Some((answers, out)) = self.dialogue.as_mut().filter(|_| given.is_none()) else {
            return Ok(given.or(default));
        };
        let shown = default.as_ref().map(|default| format!(" [{default}]")).unwrap_or_default();
        write!(out, "{question}{shown}: ")?;
        out.flush()?;
        let mut line = String::new();
        let read = |error| Failure::Read { place: "standard input".to_owned(), error };
        answers.read_line(&mut line).map_err(read)?;
        let line = line.trim();
        Ok(if line.is_empty() { default } else { Some(line.to_owned()) })
    }
}

fn is_yes(answer: Option<&str>) -> bool {
    answer.is_some_and(|answer| matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Where the config takes VRPs from: its paths start at its own folder, so files are named in full. What was read
/// from standard input is gone.
fn place(source: &Source) -> Option<io::Result<VrpPlace>> {
    match source {
        Source::Stdin => None,
        Source::Url(url) => Some(Ok(VrpPlace::Document(url.clone()))),
        Source::Rtr(cache) => Some(Ok(VrpPlace::Rtr(cache.address.clone(), cache.tls))),
        Source::File(path) => Some(
            std::path::absolute(path).map(|path| VrpPlace::Document(path.display().to_string())),
        ),
    }
}

fn listens_locally() -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 25));
    TcpStream::connect_timeout(&address, LOCAL_RELAY_WITHIN).is_ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use setup::Facts;

    use super::*;
    use crate::cli::{Cli, Command};

    fn answers(flags: &[&str], said: Option<&str>) -> (Answers, String) {
        let words = ["originwatch", "init", "--asn", "64500"].iter().chain(flags);
        let Command::Init(args) = Cli::parse_from(words).command else { panic!("another command") };
        let facts = Facts { asns: args.asn.clone(), ..Facts::default() };
        let mut out = Vec::new();
        let dialogue = said.map(|said| (said.as_bytes(), &mut out));
        let mut questions = Questions { dialogue };
        let answers = questions.answers(&args, &Proposal::new(&facts), &[]).unwrap();
        (answers, String::from_utf8(out).unwrap())
    }

    #[test]
    fn flags_answer_and_nobody_is_asked() {
        let flags = [
            "--name",
            "Example",
            "--country",
            "gb",
            "--timezone",
            "UTC",
            "--mail-to",
            "noc@example.org",
            "--relay",
            "smtp://mail.example.org",
        ];
        let (answers, asked) = answers(&flags, None);
        let mail = MailAnswers {
            from: "originwatch@example.org".to_owned(),
            to: vec!["noc@example.org".to_owned()],
            relay: "smtp://mail.example.org".to_owned(),
            tls: None,
        };
        let text = |text: &str| Some(text.to_owned());
        let expected = Answers {
            file: "originwatch.toml".to_owned(),
            name: "Example".to_owned(),
            country: text("GB"),
            time_zone: text("UTC"),
            mail: Some(mail),
            ..Answers::default()
        };
        assert_eq!((answers, asked.as_str()), (expected, ""));
    }

    #[test]
    fn what_no_flag_answers_is_asked_and_an_empty_line_takes_the_default() {
        let said = "gb\nUTC\na@example.net, b@example.net\n\nsmtps://mail.example.net\n";
        let (answers, asked) = answers(&["--name", "Example"], Some(said));
        assert!(!asked.contains("Your name"), "{asked}");
        assert!(asked.contains("Sender of the mails [originwatch@example.net]: "), "{asked}");
        assert_eq!(answers.country.as_deref(), Some("GB"));
        assert_eq!(answers.time_zone.as_deref(), Some("UTC"));
        let mail = answers.mail.unwrap();
        assert_eq!(mail.to, ["a@example.net", "b@example.net"]);
        assert_eq!(mail.from, "originwatch@example.net");
        assert_eq!(mail.relay, "smtps://mail.example.net");
    }

    #[test]
    fn without_a_mailbox_there_is_no_mail() {
        let (answers, asked) = answers(&[], Some("\n\n\n\n"));
        assert_eq!((answers.name.as_str(), answers.country, answers.mail), ("AS64500", None, None));
        assert!(
            asked.starts_with("Your name [AS64500]: Country, two letters (- for none) [-]: "),
            "{asked}"
        );
    }
}
