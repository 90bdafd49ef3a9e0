//! What `search` costs, beside the peers and beside the floor: one table.
//!
//! ```text
//! cargo build --profile dist -p originwatch
//! cargo install bgpkit-parser --features cli --root ROOT
//! cargo run --profile dist -p benchmarks --bin bench_scan -- \
//!     --data DIR --peers ROOT [--rounds 5] [--copies 6]
//! ```
//!
//! Every figure is of whole processes, output to `/dev/null`, files in the page cache: the median of
//! all rounds, and in each round all programs run one after the other, so that a busy machine is busy
//! for all. CPU and peak memory are what GNU time says. Small files are repeated to a few hundred
//! megabytes: the copies of a RIB stand one behind the other with their peer index tables, gzip files
//! are concatenated as members. bzip2 packs all copies as one stream, since bgpdump reads no more.
//! Origin validation with the table loaded is the whole process less one that loads it for no route.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::Parser;
use parser::{Filter, Reader, Walker};

#[derive(Parser)]
struct Args {
    /// The folder of the public archives.
    #[arg(long)]
    data: PathBuf,
    /// Where `cargo install --root` put bgpkit-parser.
    #[arg(long)]
    peers: PathBuf,
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[arg(long, default_value_t = 6)]
    copies: usize,
    /// Walk this file as the floor does, and end.
    #[arg(long, hide = true)]
    walk: Option<PathBuf>,
}

/// One measurement of one process.
#[derive(Clone, Copy, Default)]
struct Cost {
    wall: f64,
    cpu: f64,
    /// KiB.
    memory: f64,
}

/// What is compared: ours, and the peers and their targets.
struct Row {
    what: String,
    ours: String,
    /// What ours does before the work that is compared.
    before: Option<String>,
    peers: Vec<(&'static str, String, Target)>,
}

/// What ours must reach against a peer.
#[derive(Clone, Copy)]
enum Target {
    /// Ours takes at most so many times the peer's wall time.
    Wall(f64),
    /// The peer takes at least so many times our CPU time.
    Faster(f64),
    /// Ours takes at most so many times the peer's CPU time.
    Cpu(f64),
}

const RIB: &str = "mrt/CAIDA+libbgpstream/routeviews.route-views.jinx.ribs.1401487200.bz2";
const UPDATES: &str = "mrt/morrowc+mrtparser/updates.20260222.1530.bz2";
const VRPS: &str = "vrp/jeffsw+rpkilog/rpkiclient_summary_20250720T093135Z.json.bz2";

/// What is looked for: in the RIB a prefix of 2014, in the updates one of 2026.
const PREFIXES: [(&str, &str); 2] = [("rib", "103.28.112.0/21"), ("updates", "155.212.176.0/21")];

fn main() -> io::Result<()> {
    let args = Args::parse();
    if let Some(path) = &args.walk {
        return walk(path);
    }
    let folder = tempfile::tempdir()?;
    let mut out = io::stdout();
    writeln!(out, "{} rounds, {} copies of each file", args.rounds, args.copies)?;
    let mut rows = Vec::new();
    for ((name, prefix), file) in PREFIXES.into_iter().zip([RIB, UPDATES]) {
        let inputs = inputs(&args, file, name, folder.path())?;
        for (kind, path) in ["plain", "gz", "bz2"].into_iter().zip(&inputs) {
            rows.extend(table(&args, (name, kind), prefix, path));
        }
        if name == "rib" {
            let nothing = folder.path().join("nothing");
            fs::write(&nothing, "")?;
            rows.extend(validation(&args, &inputs, &nothing));
        }
    }
    let mut costs: BTreeMap<String, Vec<Cost>> = BTreeMap::new();
    for _ in 0..args.rounds {
        for row in &rows {
            let ours = [&row.ours].into_iter().chain(&row.before);
            let all = row.peers.iter().map(|(_, command, _)| command).chain(ours);
            for command in all {
                costs.entry(command.clone()).or_default().push(run(command)?);
            }
        }
    }
    for row in &rows {
        print(row, &costs)?;
    }
    rov(&args, &folder.path().join("rib.plain"))?;
    hits(&rows)
}

/// The file plain, as gzip and as bzip2, each repeated.
fn inputs(args: &Args, file: &str, name: &str, folder: &Path) -> io::Result<[PathBuf; 3]> {
    let packed = args.data.join(file);
    let mut bytes = Vec::new();
    Reader::new(File::open(&packed)?, "").into_unpacked().read_to_end(&mut bytes)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&bytes)?;
    let [plain, gz, bz2] = ["plain", "gz", "bz2"].map(|kind| folder.join(format!("{name}.{kind}")));
    for (path, bytes) in [(&plain, bytes), (&gz, gzip.finish()?)] {
        let mut file = File::create(path)?;
        (0..args.copies).try_for_each(|_| file.write_all(&bytes))?;
    }
    let packed =
        Command::new("bzip2").arg("-c").arg(&plain).stdout(File::create(&bz2)?).status()?;
    if !packed.success() {
        return Err(io::Error::other(format!("bzip2: {packed}")));
    }
    Ok([plain, gz, bz2])
}

