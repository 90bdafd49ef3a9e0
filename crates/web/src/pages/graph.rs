//! Who accepted a route, as SVG: from who originates it through who took it to who tells us.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bgp::Asn;
use incidents::Notice;

use super::chart::escape;

/// So many stand below each other at most; the tables beside have all.
const ROWS: usize = 12;
const ROW: usize = 26;
const COLUMNS: [usize; 3] = [10, 270, 530];
const BOX: usize = 180;

/// Three columns: offenders, the ASes next to them, the ASes of the vantage points. Nothing where nobody accepted it.
pub(super) fn accepted(notice: &Notice) -> Option<String> {
    let offenders: Vec<Asn> = notice.offenders.iter().map(|party| party.asn).take(ROWS).collect();
    let acceptors: Vec<Asn> =
        notice.accepted_by.iter().map(|one| one.party.asn).take(ROWS).collect();
    if offenders.is_empty() || acceptors.is_empty() {
        return None;
    }
    let edges = edges(notice, &offenders, &acceptors);
    let vantages: BTreeSet<Asn> = edges.iter().filter_map(|edge| edge.vantage).collect();
    let vantages: Vec<Asn> = vantages.into_iter().take(ROWS).collect();
    let columns = [&offenders, &acceptors, &vantages];
    let rows = columns.iter().map(|column| column.len()).max().unwrap_or(1);
    let height = rows * ROW + 30;
    let mut svg = format!(
        "<svg class=\"graph\" viewBox=\"0 0 720 {height}\" role=\"img\" aria-label=\"who accepted the route\">"
    );
    for (column, heading) in COLUMNS.into_iter().zip(["originates", "accepted by", "seen by"]) {
        let _ = write!(svg, "<text x=\"{column}\" y=\"14\">{heading}</text>");
    }
    for edge in &edges {
        line(&mut svg, [0, 1], place(&offenders, edge.offender), place(&acceptors, edge.acceptor));
        if let Some(vantage) = edge.vantage {
            line(&mut svg, [1, 2], place(&acceptors, edge.acceptor), place(&vantages, vantage));
        }
    }
    let names = names(notice);
    for (x, column) in COLUMNS.into_iter().zip(columns) {
        for (row, asn) in column.iter().enumerate() {
            node(&mut svg, x, row, *asn, names.get(asn).copied());
        }
    }
    Some(svg + "</svg>")
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    offender: Asn,
    acceptor: Asn,
    /// None where the acceptor is the vantage point itself, or nothing of the evidence says more.
    vantage: Option<Asn>,
}

/// As the paths of the evidence say; where none does, the acceptor alone.
fn edges(notice: &Notice, offenders: &[Asn], acceptors: &[Asn]) -> BTreeSet<Edge> {
    let mut edges = BTreeSet::new();
    for evidence in &notice.evidence {
        let path: Vec<Asn> =
            evidence.as_path.split(' ').filter_map(|hop| hop.parse().ok()).collect();
        let Some(at) = path.iter().position(|hop| offenders.contains(hop)) else { continue };
        let (Some(&acceptor), Some(&offender)) = (path.get(at.wrapping_sub(1)), path.get(at))
        else {
            continue;
        };
        if acceptors.contains(&acceptor) {
            let vantage = (evidence.peer_asn != acceptor).then_some(evidence.peer_asn);
            edges.insert(Edge { offender, acceptor, vantage });
        }
    }
    for &acceptor in acceptors {
        let is_drawn = edges.iter().any(|edge| edge.acceptor == acceptor);
        if let (false, Some(&offender)) = (is_drawn, offenders.first()) {
            edges.insert(Edge { offender, acceptor, vantage: None });
        }
    }
    edges
}

fn names(notice: &Notice) -> BTreeMap<Asn, &str> {
    let acceptors = notice.accepted_by.iter().map(|one| &one.party);
    let parties = notice.offenders.iter().chain(acceptors);
    parties.filter_map(|party| Some((party.asn, party.name.as_deref()?))).collect()
}

fn place(column: &[Asn], asn: Asn) -> Option<usize> {
    column.iter().position(|other| *other == asn)
}

fn line(svg: &mut String, columns: [usize; 2], from: Option<usize>, to: Option<usize>) {
    let (Some(from), Some(to)) = (from, to) else { return };
    let [left, right] = columns.map(|column| COLUMNS.get(column).copied().unwrap_or_default());
    let middle = |row: usize| 30 + row * ROW + ROW / 2;
    let _ = write!(
        svg,
        "<line class=\"edge\" x1=\"{}\" y1=\"{}\" x2=\"{right}\" y2=\"{}\"/>",
        left + BOX,
        middle(from),
        middle(to)
    );
}

fn node(svg: &mut String, x: usize, row: usize, asn: Asn, name: Option<&str>) {
    let (top, text) = (30 + row * ROW + 2, 30 + row * ROW + 18);
    let name: String = name.unwrap_or_default().chars().take(14).collect();
    let _ = write!(
        svg,
        "<rect class=\"node\" x=\"{x}\" y=\"{top}\" width=\"{BOX}\" height=\"{}\"/>\
         <text x=\"{}\" y=\"{text}\">{asn} {}</text>",
        ROW - 4,
        x + 6,
        escape(&name)
    );
}
