//! What `originwatch run` costs: one table for each part.
//!
//!     cargo build --profile dist -p originwatch
//!     cargo run --profile dist -p benchmarks --bin bench_run -- --data DIR [PART ..]
//!
//! `firehose` plays a recorded feed at full speed, and a bare node client beside it; `latency` is the
//! time from the last byte of the deciding message to the relay's 250; `bmp` are fifty routers with
//! full tables; `soak` plays the feed round and round, and asks whether all of it was read and every event
//! told; `drain` is a queue that a relay takes at last. The daemon is the real one, a process of its own;
//! server, routers and relay are threads of this program. CPU is what the kernel says of the
//! whole life of a process, memory its peak.

mod bmp;
mod connected;
mod daemon;
mod drain;
mod feed;
mod firehose;
mod latency;
mod relay;
mod soak;

use std::error::Error;
use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

#[derive(Parser)]
struct Args {
    /// The folder of the recorded data.
    #[arg(long)]
    data: PathBuf,
    /// The program, if not the one beside this.
    #[arg(long)]
    program: Option<PathBuf>,
    /// How often `firehose` is played.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How many incidents `latency` makes.
    #[arg(long, default_value_t = 240)]
    incidents: usize,
    /// How many routers connect.
    #[arg(long, default_value_t = 50)]
    routers: u8,
    /// How many notifications wait for `drain`.
    #[arg(long, default_value_t = 10_000)]
    notifications: usize,
    /// How long `soak` lasts, in seconds.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// What is measured; all of it if nothing is said.
    #[arg(value_enum)]
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Firehose,
    Latency,
    Bmp,
    Soak,
    Drain,
}

/// What is compared with what must be reached: one line.
struct Line {
    what: String,
    figure: String,
    target: &'static str,
    reached: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let program = match args.program {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("originwatch"),
    };
    let parts = match args.parts.as_slice() {
        [] => Part::value_variants(),
        parts => parts,
    };
    let mut missed = 0;
    for part in parts {
        let lines = match part {
            Part::Firehose => firehose::measure(&program, &args.data, args.rounds)?,
            Part::Latency => latency::measure(&program, &args.data, args.incidents)?,
            Part::Bmp => bmp::measure(&program, &args.data, args.routers)?,
            Part::Soak => soak::measure(&program, &args.data, Duration::from_secs(args.seconds))?,
            Part::Drain => drain::measure(&program, args.notifications)?,
        };
        for Line { what, figure, target, reached } in lines {
            missed += usize::from(!reached);
            let reached = if reached { "" } else { "  MISSED" };
            writeln!(stdout(), "{what:<52} {figure:>22}   {target}{reached}")?;
        }
    }
    match missed {
        0 => Ok(()),
        missed => Err(format!("{missed} targets missed").into()),
    }
}
