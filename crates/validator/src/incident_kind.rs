//! The kinds of incident: one table, with a row for each.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ValidationState;
use crate::kind_spec::{Accusation, Area, Headline, KindSpec, Remedy, Severities, Severity};

/// The enum, the list of its variants and the table, out of one list: no variant is without a row.
macro_rules! incident_kinds {
    ($($(#[$doc:meta])* $kind:ident => $spec:expr,)+) => {
        /// What kind of trouble a finding is; the names are those of the notices and of the config.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum IncidentKind {
            $($(#[$doc])* $kind,)+
        }

        impl IncidentKind {
            /// Every kind, in the order of the enum.
            pub const ALL: [IncidentKind; [$(IncidentKind::$kind),+].len()] =
                [$(IncidentKind::$kind),+];

            /// The row of this kind.
            pub const fn spec(self) -> KindSpec {
                match self {
                    $(IncidentKind::$kind => $spec,)+
                }
            }
        }
    };
}

/// Of whoever originates what is ours.
const ORIGINATES: Accusation = Accusation {
    what: "originates",
    ask: "without our consent. Please withdraw it now.",
    request: "to withdraw",
};

incident_kinds! {
    /// Exactly a watched prefix, origin not allowed.
    OriginHijack => KindSpec {
        name: "origin-hijack",
        area: Area::Hijack,
        severity: Severities::always(Severity::Critical).if_valid(Severity::Notice),
        title: "origin hijack",
        meaning: "exactly a watched prefix has an origin that is not allowed",
        advice: None,
        guide: "Ask the offender to withdraw and the networks that accepted it to filter: the \
            notice has a draft for each. Announce more-specifics of what is hijacked while it \
            lasts, where they are no longer than /24 (IPv6: /48). Create the ROA where none \
            covers the prefix. If RPKI entitles the origin (a scrubber, anycast, a customer), \
            list it in `origins` of the watch.",
        headline: Headline {
            now: "{who} originates {count} of our address space",
            over: "{who} originated {count} of our address space",
        },
        accusation: Some(ORIGINATES),
        remedy: Remedy::WinBack,
        drill: None,
    },
    /// More specific than a watched prefix, origin not allowed.
    SubPrefixHijack => KindSpec {
        name: "sub-prefix-hijack",
        area: Area::Hijack,
        severity: Severities::always(Severity::Critical).if_valid(Severity::Notice),
        title: "sub-prefix hijack",
        meaning: "something more specific than a watched prefix has an origin that is not allowed",
        advice: None,
        guide: "As for an origin hijack, but at once: a more-specific takes all the traffic of \
            whoever sees it, whatever else is announced.",
        headline: Headline {
            now: "{who} originates {count} of our address space",
            over: "{who} originated {count} of our address space",
        },
        accusation: Some(ORIGINATES),
        remedy: Remedy::WinBack,
        drill: None,
    },
    /// Inside a watch that nobody may announce.
    Squatting => KindSpec {
        name: "squatting",
        area: Area::Hijack,
        severity: Severities::always(Severity::Critical),
        title: "squatting",
        meaning: "something is announced inside a watch with announced = false",
        advice: None,
        guide: "Ask the offender to withdraw and the networks that accepted it to filter. If the \
            space is in use after all, take `announced = false` out of the watch.",
        headline: Headline {
            now: "{who} originates {count} of ours that nobody may announce",
            over: "{who} originated {count} of ours that nobody may announce",
        },
        accusation: Some(ORIGINATES),
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// Less specific, covering a watched prefix, origin not allowed, not a known aggregate.
    SuperPrefix => KindSpec {
        name: "super-prefix",
        area: Area::OthersRoutes,
        severity: Severities::always(Severity::Notice),
        title: "super-prefix",
        meaning: "something less specific covers a watched prefix, by an origin that is not allowed \
            and as no known aggregate",
        advice: Some("If this aggregate is rightful, list it under `aggregates` of the watch."),
        guide: "Traffic follows our own, more specific routes while they stand, so look whether \
            they do: the notice becomes a warning where one was lost. If the aggregate is \
            rightful, list it under `aggregates` of the watch.",
        headline: Headline {
            now: "{who} originates {count} covering what is ours",
            over: "{who} originated {count} covering what is ours",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// Allowed origin, longer than the watch's longest.
    NewMoreSpecific => KindSpec {
        name: "new-more-specific",
        area: Area::OwnRoutes,
        severity: Severities::always(Severity::Warning).if_valid(Severity::Notice),
        title: "new more-specific",
        meaning: "an allowed origin announces something longer than max_length",
        advice: Some("If it is meant, raise `max_length` of the watch; else find out who leaks it."),
        guide: "If it is meant (traffic engineering, a scrubber), raise `max_length` of the watch. \
            Else find out which router of ours leaks it, or who forges our origin.",
        headline: Headline {
            now: "{who} originates {count} more specific than the watch list allows",
            over: "{who} originated {count} more specific than the watch list allows",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// Our AS originates something outside every watch.
    OwnAsNewPrefix => KindSpec {
        name: "own-as-new-prefix",
        area: Area::OwnRoutes,
        severity: Severities::always(Severity::Warning),
        title: "new prefix of our own AS",
        meaning: "an AS of ours originates something outside every watch",
        advice: Some("If it is meant, add a watch for it; else withdraw it: it may be a leak of ours."),
        guide: "If it is meant, add a watch for it. Else withdraw it: it may be a leak or a typing \
            error of ours.",
        headline: Headline {
            now: "our own {who} originates {count} outside every watch",
            over: "our own {who} originated {count} outside every watch",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// Our own network lets out what a private AS behind it announces.
    UnexpectedDownstream => KindSpec {
        name: "unexpected-downstream",
        area: Area::OwnRoutes,
        severity: Severities::always(Severity::Warning),
        title: "unexpected downstream",
        meaning: "what is watched has a private AS as its origin, and an AS of ours stands in front of it",
        advice: Some("Filter it at our own border, or strip private ASNs there: a private AS behind us announces it."),
        guide: "Our own network let it out: a customer with a private AS, or a part of our own, announces \
            it, and the border does not strip private ASNs (`remove-private-as`). As long as it lasts \
            networks that validate drop the route, as no ROA can allow a private AS.",
        headline: Headline {
            now: "our own {who} passes on {count} of ours that a private AS behind it originates",
            over: "our own {who} passed on {count} of ours that a private AS behind it originated",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// An upstream of ours drops traffic to a part of a watch, with BLACKHOLE (RFC 7999).
    Blackhole => KindSpec {
        name: "blackhole",
        area: Area::OwnRoutes,
        severity: Severities::always(Severity::Notice),
        title: "blackhole",
        meaning: "an upstream of ours originates a part of what is watched that is too long to be routed, \
            with BLACKHOLE (RFC 7999)",
        advice: Some("If nobody of us asked for it, ask the upstream why it drops this traffic."),
        guide: "The upstream drops all traffic to these addresses, as one asks for against a flood. It should \
            not pass the route on, and it ends when the request is taken back.",
        headline: Headline {
            now: "our upstream {who} drops the traffic to {count} of ours (BLACKHOLE, RFC 7999)",
            over: "our upstream {who} dropped the traffic to {count} of ours (BLACKHOLE, RFC 7999)",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// Our own, expected announcement is RPKI-invalid.
    RpkiInvalid => KindSpec {
        name: "rpki-invalid",
        area: Area::OwnRoutesInRpki,
        severity: Severities::always(Severity::Critical),
        title: "RPKI-invalid",
        meaning: "our own, expected announcement is RPKI-invalid",
        advice: None,
        guide: "Networks that validate drop the route now. Create or correct the ROA that the \
            notice names, or withdraw the announcement that it does not allow.",
        headline: Headline {
            now: "networks that validate drop {count} of our own {who} as RPKI-invalid",
            over: "networks that validate dropped {count} of our own {who} as RPKI-invalid",
        },
        accusation: None,
        remedy: Remedy::RoaOfAnnounced,
        drill: None,
    },
    /// Our own announcement lost its ROA, or lacks the one that the watch requires.
    RpkiUncovered => KindSpec {
        name: "rpki-uncovered",
        area: Area::OwnRoutesInRpki,
        severity: Severities::always(Severity::Warning),
        title: "ROA missing",
        meaning: "our own announcement lost the VRP that covered it, or lacks the one that the watch \
            requires",
        advice: None,
        guide: "Create the ROA that the notice names. If a ROA was there yesterday, find out who \
            revoked it or let it expire.",
        headline: Headline {
            now: "no ROA covers {count} that our own {who} announces",
            over: "no ROA covers {count} that our own {who} announced",
        },
        accusation: None,
        remedy: Remedy::RoaOfWatch,
        drill: None,
    },
    /// Allowed origin, but the AS next to it is not one of our upstreams: a forged origin, or a
    /// new upstream.
    FirstHop => KindSpec {
        name: "first-hop",
        area: Area::OthersRoutes,
        severity: Severities::always(Severity::Warning).if_grave(Severity::Critical),
        title: "unexpected upstream",
        meaning: "the origin is allowed, but the AS next to it is none of our upstreams",
        advice: Some("If it is an upstream of ours, say so: `originwatch incidents accept`, or `upstreams` in the config."),
        guide: "If the AS is a new upstream of ours, accept it (`originwatch incidents accept`, or a reply \
            `ACCEPT`) or add it to `upstreams`. Else our origin is forged: ask that AS where it learns the route.",
        headline: Headline {
            now: "{who} stands next to our AS on the way to {count} of ours and is no upstream of \
                ours: a forged origin, or an upstream that the config does not name",
            over: "{who} stood next to our AS on the way to {count} of ours and is no upstream of \
                ours: a forged origin, or an upstream that the config does not name",
        },
        accusation: Some(Accusation {
            what: "passes on",
            ask: "as if our network were its neighbour, which it is not. Please find out where you learn the \
                route, and filter it.",
            request: "where it learns the route",
        }),
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// The path is one that no route may take: ASPA says so, or OTC (RFC 9234).
    RouteLeak => KindSpec {
        name: "route-leak",
        area: Area::OthersRoutes,
        severity: Severities::always(Severity::Warning),
        title: "route leak",
        meaning: "the path is one that ASPA or OTC (RFC 9234) forbids",
        advice: Some("If the path is rightful, the ASPA of a customer on it lacks a provider: look whether it is ours."),
        guide: "Ask the leaking AS to filter. If the path is rightful, the ASPA of the customer \
            lacks a provider.",
        headline: Headline {
            now: "{who} leaks {count} of ours on a path that ASPA or OTC (RFC 9234) forbids",
            over: "{who} leaked {count} of ours on a path that ASPA or OTC (RFC 9234) forbids",
        },
        accusation: Some(Accusation {
            what: "passes on",
            ask: "to networks that must not get it from you: a route leak (RFC 7908). Please filter it.",
            request: "to filter it",
        }),
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// Too few of the vantage points that had a route to a prefix of ours still have one.
    VisibilityLoss => KindSpec {
        name: "visibility-loss",
        area: Area::Reachability,
        severity: Severities::always(Severity::Critical),
        title: "visibility loss",
        meaning: "fewer of the vantage points that had a route to a watched prefix still have one than \
            its `visibility` asks for",
        advice: Some("Look whether our own routers still announce it and our upstreams still take it."),
        guide: "Look whether our own routers still announce the prefix and whether our upstreams \
            still take it; then at filters, at dampening and at the RPKI state of the prefix.",
        headline: Headline {
            now: "many of those who had a route to {subject} have none any more",
            over: "many of those who had a route to {subject} had none any more",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: None,
    },
    /// The VRPs of our prefixes or ASes changed.
    RoaChange => KindSpec {
        name: "roa-change",
        area: Area::RpkiData,
        severity: Severities::always(Severity::Notice),
        title: "ROA change",
        meaning: "the VRPs of our prefixes or ASNs changed",
        advice: Some("If the change is not ours, find out who made it."),
        guide: "Nothing, if the change is ours. Else find out who made it, and what it makes of our \
            routes.",
        headline: Headline::always("ROAs that matter to us changed"),
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("198.18.0.0/21"),
    },
    /// A VRP of ours will expire.
    RoaExpiry => KindSpec {
        name: "roa-expiry",
        area: Area::RpkiData,
        severity: Severities::always(Severity::Warning),
        title: "ROA expiry",
        meaning: "a VRP of ours will expire",
        advice: Some("Renew the ROA, or find out why the certificate authority does not."),
        guide: "Renew the ROA, or find out why the certificate authority does not.",
        headline: Headline::always("ROAs of ours expire soon: {subject}"),
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("198.18.0.0/21"),
    },
    /// The VRPs of a trust anchor collapsed in number.
    TaMalfunction => KindSpec {
        name: "ta-malfunction",
        area: Area::RpkiData,
        severity: Severities::always(Severity::Warning),
        title: "trust anchor malfunction",
        meaning: "the VRPs of a trust anchor collapsed in number",
        advice: Some("Look whether other validators see the same."),
        guide: "Look whether other validators see the same. The last complete set stays in force \
            until the loss has lasted for `[rpki] collapse_after`.",
        headline: Headline::always("the VRPs of the trust anchor {subject} collapsed in number"),
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("ripe"),
    },
    /// The RPKI data is older than it should be: verdicts may be outdated.
    RpkiStale => KindSpec {
        name: "rpki-stale",
        area: Area::DataSource,
        severity: Severities::always(Severity::Warning),
        title: "RPKI data stale",
        meaning: "the RPKI data is older than [rpki] stale_after",
        advice: Some("Verdicts are the last known ones: look at the validator."),
        guide: "Verdicts are the last known ones: look at the validator.",
        headline: Headline {
            now: "the RPKI data of {subject} is older than it should be",
            over: "the RPKI data of {subject} was older than it should be",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("rpki"),
    },
    /// A feed has brought nothing for longer than its rhythm allows.
    FeedSilent => KindSpec {
        name: "feed-silent",
        area: Area::DataSource,
        severity: Severities::always(Severity::Warning),
        title: "feed silent",
        meaning: "a feed has brought nothing for silent_after",
        advice: Some("Find out why: what it shows is not monitored until it is back."),
        guide: "Find out why: what the feed shows is not monitored until it is back.",
        headline: Headline {
            now: "the feed {subject} is silent, and what it shows is unseen",
            over: "the feed {subject} was silent, and what it shows was unseen",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("rrc00"),
    },
    /// A router of ours no longer tells us its routes.
    RouterDown => KindSpec {
        name: "router-down",
        area: Area::DataSource,
        severity: Severities::always(Severity::Warning),
        title: "router down",
        meaning: "a router of ours no longer tells us its routes",
        advice: Some("Find out why: what it shows is not monitored until it is back."),
        guide: "Find out why: what the router shows is not monitored until it is back.",
        headline: Headline {
            now: "the router {subject} is not telling us its routes",
            over: "the router {subject} was not telling us its routes",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("edge1"),
    },
    /// Notices do not reach where they should.
    DeliveryFailing => KindSpec {
        name: "delivery-failing",
        area: Area::Delivery,
        severity: Severities::always(Severity::Warning),
        title: "delivery failing",
        meaning: "notices do not reach where they should",
        advice: Some("Look at the relay or the receiver; what could not be delivered waits (`originwatch mail queue`)."),
        guide: "Look at the relay or the receiver that the notice names; what could not be \
            delivered waits in the queue (`originwatch mail queue`).",
        headline: Headline {
            now: "delivery to {subject} is failing",
            over: "delivery to {subject} was failing",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("noc@example.net"),
    },
    /// The store cannot be written, or is another one than before.
    StoreFailing => KindSpec {
        name: "store-failing",
        area: Area::Delivery,
        severity: Severities::always(Severity::Warning),
        title: "store failing",
        meaning: "the store cannot be written, or another one took its place",
        advice: Some(
            "Look at its disk. Notifications go out from memory meanwhile; what is not stored is lost \
                if this monitor ends.",
        ),
        guide: "Look at the disk of `[store] path`: whether it is full, read-only or gone. Nothing has to \
            be restarted; what went out from memory comes again with the same Message-ID once the store \
            can be written.",
        headline: Headline {
            now: "the {subject} does not work as it should",
            over: "the {subject} did not work as it should",
        },
        accusation: None,
        remedy: Remedy::Nothing,
        drill: Some("store"),
    },
}

impl IncidentKind {
    /// How loudly, given what RPKI says of the route: a valid route is somebody's right, so the
    /// watch list rather than the origin may be wrong. `grave` is [`Match::grave`](crate::Match).
    pub const fn severity(self, rov: ValidationState, grave: bool) -> Severity {
        self.spec().severity.of(rov, grave)
    }

    /// Whether another origin announces what is ours, as if it were the holder.
    pub const fn is_hijack(self) -> bool {
        matches!(self.spec().remedy, Remedy::WinBack)
    }

    /// Whether it happens rather than lasts: told once, and never over.
    pub const fn is_event(self) -> bool {
        matches!(self, IncidentKind::RoaChange)
    }

    /// The name as in the config and in JSON.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }
}

impl fmt::Display for IncidentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_the_table_is_the_one_in_json() {
        for kind in IncidentKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn what_is_about_a_subject_has_one_for_drills() {
        for KindSpec { area, drill, name, .. } in IncidentKind::ALL.map(IncidentKind::spec) {
            let by_subject = matches!(area, Area::RpkiData | Area::DataSource | Area::Delivery);
            assert_eq!(drill.is_some(), by_subject, "{name}");
        }
    }

    #[test]
    fn the_sentences_ask_for_nothing_that_a_notice_does_not_have() {
        for KindSpec { headline, name, .. } in IncidentKind::ALL.map(IncidentKind::spec) {
            for sentence in [headline.now, headline.over] {
                let mut asked = sentence.split('{').skip(1).map(|rest| rest.split_once('}'));
                let is_known = |asked: Option<(&str, &str)>| {
                    asked.is_some_and(|(asked, _)| ["who", "count", "subject"].contains(&asked))
                };
                assert!(asked.all(is_known), "{name}: {sentence}");
            }
        }
    }
}