/// How search is called.
fn search() -> String {
    let binary = std::env::current_exe().unwrap_or_default();
    format!("{} search", binary.with_file_name("originwatch").display())
}

/// Origin validation of every route of a packed RIB.
fn validation(args: &Args, [_, gz, bz2]: &[PathBuf; 3], nothing: &Path) -> Vec<Row> {
    let vrps = args.data.join(VRPS);
    let ours = |path: &Path| {
        format!("{} --rov invalid --vrps {} --count {}", search(), vrps.display(), path.display())
    };
    let row = |kind, path: &Path, peer, unpack, most| Row {
        what: format!("rib {kind}: origin validation of every route, the table loaded"),
        ours: ours(path),
        before: Some(ours(nothing)),
        peers: vec![(peer, format!("{unpack} {}", path.display()), Target::Wall(most))],
    };
    vec![
        row("gz", gz, "libdeflate", "libdeflate-gunzip -c", 1.6),
        row("bz2", bz2, "lbzip2", "lbzip2 -dc", 1.2),
    ]
}

fn table(args: &Args, (name, kind): (&str, &str), prefix: &str, path: &Path) -> Vec<Row> {
    let path = path.display();
    let search = search();
    let bgpkit = format!("{}/bin/bgpkit-parser", args.peers.display());
    let floor: Vec<(&str, String, Target)> = match kind {
        "plain" => {
            let binary = std::env::current_exe().unwrap_or_default();
            let walk = format!("{} --data . --peers . --walk {path}", binary.display());
            vec![("floor", walk, Target::Wall(1.5))]
        }
        "gz" => vec![
            ("libdeflate", format!("libdeflate-gunzip -c {path}"), Target::Wall(1.5)),
            ("gzip", format!("gzip -dc {path}"), Target::Cpu(1.0)),
        ],
        _ => vec![
            ("bzip2", format!("bzip2 -dc {path}"), Target::Wall(0.65)),
            ("lbzip2", format!("lbzip2 -dc {path}"), Target::Wall(1.1)),
        ],
    };
    let with = |peers: Vec<(&'static str, String, Target)>, more: bool| {
        let floor = floor.iter().filter(|_| more).cloned().collect::<Vec<_>>();
        peers.into_iter().chain(floor).collect::<Vec<_>>()
    };
    let plain = kind == "plain";
    let only_plain =
        |peer, command, target| if plain { vec![(peer, command, target)] } else { vec![] };
    let print = match kind {
        "plain" => vec![
            ("bgpdump", format!("bgpdump -m {path}"), Target::Faster(15.0)),
            ("bgpkit", format!("{bgpkit} {path}"), Target::Faster(10.0)),
        ],
        "gz" => vec![("bgpdump", format!("bgpdump -m {path}"), Target::Faster(10.0))],
        _ => vec![("bgpdump", format!("bgpdump -m {path}"), Target::Faster(4.0))],
    };
    let filter = format!("{bgpkit} -p {prefix} -S {path}");
    let count = format!("{bgpkit} -e {path}");
    [
        (
            "one /21 with more-specifics",
            format!("{search} --prefix {prefix} --covered {path}"),
            with(only_plain("bgpkit", filter, Target::Faster(20.0)), true),
        ),
        (
            "count all",
            format!("{search} --count {path}"),
            with(only_plain("bgpkit", count, Target::Faster(15.0)), !plain),
        ),
        ("print all", format!("{search} {path}"), with(print, false)),
    ]
    .into_iter()
    .map(|(what, ours, peers)| Row {
        what: format!("{name} {kind}: {what}"),
        ours,
        before: None,
        peers,
    })
    .collect()
}

fn run(command: &str) -> io::Result<Cost> {
    let started = Instant::now();
    let output = Command::new("/usr/bin/time")
        .args(["-f", "%U %S %M"])
        .args(command.split(' '))
        .stdout(Stdio::null())
        .output()?;
    let wall = started.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().last().unwrap_or_default();
    let numbers: Vec<f64> = last.split(' ').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [user, system, memory] => Ok(Cost { wall, cpu: user + system, memory }),
        _ => Err(io::Error::other(format!("{command}: {text}"))),
    }
}

