//! The config that a proposal becomes, with comments that say why.

use std::fmt::Write as _;

use bgp::{Asn, printable};
use toml_edit::Value;

use crate::evidence::Evidence;
use crate::issue::Issue;
use crate::proposal::{AllowedOrigin, Proposal, ProposedWatch, Upstream};

/// What no table says: what the operator answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The name of the config file, for commands in comments.
    pub file: String,
    /// `[operator] name`.
    pub name: String,
    /// `[operator] site`; none: the name.
    pub site: Option<String>,
    /// `[operator] country`.
    pub country: Option<String>,
    /// `[operator] timezone`.
    pub time_zone: Option<String>,
    /// `[rpki] sources`; empty: what holds without any.
    pub vrps: Vec<VrpPlace>,
    /// `[mail]`; none: nobody is told until it is filled in.
    pub mail: Option<MailAnswers>,
    /// Whether any other neighbour than those seen is to be told.
    pub only_these_upstreams: bool,
}

/// Where VRPs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VrpPlace {
    /// An RTR cache, `host:port`, and whether it speaks TLS.
    Rtr(String, bool),
    /// A file or URL.
    Document(String),
}

/// Who is told, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailAnswers {
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// The relay, as `smtp://mail.example.net:587`.
    pub relay: String,
    /// `tls`; none: what the scheme of the relay says.
    pub tls: Option<&'static str>,
}

/// The config. Whatever the texts in it say, they stay in their place: strings are quoted, and comments are
/// one line.
pub fn config_text(proposal: &Proposal, answers: &Answers) -> String {
    let mut text = String::new();
    head(&mut text, proposal, answers);
    operator(&mut text, proposal, answers);
    for watch in &proposal.watches {
        text.push('\n');
        text.push_str(&watch_text(watch, &proposal.issues, &answers.file));
    }
    sources(&mut text, &answers.vrps);
    mail(&mut text, answers.mail.as_ref());
    text.push_str(FEED_AND_STORE);
    text
}

const FEED_AND_STORE: &str = "\n\n[[feed]]\n\
    type = \"ris-live\"                   # what the collectors of RIPE RIS see, within seconds\n\
    # rib = { rrc00 = \"latest\" }        # the table of a collector: what is wrong before the start is told too\n\
    \n[store]\npath = \"originwatch.db\"             # incidents, evidence, outbox\n\
    \n# [web]                             # the API and metrics\n# listen = \"127.0.0.1:8080\"\n";

/// Writing to memory cannot fail.
macro_rules! line {
    ($text:expr, $($words:tt)*) => {{
        let _ = writeln!($text, $($words)*);
    }};
}
pub(crate) use line;

fn head(text: &mut String, proposal: &Proposal, answers: &Answers) {
    let file = shown(&answers.file);
    let asns = proposal.asns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    line!(
        text,
        "# originwatch for {asns}, as `originwatch init` proposes it. It is yours now: change what you like."
    );
    line!(
        text,
        "# `originwatch check -c {file}` says whether you would be told; `originwatch init --update -o {file}`"
    );
    line!(text, "# adds what is new and leaves your lines alone.");
    for (source, lead) in proposal
        .sources
        .iter()
        .zip(["Known from: "].into_iter().chain(std::iter::repeat("            ")))
    {
        line!(text, "# {lead}{}", printable(source));
    }
    let mut urgent = proposal.issues.iter().filter(|issue| issue.is_urgent()).peekable();
    if urgent.peek().is_some() {
        line!(text, "#\n# Look at these first:");
    }
    for issue in urgent {
        write_issue(text, issue, answers);
    }
    let stray =
        proposal.issues.iter().filter(|issue| !issue.is_urgent() && !is_watched(proposal, issue));
    let mut stray = stray.peekable();
    if stray.peek().is_some() {
        line!(text, "#\n# Not watched:");
    }
    for issue in stray {
        write_issue(text, issue, answers);
    }
}

/// What looks wrong, and what mends it.
fn write_issue(text: &mut String, issue: &Issue, answers: &Answers) {
    line!(
        text,
        "#   {}\n#     -> {}",
        printable(&issue.to_string()),
        shown(&issue.remedy(&answers.file))
    );
}

fn is_watched(proposal: &Proposal, issue: &Issue) -> bool {
    proposal.watches.binary_search_by_key(&issue.prefix(), |watch| watch.prefix).is_ok()
}

fn operator(text: &mut String, proposal: &Proposal, answers: &Answers) {
    line!(text, "\n[operator]\nname = {}", quoted(&answers.name));
    for (key, value) in
        [("site", &answers.site), ("country", &answers.country), ("timezone", &answers.time_zone)]
    {
        match value {
            Some(value) => line!(text, "{key} = {}", quoted(value)),
            None if key == "country" => {
                line!(
                    text,
                    "# country = \"GB\"                  # notices say how many vantage points there see it"
                );
            }
            None => {}
        }
    }
    line!(text, "asns = {}", numbers(proposal.asns.iter().copied()));
    upstreams(text, proposal, answers.only_these_upstreams);
}

