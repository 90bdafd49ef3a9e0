//! What the table of the kinds of incident has columns for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ValidationState;

/// How loudly to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Notice,
    /// Look at it today.
    Warning,
    /// Wake somebody up.
    Critical,
}

/// How loudly to tell of a kind, by what RPKI and the watch say of the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Severities {
    /// In general.
    pub usual: Severity,
    /// Where RPKI entitles the origin to the route: the watch list rather than the origin may be wrong.
    pub if_valid: Severity,
    /// Where the route is [`Match::grave`](crate::Match), whatever RPKI says.
    pub if_grave: Severity,
}

impl Severities {
    /// The same of every route.
    pub const fn always(usual: Severity) -> Self {
        Severities { usual, if_valid: usual, if_grave: usual }
    }

    /// Another one where RPKI entitles the origin.
    pub const fn if_valid(self, if_valid: Severity) -> Self {
        Severities { if_valid, ..self }
    }

    /// Another one where the route is grave.
    pub const fn if_grave(self, if_grave: Severity) -> Self {
        Severities { if_grave, ..self }
    }

    /// The one of a route.
    pub const fn of(self, rov: ValidationState, grave: bool) -> Severity {
        if grave {
            return self.if_grave;
        }
        match rov {
            ValidationState::Valid => self.if_valid,
            ValidationState::Invalid | ValidationState::NotFound => self.usual,
        }
    }
}

/// What an incident of a kind is about, and so whose trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Somebody else originates our space. What one offender does of these kinds is one incident.
    Hijack,
    /// Routes around ours, or to ours by way of somebody who should not stand there.
    OthersRoutes,
    /// Routes that we announce ourselves.
    OwnRoutes,
    /// Routes that we announce ourselves, as the RPKI data judge them.
    OwnRoutesInRpki,
    /// Whether our prefixes can be reached.
    Reachability,
    /// The RPKI data themselves: VRPs and trust anchors.
    RpkiData,
    /// What tells us of routes or of RPKI data.
    DataSource,
    /// Whether people get our notifications.
    Delivery,
}

impl Area {
    /// Whether it is about routes that vantage points see, and not about what is missing or does not work.
    pub const fn is_of_routes(self) -> bool {
        match self {
            Area::Hijack | Area::OthersRoutes | Area::OwnRoutes | Area::OwnRoutesInRpki => true,
            Area::Reachability | Area::RpkiData | Area::DataSource | Area::Delivery => false,
        }
    }
}

/// All that is the same of every incident of a kind: its row in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSpec {
    /// The name in the config, in JSON, in metrics and in mail headers.
    pub name: &'static str,
    /// What it is about.
    pub area: Area,
    /// How loudly.
    pub severity: Severities,
    /// The kind in titles and subjects, without an article.
    pub title: &'static str,
    /// When it is found: the end of a sentence that begins with the kind and `fires when`.
    pub meaning: &'static str,
    /// What to do, where that does not depend on the incident: a sentence.
    pub advice: Option<&'static str>,
    /// What it usually is and what to do about it, for the documentation: some sentences.
    pub guide: &'static str,
    /// What happened, in one sentence.
    pub headline: Headline,
    /// What a draft to other networks says of them; none where nobody is accused.
    pub accusation: Option<Accusation>,
    /// What the operator can announce or create against it.
    pub remedy: Remedy,
    /// The subject of a drill, where incidents of this kind are about a subject and not about routes.
    pub drill: Option<&'static str>,
}

/// What happened, in one sentence without its end: `{who}` stands for the offenders, `{count}` for how many
/// prefixes, `{subject}` for what a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headline {
    /// While it lasts.
    pub now: &'static str,
    /// When it is over.
    pub over: &'static str,
}

impl Headline {
    /// Where the sentence is the same while it lasts and when it is over.
    pub const fn always(sentence: &'static str) -> Self {
        Headline { now: sentence, over: sentence }
    }
}

/// What a network does to us, and what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accusation {
    /// What it does: a verb, before our prefixes.
    pub what: &'static str,
    /// How, and what is asked for: the end of the sentence, and the next one.
    pub ask: &'static str,
    /// What it is asked for in a few words: `to withdraw`.
    pub request: &'static str,
}

/// What the operator can announce or create against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// More-specifics of what is announced, and the ROA of the watch where none covers it.
    WinBack,
    /// A ROA for exactly what is announced.
    RoaOfAnnounced,
    /// A ROA for what is watched.
    RoaOfWatch,
    /// Nothing of the kind.
    Nothing,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        })
    }
}
