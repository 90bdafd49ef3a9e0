//! Titles: one line that says what it is about, where and when.

use crate::content::phrase::plural;
use crate::summary::{Cause, Summary};
use incidents::Notice;
use jiff::tz::TimeZone;

/// `LON01 - BGP origin hijack - 19:26 - 02/04/2014 - OPEN`.
pub(crate) fn of_notice(notice: &Notice, site: &str, zone: &TimeZone) -> String {
    let at = notice.at.to_jiff().to_zoned(zone.clone());
    let (kind, status) = (notice.kind.spec().title, notice.status());
    let bgp = if notice.subject.is_empty() { "BGP " } else { "" };
    format!("{site} - {bgp}{kind} - {} - {status}", at.strftime("%H:%M - %d/%m/%Y"))
}

/// The title, in the operator's time zone.
pub(crate) fn of_summary(summary: &Summary, zone: &TimeZone) -> String {
    let incidents = plural(summary.row_count, "incident", "incidents");
    let what = match &summary.cause {
        Cause::Storm(group_key) => format!("storm: {incidents} {group_key}"),
        Cause::NotificationLimit { .. } => format!("held back: {incidents}"),
        Cause::Maintenance { window } => format!("maintenance {}: {incidents}", window.name),
        Cause::Daily => format!("daily digest: {incidents} open"),
        Cause::Drill => format!("drill: {incidents}"),
    };
    let at = summary.at.to_jiff().to_zoned(zone.clone()).strftime("%H:%M - %d/%m/%Y").to_string();
    let parts = [summary.site.clone(), what, at, summary.status()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" - ")
}
