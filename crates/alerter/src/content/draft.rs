//! The mails that the operator can send to the offender and to who accepted it.

use bgp::{Asn, AsnKind};
use incidents::{Notice, Party};
use validator::{Accusation, ValidationState};

use crate::content::phrase::plural;
use crate::content::words::is_foreign;
use crate::notice::AnnotatedNotice;

/// Prefixes that the draft names.
const NAMED: usize = 20;
/// Accepting ASes that are written to.
const ACCEPTING: usize = 8;

/// A paragraph to the contacts of each offender and each accepting AS; none where nobody else is at fault, or
/// where nobody is there to be written to.
pub(crate) fn draft(notice: &AnnotatedNotice) -> Option<Vec<String>> {
    if !is_foreign(notice) || is_entitled(notice) {
        return None;
    }
    let Accusation { what, ask, .. } = notice.kind.spec().accusation?;
    let operator = if notice.operator.is_empty() { "us" } else { &notice.operator };
    let (since, prefixes) = (notice.since, prefixes(notice));
    let from = from(notice);
    // Of the members of an AS_SET nobody knows which one it is.
    let who = if notice.offenders.len() > 1 { from.as_str() } else { "your network" };
    let offenders = notice.offenders.iter().filter(|party| party.asn.has_noc());
    let mut paragraphs: Vec<String> = offenders
        .map(|party| {
            let noc = addressed(party);
            format!(
                "To the NOC of {noc}: since {since} {who} {what} {prefixes}, address space of \
                 {operator}, {ask}"
            )
        })
        .collect();
    for accepting in notice.accepted_by.iter().take(ACCEPTING) {
        let noc = addressed(&accepting.party);
        paragraphs.push(format!(
            "To the NOC of {noc}: since {since} you accept {prefixes}, address space of {operator}, from \
             {from}. Please filter it."
        ));
    }
    if paragraphs.is_empty() {
        return None;
    }
    paragraphs.push(format!("Reference: {}", notice.incident));
    paragraphs.extend(without_address(notice));
    Some(paragraphs)
}

/// Who is written to, and at which addresses.
fn addressed(party: &Party) -> String {
    match party.contacts.as_slice() {
        [] => party.label(),
        addresses => format!("{} <{}>", party.label(), addresses.join(", ")),
    }
}

/// Why some have no address.
fn without_address(notice: &Notice) -> Option<String> {
    let offenders = notice.offenders.iter().filter(|party| party.asn.has_noc());
    let accepting = notice.accepted_by.iter().take(ACCEPTING).map(|accepting| &accepting.party);
    let unknown = offenders.chain(accepting).filter(|party| party.contacts.is_empty());
    let unknown: Vec<String> = unknown.map(|party| party.asn.to_string()).collect();
    (!unknown.is_empty())
        .then(|| format!("([data] contacts has no address of {}.)", unknown.join(", ")))
}

/// From whom it is accepted, as far as the path tells.
fn from(notice: &Notice) -> String {
    let is_told = |asn: &Asn| !matches!(asn.kind(), AsnKind::Zero | AsnKind::Trans);
    let offenders = notice.offenders.iter().map(|party| party.asn).filter(is_told);
    let offenders: Vec<String> = offenders.map(|asn| asn.to_string()).collect();
    if offenders.is_empty() {
        return "an AS that the path does not tell".to_owned();
    }
    match offenders.as_slice() {
        [offender] => offender.clone(),
        // The members of an AS_SET.
        several => format!("one of {}", several.join(", ")),
    }
}

/// RPKI entitles the origin to everything that it announces: nobody is accused.
pub(crate) fn is_entitled(notice: &Notice) -> bool {
    let valid = |state| state == ValidationState::Valid;
    notice.kind.is_hijack()
        && !notice.prefixes.is_empty()
        && notice.prefixes.iter().all(|p| valid(p.rov.state()))
}

fn prefixes(notice: &Notice) -> String {
    let mut prefixes: Vec<String> =
        notice.prefixes.iter().map(|p| p.announced.to_string()).collect();
    prefixes.dedup();
    let more = prefixes.len().saturating_sub(NAMED);
    prefixes.truncate(NAMED);
    let named = prefixes.join(", ");
    match more {
        0 => named,
        more => format!("{named} and {}", plural(more, "more prefix", "more prefixes")),
    }
}
