//! The facts of each page, ready to be drawn: nothing here is HTML but what `chart` and `graph` have drawn.

use alerter::{
    AnnotatedIncident, AnnotatedNotice, ChannelName, Operator, grouped, moment, notice_text, plural,
};
use bgp::Timestamp;
use incidents::{Party, State};
use jiff::tz::TimeZone;
use serde::Serialize;
use store::Queued;
use validator::{Area, IncidentKind, Severity};

use super::{chart, graph};
use crate::Health;
use crate::health::Readiness;
use crate::incident_filter::IncidentFilter;

/// A moment for people, and for programs.
#[derive(Serialize)]
pub(super) struct Moment {
    text: String,
    utc: String,
}

#[derive(Serialize)]
struct IncidentRow {
    name: String,
    state: &'static str,
    severity: String,
    /// What is wrong, in the words of the table of kinds.
    what: &'static str,
    who: String,
    prefixes: String,
    first_seen: Moment,
    last_seen: Moment,
    spread: String,
    acknowledged_by: Option<String>,
}

#[derive(Serialize)]
struct FeedRow {
    name: String,
    kind: &'static str,
    up: bool,
    last_message: Option<Moment>,
    messages: String,
    damages: String,
    routers: Vec<RouterRow>,
}

#[derive(Serialize)]
struct RouterRow {
    name: String,
    up: bool,
}

#[derive(Serialize)]
struct RpkiRow {
    vrps: String,
    generated: Option<Moment>,
    stale: bool,
}

#[derive(Serialize)]
struct QueueRow {
    channel: String,
    state: String,
    count: u64,
    oldest: Moment,
}

#[derive(Serialize)]
struct DeliveryRow {
    title: String,
    to: String,
    state: String,
    attempts: u32,
    next_attempt: Moment,
    last_error: Option<String>,
}

/// One glance: what is wrong, and whether we could say so.
#[derive(Serialize)]
pub(super) struct OverviewView {
    readiness: Readiness,
    watches: String,
    open: Vec<IncidentRow>,
    suspected: Vec<IncidentRow>,
    latest: Vec<IncidentRow>,
    feeds: Vec<FeedRow>,
    rpki: Option<RpkiRow>,
    queues: Vec<QueueRow>,
    now: Moment,
}

#[derive(Serialize)]
pub(super) struct IncidentsView {
    filter: IncidentFilter,
    found: usize,
    rows: Vec<IncidentRow>,
    kinds: Vec<&'static str>,
    severities: [String; 3],
    states: [&'static str; 4],
}

#[derive(Serialize)]
pub(super) struct DeliveriesView {
    queues: Vec<QueueRow>,
    rows: Vec<DeliveryRow>,
    now: Moment,
}

/// One incident, by all that was ever told of it.
#[derive(Serialize)]
pub(super) struct IncidentView {
    row: IncidentRow,
    /// The oldest first.
    notices: Vec<NoticeRow>,
    prefixes: Vec<PrefixRow>,
    accepted_by: Vec<AcceptorRow>,
    countries: Vec<(String, usize)>,
    evidence: Vec<EvidenceRow>,
    evidence_count: usize,
    notes: Vec<NoteRow>,
    muted_until: Option<Moment>,
    closed_by: Option<String>,
    expected: Option<String>,
    chart: Option<String>,
    graph: Option<String>,
}

#[derive(Serialize)]
struct NoticeRow {
    title: String,
    at: Moment,
    reason: &'static str,
    holding: usize,
    total: usize,
    text: Vec<String>,
}

#[derive(Serialize)]
struct PrefixRow {
    announced: String,
    watched: Option<String>,
    description: String,
    what: &'static str,
    holding: usize,
    rov: String,
}

#[derive(Serialize)]
struct AcceptorRow {
    who: String,
    percent: String,
    contacts: String,
}

#[derive(Serialize)]
struct EvidenceRow {
    at: Moment,
    vantage: String,
    prefix: String,
    path: String,
}

#[derive(Serialize)]
struct NoteRow {
    by: String,
    at: Moment,
    text: String,
}

impl OverviewView {
    pub(super) fn new(
        operator: &Operator,
        health: &Health,
        stored: (Vec<AnnotatedIncident>, Vec<AnnotatedIncident>, Vec<QueueLength>),
        now: Timestamp,
    ) -> Self {
        let (unresolved, latest, queues) = stored;
        let zone = operator.time_zone();
        let mut unresolved = unresolved;
        unresolved.sort_by_key(|one| std::cmp::Reverse((one.severity, one.first_seen)));
        let of = |suspected: bool| {
            let those =
                unresolved.iter().filter(|one| (one.state == State::Suspected) == suspected);
            those.map(|one| row(one, zone)).collect::<Vec<_>>()
        };
        OverviewView {
            open: of(false),
            suspected: of(true),
            latest: latest.iter().map(|one| row(one, zone)).collect(),
            queues: queues.iter().map(|queue| queue_row(queue, zone)).collect(),
            ..OverviewView::of_sources(operator, health, now)
        }
    }

