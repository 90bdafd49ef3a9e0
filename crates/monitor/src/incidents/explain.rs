use std::io::{self, Write};

use alerter::AnnotatedIncident;
use incidents::{AffectedPrefix, Evidence, Notice};
use store::StoreClient;
use validator::Vrp;

use crate::exit::{ExitCode, Failure};
use crate::format::Format;

/// Says why this is an incident: the rule, the verdict with its VRPs, the sights.
pub(super) fn explain(
    client: &StoreClient,
    incident: &AnnotatedIncident,
    format: Format,
) -> Result<ExitCode, Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let notices = client.notices(incident.incident.as_str())?;
    match (notices.last(), format) {
        (None, _) => {
            let (holding, total) = (incident.holding, incident.total);
            writeln!(
                out,
                "{} is {}: {holding} of {total} vantage points hold it, too few to tell anybody.",
                incident.incident,
                incident.state.name()
            )?;
        }
        (Some(notice), Format::Json) => {
            let why = serde_json::json!({
                "incident": notice.incident,
                "rule": notice.kind.spec().meaning,
                "prefixes": notice.prefixes,
                "evidence": notice.evidence,
                "evidence_count": notice.evidence_count,
            });
            writeln!(out, "{why}")?;
        }
        (Some(notice), Format::Text) => tell(&mut out, notice)?,
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
