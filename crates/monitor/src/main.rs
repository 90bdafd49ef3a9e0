//! `originwatch`: see the library of the same name.

use std::process::ExitCode;

use clap::Parser as _;
use originwatch::cli::Cli;

fn main() -> ExitCode {
    originwatch::exit::code(originwatch::cli::run(Cli::parse()))
}
