//! The configs of routers, and how they are started.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::namespace::Namespace;
use super::process::{Process, output};

/// Where FRR's BGP speaker lies in Debian: not on anybody's path.
const BGPD: &str = "/usr/lib/frr/bgpd";

/// GoBGP as one of our routers: it waits for the attacker, and tells the monitor all that it can.
///
/// Our routers announce nothing: GoBGP as the attacker would learn our route from one of them and, when
/// it withdraws its own, forget to tell the other.
pub(super) fn gobgp_edge(space: &Namespace, folder: &Path) -> Process {
    let neighbour = gobgp_neighbour("10.89.0.61", 4761, "10.89.0.11", true);
    let config = format!(
        "[global.config]\nas = 64500\nrouter-id = \"10.89.0.11\"\nport = 179\n\
         [global.apply-policy.config]\ndefault-export-policy = \"reject-route\"\n{neighbour}\
         [[bmp-servers]]\n[bmp-servers.config]\naddress = \"10.88.0.1\"\nport = 11019\n\
         route-monitoring-policy = \"all\"\nstatistics-timeout = 15\n"
    );
    gobgp(space, folder, "edge1", &config)
}

/// GoBGP as AS4761.
pub(super) fn gobgp_attacker(space: &Namespace, folder: &Path) -> Process {
    let edges = ["10.89.0.11", "10.89.0.12"];
    let neighbours = edges.map(|edge| gobgp_neighbour(edge, 64500, "10.89.0.61", false));
    let config = format!(
        "[global.config]\nas = 4761\nrouter-id = \"10.89.0.61\"\nport = -1\n{}",
        neighbours.concat()
    );
    gobgp(space, folder, "attacker", &config)
}

/// Its hold time is short, so that a cut is noticed within the patience of a test.
fn gobgp_neighbour(address: &str, asn: u32, local: &str, passive: bool) -> String {
    format!(
        "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{address}\"\npeer-as = {asn}\n\
         [neighbors.transport.config]\nlocal-address = \"{local}\"\npassive-mode = {passive}\n\
         [neighbors.timers.config]\nhold-time = 9\nkeepalive-interval = 3\nconnect-retry = 2\n\
         idle-hold-time-after-reset = 2\n\
         [[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"ipv4-unicast\"\n"
    )
}

fn gobgp(space: &Namespace, folder: &Path, name: &str, config: &str) -> Process {
    let file = folder.join(format!("{name}.toml"));
    fs::write(&file, config).unwrap();
    let mut command = space.command("gobgpd");
    command.arg("-f").arg(file).args(["--api-hosts=127.0.0.1:50051", "--pprof-disable", "-p"]);
    Process::start(command, &folder.join(format!("{name}.log")))
}

/// Tells the GoBGP that runs here.
pub(super) fn tell_gobgp(space: &Namespace, words: &str) -> String {
    output(space.command("gobgp").args(words.split(' ')))
}

/// FRR's bgpd alone as one of our routers, with a neighbour more.
///
/// It drops its privileges, and must then be able to write beside its config.
pub(super) fn frr_edge(space: &Namespace, folder: &Path) -> Process {
    let own = folder.join("frr");
    fs::create_dir_all(&own).unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o777)).unwrap();
    fs::write(own.join("bgpd.conf"), FRR).unwrap();
    let mut command = space.command(BGPD);
    command.args(["-M", "bmp", "-n", "-P", "0", "-f"]).arg(own.join("bgpd.conf"));
    command.arg("-i").arg(own.join("bgpd.pid")).arg("--vty_socket").arg(&own);
    Process::start(command, &folder.join("edge2.log"))
}

/// What FRR's shell answers; nothing while the router does not.
pub(super) fn ask_frr(space: &Namespace, folder: &Path, words: &str) -> String {
    let mut command: Command = space.command("vtysh");
    command.arg("--vty_socket").arg(folder.join("frr")).args(["-c", words]);
    String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
}

/// The order of the lines matters to FRR, and `exit` is needed before what follows `bmp targets`.
const FRR: &str = "\
hostname edge2
router bgp 64500
 bgp router-id 10.89.0.12
 no bgp ebgp-requires-policy
 no bgp network import-check
 timers bgp 3 9
 neighbor 10.89.0.61 remote-as 4761
 neighbor 10.89.0.61 passive
 neighbor 10.89.0.61 disable-connected-check
 neighbor 10.89.0.62 remote-as 3356
 neighbor 10.89.0.62 passive
 neighbor 10.89.0.62 disable-connected-check
 bmp targets noc
  bmp stats interval 5000
  bmp monitor ipv4 unicast pre-policy
  bmp monitor ipv4 unicast post-policy
  bmp connect 10.88.0.1 port 11019 min-retry 1000 max-retry 5000
 exit
 address-family ipv4 unicast
  network 198.51.100.0/24
  neighbor 10.89.0.61 soft-reconfiguration inbound
  neighbor 10.89.0.61 prefix-list nothing out
  neighbor 10.89.0.62 soft-reconfiguration inbound
  neighbor 10.89.0.62 prefix-list nothing out
 exit-address-family
exit
ip prefix-list nothing seq 5 deny any
line vty
";
