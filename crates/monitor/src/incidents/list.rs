use std::io::{self, Write};

use alerter::{AnnotatedIncident, Annotations, notice_text};
use store::StoreClient;

use super::current::Current;
use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::format::Format;

/// Prints a table, or an array.
pub(super) fn list(client: &StoreClient, all: bool, format: Format) -> Result<ExitCode, Failure> {
    let incidents = client.incidents(all)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    match format {
        Format::Json => {
            let json = serde_json::to_string(&incidents).map_err(io::Error::from)?;
            writeln!(out, "{json}")?;
        }
        Format::Text if incidents.is_empty() => writeln!(out, "no incidents")?,
        Format::Text => {
            let head = ["INCIDENT", "STATE", "SEVERITY", "KIND", "FIRST SEEN", "SEEN", "WHAT"];
            let rows = incidents.iter().map(row);
            table(
                &mut out,
                &std::iter::once(head.map(str::to_owned)).chain(rows).collect::<Vec<_>>(),
            )?;
        }
    }
    out.flush()?;
    Ok(ExitCode::Done)
}

/// Prints an incident as it is now with what people have said about it, or with all its notices as one object.
pub(super) fn show(
    client: &StoreClient,
    incident: &AnnotatedIncident,
    format: Format,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let notices = client.notices(incident.incident.as_str())?;
    let last = notices.last();
    let now = last.map(|last| Current::of(client, config, incident, last)).transpose()?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    match format {
        Format::Json => {
            let now = now.map(|now| now.notice);
            let whole = serde_json::json!({ "incident": incident, "notices": notices, "now": now });
            writeln!(out, "{whole}")?;
        }
        Format::Text => {
            let [cells @ .., what] = row(incident);
            writeln!(out, "{}\n{what}", cells.join("  "))?;
            for said in said(&incident.annotations) {
                writeln!(out, "{said}")?;
            }
            match now {
                Some(Current { notice, .. }) => {
                    let text = notice_text(&notice, &config.operator.time_zone);
                    writeln!(out, "\nAs of {}\n{}", notice.at, text.trim_end())?;
                }
                None => writeln!(out, "nothing was told of it")?,
            }
            writeln!(out, "\nNotices")?;
            for notice in &notices {
                writeln!(out, "  {}  {}", notice.at, notice.title)?;
            }
        }
    }
    out.flush()?;
    Ok(ExitCode::Done)
}

fn row(incident: &AnnotatedIncident) -> [String; 7] {
    let severity = incident.severity.map(|severity| severity.to_string()).unwrap_or_default();
    let offenders = incident.offenders.iter().map(incidents::Party::label).collect::<Vec<_>>();
    let by = match offenders.is_empty() {
        true => String::new(),
        false => format!(" by {}", offenders.join("; ")),
    };
    let what = match incident.prefixes.as_slice() {
        [] => incident.subject.clone(),
        [one] => one.to_string(),
        [first, more @ ..] => format!("{first} (+{})", more.len()),
    };
    let annotations: String =
        brief(&incident.annotations).iter().map(|mark| format!(" [{mark}]")).collect();
    [
        incident.incident.to_string(),
        incident.state.name().to_owned(),
        severity,
        incident.kind.to_string(),
        bgp::Timestamp::from_seconds(incident.first_seen.seconds()).to_string(),
        format!("{}/{}", incident.holding, incident.total),
        format!("{what}{by}{annotations}").trim().to_owned(),
    ]
}

fn brief(annotations: &Annotations) -> Vec<String> {
    let mut brief = Vec::new();
    brief
        .extend(annotations.acknowledged.as_ref().map(|ack| format!("acknowledged by {}", ack.by)));
    brief.extend(annotations.muted.as_ref().map(|muted| format!("muted until {}", muted.until)));
    brief.extend(annotations.expected.as_ref().map(|window| format!("expected: {window}")));
    brief.extend(annotations.closed.as_ref().map(|closed| format!("closed by {}", closed.by)));
    brief
}

/// What people have said, a line each.
fn said(annotations: &Annotations) -> Vec<String> {
    let notes =
        annotations.notes.iter().map(|note| format!("{} {}: {}", note.at, note.by, note.text));
    brief(annotations).into_iter().chain(notes).collect()
}

/// Columns as wide as what stands in them; the last one is as long as it is.
pub(crate) fn table<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).filter_map(wide).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
