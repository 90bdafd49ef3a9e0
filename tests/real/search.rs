//! `originwatch search` beside bgpdump.

use std::process::Command;

use crate::play::output;
use crate::play::search::{name, search};
use crate::recordings::{RIB, UPDATES};
use fixtures::real::{need, recording};

/// Line for line; what bgpdump reads otherwise is told in the tests of the parser.
#[test]
fn bgpdump_prints_the_same() {
    need(&["bgpdump"]);
    for file in [RIB, UPDATES, "mrt/RIPE-NCC+bgpdump/bview.20020722.2337.gz"] {
        let output = output(Command::new("bgpdump").arg("-m").arg(recording(file)));
        assert_eq!(search([&name(file)]).stdout.as_bytes(), output.stdout, "{file}");
    }
}
