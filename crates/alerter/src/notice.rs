use std::ops::{Deref, DerefMut};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::annotations::Annotations;
use crate::content::title;
use crate::dispatch_note::DispatchNote;
use incidents::{IncidentSummary, Notice, printable};

/// Whose incidents are told: what stands in front of every title.
#[derive(Clone, Debug)]
pub struct Operator {
    pub(crate) site: String,
    pub(crate) name: String,
    pub(crate) time_zone: TimeZone,
}

/// A notice as it is told: with a title, what people said about the incident, and why it comes when
/// it comes.
///
/// Serializes to the object of the webhook, the API and `replay --format json`. Fields are only
/// ever added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnnotatedNotice {
    /// What the engine says. Its fields can be read as if they were those of this type.
    #[serde(flatten)]
    pub notice: Notice,
    /// What people have said about it.
    #[serde(rename = "marks", default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
    /// Why it comes when it comes, where the incident itself does not explain that.
    #[serde(rename = "remarks", default, skip_serializing_if = "Vec::is_empty")]
    pub dispatch_notes: Vec<DispatchNote>,
    /// The same for every repetition of this notice.
    pub message_id: String,
    /// `LON01 - BGP origin hijack - 19:26 - 02/04/2014 - OPEN`, in the operator's time zone.
    pub title: String,
    /// The site.
    pub site: String,
    /// The operator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operator: String,
}

/// An incident in one line, with what people said about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnotatedIncident {
    /// What the engine says. Its fields can be read as if they were those of this type.
    #[serde(flatten)]
    pub summary: IncidentSummary,
    /// What people have said about it.
    #[serde(rename = "marks", default, skip_serializing_if = "Annotations::is_empty")]
    pub annotations: Annotations,
}

impl Default for Operator {
    /// What the config has where it is silent.
    fn default() -> Self {
        let (site, name) = ("originwatch".to_owned(), String::new());
        Operator { site, name, time_zone: TimeZone::UTC }
    }
}

impl Operator {
    /// An operator with the short name of a site, which stands in front of every subject (`LON01`), a
    /// name, which is empty if not known, and a time zone, beside UTC.
    pub fn new(site: &str, name: &str, time_zone: TimeZone) -> Self {
        Operator { site: printable(site), name: printable(name), time_zone }
    }

    /// The short name of the site, which stands in front of every subject.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The operator's time zone.
    pub const fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }
}

impl AnnotatedNotice {
    /// A notice of which nobody has said anything yet.
    pub fn new(notice: Notice, operator: &Operator) -> Self {
        AnnotatedNotice {
            annotations: Annotations::default(),
            dispatch_notes: Vec::new(),
            message_id: notice.incident.message_id(notice.sequence),
            title: title::of_notice(&notice, &operator.site, &operator.time_zone),
            site: operator.site.clone(),
            operator: operator.name.clone(),
            notice,
        }
    }

    /// The title again, after something changed that stands in it.
    pub(crate) fn retitle(&mut self, zone: &TimeZone) {
        self.title = title::of_notice(&self.notice, &self.site, zone);
    }
}

impl Deref for AnnotatedNotice {
    type Target = Notice;

    fn deref(&self) -> &Notice {
        &self.notice
    }
}

impl DerefMut for AnnotatedNotice {
    fn deref_mut(&mut self) -> &mut Notice {
        &mut self.notice
    }
}

impl Deref for AnnotatedIncident {
    type Target = IncidentSummary;

    fn deref(&self) -> &IncidentSummary {
        &self.summary
    }
}
