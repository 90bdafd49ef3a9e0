//! Every key of the config, and what holds where it is not written.
//!
//! The readers of the sections know it too; that both say the same is a test.

/// A section of the config.
#[derive(Clone, Copy, Debug)]
pub(super) struct SectionSpec {
    /// As it is written, `[incident]` or `[[watch]]`.
    pub(super) name: &'static str,
    /// What holds where the section is not written.
    pub(super) absent: Absent,
    /// Its keys, in the order of the shipped config.
    pub(super) keys: &'static [(&'static str, KeyDefault)],
}

/// What holds where a section is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// The defaults of its keys.
    Defaults,
    /// This.
    Holds(&'static str),
}

/// What holds where a key is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyDefault {
    /// It must be written.
    Required,
    /// This value, as it would be written.
    Value(&'static str),
    /// What follows from something else.
    Holds(&'static str),
}

use Absent::Defaults;
use KeyDefault::{Holds, Required, Value};

const NOTHING: KeyDefault = Holds("none");

/// All of them, in the order of the shipped config.
pub(super) const SECTIONS: &[SectionSpec] = &[
    SectionSpec {
        name: "[operator]",
        absent: Defaults,
        keys: &[
            ("name", Required),
            ("site", Holds("the name")),
            ("asns", Required),
            ("country", NOTHING),
            ("timezone", Value("\"UTC\"")),
            ("upstreams", Value("[]")),
            ("customers", Value("[]")),
        ],
    },
    SectionSpec {
        name: "[[watch]]",
        absent: Absent::Holds("the prefixes of the VRPs of operator.asns"),
        keys: &[
            ("prefix", Required),
            ("origins", Holds("operator.asns")),
            ("max_length", Holds("the length of the prefix")),
            ("description", NOTHING),
            ("announced", Value("true")),
            ("min_vantage_ases", Holds("incident.min_vantage_ases")),
            ("upstreams", Holds("operator.upstreams")),
            ("visibility", Value("50")),
            ("roa_required", Value("false")),
            ("aggregates", Value("[]")),
        ],
    },
    SectionSpec {
        name: "[rpki]",
        absent: Defaults,
        keys: &[
            ("sources", Value("[]")),
            ("policy", Value("\"first\"")),
            ("slurm", Value("[]")),
            ("stale_after", Value("\"2h\"")),
            ("collapse_percent", Value("25")),
            ("collapse_after", Value("\"30m\"")),
            ("broken_after", Value("\"10m\"")),
        ],
    },
    SectionSpec {
        name: "[incident]",
        absent: Defaults,
        keys: &[
            ("min_vantage_ases", Value("2")),
            ("open_after", Value("\"5s\"")),
            ("resolve_after", Value("\"15m\"")),
            ("reopen_within", Value("\"7d\"")),
            ("update_every", Value("\"15m\"")),
            ("visibility_after", Value("\"2m\"")),
            ("visibility_vantage_points", Value("10")),
            ("forget_after", Value("\"24h\"")),
        ],
    },
    SectionSpec {
        name: "[[feed]]",
        absent: Absent::Holds("one of type = \"ris-live\""),
        keys: &[
            ("type", Required),
            ("url", Value("\"wss://ris-live.ripe.net/v1/ws/\"")),
            ("mode", Value("\"watched\"")),
            ("rib", NOTHING),
            ("listen", Required),
            ("routers", Required),
            ("vrfs", Value("[]")),
            ("path", Required),
            ("min_vantage_ases", Holds("incident.min_vantage_ases; of bmp 1")),
            ("silent_after", Holds("\"5m\" of ris-live; never of others")),
        ],
    },
    SectionSpec {
        name: "[archive]",
        absent: Defaults,
        keys: &[
            ("broker", Value("\"https://api.bgpkit.com/v3/broker\"")),
            ("cache", Holds("originwatch in the cache folder of the user")),
            ("cache_size", Value("10240")),
        ],
    },
    SectionSpec {
        name: "[mail]",
        absent: Absent::Holds("no mail"),
        keys: &[
            ("from", Required),
            ("to", Required),
            ("relay", Holds("\"smtp://localhost:25\" with tls = \"none\"")),
            ("tls", Holds("\"implicit\" with smtps://, else \"starttls\"")),
            ("username", NOTHING),
            ("password_file", NOTHING),
            ("helo", Holds("the domain of `from`")),
            ("ca_file", NOTHING),
            ("failover", Value("[]")),
            ("failover_after", Value("\"10m\"")),
            ("give_up_after", Value("\"5d\"")),
            ("connections", Value("4")),
            ("per_minute", Holds("as fast as the relay takes them")),
        ],
    },
    SectionSpec {
        name: "[mail.templates]",
        absent: Absent::Holds("our own words"),
        keys: &[("folder", Required)],
    },
    SectionSpec {
        name: "[mail.replies]",
        absent: Absent::Holds("replies are not read"),
        keys: &[
            ("reply_to", Required),
            ("key_file", Required),
            ("allow", Value("[]")),
            ("imap", Holds("one of imap and maildir")),
            ("maildir", Holds("one of imap and maildir")),
            ("username", NOTHING),
            ("password_file", NOTHING),
            ("folder", Value("\"INBOX\"")),
            ("ca_file", NOTHING),
        ],
    },
    SectionSpec {
        name: "[[channel]]",
        absent: Absent::Holds("no channel beside mail"),
        keys: &[
            ("name", Required),
            ("type", Required),
            ("url", Holds("that of the preset, or url_file")),
            ("url_file", Holds("that of the preset, or url")),
            ("preset", Holds("the event as JSON")),
            ("template", NOTHING),
            ("key_file", NOTHING),
            ("secret_file", NOTHING),
            ("server", Required),
            ("facility", Value("\"daemon\"")),
            ("hostname", NOTHING),
            ("command", Required),
            ("ca_file", NOTHING),
            ("timeout", Holds("\"30s\"; of syslog \"10s\"")),
            ("give_up_after", Value("\"5d\"")),
            ("per_minute", Holds("as fast as they are taken")),
        ],
    },
    SectionSpec {
        name: "[[route]]",
        absent: Absent::Holds("everybody is told of everything"),
        keys: &[
            ("kinds", Value("[]")),
            ("severity", Holds("any")),
            ("prefixes", Value("[]")),
            ("days", Holds("any")),
            ("hours", Holds("any")),
            ("to", Required),
        ],
    },
    SectionSpec {
        name: "[storm]",
        absent: Defaults,
        keys: &[
            ("incidents", Value("5")),
            ("within", Value("\"10m\"")),
            ("letters_per_hour", Value("30")),
        ],
    },
    SectionSpec {
        name: "[[escalation]]",
        absent: Absent::Holds("none"),
        keys: &[("after", Required), ("to", Required)],
    },
    SectionSpec { name: "[reminder]", absent: Absent::Holds("none"), keys: &[("every", Required)] },
    SectionSpec {
        name: "[digest]",
        absent: Absent::Holds("none"),
        keys: &[("at", Required), ("to", Required)],
    },
    SectionSpec {
        name: "[endangered]",
        absent: Absent::Holds("nobody beside"),
        keys: &[("to", Required)],
    },
    SectionSpec {
        name: "[[maintenance]]",
        absent: Absent::Holds("none"),
        keys: &[
            ("name", Required),
            ("from", Required),
            ("until", Required),
            ("prefixes", Value("[]")),
            ("asns", Value("[]")),
            ("kinds", Value("[]")),
            ("pierce", Value("\"critical\"")),
            ("expects", Value("[]")),
            ("calendar", Required),
        ],
    },
    SectionSpec {
        name: "[data]",
        absent: Defaults,
        keys: &[("as_names", NOTHING), ("contacts", Value("[]"))],
    },
    SectionSpec {
        name: "[store]",
        absent: Defaults,
        keys: &[("path", Value("\"originwatch.db\""))],
    },
    SectionSpec {
        name: "[network]",
        absent: Absent::Holds("what the environment says"),
        keys: &[
            ("proxy", Required),
            ("no_proxy", Value("[]")),
            ("username", NOTHING),
            ("password_file", NOTHING),
        ],
    },
    SectionSpec {
        name: "[heartbeat]",
        absent: Absent::Holds("none"),
        keys: &[("url", Required), ("every", Value("\"5m\""))],
    },
    SectionSpec {
        name: "[web]",
        absent: Absent::Holds("no page and no API"),
        keys: &[
            ("listen", Required),
            ("token_file", Holds("nobody may change anything")),
            ("hosts", Value("[]")),
        ],
    },
];
