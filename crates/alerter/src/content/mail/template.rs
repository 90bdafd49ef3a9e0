use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use bgp::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use validator::IncidentKind;

use super::sample;
use crate::content::page::moment;
use crate::notification::Content;
use crate::summary::Cause;
use incidents::printable;

/// The operator's own words for subjects, texts and HTML, in place of ours.
///
/// A template is named after the kind of incident or the cause of a summary, or `notice` or
/// `summary` for all that have none of their own, and after the part: `origin-hijack.subject`,
/// `notice.text`, `storm.html`. What begins with `_` is there to be included. Each was rendered with a
/// sample of each notification that it is for before it is used for the first time.
#[derive(Clone, Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

/// A part of a mail that can have a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Subject,
    Text,
    Html,
}

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// The name of its file.
    pub file: String,
    /// The line, if it is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

/// A notification has a few hundred values; a loop over all of them, some dozen times over.
const FUEL: u64 = 500_000;
const RECURSION: usize = 50;
/// Relays take ten megabytes and people read a page.
const LARGEST: usize = 512 * 1024;
/// More than any mail program shows.
const LONGEST_SUBJECT: usize = 300;

const PARTS: [Part; 3] = [Part::Subject, Part::Text, Part::Html];

impl Templates {
    /// Compiles templates, by the names of their files, and tries each on samples. All that is
    /// wrong is told at once.
    pub fn new(
        files: &BTreeMap<String, String>,
        zone: &TimeZone,
    ) -> Result<Self, Vec<TemplateFault>> {
        let mut faults: Vec<TemplateFault> =
            files.keys().filter_map(|name| misnamed(name)).collect();
        // What a notification may lack is empty when it counts; in a sample, which lacks nothing, what is
        // not there is a slip.
        let mut strict = environment(UndefinedBehavior::SemiStrict, zone);
        let mut environment = environment(UndefinedBehavior::Chainable, zone);
        for (name, text) in files {
            let added = strict.add_template_owned(name.clone(), text.clone());
            let added =
                added.and_then(|()| environment.add_template_owned(name.clone(), text.clone()));
            faults.extend(added.err().map(|error| TemplateFault::of(name, &error)));
        }
        if faults.is_empty() {
            let (strict, templates) =
                (Templates { environment: strict }, Templates { environment });
            faults = strict.tried(zone);
            if faults.is_empty() {
                return Ok(templates);
            }
        }
        Err(faults)
    }

    /// What the template for this part of a notification says; nothing where there is none.
    pub(super) fn render(
        &self,
        content: &Content,
        part: Part,
        context: &Value,
    ) -> Option<Result<String, TemplateFault>> {
        let stems = stems(content);
        let names = stems.iter().map(|stem| format!("{stem}.{}", part.name()));
        let template =
            names.into_iter().find_map(|name| self.environment.get_template(&name).ok())?;
        let mut out = Limited(Vec::new());
        let rendered = template.render_captured_to(context.clone(), &mut out);
        let rendered = rendered.map_err(|error| TemplateFault::of(template.name(), &error));
        let text = String::from_utf8_lossy(&out.0).into_owned();
        Some(rendered.and_then(|_| {
            part.cleaned(&text).map_err(|reason| TemplateFault {
                file: template.name().to_owned(),
                line: None,
                reason: reason.to_owned(),
            })
        }))
    }

    /// What goes wrong with the samples, each fault once.
    fn tried(&self, zone: &TimeZone) -> Vec<TemplateFault> {
        let mut faults = Vec::new();
        for content in sample::all() {
            let context = sample::context(&content, zone);
            for part in PARTS {
                if let Some(Err(fault)) = self.render(&content, part, &context)
                    && !faults.contains(&fault)
                {
                    faults.push(fault);
                }
            }
        }
        faults
    }
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Part::Subject => "subject",
            Part::Text => "text",
            Part::Html => "html",
        }
    }

    /// What comes out is as safe as what we write, whatever a template does.
    fn cleaned(self, text: &str) -> Result<String, &'static str> {
        let lines = text.lines().map(|line| printable(line).trim_end().to_owned());
        match self {
            Part::Subject => {
                let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let subject: String = printable(&words).chars().take(LONGEST_SUBJECT).collect();
                Some(subject).filter(|subject| !subject.is_empty()).ok_or("says nothing")
            }
            Part::Text | Part::Html => {
                let text = lines.collect::<Vec<_>>().join("\n");
                let says = !text.trim().is_empty();
                says.then(|| format!("{}\n", text.trim_end())).ok_or("says nothing")
            }
        }
    }
}

