//! Measures the VRP table on real VRPs, beside a `HashMap` per length and rtrlib, in one run, and
//! checks that all three say the same of every route.
//!
//!     cargo run --profile dist -p benchmarks --bin vrp_bench -- VRPS.json.bz2 [ROUTES [RTRLIB]]
//!
//! `ROUTES` are lines of `prefix origin` in the order of a RIB, as `bgpdump -m RIB | awk -F'|'
//! '{n=split($7,path," "); print $6, path[n]}'` gives them; those that end in an AS_SET are left
//! out, since rtrlib has no word for them. Without it, or with `-`, the routes are made from the
//! VRPs: each prefix once, with its own AS or the next one. `RTRLIB` is the program that
//! `rtrlib_bench.c` becomes.
#![expect(clippy::print_stdout, reason = "it is a benchmark program")]

use std::cell::Cell;
use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use bgp::{Asn, Prefix, RouteOrigin};
use rpki_sources::document;
use validator::{ValidationState, Vrp, VrpTable};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("usage: vrp_bench VRPS [ROUTES [RTRLIB]]")?;
    let json = plain(std::fs::read(path)?)?;
    let snapshot = seconds("JSON to ready table", || document::parse(&json))?;
    let table = &snapshot.vrps;
    let (count, bytes) = (table.len(), table.heap_bytes());
    println!("{count} VRPs, {} bytes each, {} MB", bytes / count.max(1), bytes >> 20);
    seconds("table from VRPs", || VrpTable::new(table.iter()));
    let map = seconds("HashMap per length from VRPs", || PerLength::new(table));

    let mut routes = match arguments.next().as_deref() {
        None | Some("-") => made_routes(table),
        Some(path) => read_routes(&std::fs::read_to_string(path)?)?,
    };
    let mut rtrlib = arguments.next().map(|program| Rtrlib::start(&program, table)).transpose()?;
    for order in ["in order", "shuffled"] {
        println!("{} routes, {order}:", routes.len());
        let (ours, states) = rate("  state", &routes, |prefix, origin| table.state(prefix, origin));
        let near = Cell::default();
        let (_, the_same) = rate("  state, from the place before", &routes, |prefix, origin| {
            let mut place = near.take();
            let state = table.state_near(prefix, origin, &mut place);
            near.set(place);
            state
        });
        assert_eq!(states, the_same, "valid, invalid, not found");
        rate("  every covering VRP visited", &routes, |prefix, origin| {
            all_covering(table, prefix, origin)
        });
        let (full, _) = rate("  validate, with evidence", &routes, |prefix, origin| {
            table.validate(prefix, origin).state()
        });
        let theirs =
            rate("  HashMap per length", &routes, |prefix, origin| map.state(prefix, origin));
        assert_eq!(states, theirs.1, "valid, invalid, not found");
        if let Some(rtrlib) = &mut rtrlib {
            let (theirs, counts) = rtrlib.run(&routes)?;
            let (state, evidence) = (theirs / ours, theirs / full);
            println!("  rtrlib: {theirs:.1} ns, {state:.0} times state, {evidence:.0} validate");
            assert_eq!(states, counts, "valid, invalid, not found");
        }
        println!("  valid, invalid, not found: {states:?}");
        shuffle(&mut routes);
    }
    Ok(())
}

