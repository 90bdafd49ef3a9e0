//! `originwatch validate`: origin validation of one route or of many (RFC 6811).

use std::io::{self, BufRead as _, BufWriter, Write};
use std::path::{Path, PathBuf};

use bgp::{Asn, Prefix, RouteOrigin, Timestamp};
use clap::Args;
use validator::{OriginValidation, RpkiSnapshot, ValidatedRoute, ValidationState, Validity, Vrp};

use crate::arguments::now;
use crate::exit::{ExitCode, Failure};
use crate::given_time;
use rpki_sources::{Source, Sources, load_once_blocking};

/// The longest line that is read: a prefix and an AS number need 60 bytes.
const MAX_LINE: u64 = 4096;

/// `originwatch validate`.
#[derive(Debug, Args)]
#[command(after_help = VALIDATE_EXAMPLES)]
pub struct ValidateArgs {
    /// VRPs: a file or an http(s):// URL, JSON of any validator or CSV, plain, .gz or .bz2; or a
    /// cache, rtr://host:port, with TLS rtrs://host:port.
    #[arg(long, value_name = "SRC")]
    pub vrps: String,

    /// A SLURM file of local exceptions (RFC 8416); may be repeated.
    #[arg(long, value_name = "FILE")]
    pub slurm: Vec<PathBuf>,

    /// Leave out VRPs and ASPAs that have expired by this time [default: now].
    #[arg(long, value_name = "TIME", value_parser = given_time::in_utc, allow_hyphen_values = true)]
    pub at: Option<Timestamp>,

    /// Print JSON in the format of Routinator's validity API.
    #[arg(long)]
    pub json: bool,

    /// The prefix; or - to read lines of a prefix and an AS number from standard input.
    #[arg(value_name = "PREFIX")]
    pub prefix: String,

    /// The AS number; it may also come first.
    #[arg(value_name = "ASN")]
    pub asn: Option<String>,
}

const VALIDATE_EXAMPLES: &str = "\
Examples:
    originwatch validate --vrps vrps.json 198.18.0.0/21 AS64500
    originwatch validate --vrps rtr://127.0.0.1:3323 198.18.0.0/21 AS64500
    originwatch validate --vrps https://rpki.example.net/json --json 198.18.0.0/21 64500
    echo '198.18.0.0/21 AS64500' | originwatch validate --vrps vrps.json.gz -

The exit code is 1 if the route is invalid, or if a line cannot be read.";

/// A route to validate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    prefix: Prefix,
    asn: Asn,
}