    /// What feeds and RPKI say alone.
    pub(super) fn of_sources(operator: &Operator, health: &Health, now: Timestamp) -> Self {
        let zone = operator.time_zone();
        let rpki = health.rpki.as_ref().map(|rpki| RpkiRow {
            vrps: grouped(rpki.vrps),
            generated: rpki.generated.map(|at| shown(at, zone)),
            stale: rpki.stale,
        });
        OverviewView {
            readiness: health.readiness(),
            watches: plural(health.watches, "prefix", "prefixes"),
            open: Vec::new(),
            suspected: Vec::new(),
            latest: Vec::new(),
            feeds: health.feeds.iter().map(|feed| feed_row(feed, zone)).collect(),
            rpki,
            queues: Vec::new(),
            now: shown(now, zone),
        }
    }
}

impl IncidentsView {
    pub(super) fn new(
        operator: &Operator,
        filter: IncidentFilter,
        found: &[AnnotatedIncident],
        most: usize,
    ) -> Self {
        let zone = operator.time_zone();
        IncidentsView {
            filter,
            found: found.len(),
            rows: found.iter().take(most).map(|one| row(one, zone)).collect(),
            kinds: IncidentKind::ALL.iter().map(|kind| kind.name()).collect(),
            severities: [Severity::Critical, Severity::Warning, Severity::Notice]
                .map(|it| it.to_string()),
            states: [State::Suspected, State::Open, State::Clearing, State::Resolved]
                .map(State::name),
        }
    }
}

/// A channel, a state, how many deliveries, and when the oldest was decided.
type QueueLength = (ChannelName, String, u64, Timestamp);

impl DeliveriesView {
    pub(super) fn new(
        operator: &Operator,
        queue: &[Queued],
        lengths: &[QueueLength],
        now: Timestamp,
    ) -> Self {
        let zone = operator.time_zone();
        let to = |one: &Queued| match one.address.as_str() {
            "" => one.channel.as_str().to_owned(),
            address => format!("{address} ({})", one.channel.as_str()),
        };
        let rows = queue.iter().map(|one| DeliveryRow {
            title: one.title.clone(),
            to: to(one),
            state: one.state.clone(),
            attempts: one.attempts,
            next_attempt: shown(one.next_attempt, zone),
            last_error: one.last_error.clone(),
        });
        DeliveriesView {
            queues: lengths.iter().map(|length| queue_row(length, zone)).collect(),
            rows: rows.collect(),
            now: shown(now, zone),
        }
    }
}

impl IncidentView {
    pub(super) fn new(
        operator: &Operator,
        incident: &AnnotatedIncident,
        notices: &[AnnotatedNotice],
    ) -> Self {
        let zone = operator.time_zone();
        let last = notices.last();
        let annotations = &incident.annotations;
        IncidentView {
            row: row(incident, zone),
            notices: notices.iter().map(|notice| notice_row(notice, zone)).collect(),
            prefixes: last.map(prefixes).unwrap_or_default(),
            accepted_by: last.map(acceptors).unwrap_or_default(),
            countries: last.map(countries).unwrap_or_default(),
            evidence: last.map(|notice| evidence(notice, zone)).unwrap_or_default(),
            evidence_count: last.map_or(0, |notice| notice.evidence_count),
            notes: annotations
                .notes
                .iter()
                .map(|note| NoteRow {
                    by: note.by.clone(),
                    at: shown(note.at, zone),
                    text: note.text.clone(),
                })
                .collect(),
            muted_until: annotations.muted.as_ref().map(|silence| shown(silence.until, zone)),
            closed_by: annotations.closed.as_ref().map(|closed| closed.by.clone()),
            expected: annotations.expected.clone(),
            chart: spread(incident, notices, zone),
            graph: last.and_then(|notice| graph::accepted(notice)),
        }
    }
}

fn shown(at: Timestamp, zone: &TimeZone) -> Moment {
    Moment { text: moment(at, zone), utc: at.to_string() }
}

fn row(incident: &AnnotatedIncident, zone: &TimeZone) -> IncidentRow {
    const NAMED: usize = 3;
    let named: Vec<_> = incident.prefixes.iter().take(NAMED).map(ToString::to_string).collect();
    let more = incident.prefixes.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let spread = match is_about_routes(incident.kind) {
        true => format!("{} of {}", incident.holding, incident.total),
        false => String::new(),
    };
    IncidentRow {
        name: incident.incident.to_string(),
        state: incident.state.name(),
        severity: incident.severity.map(|severity| severity.to_string()).unwrap_or_default(),
        what: incident.kind.spec().title,
        who: incident.offenders.iter().map(who).collect::<Vec<_>>().join(", "),
        prefixes: named.join(", ") + &more,
        first_seen: shown(incident.first_seen, zone),
        last_seen: shown(incident.last_seen, zone),
        spread,
        acknowledged_by: incident.annotations.acknowledged.as_ref().map(|it| it.by.clone()),
    }
}

fn who(party: &Party) -> String {
    let name = party.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let country = party.country.map(|country| format!(", {country}")).unwrap_or_default();
    format!("{}{name}{country}", party.asn)
}

fn feed_row(feed: &crate::Feed, zone: &TimeZone) -> FeedRow {
    let router = |(name, up): &(String, bool)| RouterRow { name: name.clone(), up: *up };
    FeedRow {
        name: feed.name.clone(),
        kind: feed.kind,
        up: feed.up,
        last_message: feed.last_message.map(|at| shown(at, zone)),
        messages: grouped(feed.messages),
        damages: grouped(feed.damages),
        routers: feed.routers.iter().map(router).collect(),
    }
}

fn queue_row((channel, state, count, oldest): &QueueLength, zone: &TimeZone) -> QueueRow {
    QueueRow {
        channel: channel.as_str().to_owned(),
        state: state.clone(),
        count: *count,
        oldest: shown(*oldest, zone),
    }
}

fn notice_row(notice: &AnnotatedNotice, zone: &TimeZone) -> NoticeRow {
    NoticeRow {
        title: notice.title.clone(),
        at: shown(notice.at, zone),
        reason: notice.reason.name(),
        holding: notice.vantage.holding,
        total: notice.vantage.total,
        text: lines(&notice_text(notice, zone)),
    }
}

fn prefixes(notice: &AnnotatedNotice) -> Vec<PrefixRow> {
    let row = |one: &incidents::AffectedPrefix| PrefixRow {
        announced: one.announced.to_string(),
        watched: one.watched.map(|prefix| prefix.to_string()),
        description: one.description.clone(),
        what: one.kind.spec().title,
        holding: one.holding,
        rov: match notice.rpki {
            Some(_) => one.rov.state().to_string(),
            None => "unknown".to_owned(),
        },
    };
    notice.prefixes.iter().map(row).collect()
}

fn acceptors(notice: &AnnotatedNotice) -> Vec<AcceptorRow> {
    let row = |one: &incidents::Acceptor| AcceptorRow {
        who: who(&one.party),
        percent: format!("{:.0} %", one.share * 100.0),
        contacts: one.party.contacts.join(", "),
    };
    notice.accepted_by.iter().map(row).collect()
}

/// The most first.
fn countries(notice: &AnnotatedNotice) -> Vec<(String, usize)> {
    let by_country = notice.vantage.by_country.iter();
    let mut countries: Vec<_> =
        by_country.map(|(country, count)| (country.to_string(), *count)).collect();
    countries.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    countries
}

fn evidence(notice: &AnnotatedNotice, zone: &TimeZone) -> Vec<EvidenceRow> {
    let row = |one: &incidents::Evidence| EvidenceRow {
        at: shown(one.at, zone),
        vantage: format!("{} {} {}", one.peer_asn, one.peer_ip, one.collector).trim().to_owned(),
        prefix: one.prefix.to_string(),
        path: one.as_path.clone(),
    };
    notice.evidence.iter().map(row).collect()
}

/// How many vantage points held it when, as each notice said, and now.
fn spread(
    incident: &AnnotatedIncident,
    notices: &[AnnotatedNotice],
    zone: &TimeZone,
) -> Option<String> {
    let first = notices.first().filter(|notice| is_about_routes(notice.kind))?;
    let told = notices.iter().map(|notice| (notice.at, notice.vantage.holding));
    let now = (incident.last_seen, incident.holding);
    let mut points: Vec<_> = std::iter::once((first.first_seen, 1)).chain(told).collect();
    points.extend(Some(now).filter(|now| points.last().is_some_and(|last| now.0 > last.0)));
    points.dedup_by_key(|(at, _)| *at);
    let labels = [points.first()?, points.last()?].map(|(at, _)| moment(*at, zone));
    let labels = labels.each_ref().map(String::as_str);
    chart::steps(&points, labels, "vantage points that hold the route, over time")
}

/// Whether vantage points hold something of it.
fn is_about_routes(kind: IncidentKind) -> bool {
    match kind.spec().area {
        Area::Hijack
        | Area::OthersRoutes
        | Area::OwnRoutes
        | Area::OwnRoutesInRpki
        | Area::Reachability => true,
        Area::RpkiData | Area::DataSource | Area::Delivery => false,
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
