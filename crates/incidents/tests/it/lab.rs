//! A small operator, forty vantage points, and a test that owns the time.

use std::sync::Arc;
use std::time::Duration;

use bgp::{AsPath, Asn, Change, Event, Observation, Prefix, Route, Timestamp, Vantage, View};
use incidents::{
    AsDirectory, FeedGap, FeedState, Incidents, Notice, OthersTold, RpkiState, Rules, Sources,
};
use validator::{
    Classifier, Finding, Origins, OwnPrefixes, RpkiSnapshot, Vrp, VrpTable, Watch, WatchList,
};

/// 2014-04-02T18:26:00Z: what tests call second zero.
pub(crate) const START: i64 = 1_396_463_160;
pub(crate) const FIRST: &str = "198.18.0.0/21";
pub(crate) const SECOND: &str = "198.18.8.0/21";
/// Short, so that random input gets there.
pub(crate) const FORGET_AFTER: Duration = Duration::from_secs(3600);

pub(crate) const MINUTE: i64 = 60;
pub(crate) const DAY: i64 = 86_400;

/// One notice in a [`Lab::timeline`].
pub(crate) fn line(second: i64, status: &str, holding: usize) -> (i64, String, usize) {
    (second, status.to_owned(), holding)
}

pub(crate) struct Lab {
    pub(crate) classifier: Classifier,
    own: OwnPrefixes,
    pub(crate) incidents: Incidents,
    pub(crate) notices: Vec<Notice>,
    /// What the engine took in, if this lab records.
    pub(crate) recorded: Vec<(Timestamp, Finding)>,
    recording: bool,
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(START + second)
}

pub(crate) fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

/// Vantage point number `n` of AS `100 + n`; 1000 and up are second sessions of the same AS.
pub(crate) fn vantage(n: u32) -> Vantage {
    Vantage {
        collector: "rrc00".into(),
        address: std::net::Ipv4Addr::from(0x0a00_0000 + n).into(),
        asn: Asn::new(100 + n % 1000),
        view: View::AdjRibInPre,
        vrf: None,
    }
}

pub(crate) fn watch(text: &str) -> Watch {
    Watch::new(prefix(text), Origins::Only(vec![Asn::new(64500)]), 24)
}

pub(crate) fn rules() -> Rules {
    Rules {
        own_asns: vec![Asn::new(64500)],
        country: Some("GB".parse().unwrap()),
        upstreams: vec![Asn::new(64510), Asn::new(64511)],
        forget_after: FORGET_AFTER,
        // What comes at which moment is easier to follow; `first_notice` tries the other.
        open_after: Duration::ZERO,
        ..Rules::default()
    }
}

/// AS 100 to 103 stand in GB, the next ones in TH, SG and NL by turns.
pub(crate) fn directory() -> AsDirectory {
    let mut csv = String::from("4761,INDOSAT-INP-AP,ID\n4651,THAI-GATEWAY,TH\n");
    for n in 0..40 {
        let country = if n < 4 { "GB" } else { ["TH", "SG", "NL"][n % 3] };
        csv.push_str(&format!("{},VANTAGE-{n},{country}\n", 100 + n));
    }
    AsDirectory::parse(csv.as_bytes()).0
}

pub(crate) fn sources() -> Sources {
    Sources {
        clock: None,
        feeds: vec![FeedState {
            name: "rrc00".into(),
            kind: "mrt".into(),
            up: true,
            last_seen: Some(at(0)),
            gaps: Vec::new(),
        }],
        rpki: Some(RpkiState {
            vrps: 202,
            generated: Some(at(-7200)),
            source: "vrps.json".into(),
            stale: false,
        }),
        others: OthersTold::Yes,
    }
}