/// Who stands next to us: any other is told where the list is not a comment.
fn upstreams(text: &mut String, proposal: &Proposal, only_these: bool) {
    let Some(first) = proposal.upstreams.first() else {
        line!(
            text,
            "# upstreams = []                   # who may stand next to you on a path: any other is told"
        );
        return;
    };
    let mark = if only_these { "" } else { "# " };
    line!(
        text,
        "# Who stands next to you on the {} paths to your prefixes; with this list any other one is told.",
        first.of
    );
    if !only_these {
        line!(text, "# The tables may not show all of them: complete it, then remove the #.");
    }
    line!(text, "{mark}upstreams = [");
    for upstream in &proposal.upstreams {
        line!(text, "{mark}    {},  # {}", upstream.asn.number(), upstream_text(upstream));
    }
    line!(text, "{mark}]");
}

pub(crate) fn upstream_text(upstream: &Upstream) -> String {
    let share = match upstream.percent() {
        0 => "less than 1 %".to_owned(),
        percent => format!("{percent} %"),
    };
    let aspa = match upstream.in_aspa {
        None => "",
        Some(true) => ", in your ASPA",
        Some(false) => ", not in your ASPA",
    };
    format!("{share} of the paths{aspa}")
}

/// A watch, with what is wrong about its prefix above it.
pub(crate) fn watch_text(watch: &ProposedWatch, issues: &[Issue], file: &str) -> String {
    let mut text = String::new();
    let from = issues.partition_point(|issue| issue.prefix() < watch.prefix);
    let about = issues.iter().skip(from).take_while(|issue| issue.prefix() == watch.prefix);
    for issue in about {
        line!(text, "# {}\n#   -> {}", printable(&issue.to_string()), shown(&issue.remedy(file)));
    }
    line!(text, "[[watch]]\nprefix = \"{}\"", watch.prefix);
    match watch.origins.as_slice() {
        [origin] => line!(text, "origins = [{}]  # {}", origin.asn.number(), reasons(origin)),
        origins => {
            line!(text, "origins = [");
            for origin in origins {
                line!(text, "    {},  # {}", origin.asn.number(), reasons(origin));
            }
            line!(text, "]");
        }
    }
    if let Some(max_length) = watch.max_length {
        line!(
            text,
            "max_length = {max_length}  # as your ROAs allow; what you announce is not known"
        );
    }
    if !watch.description.is_empty() {
        line!(text, "description = {}", quoted(&watch.description));
    }
    aggregates(&mut text, watch);
    text
}

fn aggregates(text: &mut String, watch: &ProposedWatch) {
    if watch.aggregates.is_empty() {
        return;
    }
    line!(text, "aggregates = [  # less-specifics that others announce already");
    let mut rest = watch.aggregates.as_slice();
    while let [(first, _), ..] = rest {
        let same = rest.iter().take_while(|(route, _)| route.prefix == first.prefix).count();
        let (these, others) = rest.split_at(same);
        let who =
            these.iter().map(|(route, visibility)| format!("{} at {visibility}", route.origin));
        line!(text, "    \"{}\",  # {}", first.prefix, who.collect::<Vec<_>>().join(", "));
        rest = others;
    }
    line!(text, "]");
}

/// Why the AS is among the origins.
pub(crate) fn reasons(origin: &AllowedOrigin) -> String {
    let reasons: Vec<_> = origin.evidence.iter().map(Evidence::to_string).collect();
    printable(&reasons.join("; "))
}

/// `[rpki]` with these sources; none: a comment that says how.
pub(crate) fn sources(text: &mut String, places: &[VrpPlace]) {
    if places.is_empty() {
        text.push_str("\n\n# [rpki]\n# sources = [ { rtr = \"127.0.0.1:3323\" } ]     # your own validator is better than a public one\n");
        return;
    }
    line!(
        text,
        "\n\n[rpki]\n# The first that answers counts. Your own validator is better than a public one: {{ rtr = \"127.0.0.1:3323\" }}\nsources = ["
    );
    for place in places {
        match place {
            VrpPlace::Rtr(address, false) => line!(text, "    {{ rtr = {} }},", quoted(address)),
            VrpPlace::Rtr(address, true) => {
                line!(text, "    {{ rtr = {}, tls = true }},", quoted(address))
            }
            VrpPlace::Document(place) => line!(text, "    {{ json = {} }},", quoted(place)),
        }
    }
    line!(text, "]");
}

fn mail(text: &mut String, answers: Option<&MailAnswers>) {
    let Some(MailAnswers { from, to, relay, tls }) = answers else {
        text.push_str(
            "\n\n# Nobody is told until this is filled in (or a [[channel]]).\n# [mail]\n# from = \"originwatch@example.net\"\n\
             # to = [\"noc@example.net\"]\n# relay = \"smtp://mail.example.net:587\"\n",
        );
        return;
    };
    line!(text, "\n\n[mail]\nfrom = {}", quoted(from));
    line!(text, "to = [{}]", to.iter().map(|to| quoted(to)).collect::<Vec<_>>().join(", "));
    line!(text, "relay = {}", quoted(relay));
    match tls {
        Some(tls) => line!(text, "tls = {}", quoted(tls)),
        None => line!(
            text,
            "# username = \"originwatch\"         # with password_file, where the relay wants a login"
        ),
    }
}

/// A string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    // What is shown on one line stands on one line.
    Value::from(printable(text)).to_string().trim().to_owned()
}

fn shown(text: &str) -> String {
    printable(text)
}

pub(crate) fn numbers(asns: impl Iterator<Item = Asn>) -> String {
    let numbers: Vec<_> = asns.map(|asn| asn.number().to_string()).collect();
    format!("[{}]", numbers.join(", "))
}
