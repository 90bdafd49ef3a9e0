//! `originwatch search`: routes in recordings.
//!
//! `args` is what may be asked, `prefix_list` reads prefixes of a file; here hits are put out in the order of time.

mod args;
mod prefix_list;

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::vec;

use ::search::{Criteria, ElementType, Format, Prefixes, Search};
use alerter::plural;
use archive::{Archive, DamageReports, Event, Inputs, Recordings};
use bgp::Prefix;
use rpki_sources::{Source, Sources, load_once_blocking};

pub use args::SearchArgs;

use crate::config::{Config, LoadError};
use crate::console::Console;
use crate::exit::{ExitCode, Failure};
use crate::way_out;
use validator::RpkiSnapshot;

/// How many damages of one input are reported one by one, where nobody asked for all.
const REPORTED: u64 = 5;

/// Searches what the command line names.
pub fn run(args: &SearchArgs) -> Result<ExitCode, Failure> {
    if let (Some(from), Some(until)) = (args.from, args.until)
        && from >= until
    {
        return Err(Failure::Usage(format!("--from {from} is not before --until {until}")));
    }
    let (snapshot, remarks) = match &args.vrps {
        Some(text) => {
            let source = Source::parse(text, Path::new(""))?;
            if source == Source::Stdin && args.inputs.iter().any(|input| input.as_os_str() == "-") {
                let text = "standard input cannot hold both the VRPs and the routes";
                return Err(Failure::Usage(text.to_owned()));
            }
            let (snapshot, remarks) = load_once_blocking(&Sources::one(source, &[]), None)?;
            (Some(snapshot), remarks)
        }
        None => (None, Vec::new()),
    };
    let mut prefixes = args.prefix.clone();
    for path in &args.prefix_list {
        prefixes.extend(prefix_list::read(path)?);
    }
    let inputs = inputs(args)?;
    let console = Console::new(inputs.size());
    remarks.iter().for_each(|remark| console.say(remark));
    let result = search(args, inputs, criteria(args, prefixes, snapshot), &console);
    console.done();
    result
}

fn inputs(args: &SearchArgs) -> Result<Inputs, Failure> {
    let mut inputs = Inputs::find(&args.inputs, args.archive.cache_of_urls()?.as_ref());
    let only_ribs = args.types == [ElementType::Rib];
    let what = if only_ribs { Recordings::Ribs } else { Recordings::Updates };
    inputs.add(args.archive.find(&archive(args)?, what, args.from, args.until)?);
    Ok(inputs)
}

/// Where the recordings of collectors are, as a config says if there is one: a search needs none.
fn archive(args: &SearchArgs) -> Result<Archive, Failure> {
    if args.archive.collector.is_empty() {
        return Ok(Archive::default());
    }
    match Config::load(args.config.as_deref()) {
        Ok(config) => {
            way_out::take(&config)?;
            Ok(config.archive)
        }
        Err(LoadError::Nowhere) => Ok(Archive::default()),
        Err(error) => Err(error.into()),
    }
}

fn criteria(args: &SearchArgs, list: Vec<Prefix>, snapshot: Option<Arc<RpkiSnapshot>>) -> Criteria {
    let SearchArgs { covered, covering, .. } = *args;
    Criteria {
        prefixes: Prefixes { list, covered, covering },
        origins: args.origin.clone(),
        peers: args.peer.clone(),
        as_path: args.as_path.clone(),
        state: args.rov,
        snapshot,
        types: args.types.clone(),
        from: args.from,
        until: args.until,
        format: args.format,
        count: args.count,
        explain_errors: args.explain_errors,
    }
}

fn search(
    args: &SearchArgs,
    inputs: Inputs,
    criteria: Criteria,
    console: &Console,
) -> Result<ExitCode, Failure> {
    let mut code = ExitCode::Done;
    for (name, why) in &inputs.unreadable {
        console.say(&format!("{name}: {why}"));
        code = ExitCode::Attention;
    }
    if args.format == Format::Table && !args.count {
        console.print(::search::HEAD)?;
    }
    let each = if args.explain_errors { u64::MAX } else { REPORTED };
    let hint = ", which --explain-errors shows";
    let reports = DamageReports { each, hex: args.explain_errors, hint };
    let mut search = Search::new(inputs.inputs, reports, criteria);
    search.set_threads(args.threads);
    let (mut hits, mut of_vrfs) = (0, 0);
    loop {
        let (octets, records) = search.progress();
        match search.next_event() {
            None => break,
            Some(Event::Units(units, count, _)) => {
                print(units, count, console)?;
                console.progress(octets, records);
            }
            Some(Event::Warning(text)) => console.say(&text),
            Some(Event::Unreadable(name, why)) => {
                console.say(&format!("{name}: {why}"));
                code = ExitCode::Attention;
            }
            Some(Event::Done(done)) => {
                hits += done.visitor.hits() + done.statistics.counted;
                of_vrfs += done.statistics.skipped.vrfs;
                if done.statistics.damaged.lost() > 0 {
                    code = ExitCode::Attention;
                }
            }
        }
    }
    finish(args.count.then_some(hits), of_vrfs, console)?;
    Ok(code)
}

/// How many there were, where that was asked for, and what nobody looked at.
fn finish(count: Option<u64>, of_vrfs: u64, console: &Console) -> io::Result<()> {
    if let Some(hits) = count {
        console.print(&format!("{hits}\n"))?;
    }
    if of_vrfs > 0 {
        let messages = plural(of_vrfs, "BMP message", "BMP messages");
        console.say(&format!("{messages} left out: routes of a VRF, not of the global table"));
    }
    io::stdout().flush()
}

/// Takes so many octets of text and prints them.
fn print(units: &mut vec::IntoIter<u8>, count: usize, console: &Console) -> io::Result<()> {
    if let Some(text) = units.as_slice().get(..count)
        && count > 0
    {
        console.write(text)?;
        units.nth(count - 1);
    }
    Ok(())
}
