use std::path::PathBuf;

use bgp::Asn;
use clap::Args;

/// `originwatch init`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct InitArgs {
    /// An AS of yours; may be repeated [with --update: those of the config].
    #[arg(long, value_name = "ASN", value_delimiter = ',', required_unless_present = "update")]
    pub asn: Vec<Asn>,

    /// The config to write, or with --update the one to add to.
    #[arg(short, long, value_name = "FILE", default_value = "originwatch.toml")]
    pub output: PathBuf,

    /// VRPs: a file, an http(s):// URL, rtr://host:port; the config takes them from there too; may be
    /// repeated, the first that answers counts [default: public validators; with --update those of the
    /// config].
    #[arg(long, value_name = "SRC")]
    pub vrps: Vec<String>,

    /// A table, in MRT or any other recording, of a collector or of your own router: a file or a URL,
    /// which is read twice; may be repeated.
    #[arg(long, value_name = "FILE|URL")]
    pub rib: Vec<PathBuf>,

    /// Read the latest table of this collector of RIPE RIS or RouteViews (rrc00, route-views2, ..); may
    /// be repeated.
    #[arg(long, value_name = "COLLECTOR", value_delimiter = ',')]
    pub collector: Vec<String>,

    /// What RIPEstat lists as announced by an AS of yours (its JSON of announced-prefixes): a file or a
    /// URL; may be repeated.
    #[arg(long, value_name = "FILE|URL")]
    pub announced: Vec<PathBuf>,

    /// Route objects of a routing registry (RPSL, a dump or what whois prints): a file or a URL; may be
    /// repeated.
    #[arg(long, value_name = "FILE|URL")]
    pub irr: Vec<PathBuf>,

    /// Your name, as in a signature [default: your first AS].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// A short name in front of every subject [default: the name].
    #[arg(long, value_name = "NAME")]
    pub site: Option<String>,

    /// Your country, as GB: notices say how many vantage points there see it.
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,

    /// Your time zone, as Europe/London [default: that of this machine].
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,

    /// Who is mailed; may be repeated.
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub mail_to: Vec<String>,

    /// The sender of the mails [default: originwatch at the domain of the first receiver].
    #[arg(long, value_name = "ADDRESS", requires = "mail_to")]
    pub mail_from: Option<String>,

    /// The mail relay, as smtp://mail.example.net:587 [default: this machine, if it listens on port 25].
    #[arg(long, value_name = "URL", requires = "mail_to")]
    pub relay: Option<String>,

    /// Say what changed since the config was written, and add it; your own lines stay.
    #[arg(long, conflicts_with_all = ["name", "site", "country", "timezone", "mail_to", "force"])]
    pub update: bool,

    /// Ask nothing: take the defaults, and with --update write the file.
    #[arg(short, long)]
    pub yes: bool,

    /// After the check, send a drill to whoever is told [default: asks on a terminal].
    #[arg(long, conflicts_with = "offline")]
    pub drill: bool,

    /// Replace a file that is there.
    #[arg(long)]
    pub force: bool,

    /// Ask no public validator, and at the end check only what needs no network.
    #[arg(long)]
    pub offline: bool,

    /// The BGPKIT broker that knows the files of the collectors.
    #[arg(long, value_name = "URL", default_value = "https://api.bgpkit.com/v3/broker")]
    pub broker: String,

    /// Cache what is fetched in this folder [default: originwatch in the cache folder of the user, and only
    /// recordings of collectors].
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  With questions, from public validators and the latest table of RRC00:
    originwatch init --asn 64500 --collector rrc00
  For a script, from your own validator:
    originwatch init --asn 64500 --vrps rtr://127.0.0.1:3323 --collector rrc00 \\
        --mail-to noc@example.net --relay smtp://mail.example.net:587 --yes
  What RIPEstat and a registry say of you:
    originwatch init --asn 64500 --irr ripe.db.route.gz \\
        --announced 'https://stat.ripe.net/data/announced-prefixes/data.json?resource=AS64500'
  What is new since, added to the config:
    originwatch init --update --collector rrc00

A file that is there is not replaced. At the end the config is checked; the exit code is 1 if that
finds a fault, or if --update finds something and does not write it.";
