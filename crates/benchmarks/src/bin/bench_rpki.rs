//! Measures the first synchronisation of 700,000 VRPs over RTR on the loopback, and the longest pause
//! of lookups while the whole table is swapped: `bench_rpki [ROUNDS]`, in release. The server is that
//! of the `rpki` crate. Lookups themselves are measured beside rtrlib by `vrp_bench`.

use std::error::Error;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bgp::RouteOrigin;
use futures_util::stream;
use rpki::resources::addr::{MaxLenPrefix, Prefix};
use rpki::rtr::payload::{Action, Payload, PayloadRef, Timing};
use rpki::rtr::server::{NotifySender, PayloadDiff, PayloadSet, PayloadSource};
use rpki::rtr::{Server, State};
use rpki_sources::{Cache, Rpki, Source, Sources, follow};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// As many VRPs as there are; one in five is IPv6.
const VRPS: u32 = 700_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(5), |text| text.parse())?;
    let mut server = Bench::start().await?;
    let mut out = std::io::stdout();
    let mut synchronised = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        let mut rpki = follow(Sources::one(Source::Rtr(server.cache.clone()), &[]));
        rpki.wait_for(is_complete).await?;
        synchronised.push(started.elapsed());
    }
    writeln!(out, "first synchronisation of {VRPS} VRPs: {}", shown(synchronised))?;

    let mut rpki = follow(Sources::one(Source::Rtr(server.cache.clone()), &[]));
    rpki.wait_for(is_complete).await?;
    let (mut calm, mut swapped, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let lookups = Lookups::start(rpki.clone());
        let before = rpki.borrow_and_update().snapshot.clone();
        let started = Instant::now();
        server.change();
        rpki.wait_for(|now| !Arc::ptr_eq(&now.snapshot, &before) && is_complete(now)).await?;
        drop(before);
        took.push(started.elapsed());
        swapped.push(lookups.stop()?);
        // The same for as long without a swap: what the machine itself does to a thread.
        let lookups = Lookups::start(rpki.clone());
        tokio::time::sleep(started.elapsed()).await;
        calm.push(lookups.stop()?);
    }
    writeln!(out, "swap of all of them, from notify to use: {}", shown(took))?;
    writeln!(
        out,
        "longest pause between two lookups, while swapping: {}, waiting for a core left out",
        shown(swapped)
    )?;
    writeln!(out, "the same without a swap: {}", shown(calm))?;
    Ok(())
}

fn is_complete(rpki: &Rpki) -> bool {
    rpki.snapshot.vrps.len() == VRPS as usize
}

fn shown(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    let (median, first, last) = (at(times.len() / 2), at(0), at(times.len() - 1));
    format!("median {median:.2?} [{first:.2?}-{last:.2?}]")
}

/// A pause that is worth asking the kernel about.
const WORTH_A_LOOK: Duration = Duration::from_micros(50);

/// How long this thread was ready and had no core, which is the machine's doing and not ours. Zero
/// where the kernel does not say.
fn waited_for_a_core() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().nth(1).and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// A thread that looks up routes as fast as it can.
struct Lookups {
    ends: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Duration>,
}

impl Lookups {
    fn start(mut rpki: watch::Receiver<Rpki>) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let end = ends.clone();
        let thread = std::thread::spawn(move || {
            let mut snapshot = rpki.borrow_and_update().snapshot.clone();
            let (mut longest, mut waited) = (Duration::ZERO, waited_for_a_core());
            let (mut last, mut number) = (Instant::now(), 0_u32);
            while !end.load(Ordering::Relaxed) {
                if rpki.has_changed().unwrap_or_default() {
                    snapshot = rpki.borrow_and_update().snapshot.clone();
                }
                number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let bits = u128::from(number) << 96;
                let prefix = bgp::Prefix::from_bits(bgp::Family::Ipv4, bits, 24);
                std::hint::black_box(snapshot.vrps.state(prefix, &RouteOrigin::As(number.into())));
                let now = Instant::now();
                let mut pause = now - last;
                last = now;
                if pause > WORTH_A_LOOK {
                    let before = std::mem::replace(&mut waited, waited_for_a_core());
                    pause = pause.saturating_sub(waited.saturating_sub(before));
                    last = Instant::now();
                }
                longest = longest.max(pause);
            }
            longest
        });
        Lookups { ends, thread }
    }

    fn stop(self) -> Result<Duration, Box<dyn Error>> {
        self.ends.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the lookups panicked".into())
    }
}

/// A cache that has two sets and can only send either whole.
struct Bench {
    cache: Cache,
    sets: Sets,
    notify: NotifySender,
}

#[derive(Clone)]
struct Sets {
    sets: [Arc<Vec<Payload>>; 2],
    state: Arc<Mutex<State>>,
}

impl Bench {
    async fn start() -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let cache = Cache::new(&address).ok_or("no address")?;
        let state = Arc::new(Mutex::new(State::from_parts(7, 0.into())));
        let sets = Sets { sets: [Arc::new(payloads(0)?), Arc::new(payloads(1)?)], state };
        let notify = NotifySender::new();
        let connections = stream::unfold(listener, |listener| async {
            Some((listener.accept().await.map(|(socket, _)| socket), listener))
        });
        tokio::spawn(Server::new(Box::pin(connections), notify.clone(), sets.clone()).run());
        Ok(Bench { cache, sets, notify })
    }

    fn change(&mut self) {
        if let Ok(mut state) = self.sets.state.lock() {
            state.inc();
        }
        self.notify.notify();
    }
}

/// Spread over the address space, as routes are; every other `/24`, and `/48`s.
fn payloads(shift: u32) -> Result<Vec<Payload>, Box<dyn Error>> {
    let payload = |number: u32| {
        let spread = number.wrapping_mul(20) + shift;
        let (address, length) = if number.is_multiple_of(5) {
            (IpAddr::from(Ipv6Addr::from_bits(u128::from(0x2000_0000 + spread) << 80)), 48)
        } else {
            (IpAddr::from(Ipv4Addr::from_bits(spread << 8)), 24)
        };
        let prefix = MaxLenPrefix::new(Prefix::new(address, length)?, None)?;
        Ok(Payload::origin(prefix, (number % 80_000).into()))
    };
    (0..VRPS).map(payload).collect()
}

impl PayloadSource for Sets {
    type Set = Rows;
    type Diff = Rows;

    fn ready(&self) -> bool {
        true
    }

    fn notify(&self) -> State {
        self.state.lock().map_or(State::from_parts(7, 0.into()), |state| *state)
    }

    fn full(&self) -> (State, Rows) {
        let state = self.notify();
        let [even, odd] = &self.sets;
        let rows = if u32::from(state.serial()).is_multiple_of(2) { even } else { odd };
        (state, Rows { rows: rows.clone(), next: 0 })
    }

    fn diff(&self, state: State) -> Option<(State, Rows)> {
        let same = state.serial() == self.notify().serial();
        same.then(|| (state, Rows { rows: Arc::default(), next: 0 }))
    }

    fn timing(&self) -> Timing {
        Timing { refresh: 3_600, retry: 600, expire: 7_200 }
    }
}

struct Rows {
    rows: Arc<Vec<Payload>>,
    next: usize,
}

impl PayloadSet for Rows {
    fn next(&mut self) -> Option<PayloadRef<'_>> {
        self.next += 1;
        self.rows.get(self.next - 1).map(Payload::as_ref)
    }
}

impl PayloadDiff for Rows {
    fn next(&mut self) -> Option<(PayloadRef<'_>, Action)> {
        PayloadSet::next(self).map(|payload| (payload, Action::Announce))
    }
}
