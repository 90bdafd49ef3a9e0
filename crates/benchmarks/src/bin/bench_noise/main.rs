//! How many incidents a day nobody's hijack makes: the networks that originate most of a table are watched, by no
//! more than what it says that they originate, and what came after it is replayed.
//!
//! `cargo run --profile dist -p benchmarks --bin bench_noise -- --rib RIB UPDATES..` prints incidents a day for each
//! hundred watched prefixes, by kind and severity: raw, where a watch is a prefix and its origins, and with the baseline,
//! where what stood inside of it in the table is not news. `rib` reads the table, `watch` makes the watches, `noise`
//! replays and counts.

#![expect(clippy::print_stdout, reason = "it says what it measured")]

mod noise;
mod rib;
mod watch;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;

use noise::Noise;
use rib::Table;
use watch::Baseline;

#[derive(Parser)]
struct Arguments {
    /// The table.
    #[arg(long)]
    rib: Vec<PathBuf>,
    /// How many origins are watched: those of most prefixes.
    #[arg(long, default_value_t = 1000)]
    top: usize,
    /// At most so many prefixes are watched.
    #[arg(long, default_value_t = 20_000)]
    watches: usize,
    /// Print each critical incident.
    #[arg(long)]
    critical: bool,
    /// What came after it.
    updates: Vec<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let table = Table::read(&arguments.rib);
    println!("table: {} prefixes of {} origins", table.prefixes(), table.origins());
    let inputs: Vec<PathBuf> = arguments.rib.iter().chain(&arguments.updates).cloned().collect();
    for baseline in [Baseline::Raw, Baseline::Table] {
        let watches = watch::watches(&table, arguments.top, arguments.watches, baseline)?;
        let noise = Noise::of(&inputs, &arguments.updates, watches);
        println!("\n{}\n{noise}", baseline.name());
        if arguments.critical {
            noise.critical.iter().for_each(|line| println!("  {line}"));
        }
    }
    Ok(())
}