fn median(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    let mut all: Vec<f64> = costs.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

fn print(row: &Row, costs: &BTreeMap<String, Vec<Cost>>) -> io::Result<()> {
    let mut out = io::stdout();
    let middle = |command: &str| {
        let costs = costs.get(command).map_or(&[][..], Vec::as_slice);
        Cost {
            wall: median(costs, |cost| cost.wall),
            cpu: median(costs, |cost| cost.cpu),
            memory: median(costs, |cost| cost.memory),
        }
    };
    let mut ours = middle(&row.ours);
    if let Some(before) = &row.before {
        let before = middle(before);
        ours = Cost { wall: ours.wall - before.wall, cpu: ours.cpu - before.cpu, ..ours };
    }
    let Cost { wall, cpu, memory } = ours;
    writeln!(
        out,
        "\n{}: wall {wall:.3} s, CPU {cpu:.3} s, peak {:.1} MiB",
        row.what,
        memory / 1024.0
    )?;
    for (peer, command, target) in &row.peers {
        let theirs = middle(command);
        // GNU time counts hundredths.
        let cpu = ours.cpu.max(0.01);
        let (ratio, met, wants) = match *target {
            Target::Wall(most) => {
                let ratio = ours.wall / theirs.wall;
                (ratio, ratio <= most, format!("of its wall time, at most {most}"))
            }
            Target::Cpu(most) => {
                let ratio = cpu / theirs.cpu;
                (ratio, ratio <= most, format!("of its CPU time, at most {most}"))
            }
            Target::Faster(least) => {
                let ratio = theirs.cpu / cpu;
                (ratio, ratio >= least, format!("times its speed (CPU), at least {least}"))
            }
        };
        let met = if met { "met" } else { "NOT MET" };
        let Cost { wall, cpu, .. } = theirs;
        writeln!(out, "  {peer:<11} wall {wall:.3} s, CPU {cpu:.3} s: {ratio:.2} {wants}: {met}")?;
    }
    Ok(())
}

/// Origin validation of every route, in this process: with the table loaded.
fn rov(args: &Args, path: &Path) -> io::Result<()> {
    let vrps = rpki_sources::document::parse(&fs::read(args.data.join(VRPS))?)
        .map_err(|error| io::Error::other(error.to_string()))?;
    let bytes = fs::read(path)?;
    let mut costs = Vec::new();
    let (mut routes, mut invalid) = (0_u64, 0_u64);
    for _ in 0..args.rounds {
        let started = Instant::now();
        (routes, invalid) = (0, 0);
        Walker::new("").walk(&bytes, true, &parser::Everything, &mut |item| {
            if let parser::Item::Element(element) = item
                && let Some(prefix) = element.prefix()
            {
                let state = vrps.vrps.state(prefix, &element.origin());
                routes += 1;
                invalid += u64::from(state == validator::ValidationState::Invalid);
            }
        });
        costs.push(Cost { wall: started.elapsed().as_secs_f64(), ..Cost::default() });
    }
    let rate = routes as f64 / median(&costs, |cost| cost.wall) / 1e6;
    let met = if rate >= 8.0 { "met" } else { "NOT MET" };
    writeln!(
        io::stdout(),
        "\nrib plain: origin validation of {routes} routes against {} VRPs ({invalid} invalid): \
         {rate:.1} million a second on one core, at least 8: {met}",
        vrps.vrps.len()
    )
}

/// Whether all find the same.
fn hits(rows: &[Row]) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "\nhits (lines, or the number that is printed):")?;
    for row in rows {
        let others = row.peers.iter().filter(|(peer, ..)| matches!(*peer, "bgpkit" | "bgpdump"));
        let mut all = vec![("ours", row.ours.as_str())];
        all.extend(others.map(|(peer, command, _)| (*peer, command.as_str())));
        let mut found = Vec::new();
        for (who, command) in all {
            let mut words = command.split(' ');
            let output = Command::new(words.next().unwrap_or_default()).args(words).output()?;
            let text = String::from_utf8_lossy(&output.stdout);
            let number = text.lines().last().and_then(|line| line.rsplit(' ').next()?.parse().ok());
            let lines = text.lines().count();
            let hits = if lines == 1 { number.unwrap_or(lines) } else { lines };
            found.push(format!("{who} {hits}"));
        }
        writeln!(out, "  {}: {}", row.what, found.join(", "))?;
    }
    Ok(())
}

/// The floor: every header and every prefix, on one thread, and nothing else. A mapped file would save
/// the copy out of the page cache; mapping needs unsafe code.
fn walk(path: &Path) -> io::Result<()> {
    struct None(std::cell::Cell<u64>);
    impl Filter for None {
        fn wants(&self, _: bgp::Prefix) -> bool {
            false
        }
        fn wants_v4(&self, bits: u32, length: u8) -> bool {
            self.0.set(self.0.get() + u64::from(bits == 1 && length == 32));
            false
        }
        fn wants_v6(&self, _: u128, _: u8) -> bool {
            false
        }
    }
    let none = None(std::cell::Cell::new(0));
    let mut walker = Walker::new("");
    let (mut file, mut buffer) = (File::open(path)?, vec![0; 1 << 20]);
    let mut begun = 0;
    loop {
        let read = file.read(&mut buffer[begun..])?;
        let bytes = &buffer[..begun + read];
        let taken = walker.walk(bytes, read == 0, &none, &mut |_| ());
        if read == 0 {
            return writeln!(io::stdout(), "{}", none.0.get());
        }
        buffer.copy_within(taken..begun + read, 0);
        begun = begun + read - taken;
    }
}
