//! The RTR server of the `rpki` crate, with whatever data a test wants.

use std::sync::{Arc, Mutex};

use futures_util::stream;
use rpki::resources::addr::{MaxLenPrefix, Prefix};
use rpki::rtr::payload::{Action, Payload, PayloadRef, Timing};
use rpki::rtr::server::{NotifySender, PayloadDiff, PayloadSet, PayloadSource};
use rpki::rtr::{Server, State};
use tokio::net::TcpListener;

/// A cache that runs for as long as the test's runtime.
#[derive(Clone)]
pub(crate) struct FakeCache {
    data: Arc<Mutex<Data>>,
    notify: NotifySender,
}

#[derive(Clone)]
struct Data {
    state: State,
    payloads: Vec<Payload>,
    /// The data one serial ago; without it the cache can only say "reset".
    before: Option<(State, Vec<Payload>)>,
}

impl FakeCache {
    /// Starts a cache with these; says at which port.
    pub(crate) async fn start(asns: &[u32]) -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State::from_parts(7, 1.into());
        let data = Data { state, payloads: payloads(asns), before: None };
        let notify = NotifySender::new();
        let cache = FakeCache { data: Arc::new(Mutex::new(data)), notify: notify.clone() };
        let connections = stream::unfold(listener, |listener| async {
            Some((listener.accept().await.map(|(socket, _)| socket), listener))
        });
        let server = Server::new(Box::pin(connections), notify, cache.clone());
        tokio::spawn(server.run());
        (cache, port)
    }

    /// New data, which the cache knows as a change of the old.
    pub(crate) fn change(&mut self, asns: &[u32]) {
        self.replace(asns, true, 7);
    }

    /// New data; the cache has forgotten the old.
    pub(crate) fn forget(&mut self, asns: &[u32]) {
        self.replace(asns, false, 7);
    }

    /// New data in a new session.
    pub(crate) fn restart(&mut self, asns: &[u32]) {
        self.replace(asns, false, 8);
    }

    fn replace(&mut self, asns: &[u32], remember: bool, session: u16) {
        let mut data = self.data.lock().unwrap();
        let before = (data.state, data.payloads.clone());
        data.before = remember.then_some(before);
        let mut state = State::from_parts(session, data.state.serial());
        state.inc();
        data.state = state;
        data.payloads = payloads(asns);
        drop(data);
        self.notify.notify();
    }
}

/// One prefix, for each of these ASes.
fn payloads(asns: &[u32]) -> Vec<Payload> {
    let prefix = Prefix::new("198.18.0.0".parse().unwrap(), 21).unwrap();
    let prefix = MaxLenPrefix::new(prefix, Some(24)).unwrap();
    asns.iter().map(|asn| Payload::origin(prefix, (*asn).into())).collect()
}

impl PayloadSource for FakeCache {
    type Set = Rows;
    type Diff = Rows;

    fn ready(&self) -> bool {
        true
    }

    fn notify(&self) -> State {
        self.data.lock().unwrap().state
    }

    fn full(&self) -> (State, Rows) {
        let data = self.data.lock().unwrap();
        let rows = data.payloads.iter().map(|payload| (payload.clone(), Action::Announce));
        (data.state, Rows::new(rows.collect()))
    }

    fn diff(&self, state: State) -> Option<(State, Rows)> {
        let data = self.data.lock().unwrap();
        if is_same(state, data.state) {
            return Some((state, Rows::new(Vec::new())));
        }
        let (_, before) = data.before.as_ref().filter(|(before, _)| is_same(*before, state))?;
        let only = |ours: &[Payload], theirs: &[Payload], action| {
            let ours = ours.iter().filter(|payload| !theirs.contains(payload));
            ours.map(|payload| (payload.clone(), action)).collect::<Vec<_>>()
        };
        let added = only(&data.payloads, before, Action::Announce);
        let gone = only(before, &data.payloads, Action::Withdraw);
        Some((data.state, Rows::new([added, gone].concat())))
    }

    fn timing(&self) -> Timing {
        Timing { refresh: 3_600, retry: 1, expire: 7_200 }
    }
}

fn is_same(one: State, other: State) -> bool {
    (one.session(), one.serial()) == (other.session(), other.serial())
}

/// Payloads on their way out.
pub(crate) struct Rows {
    rows: Vec<(Payload, Action)>,
    next: usize,
}

impl Rows {
    fn new(rows: Vec<(Payload, Action)>) -> Self {
        Rows { rows, next: 0 }
    }
}

impl PayloadSet for Rows {
    fn next(&mut self) -> Option<PayloadRef<'_>> {
        PayloadDiff::next(self).map(|(payload, _)| payload)
    }
}

impl PayloadDiff for Rows {
    fn next(&mut self) -> Option<(PayloadRef<'_>, Action)> {
        let (payload, action) = self.rows.get(self.next)?;
        self.next += 1;
        Some((payload.as_ref(), *action))
    }
}
