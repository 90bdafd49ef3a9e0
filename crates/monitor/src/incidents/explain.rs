use std::io::{self, Write};

use alerter::AnnotatedIncident;
use bgp::Prefix;
use incidents::{AffectedPrefix, Evidence, FirstHop, Notice};
use store::StoreClient;
use validator::Vrp;

use super::current::Current;
use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::format::Format;

/// Says why this is an incident: the rule, the verdict with its VRPs, the sights.
pub(super) fn explain(
    client: &StoreClient,
    incident: &AnnotatedIncident,
    format: Format,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let notices = client.notices(incident.incident.as_str())?;
    let last = notices.last();
    let now = last.map(|last| Current::of(client, config, incident, last)).transpose()?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    match (now, format) {
        (None, _) => {
            let (holding, total) = (incident.holding, incident.total);
            writeln!(
                out,
                "{} is {}: {holding} of {total} vantage points hold it, too few to tell anybody.",
                incident.incident,
                incident.state.name()
            )?;
        }
        (Some(Current { notice, first_hops }), Format::Json) => {
            let first_hops: Vec<_> = first_hops
                .iter()
                .map(|(watched, hops)| serde_json::json!({ "watched": watched, "hops": hops }))
                .collect();
            let why = serde_json::json!({
                "incident": notice.incident,
                "rule": notice.kind.spec().meaning,
                "prefixes": notice.prefixes,
                "evidence": notice.evidence,
                "evidence_count": notice.evidence_count,
                "first_hops": first_hops,
            });
            writeln!(out, "{why}")?;
        }
        (Some(Current { notice, first_hops }), Format::Text) => {
            tell(&mut out, &notice)?;
            neighbours(&mut out, &first_hops)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::Done)
}

fn tell(out: &mut impl Write, notice: &Notice) -> io::Result<()> {
    writeln!(out, "{}: {}, {}", notice.incident, notice.kind, notice.severity)?;
    writeln!(out, "{} fires when {}.", notice.kind, notice.kind.spec().meaning)?;
    for detail in &notice.details {
        writeln!(out, "  {detail}")?;
    }
    for affected in &notice.prefixes {
        prefix(out, affected)?;
    }
    if notice.prefix_count > notice.prefixes.len() {
        writeln!(out, "and {} more prefixes", notice.prefix_count - notice.prefixes.len())?;
    }
    if !notice.evidence.is_empty() {
        writeln!(out, "\nSeen {} times; the first and the last:", notice.evidence_count)?;
    }
    for sight in &notice.evidence {
        writeln!(out, "  {}", seen(sight))?;
    }
    Ok(())
}

/// Who stands next to us, as far as it was seen.
fn neighbours(out: &mut impl Write, first_hops: &[(Prefix, Vec<FirstHop>)]) -> io::Result<()> {
    for (watched, hops) in first_hops {
        writeln!(out, "\nNext to us on the paths to {watched}:")?;
        for FirstHop { asn, since, accepted } in hops {
            let since = since.map(|since| format!(", since {since}")).unwrap_or_default();
            let accepted = if *accepted { ", accepted" } else { "" };
            writeln!(out, "  {asn}{since}{accepted}")?;
        }
    }
    Ok(())
}

fn prefix(out: &mut impl Write, affected: &AffectedPrefix) -> io::Result<()> {
    let AffectedPrefix { watched, description, announced, kind, holding, rov } = affected;
    let watch = match (watched, description.is_empty()) {
        (Some(watched), true) => format!("the watch {watched}"),
        (Some(watched), false) => format!("the watch {watched} ({description})"),
        (None, _) => "no watch: it is outside all of them".to_owned(),
    };
    writeln!(out, "\n{announced}: {kind}, held by {holding} vantage points")?;
    writeln!(out, "  decided by {watch}")?;
    let reason = rov.reason().map(|reason| format!(" ({})", reason.name())).unwrap_or_default();
    writeln!(out, "  origin validation: {}{reason}", rov.state())?;
    let said = [
        ("matches", &rov.matched),
        ("has another ASN", &rov.unmatched_as),
        ("has a shorter max length", &rov.unmatched_length),
    ];
    for (how, vrps) in said {
        for vrp in vrps {
            writeln!(out, "    VRP {} {how}", shown(vrp))?;
        }
    }
    Ok(())
}

fn shown(vrp: &Vrp) -> String {
    format!("{}-{} {}", vrp.prefix(), vrp.max_length(), vrp.asn())
}

fn seen(sight: &Evidence) -> String {
    let Evidence { at, collector, peer_ip, peer_asn, prefix, as_path, .. } = sight;
    format!("{at} {collector} {peer_ip} {peer_asn}: {prefix} by {as_path}").replace("  ", " ")
}
