use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::namespace::Namespace;
use super::process::Process;

/// ExaBGP as AS3356, a transit that passes on what is written into a file line by line.
pub(super) struct Exabgp {
    _process: Process,
    script: PathBuf,
}

impl Exabgp {
    pub(super) fn start(space: &Namespace, folder: &Path) -> Self {
        let script = folder.join("transit.script");
        fs::write(&script, "").unwrap();
        // It runs its feeders as somebody who may do nothing.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let config = format!(
            "process feeder {{ run /usr/bin/tail -n +1 -f {}; encoder text; }}\n\
             neighbor 10.89.0.12 {{ router-id 10.89.0.62; local-address 10.89.0.62; local-as 3356;\n\
             peer-as 64500; hold-time 9; family {{ ipv4 unicast; }}\n\
             api {{ processes [ feeder ]; }} }}\n",
            script.display()
        );
        fs::write(folder.join("exabgp.conf"), config).unwrap();
        let mut command = space.command("exabgp");
        command.arg(folder.join("exabgp.conf"));
        command.env("exabgp.tcp.bind", "").env("exabgp.api.cli", "false");
        command.env("exabgp.daemon.daemonize", "false").env("exabgp.daemon.user", "nobody");
        command.env("exabgp.log.destination", "stdout");
        let process = Process::start(command, &folder.join("exabgp.log"));
        Exabgp { _process: process, script }
    }

    /// `announce route ..` or `withdraw route ..`.
    pub(super) fn say(&self, line: &str) {
        let mut script = OpenOptions::new().append(true).open(&self.script).unwrap();
        script.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}
