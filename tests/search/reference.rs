//! Who said what, taken from the scenario, and the plainest filter over it.

use bgp::{Prefix, Timestamp};
use fixtures::internet::Numbers;
use fixtures::table::Table;
use fixtures::{Scenario, What};
use serde_json::Value;

/// One thing that was said, or one session that changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route {
    /// Microseconds since 1970.
    pub(super) at: i64,
    kind: &'static str,
    peer: String,
    peer_asn: u32,
    prefix: Option<Prefix>,
    path: Option<String>,
}

/// What a scenario says.
pub(super) fn of_scenario(scenario: &Scenario) -> Vec<Route> {
    let mut routes = Vec::new();
    for event in &scenario.events {
        let said = |kind, prefix: Option<String>, path| Route {
            at: event.at,
            kind,
            peer: event.speaker.address.to_string(),
            peer_asn: event.speaker.asn,
            prefix: prefix.map(|text| text.parse().unwrap()),
            path,
        };
        match &event.what {
            What::Up | What::Down => routes.push(said("state", None, None)),
            What::Update(update) => {
                let path = update.path().to_string();
                let prefix = |one: &dyn ToString| Some(one.to_string());
                let announced = update.announced().iter();
                routes.extend(
                    announced.map(|p| said("announce", prefix(&p.prefix), Some(path.clone()))),
                );
                let withdrawn = update.withdrawn().iter();
                routes.extend(withdrawn.map(|p| said("withdraw", prefix(&p.prefix), None)));
            }
        }
    }
    routes.sort();
    routes
}

/// What a table holds.
pub(super) fn of_table(table: &Table) -> Vec<Route> {
    let mut routes = Vec::new();
    for row in &table.rows {
        routes.extend(row.routes.iter().map(|(speaker, _, update)| Route {
            at: i64::from(table.at) * 1_000_000,
            kind: "rib",
            peer: speaker.address.to_string(),
            peer_asn: speaker.asn,
            prefix: Some(row.prefix.to_string().parse().unwrap()),
            path: Some(update.path().to_string()),
        }));
    }
    routes.sort();
    routes
}

/// What `search --format json` has found.
pub(super) fn found(lines: &str) -> Vec<Route> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let route = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let at: Timestamp = value["at"].as_str().unwrap().parse().unwrap();
        let kinds = ["announce", "withdraw", "rib", "state"];
        Route {
            at: at.micros(),
            kind: kinds.into_iter().find(|kind| value["type"] == *kind).unwrap(),
            peer: text(&value["peer"]).unwrap(),
            peer_asn: value["peer_asn"].as_u64().unwrap().try_into().unwrap(),
            prefix: text(&value["prefix"]).map(|prefix| prefix.parse().unwrap()),
            path: text(&value["as_path"]),
        }
    };
    let mut routes: Vec<Route> = lines.lines().map(route).collect();
    routes.sort();
    routes
}

impl Route {
    /// The last AS of the path, or those of the set in which it ends.
    fn origins(&self) -> Vec<u32> {
        let last = self.path.as_ref().and_then(|path| path.split(' ').next_back()).unwrap_or("");
        let asns = last.trim_matches(['{', '}']).split(',');
        asns.filter(|asn| !asn.is_empty()).map(|asn| asn.parse().unwrap()).collect()
    }
}

/// A validated ROA payload.
#[derive(Clone, Debug)]
pub(super) struct Vrp {
    pub(super) asn: u32,
    pub(super) prefix: Prefix,
    pub(super) max_length: u8,
}

impl Vrp {
    /// For a third of the prefixes, of which some are of another AS, and some too short.
    pub(super) fn some(numbers: &mut Numbers, routes: &[Route]) -> Vec<Vrp> {
        let mut vrps = Vec::new();
        for route in routes {
            let Some(prefix) = route.prefix else { continue };
            let [origin] = route.origins()[..] else { continue };
            let asn = if numbers.below(3) == 0 { 64_999 } else { origin };
            let shorter = u8::try_from(numbers.below(3)).unwrap().min(prefix.length());
            let length = prefix.length() - shorter;
            let cover = Prefix::from_bits(prefix.family(), prefix.bits(), length);
            let max_length = if numbers.below(2) == 0 { prefix.length() } else { length };
            if numbers.below(3) == 0 {
                vrps.push(Vrp { asn, prefix: cover, max_length });
            }
        }
        vrps
    }
}

/// RFC 6811 section 2, as it is written. A path that ends in a set has no origin.
fn state(route: &Route, vrps: &[Vrp]) -> Option<&'static str> {
    let prefix = route.prefix?;
    route.path.as_ref()?;
    let is_set = route.path.as_ref().is_some_and(|path| path.ends_with('}'));
    let covering: Vec<_> = vrps.iter().filter(|vrp| vrp.prefix.covers(&prefix)).collect();
    let matched = covering
        .iter()
        .any(|vrp| !is_set && prefix.length() <= vrp.max_length && route.origins() == [vrp.asn]);
    Some(match (covering.is_empty(), matched) {
        (true, _) => "not-found",
        (false, true) => "valid",
        (false, false) => "invalid",
    })
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    prefixes: Vec<Prefix>,
    covered: bool,
    covering: bool,
    origins: Vec<u32>,
    peers: Vec<u32>,
    /// An AS anywhere on the path.
    on_path: Option<u32>,
    state: Option<&'static str>,
    types: Vec<&'static str>,
    from: Option<i64>,
    until: Option<i64>,
}

