use std::io::{self, Write as _};

use parser::bgpdump::write_path;
use parser::{Element, ElementKind};
use validator::ValidationState;

use crate::criteria::ElementType;

/// The heads of the columns of [`Format::Table`](crate::Format).
pub const HEAD: &str = "\
TIME                         TYPE     PEER                                        PREFIX               PATH\n";

/// Appends a line of columns.
pub(crate) fn table(element: &Element<'_>, state: Option<ValidationState>, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = write_table(element, state, out);
}

/// Appends an object, in one line.
pub(crate) fn json(element: &Element<'_>, state: Option<ValidationState>, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _ = write_json(element, state, out);
}

fn write_table(
    element: &Element<'_>,
    state: Option<ValidationState>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let peer = format!("AS{} {}", element.vantage.asn.number(), element.vantage.address);
    write!(
        out,
        "{:<28} {:<8} {peer:<43} ",
        element.at.to_string(),
        ElementType::of(element).map_or("", name)
    )?;
    match &element.kind {
        ElementKind::State { old, new } => write!(out, "{old} -> {new}")?,
        ElementKind::Unreadable => (),
        ElementKind::Withdraw { nlri } => write!(out, "{}", nlri.prefix)?,
        ElementKind::Rib { nlri, attributes, .. } | ElementKind::Announce { nlri, attributes } => {
            let path = match attributes.is_unreadable() {
                true => "(cannot be read)".to_owned(),
                false => attributes.path().to_as_path().to_string(),
            };
            write!(out, "{:<20} {path}", nlri.prefix.to_string())?;
        }
    }
    if let Some(state) = state {
        write!(out, " ({state})")?;
    }
    out.push(b'\n');
    Ok(())
}

/// The values are numbers, addresses and words of ours; a collector's name alone may be anything.
fn write_json(
    element: &Element<'_>,
    state: Option<ValidationState>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let vantage = element.vantage;
    write!(
        out,
        r#"{{"at":"{}","type":"{}","collector":"#,
        element.at,
        ElementType::of(element).map_or("", name)
    )?;
    serde_json::to_writer(&mut *out, &*vantage.collector)?;
    write!(out, r#","peer":"{}","peer_asn":{}"#, vantage.address, vantage.asn.number())?;
    match &element.kind {
        ElementKind::State { old, new } => write!(out, r#","old":{old},"new":{new}"#)?,
        ElementKind::Unreadable => (),
        ElementKind::Withdraw { .. } => route(element, out)?,
        ElementKind::Rib { originated, .. } => {
            route(element, out)?;
            write!(out, r#","originated":"{originated}""#)?;
        }
        ElementKind::Announce { .. } => route(element, out)?,
    }
    if let Some(state) = state {
        write!(out, r#","rov":"{state}""#)?;
    }
    out.extend_from_slice(b"}\n");
    Ok(())
}

fn route(element: &Element<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    let Some(nlri) = element.nlri() else { return Ok(()) };
    write!(out, r#","prefix":"{}","path_id":{}"#, nlri.prefix, nlri.path_id)?;
    let Some(attributes) = element.attributes() else { return Ok(()) };
    out.extend_from_slice(br#","as_path":""#);
    write_path(attributes.path(), out);
    out.extend_from_slice(br#"","origins":["#);
    list(element.origin().members().iter().map(|asn| asn.number()), out)?;
    out.push(b']');
    if attributes.is_unreadable() {
        out.extend_from_slice(br#","unreadable":true"#);
    }
    if let Some(next_hop) = attributes.route_next_hop() {
        write!(out, r#","next_hop":"{next_hop}""#)?;
    }
    if let Some(code) = attributes.origin_code() {
        write!(out, r#","origin_code":{code}"#)?;
    }
    if let Some(local_pref) = attributes.local_pref() {
        write!(out, r#","local_pref":{local_pref}"#)?;
    }
    if let Some(med) = attributes.multi_exit_disc() {
        write!(out, r#","med":{med}"#)?;
    }
    let quoted = |text: String| format!("\"{text}\"");
    write!(out, r#","communities":["#)?;
    list(attributes.communities().map(|community| quoted(community.to_string())), out)?;
    write!(out, r#"],"large_communities":["#)?;
    list(attributes.large_communities().map(|community| quoted(community.to_string())), out)?;
    out.push(b']');
    if let Some(otc) = attributes.only_to_customer() {
        write!(out, r#","only_to_customer":{}"#, otc.number())?;
    }
    Ok(())
}

fn list<T: std::fmt::Display>(
    values: impl Iterator<Item = T>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    for (place, value) in values.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write!(out, "{value}")?;
    }
    Ok(())
}

const fn name(kind: ElementType) -> &'static str {
    match kind {
        ElementType::Announce => "announce",
        ElementType::Withdraw => "withdraw",
        ElementType::Rib => "rib",
        ElementType::State => "state",
    }
}
