//! What a notification says, in order, before it is text or HTML: both show the same facts because both
//! are made of one page.

use bgp::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;
use validator::Severity;

/// One notification.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Page {
    /// What must be read before anything else: that the notification is late.
    pub(crate) lead: Vec<String>,
    pub(crate) title: String,
    pub(crate) badge: Badge,
    pub(crate) sections: Vec<Section>,
}

/// How serious it is and where it stands, for the eye: the words stand elsewhere on the page too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Badge {
    pub(crate) severity: Severity,
    pub(crate) over: bool,
    pub(crate) status: String,
}

/// Blocks that belong together, with a blank line in front.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Section {
    pub(crate) heading: Option<String>,
    pub(crate) blocks: Vec<Block>,
}

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Block {
    Paragraph(String),
    Points(Vec<String>),
    Prefixes(Vec<PrefixRow>),
    /// What is left out, and where it stands.
    More(String),
    Answers(Vec<Answer>),
    Incidents(Vec<IncidentRow>),
    /// A text to be sent on.
    Draft(Vec<String>),
    Evidence(Vec<EvidenceRow>),
    /// For the eye alone: its facts stand in the answers.
    Timeline(Vec<Span>),
}

/// One prefix: what was announced, what is wrong with it, what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PrefixRow {
    pub(crate) announced: String,
    pub(crate) verdict: String,
    pub(crate) description: String,
}

/// A question that a NOC asks, and the answer; without a label it goes on with the last question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Answer {
    pub(crate) label: &'static str,
    pub(crate) text: String,
}

/// One incident of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct IncidentRow {
    pub(crate) status: String,
    pub(crate) what: String,
    pub(crate) details: Vec<String>,
}

/// Who saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct EvidenceRow {
    pub(crate) time: String,
    /// Who tells us, which AS, where, under which address; empty where not known.
    pub(crate) vantage: [String; 4],
    pub(crate) prefix: String,
    pub(crate) path: String,
}

/// A part of the life of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    /// Somebody held the route.
    pub(crate) held: bool,
    /// Its share of the whole.
    pub(crate) percent: u64,
}

impl Page {
    pub(crate) fn new(title: String, badge: Badge) -> Self {
        Page { lead: Vec::new(), title, badge, sections: Vec::new() }
    }

    /// Adds a section, if there is anything in it.
    pub(crate) fn section(&mut self, heading: Option<&str>, blocks: Vec<Block>) {
        if !blocks.is_empty() {
            self.sections.push(Section { heading: heading.map(str::to_owned), blocks });
        }
    }
}

/// `2014-04-02 19:26:05 BST (18:26:05 UTC)`; once where the zone is UTC.
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    let utc = at.to_jiff();
    let local = utc.to_zoned(zone.clone());
    if local.offset() == Offset::UTC {
        return utc.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    }
    let day = if local.date() == utc.to_zoned(TimeZone::UTC).date() { "" } else { "%Y-%m-%d " };
    let utc = utc.strftime(&format!("{day}%H:%M:%S UTC")).to_string();
    format!("{} ({utc})", local.strftime("%Y-%m-%d %H:%M:%S %Z"))
}
