//! The command line.

use std::io::Write as _;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::check::{self, CheckArgs};
use crate::config_in_force::{self, ConfigArgs};
use crate::exit::{ExitCode, Failure};
use crate::help::{self, HelpArgs};
use crate::import::{self, ImportArgs};
use crate::incidents::IncidentsArgs;
use crate::init::{self, InitArgs};
use crate::mail::MailArgs;
use crate::maintenance::MaintenanceArgs;
use crate::replay::{self, ReplayArgs};
use crate::roas::RoasArgs;
use crate::run::{self, RunArgs};
use crate::search::{self, SearchArgs};
use crate::validate::{self, ValidateArgs};
use crate::whatif::WhatifArgs;
use crate::{incidents, mail, maintenance, roas, whatif};

/// Watch the routes of your own address space: see who else originates them, tell the NOC.
#[derive(Debug, Parser)]
#[command(name = "originwatch", version, max_term_width = 100, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the first word of the command line may be.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a config for your ASes from RPKI, tables and registries, or add to it what is new.
    Init(Box<InitArgs>),
    /// Write a config from one of BGPalerter or ARTEMIS, and say what of it cannot be carried.
    Import(ImportArgs),
    /// Monitor the feeds until a signal stops it, and notify by mail and other channels.
    Run(RunArgs),
    /// Run recorded routes through the incident engine and print its notices.
    Replay(ReplayArgs),
    /// Find routes in recordings.
    Search(Box<SearchArgs>),
    /// Validate the origin of a route, and show the VRPs that decide.
    Validate(ValidateArgs),
    /// Show which of your routes would change their validation state if these ROAs changed.
    Whatif(WhatifArgs),
    /// Compare your ROAs with what you announce: coverage, exposure, what to create.
    Roas(RoasArgs),
    /// Check the config and everything that it names, and report what would stop an alarm.
    Check(CheckArgs),
    /// Show every key of the config: its value, and the line or the default that says so.
    Config(ConfigArgs),
    /// List, show, explain, export, acknowledge, mute and close incidents, and add notes.
    Incidents(IncidentsArgs),
    /// Manage maintenance windows, in which expected incidents are not notified.
    Maintenance(MaintenanceArgs),
    /// List and retry queued notifications, and test the channels.
    Mail(MailArgs),
    /// Explain a command or a kind of incident.
    Help(HelpArgs),
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  done, but something needs attention (a fault, an invalid route, an unreadable input)
  2  wrong usage or wrong config
  3  failed";

/// Does what the command line says.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Whatif(args) => whatif::run(&args),
        Command::Roas(args) => roas::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Config(args) => config_in_force::run(&args),
        Command::Incidents(args) => incidents::run(&args),
        Command::Maintenance(args) => maintenance::run(&args),
        Command::Mail(args) => mail::run(&args),
        Command::Help(args) => help::run(&args, Cli::command()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "originwatch", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(ExitCode::Done)
        }
        Command::Man => {
            man(&mut std::io::stdout().lock())?;
            Ok(ExitCode::Done)
        }
    }
}

/// One page: the program, then each command as a section of its own.
fn man(out: &mut impl std::io::Write) -> std::io::Result<()> {
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(out)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let page = clap_mangen::Man::new(sub.clone());
        writeln!(out, ".SH {}", sub.get_name().to_uppercase())?;
        page.render_description_section(out)?;
        page.render_synopsis_section(out)?;
        page.render_options_section(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }
}
