//! `originwatch replay`: recordings, merged by time, through the parser, the classifier and the
//! incident engine, to notices.
//!
//! A [`Recording`] reads, in the order of time, and classifies as a live feed does; `plan` says what is watched; a `ReplayStart` leads what happens, and what was before it, into
//! the engine; [`Summary`] is what came of it.

mod args;
mod plan;
mod report;
mod start;
mod summary;
mod text;

use std::sync::Arc;
use std::time::Instant;

use alerter::{AnnotatedNotice, Operator};
use archive::{DamageReports, Event, Inputs};
use feeds::{Found, Recording};
use incidents::{IncidentSummary, Incidents, Reason};
use validator::Classifier;

pub use args::ReplayArgs;
pub use summary::Summary;

use crate::config::Config;
use crate::console::Console;
use crate::exit::{ExitCode, Failure};
use crate::format::Format;
use crate::replay_mailer::ReplayMailer;
use plan::Plan;
use report::Report;
use start::ReplayStart;
use text::{RULE, json, open_line, told};

/// How many damages of one input are reported one by one.
const REPORTED: u64 = 5;

/// Replays what the command line names.
pub fn run(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    if let (Some(from), Some(until)) = (args.from, args.until)
        && from >= until
    {
        return Err(Failure::Usage(format!("--from {from} is not before --until {until}")));
    }
    let started = Instant::now();
    let mut inputs = Inputs::find(&args.inputs, args.archive.cache_of_urls()?.as_ref());
    // What RPKI said then is asked, and not what of it is left today.
    let plan = Plan::new(args, args.from.or_else(|| inputs.begins()))?;
    let operator = plan.config.as_ref().map(Config::told_as).unwrap_or_default();
    let mailer = ReplayMailer::new(args.mail, args.eml.as_deref(), plan.config.as_ref())?;
    let report = args.report.as_deref().map(|folder| Report::new(folder, operator.time_zone()));
    let report = report.transpose()?;
    let archive = plan.config.as_ref().map(|config| config.archive.clone()).unwrap_or_default();
    let (history, missing) = args.archive.history(&archive, args.from, args.until)?;
    inputs.add(history);
    let console = Console::new(inputs.size());
    plan.remarks.iter().chain(&missing).for_each(|remark| console.say(remark));
    let mut teller = Teller { args, operator: &operator, console: &console, mailer, report };
    let summary = replay(&plan, inputs, &mut teller);
    console.done();
    let summary = summary?;
    console.say(&summary.report(started.elapsed()));
    if let Some(report) = teller.mailer.report() {
        console.say(&report);
    }
    Ok(summary.code())
}

/// The pipeline: everything is an argument, and what came of it is the result.
fn replay(plan: &Plan, inputs: Inputs, teller: &mut Teller<'_>) -> Result<Summary, Failure> {
    let args = teller.args;
    let classifier = Arc::new(Classifier::new(plan.watches.clone(), plan.snapshot.clone()));
    let mut incidents = Incidents::new(plan.rules.clone(), plan.directory.clone());
    incidents.set_sources(plan.sources(args));
    let mut summary = Summary { passed_over: inputs.passed_over, ..Summary::default() };
    for (name, why) in &inputs.unreadable {
        summary.unreadable += 1;
        teller.console.say(&format!("{name}: {why}"));
    }
    let reports = DamageReports { each: REPORTED, ..DamageReports::default() };
    let mut recording = Recording::new(inputs.inputs, reports, classifier.clone(), args.until);
    recording.set_threads(args.threads);
    let offenders = recording.offender_filter();
    let mut start = ReplayStart::new(classifier, offenders, incidents, args.from);
    loop {
        let (octets, records) = recording.progress();
        match recording.next_event() {
            None => break,
            Some(Event::Units(units, count, reached)) => {
                teller.console.progress(octets, records);
                for Found(_, finding) in units.take(count) {
                    start.take(finding);
                    teller.drain(&mut start.incidents, &mut summary)?;
                }
                if args.until.is_none_or(|until| reached < until) {
                    start.tick(reached);
                    teller.drain(&mut start.incidents, &mut summary)?;
                }
            }
            Some(Event::Warning(text)) => teller.console.say(&text),
            Some(Event::Unreadable(name, why)) => {
                summary.unreadable += 1;
                teller.console.say(&format!("{name}: {why}"));
            }
            Some(Event::Done(done)) => {
                summary.add_counts(done.visitor.counts());
                summary.add(&done.statistics);
            }
        }
    }
    finish(start, summary, teller)
}

/// What is due at the end of the input, and what is open then.
fn finish(
    mut start: ReplayStart,
    mut summary: Summary,
    teller: &mut Teller<'_>,
) -> Result<Summary, Failure> {
    start.begin();
    let ReplayStart { mut incidents, now, findings, .. } = start;
    summary.findings = findings;
    if let Some(now) = now {
        // What was due by the end of the input is told before what was gathered.
        incidents.handle_timeout(now);
        teller.drain(&mut incidents, &mut summary)?;
        incidents.finish(now);
        teller.drain(&mut incidents, &mut summary)?;
    }
    let open = incidents.view().open();
    teller.still_open(&open)?;
    let (sent, kept) = (teller.mailer.sent, teller.mailer.kept);
    Ok(Summary { open: open.len() as u64, sent, kept, ..summary })
}

/// Prints notices, gives them to the mailer, and files them.
struct Teller<'a> {
    args: &'a ReplayArgs,
    operator: &'a Operator,
    console: &'a Console,
    mailer: ReplayMailer,
    report: Option<Report>,
}

impl Teller<'_> {
    /// Tells what the engine has to tell. The mail goes first: whoever reads the output may have
    /// seen enough and hung up.
    fn drain(&mut self, incidents: &mut Incidents, summary: &mut Summary) -> Result<(), Failure> {
        while let Some(notice) = incidents.poll() {
            let notice = AnnotatedNotice::new(notice, self.operator);
            summary.notices += 1;
            summary.incidents += u64::from(notice.reason == Reason::Opened);
            if let Some(trouble) = self.mailer.deliver(&notice)? {
                self.console.say(&trouble);
            }
            let json = json(&notice);
            if let Some(report) = &mut self.report {
                report.add(&notice, &json)?;
            }
            match self.args.format {
                Format::Text => self.console.print(&told(&notice, self.operator.time_zone()))?,
                Format::Json => self.console.print(&json)?,
            }
        }
        Ok(())
    }

    /// In JSON, standard output is notices and nothing else.
    fn still_open(&self, open: &[IncidentSummary]) -> Result<(), Failure> {
        let lines: String = open.iter().map(open_line).collect();
        if let Some(report) = &self.report {
            report.finish(&lines)?;
        }
        if open.is_empty() {
            return Ok(());
        }
        match self.args.format {
            Format::Text => self.console.print(&format!("{RULE}\nStill open:\n{lines}\n"))?,
            Format::Json => self.console.say(&format!("still open:\n{}", lines.trim_end())),
        }
        Ok(())
    }
}