/// Answers what the command line asks.
pub fn run(args: &ValidateArgs) -> Result<ExitCode, Failure> {
    let one = match (args.prefix.as_str(), &args.asn) {
        ("-", None) => None,
        (prefix, Some(asn)) => Some(Question::of(prefix, asn).map_err(Failure::Usage)?),
        (line, None) => Some(Question::in_line(line).map_err(Failure::Usage)?),
    };
    let source = Source::parse(&args.vrps, Path::new(""))?;
    if one.is_none() && source == Source::Stdin {
        let text = "standard input cannot hold both the VRPs and the routes";
        return Err(Failure::Usage(text.to_owned()));
    }
    let (snapshot, notes) =
        load_once_blocking(&Sources::one(source, &args.slurm), Some(args.at.unwrap_or_else(now)))?;
    for line in notes {
        writeln!(io::stderr(), "{line}")?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let code = match one {
        Some(question) => single(&snapshot, &question, args.json, &mut out)?,
        None => many(&snapshot, args.json, &mut out)?,
    };
    out.flush()?;
    Ok(code)
}

fn single(
    snapshot: &RpkiSnapshot,
    question: &Question,
    json: bool,
    out: &mut impl Write,
) -> io::Result<ExitCode> {
    let validation = question.answer(snapshot);
    let invalid = validation.state() == ValidationState::Invalid;
    if json {
        let origin = RouteOrigin::As(question.asn);
        let answer = Validity::new(question.prefix, &origin, &validation, snapshot.generated);
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
    } else {
        writeln!(out, "{}", question.line(&validation))?;
    }
    Ok(if invalid { ExitCode::Attention } else { ExitCode::Done })
}

/// Line by line; one that cannot be read is told with its number and costs only itself.
fn many(snapshot: &RpkiSnapshot, json: bool, out: &mut impl Write) -> io::Result<ExitCode> {
    let mut code = ExitCode::Done;
    let mut input = io::stdin().lock();
    let mut written = 0;
    for number in 1_u64.. {
        let line = match read_line(&mut input)? {
            None => break,
            Some(line) => line,
        };
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        match Question::in_line(line) {
            Ok(question) if json => {
                let answer = question.answer(snapshot);
                let origin = RouteOrigin::As(question.asn);
                let answer = ValidatedRoute::new(question.prefix, &origin, &answer);
                let lead = if written == 0 { "{\"validated_routes\":[" } else { "," };
                writeln!(out, "{lead}{}", serde_json::to_string(&answer)?)?;
                written += 1;
            }
            Ok(question) => writeln!(out, "{}", question.line(&question.answer(snapshot)))?,
            Err(reason) => {
                writeln!(io::stderr(), "line {number}: {reason}")?;
                code = ExitCode::Attention;
            }
        }
    }
    if json {
        writeln!(out, "{}", if written == 0 { "{\"validated_routes\":[]}" } else { "]}" })?;
    }
    Ok(code)
}

/// The next line without its end; none at the end of the input. A line beyond the limit comes in
/// pieces, each of which is refused.
fn read_line(input: &mut impl io::BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = io::Read::take(&mut *input, MAX_LINE).read_until(b'\n', &mut line)?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
}

impl Question {
    /// A prefix and an AS number, in either order.
    fn of(first: &str, second: &str) -> Result<Self, String> {
        let (prefix, asn) = if second.contains('/') { (second, first) } else { (first, second) };
        let prefix = prefix.parse::<Prefix>().map_err(|error| error.to_string())?;
        let asn = asn.parse::<Asn>().map_err(|error| error.to_string())?;
        Ok(Question { prefix, asn })
    }

    /// The same with a comma, blanks, or `=>` between them.
    fn in_line(line: &str) -> Result<Self, String> {
        let words = line.split([' ', '\t', ',']).filter(|word| !word.is_empty() && *word != "=>");
        match words.collect::<Vec<_>>().as_slice() {
            [first, second] => Question::of(first, second),
            _ => {
                let line = bgp::excerpt(line, 60);
                Err(format!(
                    "'{line}': expected a prefix and an AS number, as 192.0.2.0/24 AS64500"
                ))
            }
        }
    }

    fn answer(&self, snapshot: &RpkiSnapshot) -> OriginValidation {
        snapshot.vrps.validate(self.prefix, &RouteOrigin::As(self.asn))
    }

    /// `198.18.4.0/24 AS64500 invalid (length): 198.18.0.0/21 max 22 AS64500 (too long)`.
    fn line(&self, validation: &OriginValidation) -> String {
        let mut line = format!("{} {} {}", self.prefix, self.asn, validation.state().name());
        if let Some(reason) = validation.reason() {
            line = format!("{line} ({})", reason.name());
        }
        let vrps = |list: &[Vrp], label: &'static str| {
            let show = |vrp: &Vrp| {
                format!("{} max {} {} ({label})", vrp.prefix(), vrp.max_length(), vrp.asn())
            };
            list.iter().map(show).collect::<Vec<_>>()
        };
        let decided = [
            vrps(&validation.matched, "matched"),
            vrps(&validation.unmatched_length, "too long for it"),
            vrps(&validation.unmatched_as, "another AS"),
        ]
        .concat();
        if decided.is_empty() {
            return format!("{line}: no VRP covers it");
        }
        format!("{line}: {}", decided.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_either_order_and_any_separator() {
        let expected = Question { prefix: "192.0.2.0/24".parse().unwrap(), asn: Asn::new(64500) };
        for line in [
            "192.0.2.0/24 AS64500",
            "64500 192.0.2.0/24",
            "192.0.2.0/24,64500",
            "AS64500, 192.0.2.0/24",
            "192.0.2.0/24\tas64500",
            "192.0.2.0/24 => AS64500",
        ] {
            assert_eq!(Question::in_line(line).as_ref(), Ok(&expected), "{line}");
        }
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        for (line, complaint) in [
            ("x", "'x': expected a prefix and an AS number, as 192.0.2.0/24 AS64500"),
            ("a b c", "'a b c': expected a prefix and an AS number, as 192.0.2.0/24 AS64500"),
            ("192.0.2.1/24 1", "'192.0.2.1/24': host bits are set (the network is 192.0.2.0/24)"),
            (
                "192.0.2.0/24 x",
                "'x' is not an AS number (expected 0 to 4294967295, as 64500 or AS64500)",
            ),
        ] {
            assert_eq!(Question::in_line(line), Err(complaint.to_owned()));
        }
    }

    #[test]
    fn the_line_shows_every_vrp_that_decided() {
        let vrp =
            |prefix: &str, max, asn| Vrp::new(prefix.parse().unwrap(), max, Asn::new(asn)).unwrap();
        let question = Question::in_line("198.18.4.0/24 AS64500").unwrap();
        let own = vrp("198.18.0.0/21", 22, 64500);
        let other = vrp("198.18.0.0/15", 24, 64501);
        let matching = vrp("198.18.4.0/22", 24, 64500);
        let mut validation = OriginValidation::default();
        let line = |validation: &OriginValidation| question.line(validation);
        assert_eq!(line(&validation), "198.18.4.0/24 AS64500 not-found: no VRP covers it");
        validation.unmatched_as = vec![other];
        assert_eq!(
            line(&validation),
            "198.18.4.0/24 AS64500 invalid (as): 198.18.0.0/15 max 24 AS64501 (another AS)"
        );
        validation.unmatched_length = vec![own];
        assert_eq!(
            line(&validation),
            "198.18.4.0/24 AS64500 invalid (length): 198.18.0.0/21 max 22 AS64500 (too long for it), \
             198.18.0.0/15 max 24 AS64501 (another AS)"
        );
        validation.matched = vec![matching];
        assert!(
            line(&validation).starts_with(
                "198.18.4.0/24 AS64500 valid: 198.18.4.0/22 max 24 AS64500 (matched), "
            )
        );
    }
}