/// rtrlib in a process of its own.
struct Rtrlib {
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Rtrlib {
    fn start(program: &str, table: &VrpTable) -> Result<Self, Box<dyn Error>> {
        let piped = Stdio::piped;
        let child = Command::new(program).stdin(piped()).stdout(piped()).spawn()?;
        let input = BufWriter::new(child.stdin.ok_or("no stdin")?);
        let output = BufReader::new(child.stdout.ok_or("no stdout")?);
        let mut rtrlib = Rtrlib { input, output };
        for vrp in table.iter() {
            let (prefix, max, asn) = (vrp.prefix(), vrp.max_length(), vrp.asn().number());
            writeln!(rtrlib.input, "v {} {} {max} {asn}", prefix.address(), prefix.length())?;
        }
        Ok(rtrlib)
    }

    /// Nanoseconds a route, and how many are valid, invalid, not found.
    fn run(
        &mut self,
        routes: &[(Prefix, RouteOrigin)],
    ) -> Result<(f64, [usize; 3]), Box<dyn Error>> {
        for (prefix, origin) in routes {
            let asn = origin.asn().unwrap_or_default().number();
            writeln!(self.input, "q {} {} {asn}", prefix.address(), prefix.length())?;
        }
        writeln!(self.input, "run")?;
        self.input.flush()?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let nanoseconds = words.next().ok_or("rtrlib ended")?.parse()?;
        let mut counts = [0; 3];
        for (count, word) in counts.iter_mut().zip(words) {
            *count = word.parse()?;
        }
        Ok((nanoseconds, counts))
    }
}

fn plain(bytes: Vec<u8>) -> Result<Vec<u8>, Box<dyn Error>> {
    if !bytes.starts_with(b"BZh") {
        return Ok(bytes);
    }
    let start = Instant::now();
    let mut plain = Vec::new();
    std::io::copy(&mut bzip2::read::MultiBzDecoder::new(&bytes[..]), &mut plain)?;
    println!("bzip2: {:.3} s for {} MB", start.elapsed().as_secs_f64(), plain.len() >> 20);
    Ok(plain)
}

/// The best of three: the machine is shared.
fn seconds<T>(what: &str, mut work: impl FnMut() -> T) -> T {
    let mut timed = || {
        let start = Instant::now();
        let result = work();
        (start.elapsed(), result)
    };
    let (first, second) = (timed().0, timed().0);
    let (third, result) = timed();
    println!("{what}: {:.3} s", first.min(second).min(third).as_secs_f64());
    result
}

fn rate(
    what: &str,
    routes: &[(Prefix, RouteOrigin)],
    state: impl Fn(Prefix, &RouteOrigin) -> ValidationState,
) -> (f64, [usize; 3]) {
    let mut best = f64::MAX;
    let mut states = [0; 3];
    for _ in 0..5 {
        states = [0; 3];
        let start = Instant::now();
        for (prefix, origin) in routes {
            states[black_box(state(*prefix, origin)) as usize] += 1;
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    let each = best / routes.len() as f64;
    println!("{what}: {:.1} ns, {:.1} million/s", each * 1e9, 1e-6 / each);
    (each * 1e9, states)
}

/// Unlike [`VrpTable::state`] it does not stop at the first that matches.
fn all_covering(table: &VrpTable, prefix: Prefix, origin: &RouteOrigin) -> ValidationState {
    let mut state = ValidationState::NotFound;
    for vrp in table.covering(prefix) {
        let matched = origin.asn() == Some(vrp.asn()) && prefix.length() <= vrp.max_length();
        state = match state {
            _ if matched => ValidationState::Valid,
            ValidationState::Valid => ValidationState::Valid,
            ValidationState::Invalid | ValidationState::NotFound => ValidationState::Invalid,
        };
    }
    state
}

fn made_routes(table: &VrpTable) -> Vec<(Prefix, RouteOrigin)> {
    let allowed = table.iter().filter(|vrp| vrp.asn() != Asn::ZERO).enumerate();
    let route = |(number, vrp): (usize, Vrp)| {
        let other = u32::from(number.is_multiple_of(16));
        (vrp.prefix(), RouteOrigin::As(Asn::new(vrp.asn().number().wrapping_add(other))))
    };
    allowed.map(route).collect()
}

fn read_routes(text: &str) -> Result<Vec<(Prefix, RouteOrigin)>, Box<dyn Error>> {
    let mut routes = Vec::new();
    for line in text.lines() {
        let (prefix, origin) = line.split_once(' ').ok_or("expected: prefix origin")?;
        if let Ok(asn) = origin.parse() {
            routes.push((prefix.parse()?, RouteOrigin::As(asn)));
        }
    }
    Ok(routes)
}

/// Fisher and Yates, with a generator that gives the same order in every run.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let other = usize::try_from(state % (last as u64 + 1)).unwrap_or(0);
        items.swap(last, other);
    }
}

/// The plain answer: for each length that occurs, a map from prefix to what it allows.
struct PerLength {
    maps: Vec<HashMap<Prefix, Vec<(Asn, u8)>>>,
}

impl PerLength {
    fn new(table: &VrpTable) -> Self {
        let mut maps = vec![HashMap::<_, Vec<_>>::new(); 129];
        for vrp in table.iter() {
            let length = usize::from(vrp.prefix().length());
            maps[length].entry(vrp.prefix()).or_default().push((vrp.asn(), vrp.max_length()));
        }
        PerLength { maps }
    }

    fn state(&self, prefix: Prefix, origin: &RouteOrigin) -> ValidationState {
        let mut state = ValidationState::NotFound;
        for length in 0..=prefix.length() {
            let shorter = Prefix::from_bits(prefix.family(), prefix.bits(), length);
            let map = &self.maps[usize::from(length)];
            let Some(allowed) = (!map.is_empty()).then(|| map.get(&shorter)).flatten() else {
                continue;
            };
            state = ValidationState::Invalid;
            let asn = origin.asn().filter(|asn| *asn != Asn::ZERO);
            if allowed.iter().any(|(allows, max)| Some(*allows) == asn && prefix.length() <= *max) {
                return ValidationState::Valid;
            }
        }
        state
    }
}