/// A gap of a feed, in seconds of the lab; none: it lasts.
pub(crate) fn feed_gap(router: Option<&str>, from: i64, until: Option<i64>) -> FeedGap {
    FeedGap { router: router.map(str::to_owned), from: at(from), until: until.map(at) }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(vec![watch(FIRST), watch(SECOND)], rules())
    }

    pub(crate) fn with(watches: Vec<Watch>, rules: Rules) -> Self {
        let list = WatchList::new(watches, [Asn::new(64500)]).unwrap();
        let ours = [FIRST, SECOND].map(|p| Vrp::new(prefix(p), 24, Asn::new(64500)).unwrap());
        // 203.0.0.0/8 in /16s, each of another network.
        let others = (0..200u32).map(|n| {
            let net = Prefix::from_bits(bgp::Family::Ipv4, u128::from(0xcb00 + n) << 112, 16);
            Vrp::new(net, 24, Asn::new(5000 + n)).unwrap()
        });
        let snapshot = RpkiSnapshot::of(VrpTable::new(ours.into_iter().chain(others)));
        let mut incidents = Incidents::new(rules, Arc::new(directory()));
        incidents.set_sources(sources());
        Lab {
            classifier: Classifier::new(Arc::new(list), Arc::new(snapshot)),
            own: OwnPrefixes::default(),
            incidents,
            notices: vec![],
            recorded: vec![],
            recording: false,
        }
    }

    /// Two vantage points hold the hijack when the feed breaks, ten minutes after first sight.
    pub(crate) fn hijacked_before_a_gap() -> Self {
        let mut lab = Self::with_baseline();
        lab.hijack(0, 10, FIRST);
        lab.hijack(1, 13, FIRST);
        for n in 0..40 {
            lab.gap(600, n);
        }
        lab
    }

    /// An incident of ten minutes, told twice, whose feed had these gaps.
    pub(crate) fn hijacked_with_gaps(gaps: Vec<FeedGap>) -> Self {
        let mut lab = Self::with_baseline();
        let mut sources = sources();
        sources.feeds[0].gaps = gaps;
        lab.incidents.set_sources(sources);
        lab.hijack(600, 10, FIRST);
        lab.hijack(1200, 13, FIRST);
        lab
    }

    /// A lab that keeps its findings, to be played into another engine.
    pub(crate) fn recorder() -> Self {
        Lab { recording: true, ..Self::new() }
    }

    /// Forty vantage points hold our two prefixes as they should be.
    pub(crate) fn with_baseline() -> Self {
        let mut lab = Self::new();
        lab.fill();
        lab
    }

    pub(crate) fn fill(&mut self) {
        self.fill_with(&[64510, 64500], [FIRST.to_owned()]);
        self.fill_with(&[64511, 64500], [SECOND.to_owned()]);
    }

    /// Forty vantage points hold these, behind that.
    pub(crate) fn fill_with(&mut self, path: &[u32], prefixes: impl IntoIterator<Item = String>) {
        for text in prefixes {
            for n in 0..40 {
                self.announce(-3600, n, &text, &[&[100 + n], path].concat());
            }
        }
    }

    pub(crate) fn announce(&mut self, second: i64, n: u32, prefix: &str, path: &[u32]) {
        self.announce_path(second, n, prefix, 0, AsPath::sequence(path.iter().copied()));
    }

    pub(crate) fn announce_path(
        &mut self,
        second: i64,
        n: u32,
        text: &str,
        path_id: u32,
        path: AsPath,
    ) {
        let route = Arc::new(Route { path, ..Route::default() });
        let change = Change::Announce(route);
        self.see(second, n, Event::Route { prefix: prefix(text), path_id, change });
    }

    /// AS4761 announces through AS4651.
    pub(crate) fn hijack(&mut self, second: i64, n: u32, prefix: &str) {
        self.announce(second, n, prefix, &[100 + n % 1000, 4651, 4761]);
    }

    /// The vantage point is back on the right route.
    pub(crate) fn recover(&mut self, second: i64, n: u32, prefix: &str) {
        self.announce(second, n, prefix, &[100 + n % 1000, 64510, 64500]);
    }

    pub(crate) fn withdraw(&mut self, second: i64, n: u32, text: &str) {
        let prefix = prefix(text);
        self.see(second, n, Event::Route { prefix, path_id: 0, change: Change::Withdraw });
    }

    /// Another route came, and its path cannot be read.
    pub(crate) fn unreadable(&mut self, second: i64, n: u32, text: &str) {
        let prefix = prefix(text);
        self.see(second, n, Event::Route { prefix, path_id: 0, change: Change::Unreadable });
    }

    pub(crate) fn down(&mut self, second: i64, n: u32) {
        self.see(second, n, Event::SessionDown);
    }

    /// A table of `written` says that the vantage point holds this route.
    pub(crate) fn restore(&mut self, now: i64, written: i64, n: u32, text: &str, path: &[u32]) {
        let path = AsPath::sequence(path.iter().copied());
        let change = Change::Announce(Arc::new(Route { path, ..Route::default() }));
        let event = Event::Route { prefix: prefix(text), path_id: 0, change };
        let observation = Observation { at: at(written), vantage: vantage(n), event };
        if let Some(finding) = self.classify(&observation) {
            self.take(now, finding.restored());
        }
    }

    fn classify(&mut self, observation: &Observation) -> Option<Finding> {
        let known = match &observation.event {
            Event::Route { prefix, .. } => self.own.contains(*prefix),
            Event::SessionUp | Event::SessionDown | Event::Unreadable => false,
        };
        let finding = self.classifier.classify(observation, known)?;
        self.own.admit(&finding, &self.classifier).then_some(finding)
    }

    /// Nobody told of the vantage point for a while.
    pub(crate) fn gap(&mut self, second: i64, n: u32) {
        self.take(second, Finding::Stale { at: at(second), vantage: vantage(n) });
    }

    /// The vantage point has told its whole table again.
    pub(crate) fn end_of_rib(&mut self, second: i64, n: u32) {
        let (at, vantage) = (at(second), vantage(n));
        self.take(second, Finding::EndOfRib { at, vantage, family: None });
    }

    pub(crate) fn see(&mut self, second: i64, n: u32, event: Event) {
        let observation = Observation { at: at(second), vantage: vantage(n), event };
        if let Some(finding) = self.classify(&observation) {
            self.take(second, finding);
        }
    }

    fn take(&mut self, second: i64, finding: Finding) {
        if self.recording {
            self.recorded.push((at(second), finding.clone()));
        }
        self.incidents.handle(at(second), finding);
        self.drain();
    }

    /// What a crash and a new start do to the engine.
    pub(crate) fn restart(&mut self) {
        self.restart_under(rules());
    }

    pub(crate) fn restart_under(&mut self, rules: Rules) {
        let saved = self.incidents.save().unwrap();
        self.incidents = Incidents::restore(rules, directory().into(), &saved).unwrap();
        self.incidents.set_sources(sources());
    }

    pub(crate) fn tick(&mut self, second: i64) {
        self.incidents.handle_timeout(at(second));
        self.drain();
    }

    pub(crate) fn drain(&mut self) {
        while let Some(notice) = self.incidents.poll() {
            self.notices.push(notice);
        }
    }

    /// Second, status and holders of each notice so far.
    pub(crate) fn timeline(&self) -> Vec<(i64, String, usize)> {
        let line = |n: &Notice| (n.at.seconds() - START, n.status(), n.vantage.holding);
        self.notices.iter().map(line).collect()
    }

    pub(crate) fn last(&self) -> &Notice {
        self.notices.last().unwrap()
    }
}