impl TemplateFault {
    fn of(file: &str, error: &Error) -> Self {
        let mut reason = error.kind().to_string();
        if let Some(detail) = error.detail() {
            reason = format!("{reason}: {detail}");
        }
        let file = error.name().unwrap_or(file).to_owned();
        TemplateFault { file, line: error.line(), reason: printable(&reason) }
    }
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

impl std::error::Error for TemplateFault {}

/// What the templates for a notification are named after, the closest first.
fn stems(content: &Content) -> [&'static str; 2] {
    match content {
        Content::Notice(notice) => [notice.kind.name(), "notice"],
        Content::Summary(summary) => [summary.cause.name(), "summary"],
    }
}

fn misnamed(name: &str) -> Option<TemplateFault> {
    let fault = |reason: &str| {
        Some(TemplateFault { file: name.to_owned(), line: None, reason: reason.to_owned() })
    };
    let (stem, part) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_kind = IncidentKind::ALL.iter().any(|kind| kind.name() == stem);
    let is_notification =
        is_kind || stem == "notice" || stem == "summary" || Cause::NAMES.contains(&stem);
    if stem.starts_with('_') {
        return None;
    }
    match (is_notification, PARTS.iter().any(|one| one.name() == part)) {
        (true, true) => None,
        (true, false) => fault("ends in no part of a mail (expected .subject, .text or .html)"),
        (false, _) => fault(
            "is named after no notification (expected a kind of incident, notice, storm, ceiling, \
             maintenance, daily, drill or summary, or _ in front if it is to be included)",
        ),
    }
}

fn environment(undefined: UndefinedBehavior, zone: &TimeZone) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(undefined);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    let zone = zone.clone();
    environment.add_filter("moment", move |time: String| match time.parse::<Timestamp>() {
        Ok(at) => Ok(moment(at, &zone)),
        Err(_) => Err(Error::new(ErrorKind::InvalidOperation, "moment expects a time")),
    });
    environment
}

/// A sink that does not grow without end.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            return Err(io::Error::other("too much text"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn templates(files: &[(&str, &str)]) -> Result<Templates, Vec<String>> {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let templates = Templates::new(&files.collect(), &TimeZone::UTC);
        templates.map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (name, text, expected) in [
            ("origin-hijak.text", "x", "origin-hijak.text: is named after no notification"),
            ("notice.txt", "x", "notice.txt: ends in no part of a mail"),
            ("notice.text", "a\n{{ notice.kind", "notice.text:2: syntax error"),
            ("notice.text", "a\n\n{{ notice.knid }}", "notice.text:3: undefined value"),
            ("notice.text", "{% include 'gone' %}", "notice.text:1: template not found"),
            ("notice.text", "{{ title|moment }}", "notice.text:1: invalid operation"),
            ("notice.subject", "  ", "notice.subject: says nothing"),
            (
                "notice.text",
                "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
                "notice.text:1: engine ran out of fuel",
            ),
            ("notice.text", "{% include 'notice.text' %}", "notice.text:1: "),
        ] {
            let faults = templates(&[(name, text)]).unwrap_err();
            assert!(faults[0].starts_with(expected), "{name}: {faults:?}");
        }
    }

    #[test]
    fn the_closest_template_speaks_and_escapes_what_is_html() {
        let templates = templates(&[
            ("notice.subject", "{{ notice.site }}\r\nBcc: {{ notice.incident }}"),
            ("origin-hijack.html", "<b>{{ notice.details[0] }}</b>{% include '_foot.html' %}"),
            ("_foot.html", "<i>{{ notice.at|moment }}</i>"),
            ("storm.text", "{{ summary.rows|length }} of {{ summary.row_count }}"),
        ]);
        let templates = templates.unwrap();
        let mut samples = sample::all();
        if let Some(Content::Notice(notice)) = samples.first_mut() {
            notice.details = vec!["<script>\u{202e}".to_owned()];
        }
        let say = |content: &Content, part| {
            let context = sample::context(content, &TimeZone::UTC);
            templates.render(content, part, &context).map(Result::unwrap)
        };
        let (first, storm) = (&samples[0], &samples[IncidentKind::ALL.len()]);
        let subject = "LON01 Bcc: OW-20140402-AS4761-6f3a".to_owned();
        assert_eq!(say(first, Part::Subject), Some(subject));
        let html = "<b>&lt;script&gt;</b><i>2014-04-02 18:41:41 UTC</i>\n".to_owned();
        assert_eq!(say(first, Part::Html), Some(html));
        assert_eq!(say(first, Part::Text), None);
        assert_eq!(say(&samples[1], Part::Html), None);
        assert_eq!(say(storm, Part::Text), Some("1 of 1\n".to_owned()));
    }
}