impl Condition {
    /// One to all of the conditions, each with values of which some are there.
    pub(super) fn any(numbers: &mut Numbers, routes: &[Route]) -> Self {
        let mut asked = Condition::default();
        let pick = |numbers: &mut Numbers| &routes[below(numbers, routes.len())];
        let one_in = |numbers: &mut Numbers, many| numbers.below(many) == 0;
        if one_in(numbers, 2) {
            let few = 1 + numbers.below(12);
            let mut prefix = |_| {
                let near = pick(numbers).prefix;
                around(numbers, near)
            };
            asked.prefixes = (0..few).filter_map(&mut prefix).collect();
            asked.covered = one_in(numbers, 2);
            asked.covering = one_in(numbers, 3);
        }
        if one_in(numbers, 4) {
            asked.origins = (0..4).flat_map(|_| pick(numbers).origins()).collect();
        }
        if one_in(numbers, 4) {
            asked.peers = (0..3).map(|_| pick(numbers).peer_asn).collect();
        }
        if one_in(numbers, 6) {
            asked.on_path = pick(numbers).origins().first().copied();
        }
        if one_in(numbers, 4) {
            asked.state = Some(["valid", "invalid", "not-found"][below(numbers, 3)]);
        }
        if one_in(numbers, 4) {
            let all = ["announce", "withdraw", "rib", "state"];
            asked.types = all.into_iter().filter(|_| one_in(numbers, 2)).collect();
        }
        if one_in(numbers, 4) {
            asked.from = Some(pick(numbers).at);
        }
        if one_in(numbers, 4) {
            asked.until =
                Some(pick(numbers).at).filter(|until| asked.from.is_none_or(|it| it < *until));
        }
        asked
    }

    /// The same on the command line.
    pub(super) fn words(&self, vrps: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |option: &str, value: String| words.extend([option.to_owned(), value]);
        let time = |micros| Timestamp::from_micros(micros).to_string();
        self.prefixes.iter().for_each(|prefix| add("--prefix", prefix.to_string()));
        self.origins.iter().for_each(|asn| add("--origin", asn.to_string()));
        self.peers.iter().for_each(|asn| add("--peer", format!("AS{asn}")));
        self.on_path.iter().for_each(|asn| add("--as-path", format!(r"\b{asn}\b")));
        self.from.iter().for_each(|from| add("--from", time(*from)));
        self.until.iter().for_each(|until| add("--until", time(*until)));
        if !self.types.is_empty() {
            add("--type", self.types.join(","));
        }
        if let Some(state) = self.state {
            add("--rov", state.to_owned());
            add("--vrps", vrps.to_owned());
        }
        if !self.prefixes.is_empty() {
            words.extend(self.covered.then(|| "--covered".to_owned()));
            words.extend(self.covering.then(|| "--covering".to_owned()));
        }
        words
    }

    /// Whether a route is what is asked for.
    pub(super) fn holds(&self, route: &Route, vrps: &[Vrp]) -> bool {
        let is_near = |asked: &Prefix, prefix: &Prefix| {
            asked == prefix
                || self.covered && asked.covers(prefix)
                || self.covering && prefix.covers(asked)
        };
        let any_of = |asked: &[u32], there: &[u32]| {
            asked.is_empty() || there.iter().any(|asn| asked.contains(asn))
        };
        let path = route.path.clone().unwrap_or_default();
        let on_path: Vec<&str> = path.split([' ', ',', '{', '}']).collect();
        let prefix = route.prefix;
        (self.prefixes.is_empty()
            || prefix.is_some_and(|it| self.prefixes.iter().any(|asked| is_near(asked, &it))))
            && any_of(&self.origins, &route.origins())
            && any_of(&self.peers, &[route.peer_asn])
            && self.on_path.is_none_or(|asn| on_path.contains(&asn.to_string().as_str()))
            && self.state.is_none_or(|asked| state(route, vrps) == Some(asked))
            && (self.types.is_empty() || self.types.contains(&route.kind))
            && self.from.is_none_or(|from| from <= route.at)
            && self.until.is_none_or(|until| route.at < until)
    }
}

fn below(numbers: &mut Numbers, length: usize) -> usize {
    numbers.below(u32::try_from(length).unwrap()) as usize
}

/// A prefix, or one around it.
fn around(numbers: &mut Numbers, prefix: Option<Prefix>) -> Option<Prefix> {
    let prefix = prefix?;
    let shorter = u8::try_from(numbers.below(9)).unwrap();
    let length = prefix.length().saturating_sub(if shorter < 5 { 0 } else { shorter });
    Some(Prefix::from_bits(prefix.family(), prefix.bits(), length))
}
